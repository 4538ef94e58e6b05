//! Reads response bodies that are no stream: bounded in size and time.
//!
//! Must not know what they say.

use std::time::Duration;

use reqwest::Response;
use tokio::time::timeout;

/// The most bytes read of a refusal, and for how long.
const REFUSAL_CAP: usize = 64 << 10;
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// The begin of the body, at most `cap` bytes; less if it breaks off.
pub(super) async fn start(mut response: Response, cap: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(read)) = response.chunk().await {
        let room = cap - body.len();
        body.extend_from_slice(&read[..read.len().min(room)]);
        if body.len() == cap {
            break;
        }
    }
    body
}

/// The begin of a refusal's body; empty if it does not come in time.
pub(super) async fn of_refusal(response: Response) -> Vec<u8> {
    timeout(REFUSAL_TIME, start(response, REFUSAL_CAP)).await.unwrap_or_default()
}

/// Reads the body to its end and forgets it, so that its connection can be used again; gives up on more than
/// a refusal's worth.
pub(super) async fn drain(response: Response) {
    start(response, REFUSAL_CAP).await;
}
