//! SHELL. New messages and files: each waits for its turn in its channel, and none is ever posted twice.
//!
//! Slack has no idempotency key for posts, so a call is only repeated if it certainly did nothing.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::{
    api::{Address, Api, ApiError, ChannelThread, File, Staged, method},
    render::Body,
};
use crate::{backoff::Backoff, platform::retry_until, surface::Chart};

/// The waits after a call that was not sent.
const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Posts to one place, each message and file in its turn there, until a deadline.
pub(super) struct Poster<'a> {
    pub(super) api: &'a Api,
    pub(super) place: &'a ChannelThread,
    pub(super) deadline: Instant,
}

impl Poster<'_> {
    /// Posts `message`.
    ///
    /// # Errors
    /// The last one; [`ApiError::Limited`] as soon as it is known that the turn is after the deadline. After an
    /// [ambiguous](ApiError::is_ambiguous) one the message may exist.
    pub(super) async fn post(&self, message: &Body) -> Result<Address, ApiError> {
        self.in_turn(method::POST, || self.api.post(self.place, message)).await
    }

    /// Shows an uploaded file.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub(super) async fn share(&self, staged: &Staged) -> Result<(), ApiError> {
        self.in_turn(method::SHARE_FILE, || self.api.share(self.place, staged)).await
    }

    /// Uploads a file without showing it.
    ///
    /// # Errors
    /// The last one, after which nothing is visible.
    pub(super) async fn stage(&self, file: &File) -> Result<Staged, ApiError> {
        retry_until(self.deadline, ApiError::retry_after, || self.api.stage(file)).await
    }

    /// Uploads a file and shows it.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub(super) async fn show(&self, file: &File) -> Result<(), ApiError> {
        self.share(&self.stage(file).await?).await
    }

    async fn in_turn<T, C: Future<Output = Result<T, ApiError>>>(
        &self,
        method: &'static str,
        call: impl Fn() -> C,
    ) -> Result<T, ApiError> {
        let mut backoff = Backoff::new(MIN_BACKOFF, MAX_BACKOFF);
        loop {
            let turn = self.api.rate_limiter().wait_post(method, &self.place.channel, self.deadline).await;
            let permit = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
            let done = call().await;
            permit.settle(&done);
            let wait = match &done {
                // the budget delays the next turn
                Err(ApiError::Limited { .. }) => Duration::ZERO,
                Err(ApiError::Transport { ambiguous: false, .. }) => backoff.next(fastrand::f64()),
                _ => return done,
            };
            if Instant::now() + wait >= self.deadline {
                return done;
            }
            sleep(wait).await;
        }
    }
}

/// Returns the file that shows `picture`.
pub(super) fn png(name: String, title: &str, picture: Chart) -> File {
    let (alt, bytes) = (Some(picture.alt), Bytes::from(picture.png));
    File { name, mime: "image/png", title: title.to_owned(), alt, bytes }
}
