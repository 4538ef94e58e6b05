//! Listening: where, and whose setting it was when it cannot be had.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, LISTEN_VARIABLE};

/// Who said on which address to listen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'a> {
    /// `[http] listen` of this configuration, or the variable that goes before it.
    Listen(&'a Config),
    /// `[http] metrics_listen` of this configuration.
    MetricsListen(&'a Config),
    /// `--listen`.
    Argument,
}

impl Said<'_> {
    /// The error with the place of the setting; `problem` ends in "set another address".
    fn wrong(self, problem: &str) -> ConfigError {
        let here = format!("{problem} here");
        match self {
            Self::Listen(config) if config.http.listen_is_variable => {
                ConfigError::in_env(LISTEN_VARIABLE, here)
            }
            Self::Listen(config) => ConfigError::in_file(
                &config.origin,
                "[http] listen",
                format!("{here} or in {LISTEN_VARIABLE}"),
            ),
            Self::MetricsListen(config) => {
                ConfigError::in_file(&config.origin, "[http] metrics_listen", here)
            }
            Self::Argument => ConfigError::in_file("command line", "--listen", here),
        }
    }
}

/// Binds `address`: the listener and the address it got, which differs where port 0 was asked for.
///
/// # Errors
/// The setting to change.
pub(super) async fn bind(
    address: SocketAddr,
    said: Said<'_>,
) -> Result<(TcpListener, SocketAddr), ConfigError> {
    let bound = TcpListener::bind(address).await.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        said.wrong(&match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use; stop what listens there, or set another address")
            }
            _ => format!("{address} cannot be listened on ({error}); set another address"),
        })
    })
}

/// Where one who listens at `address` can be reached from the same machine.
pub(super) fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
