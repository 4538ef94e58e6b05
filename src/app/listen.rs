//! Binding a listener, with an error that names the setting to change.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::{TcpListener, TcpSocket};

use crate::config::{Config, ConfigError, LISTEN_VARIABLE, ListenSource};

/// The connections that may wait to be accepted.
const BACKLOG: u32 = 4096;
/// The socket buffers of a connection, which belong to the kernel but count as the container's memory. Linux doubles them.
const RECEIVE_BUFFER_BYTES: u32 = 32 * 1024;
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// The source of a listen address.
#[derive(Clone, Copy, Debug)]
pub(super) enum AddressSource<'a> {
    /// `[http] listen` of this configuration, or the variable or argument that overrides it.
    Listen(&'a Config),
    /// `[http] metrics_listen` of this configuration.
    MetricsListen(&'a Config),
    /// `--listen`.
    Argument,
}

impl AddressSource<'_> {
    /// Returns the error at the setting; `problem` ends in "set another address".
    fn error(self, problem: &str) -> ConfigError {
        let here = format!("{problem} here");
        match self {
            Self::Listen(config) => match config.http.listen_source {
                ListenSource::File => ConfigError::in_file(
                    &config.origin,
                    "[http] listen",
                    format!("{here} or in {LISTEN_VARIABLE}"),
                ),
                ListenSource::Variable => ConfigError::in_env(LISTEN_VARIABLE, here),
                ListenSource::Argument => Self::Argument.error(problem),
            },
            Self::MetricsListen(config) => {
                ConfigError::in_file(&config.origin, "[http] metrics_listen", here)
            }
            Self::Argument => ConfigError::in_file("command line", "--listen", here),
        }
    }
}

/// Binds `address` and returns the listener with its actual address, which differs for port 0.
///
/// # Errors
/// A [`ConfigError`] that names the setting to change.
pub(super) fn bind(
    address: SocketAddr,
    source: AddressSource<'_>,
) -> Result<(TcpListener, SocketAddr), ConfigError> {
    listener(address).map_err(|error| {
        source.error(&match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use; stop what listens there, or set another address")
            }
            _ => format!("{address} cannot be listened on ({error}); set another address"),
        })
    })
}

fn listener(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(cfg!(unix))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Returns the address at which a listener on `address` can be reached from the same machine.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
