//! SHELL. New messages: each takes its turn in its channel, and none is ever posted twice.
//!
//! Slack has no key that would make a post repeatable, so a call is only repeated where it certainly did nothing.
//! Must not know what is posted.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::api::{Api, ApiError, Place, Posted, Staged, method};

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
    let mut backoff = BACKOFF;
    loop {
        let turn = api.gate().wait_post(method::POST, &place.channel, deadline).await;
        let pass = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
        let posted = api.post(place, message).await;
        pass.settle(&posted);
        match posted {
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
    let turn = api.gate().wait_post(method::SHARE_FILE, &place.channel, deadline).await;
    let pass = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
    let shared = api.share(place, staged, None).await;
    pass.settle(&shared);
    shared
}
