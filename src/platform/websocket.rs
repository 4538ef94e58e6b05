//! Open `WebSocket` connections to a platform.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::protocol::{CloseFrame, frame::coding::CloseCode},
};
use url::Url;

/// The time for the answer to our close frame, which Slack often omits.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// An open connection.
pub(crate) type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Sends close code 1000 and waits a moment for the answer.
pub(crate) async fn close(mut socket: WebSocket) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let closing = async {
        let _ = socket.close(Some(frame)).await;
        while let Some(Ok(_)) = socket.next().await {}
    };
    let _ = timeout(CLOSE_TIMEOUT, closing).await;
}

/// Returns true if the host of `url` is one of `domains` or below one.
pub(crate) fn is_below(url: &Url, domains: &[&str]) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let is_below = |before: &str| before.is_empty() || before.ends_with('.');
    domains.iter().any(|domain| host.strip_suffix(domain).is_some_and(is_below))
}
