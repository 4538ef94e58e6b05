//! SHELL. A file into a conversation: an address for its bytes, the bytes, and at last the word that shows it.
//! <https://docs.slack.dev/messaging/working-with-files#upload>
//!
//! Nobody sees anything before the last step, so the first two are repeated, each time with a new address; joining a
//! channel twice does no harm either. Must not know what is in the file.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::time::sleep;

use super::{
    Api,
    error::{ApiError, Lost},
    method,
    request::{File, Place, Staged},
    web,
};

/// How often what nobody sees is done before it is given up.
const ATTEMPTS: u32 = 3;

/// Whether the same steps may succeed in a moment.
fn is_worth_another(error: &ApiError) -> bool {
    let is_ours =
        matches!(error, ApiError::Limited { .. } | ApiError::Transport { cause: Lost::Unsendable, .. });
    error.is_transient() && !is_ours
}

impl Api {
    /// Brings the bytes to Slack, repeating what failed for a passing reason; nobody sees them yet.
    ///
    /// # Errors
    /// Never means that anything is to be seen, [ambiguous](ApiError::is_ambiguous) or not.
    pub(crate) async fn stage(&self, file: File) -> Result<Staged, ApiError> {
        self.repeated(|| self.stage_once(&file)).await
    }

    async fn repeated<T, C: Future<Output = Result<T, ApiError>>>(
        &self,
        call: impl Fn() -> C,
    ) -> Result<T, ApiError> {
        let mut backoff = self.0.patience.backoff;
        for _ in 1..ATTEMPTS {
            match call().await {
                Err(error) if is_worth_another(&error) => sleep(backoff).await,
                done => return done,
            }
            backoff *= 2;
        }
        call().await
    }

    async fn stage_once(&self, file: &File) -> Result<Staged, ApiError> {
        let inner = &self.0;
        let length = file.bytes.len().to_string();
        let mut fields = vec![("filename", file.name.as_str()), ("length", length.as_str())];
        fields.extend(file.alt.as_deref().map(|alt| ("alt_txt", alt)));
        let (token, patience) = (&inner.token.token_value.0, inner.patience.other);
        let reserve = async {
            let fields = (method::UPLOAD_URL, fields.as_slice());
            web::success(inner.http.form(fields, token, patience).await?.json())
        };
        let answer = self.counted(method::UPLOAD_URL, reserve).await?;
        let text = |key| answer[key].as_str().ok_or_else(|| Lost::Unreadable.into_error());
        let (id, to) = (text("file_id")?.to_owned(), SecretString::from(text("upload_url")?));
        let content = (file.mime, file.bytes.clone());
        let send = inner.http.bytes(to.expose_secret(), content, inner.patience.bytes);
        self.counted(method::UPLOAD_BYTES, send).await?;
        Ok(Staged { id, title: file.title.clone() })
    }

    /// Shows a file in `place`. Where the bot is not in the channel it joins, which it can where the channel is
    /// public, and tries once more: posting without being a member does not cover files.
    ///
    /// # Errors
    /// [`ApiError::NotInChannel`] where it cannot join. An [ambiguous](ApiError::is_ambiguous) one: it may be there.
    pub(crate) async fn share(
        &self,
        place: &Place,
        staged: &Staged,
        comment: Option<&str>,
    ) -> Result<(), ApiError> {
        match self.share_once(place, staged, comment).await {
            Err(ApiError::NotInChannel) => {}
            done => return done,
        }
        match self.repeated(|| self.join(&place.channel)).await {
            Ok(()) => self.share_once(place, staged, comment).await,
            // nothing is to be seen, whatever became of joining
            Err(ApiError::Limited { retry_after }) => Err(ApiError::Limited { retry_after }),
            Err(error) if error.is_transient() => Err(Lost::Unconnected.into_error()),
            Err(_) => Err(ApiError::NotInChannel),
        }
    }

    async fn share_once(
        &self,
        place: &Place,
        staged: &Staged,
        comment: Option<&str>,
    ) -> Result<(), ApiError> {
        let mut body = json!({
            "files": [{"id": staged.id, "title": staged.title}],
            "channel_id": place.channel,
        });
        if let Some(thread) = &place.thread {
            body["thread_ts"] = json!(thread);
        }
        if let Some(comment) = comment {
            body["initial_comment"] = json!(comment);
        }
        self.call(method::SHARE_FILE, body, self.0.patience.other).await.map(drop)
    }
}
