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
pub(super) async fn start(response: Response, cap: usize) -> Vec<u8> {
    rest(response, Vec::new(), cap).await
}

/// The same where `body` was read already.
pub(super) async fn rest(mut response: Response, mut body: Vec<u8>, cap: usize) -> Vec<u8> {
    while let Ok(Some(read)) = response.chunk().await {
        let room = cap.saturating_sub(body.len());
        body.extend_from_slice(&read[..read.len().min(room)]);
        if body.len() >= cap {
            break;
        }
    }
    body
}

/// The begin of a refusal's body; empty if it does not come in time.
pub(super) async fn of_refusal(response: Response) -> Vec<u8> {
    timeout(REFUSAL_TIME, start(response, REFUSAL_CAP)).await.unwrap_or_default()
}

/// The rest of a body that is no answer, as far as it tells what it is; `None` if it does not end in time.
pub(super) async fn of_other(response: Response, begun: Vec<u8>) -> Option<Vec<u8>> {
    timeout(REFUSAL_TIME, rest(response, begun, REFUSAL_CAP)).await.ok()
}

/// Reads the body to its end and forgets it, so that its connection can be used again; gives up on more than
/// a refusal's worth.
pub(super) async fn drain(response: Response) {
    start(response, REFUSAL_CAP).await;
}
