//! SHELL. New messages and files: each waits for its turn in its channel, and none is ever posted twice.
//!
//! Slack has no idempotency key for posts, so a call is only repeated if it certainly did nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    api::{Address, Api, ApiError, ChannelThread, File, Staged, method},
    render::Body,
};
use crate::backoff::Backoff;

/// Waits after a call that was not sent.
const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Posts `message` in its turn, until `deadline`.
///
/// # Errors
/// The last one; [`ApiError::Limited`] as soon as it is known that the turn is after `deadline`. After an
/// [ambiguous](ApiError::is_ambiguous) one the message may exist.
pub(super) async fn post(
    api: &Api,
    place: &ChannelThread,
    message: &Body,
    deadline: Instant,
) -> Result<Address, ApiError> {
    in_turn(api, (method::POST, place), deadline, || api.post(place, message)).await
}

/// Shows an uploaded file in its turn, until `deadline`.
///
/// # Errors
/// As [`post`].
pub(super) async fn share(
    api: &Api,
    place: &ChannelThread,
    staged: &Staged,
    deadline: Instant,
) -> Result<(), ApiError> {
    in_turn(api, (method::SHARE_FILE, place), deadline, || api.share(place, staged)).await
}

/// Uploads a file without showing it, until `deadline`.
///
/// # Errors
/// The last one, after which nothing is visible.
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
    (method, place): (&'static str, &ChannelThread),
    deadline: Instant,
    call: impl Fn() -> C,
) -> Result<T, ApiError> {
    let mut backoff = Backoff::new(MIN_BACKOFF, MAX_BACKOFF);
    loop {
        let turn = api.rate_limiter().wait_post(method, &place.channel, deadline).await;
        let permit = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
        let done = call().await;
        permit.settle(&done);
        let wait = match &done {
            // the budget delays the next turn
            Err(ApiError::Limited { .. }) => Duration::ZERO,
            Err(ApiError::Transport { ambiguous: false, .. }) => backoff.next(fastrand::f64()),
            _ => return done,
        };
        if Instant::now() + wait >= deadline {
            return done;
        }
        sleep(wait).await;
    }
}
