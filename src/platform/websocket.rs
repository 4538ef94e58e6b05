//! Open `WebSocket` connections to a platform.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::protocol::{CloseFrame, frame::coding::CloseCode},
};

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
