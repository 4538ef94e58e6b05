//! A TCP proxy that can be cut as a network is: no byte gets through, and no connection is closed.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A line to `target` by way of an address of its own; it is gone with this value.
pub struct Proxy {
    pub address: SocketAddr,
    whole: watch::Sender<bool>,
    stop: CancellationToken,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (whole, stop, tasks) = (watch::Sender::new(true), CancellationToken::new(), TaskTracker::new());
        let (state, ended, all) = (whole.subscribe(), stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                let state = state.clone();
                all.spawn(ended.clone().run_until_cancelled_owned(async move {
                    let mut open = state.clone();
                    let _ = open.wait_for(|whole| *whole).await;
                    let Ok(far) = TcpStream::connect(target).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(carry(near_in, far_out, state.clone()), carry(far_in, near_out, state));
                }));
            }
        }));
        Self { address, whole, stop }
    }

    /// Stops forwarding in both directions. No connection is closed.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Forwards again, including what was waiting.
    pub fn heal(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut whole: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut bytes).await {
        if whole.wait_for(|whole| *whole).await.is_err() || to.write_all(&bytes[..n]).await.is_err() {
            return;
        }
    }
}
