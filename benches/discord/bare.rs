//! The minimum cost of an edit: the same client sends prepared bodies.

use std::{io, net::SocketAddr, time::Duration};

use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use crate::usage::Usage;

const PACE: Duration = Duration::from_secs(1);

/// CPU seconds a body, of `messages` senders that put `bytes` once a second for so many seconds.
pub(crate) async fn send(server: SocketAddr, messages: u32, bytes: usize, seconds: u32) -> io::Result<f64> {
    // the client's TLS settings need a default crypto provider
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().http1_only().no_proxy().tls_certs_only([]).tcp_nodelay(true);
    let client = client.build().map_err(io::Error::other)?;
    let body = bytes::Bytes::from(format!("{{\"content\":\"{}\"}}", "x".repeat(bytes.saturating_sub(14))));
    let (start, before) = (Instant::now(), Usage::of("self")?);
    let tasks = TaskTracker::new();
    let sender = |number: u32| {
        let (client, body, first) = (client.clone(), body.clone(), start + PACE / messages * number);
        let url = format!("http://{server}/api/v10/webhooks/1001/bare-{number}/messages/@original");
        tasks.spawn(async move {
            for turn in 0..seconds {
                sleep_until(first + PACE * turn).await;
                let request =
                    client.patch(&url).header("content-type", "application/json").body(body.clone());
                request.send().await?.bytes().await?;
            }
            Ok::<_, reqwest::Error>(())
        })
    };
    let senders: Vec<_> = (0..messages).map(sender).collect();
    for sender in senders {
        sender.await?.map_err(io::Error::other)?;
    }
    Ok(Usage::of("self")?.cpu_since(before) / f64::from(messages * seconds))
}
