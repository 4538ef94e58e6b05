//! SHELL. New messages and files: each takes its turn in its channel, and none is ever posted twice.
//!
//! Slack has no key that would make a post repeatable, so a call is only repeated where it certainly did nothing.
//! Must not know what is posted.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::api::{Api, ApiError, File, Place, Posted, Staged, method};

/// The first wait after a call that was not sent; it doubles.
const BACKOFF: Duration = Duration::from_millis(250);
const BACKOFF_MOST: Duration = Duration::from_secs(5);

/// Posts `message` in its turn, until `deadline`.
///
/// # Errors
/// The last one; [`ApiError::Limited`] as soon as it is known that the turn is after `deadline`. After an
/// [ambiguous](ApiError::is_ambiguous) one the message may stand there.
pub(super) async fn post(
    api: &Api,
    place: &Place,
    message: &(impl Serialize + Sync),
    deadline: Instant,
) -> Result<Posted, ApiError> {
    in_turn(api, (method::POST, place), deadline, || api.post(place, message)).await
}

/// Shows an uploaded file in its turn, until `deadline`.
///
/// # Errors
/// As [`post`].
pub(super) async fn share(
    api: &Api,
    place: &Place,
    staged: &Staged,
    deadline: Instant,
) -> Result<(), ApiError> {
    in_turn(api, (method::SHARE_FILE, place), deadline, || api.share(place, staged, None)).await
}

/// Brings a file's bytes to Slack, where nobody sees them yet, until `deadline`.
///
/// # Errors
/// The last one, which never means that anything is to be seen.
pub(super) async fn stage(api: &Api, file: &File, deadline: Instant) -> Result<Staged, ApiError> {
    loop {
        match api.stage(file.clone()).await {
            Err(ApiError::Limited { retry_after }) if Instant::now() + retry_after < deadline => {
                sleep(retry_after).await;
            }
            done => return done,
        }
    }
}

async fn in_turn<T, C: Future<Output = Result<T, ApiError>>>(
    api: &Api,
    (method, place): (&'static str, &Place),
    deadline: Instant,
    call: impl Fn() -> C,
) -> Result<T, ApiError> {
    let mut backoff = BACKOFF;
    loop {
        let turn = api.gate().wait_post(method, &place.channel, deadline).await;
        let pass = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
        let done = call().await;
        pass.settle(&done);
        match done {
            // the gate holds the next turn until then
            Err(ApiError::Limited { .. }) => {}
            Err(ApiError::Transport { ambiguous: false, .. }) if Instant::now() + backoff < deadline => {
                sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MOST);
            }
            done => return done,
        }
    }
}
