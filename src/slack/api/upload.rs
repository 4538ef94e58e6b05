//! SHELL. Uploads, in three steps: an address for the bytes, the bytes, and the call that shows the file.
//! <https://docs.slack.dev/messaging/working-with-files#upload>
//!
//! Nothing is visible before the last step, so the first two are repeated on failure, each time with a new address.
//! Joining a channel twice does no harm either, and showing a file is repeated where Slack itself says that it failed: a
//! second call with the same file shows no second one.

use serde_json::json;
use tokio::time::sleep;

use super::{Api, ApiError, ChannelThread, File, Lost, Result, Staged, method, text};
use crate::backoff::Backoff;

/// For steps that change nothing visible.
const MAX_ATTEMPTS: u32 = 3;

/// Returns true if the same steps may succeed in a moment.
fn is_repeatable(error: &ApiError) -> bool {
    let is_final =
        matches!(error, ApiError::Limited { .. } | ApiError::Transport { cause: Lost::Unsendable, .. });
    error.is_transient() && !is_final
}

impl Api {
    /// Uploads the bytes without showing them, repeating what failed for a transient reason.
    ///
    /// # Errors
    /// After any of them, [ambiguous](ApiError::is_ambiguous) or not, nothing is visible.
    pub(crate) async fn stage(&self, file: &File) -> Result<Staged> {
        self.repeated(is_repeatable, || self.stage_once(file)).await
    }

    async fn repeated<T, C: Future<Output = Result<T>>>(
        &self,
        should_retry: fn(&ApiError) -> bool,
        call: impl Fn() -> C,
    ) -> Result<T> {
        let delay = self.timeouts.retry_delay;
        let mut backoff = Backoff::new(delay, delay * MAX_ATTEMPTS);
        for _ in 1..MAX_ATTEMPTS {
            match call().await {
                Err(error) if should_retry(&error) => sleep(backoff.next(fastrand::f64())).await,
                done => return done,
            }
        }
        call().await
    }

    async fn stage_once(&self, file: &File) -> Result<Staged> {
        let length = file.bytes.len().to_string();
        let mut fields = vec![("filename", file.name.as_str()), ("length", length.as_str())];
        fields.extend(file.alt.as_deref().map(|alt| ("alt_txt", alt)));
        let answer = self.form("files.getUploadURLExternal", &fields).await?;
        let (id, address) = (text(&answer["file_id"])?, text(&answer["upload_url"])?);
        let send = self.send_bytes(&address, file);
        self.counted("upload_url", send).await?;
        Ok(Staged { id, title: file.title.clone() })
    }

    /// Shows a file in `place`. If the bot isn't in the channel it joins, which works for public channels, and tries
    /// once more: the right to post without membership does not cover files.
    ///
    /// # Errors
    /// [`ApiError::NotInChannel`] if it cannot join. After an [ambiguous](ApiError::is_ambiguous) one the file may be
    /// visible.
    pub(crate) async fn share(&self, place: &ChannelThread, staged: &Staged) -> Result<()> {
        match self.share_once(place, staged).await {
            Err(ApiError::NotInChannel) => {}
            done => return done,
        }
        match self.repeated(is_repeatable, || self.join(&place.channel)).await {
            Ok(()) => self.share_once(place, staged).await,
            // nothing is visible, whatever became of joining
            Err(ApiError::Limited { retry_after }) => Err(ApiError::Limited { retry_after }),
            Err(error) if error.is_transient() => Err(Lost::Unconnected.into_error()),
            Err(_) => Err(ApiError::NotInChannel),
        }
    }

    /// Shows a file, and tries again where Slack answers that it failed. Without an answer it may be visible.
    async fn share_once(&self, place: &ChannelThread, staged: &Staged) -> Result<()> {
        let has_failed = |error: &ApiError| matches!(error, ApiError::Server { status: 200 });
        self.repeated(has_failed, || self.complete(place, staged)).await
    }

    async fn complete(&self, place: &ChannelThread, staged: &Staged) -> Result<()> {
        let files = json!([{ "id": staged.id, "title": staged.title }]);
        let body = json!({ "files": files, "channel_id": place.channel, "thread_ts": place.thread });
        self.call(method::SHARE_FILE, body, self.timeouts.other).await.map(drop)
    }
}
