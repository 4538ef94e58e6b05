//! SHELL. Slack's Web API. <https://docs.slack.dev/apis/web-api>
//!
//! ```text
//! Api (one function per method) -> counted (metrics, waits that Slack asked for) -> http (two clients) -> ApiError
//! ```
//!
//! Every call is made once and within its deadline, and none before the end of a wait that Slack asked for its method:
//! the [`RateLimiter`] remembers it. Requests go only to the API that was given, and to the addresses that Slack hands out
//! below it.
//!
//! Answers are read field by field rather than as the library's response types: a change in a field that we don't need
//! must not make a call that took effect look failed.

mod error;
mod http;
mod upload;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use metrics::counter;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use slack_morphism::SlackApiToken;
use url::Url;

pub(crate) use self::{error::ApiError, http::client};
use self::{
    error::{Lost, Result},
    http::Http,
};
use super::budget::RateLimiter;
use crate::telemetry::{field, metrics as names};

/// The methods by their names at Slack. Names without a dot are ours, for addresses that Slack hands out.
pub(crate) mod method {
    pub(crate) use crate::slack::budget::UPDATE;

    /// Posts a message.
    pub(crate) const POST: &str = "chat.postMessage";
    /// Shows an uploaded file, which counts as a post.
    pub(crate) const SHARE_FILE: &str = "files.completeUploadExternal";
    /// Posts a message that only one user sees.
    pub(crate) const WHISPER: &str = "chat.postEphemeral";
    /// Opens a modal.
    pub(crate) const OPEN_VIEW: &str = "views.open";
    pub(super) const NAME: &str = "users.info";
    pub(super) const MEMBERS: &str = "usergroups.users.list";
    pub(super) const IDENTITY: &str = "auth.test";
    pub(super) const OPEN_CONNECTION: &str = "apps.connections.open";
    pub(super) const JOIN: &str = "conversations.join";
    pub(super) const UPLOAD_URL: &str = "files.getUploadURLExternal";
    pub(super) const UPLOAD_BYTES: &str = "upload_url";
    pub(super) const RESPOND: &str = "response_url";
}

/// A channel, and perhaps a thread in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ChannelThread {
    /// `C...`, `G...` or `D...`.
    pub(crate) channel: String,
    /// The time stamp of the thread's first message; `None` is the channel itself.
    pub(crate) thread: Option<String>,
}

/// The address of a message that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// The channel's id, which for a direct message may differ from the requested one.
    pub(crate) channel: String,
    /// The message's `ts`.
    pub(crate) ts: String,
}

/// The owner of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The workspace's id, `T...`.
    pub(crate) team: String,
    /// The bot user's id, `U...`, which mentions carry.
    pub(crate) user: String,
    /// The bot's id, `B...`, which its messages carry. `None` for a token that is no bot's.
    pub(crate) bot: Option<String>,
    /// The workspace's address.
    pub(crate) url: String,
}

/// A file to upload.
#[derive(Clone)]
pub(crate) struct File {
    /// The file's name with its extension.
    pub(crate) name: String,
    /// Its media type, such as `image/png`.
    pub(crate) mime: &'static str,
    /// Shown above it.
    pub(crate) title: String,
    /// The alternative text of an image: at most 1,000 characters.
    /// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
    pub(crate) alt: Option<String>,
    /// The content; Slack refuses an empty file.
    pub(crate) bytes: Bytes,
}

/// A file that was uploaded and is not shown yet.
#[derive(Clone)]
pub(crate) struct Staged {
    id: String,
    title: String,
}

/// The Web API for one bot in one workspace. Clones share connections and the budget.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    http: Http,
    token: SlackApiToken,
    rate_limiter: RateLimiter,
    timeouts: Timeouts,
}

/// `Debug` without names, tokens and what users and models wrote.
macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

pub(crate) use opaque;
opaque!(Api, File, Staged);

/// Deadlines of calls. After one it is unknown whether the call took effect.
#[derive(Clone, Copy, Debug)]
struct Timeouts {
    /// For posts, which cannot be repeated if the answer is lost, and for edits, which the next frame waits for.
    message: Duration,
    /// For some hundred KiB on a slow line.
    upload: Duration,
    /// For all else: a line of JSON both ways.
    other: Duration,
    /// The first wait before an upload is repeated.
    retry_delay: Duration,
}

const TIMEOUTS: Timeouts = Timeouts {
    message: Duration::from_secs(8),
    upload: Duration::from_secs(20),
    other: Duration::from_secs(6),
    retry_delay: Duration::from_millis(250),
};

/// Returns `message` as JSON with `more` fields, of which those that are null are left out.
fn with_fields(message: &impl Serialize, more: &Value) -> Result<Value> {
    let mut body = serde_json::to_value(message).map_err(|_| Lost::Unsendable.into_error())?;
    let fields = more.as_object().into_iter().flatten();
    fields.filter(|(_, value)| !value.is_null()).for_each(|(key, value)| body[key] = value.clone());
    Ok(body)
}

impl Api {
    /// Creates a client of the API at `api_url` (such as `https://slack.com/api`; `http` is accepted) for the bot of
    /// `bot_token`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a token that no header can hold, [`ApiError::Transport`] without TLS.
    pub(crate) fn new(api_url: &Url, bot_token: &SecretString) -> Result<Self> {
        Self::with(api_url, bot_token, TIMEOUTS)
    }

    fn with(api_url: &Url, bot_token: &SecretString, timeouts: Timeouts) -> Result<Self> {
        let (http, token) = (Http::new(api_url)?, http::token(bot_token)?);
        Ok(Self(Arc::new(Inner { http, token, rate_limiter: RateLimiter::default(), timeouts })))
    }

    /// The workspace's budget, to ask before an edit or a post.
    #[must_use]
    pub(crate) fn rate_limiter(&self) -> &RateLimiter {
        &self.0.rate_limiter
    }

    /// Returns the token's owner. <https://docs.slack.dev/reference/methods/auth.test>
    pub(crate) async fn identity(&self) -> Result<Identity> {
        let answer = self.call(method::IDENTITY, &json!({}), self.0.timeouts.other).await?;
        let text = |key| answer[key].as_str().map(String::from);
        let (Some(team), Some(user)) = (text("team_id"), text("user_id")) else {
            return Err(Lost::Unreadable.into_error());
        };
        Ok(Identity { team, user, bot: text("bot_id"), url: text("url").unwrap_or_default() })
    }

    /// Returns the name that a user goes by. <https://docs.slack.dev/reference/methods/users.info>
    pub(crate) async fn name(&self, user: &str) -> Result<String> {
        let answer = self.form(method::NAME, &[("user", user)]).await?;
        let user = &answer["user"];
        let names = [&user["profile"]["display_name"], &user["real_name"], &user["name"]];
        let name = names.into_iter().filter_map(Value::as_str).find(|name| !name.trim().is_empty());
        name.map(str::to_owned).ok_or_else(|| Lost::Unreadable.into_error())
    }

    /// Returns the ids of a user group's members. <https://docs.slack.dev/reference/methods/usergroups.users.list>
    pub(crate) async fn members(&self, group: &str) -> Result<Vec<String>> {
        let answer = self.form(method::MEMBERS, &[("usergroup", group)]).await?;
        let users = answer["users"].as_array().ok_or_else(|| Lost::Unreadable.into_error())?;
        Ok(users.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Returns the address of a socket, which proves `app_token`.
    /// <https://docs.slack.dev/reference/methods/apps.connections.open>
    pub(crate) async fn open_connection(&self, app_token: &SecretString) -> Result<SecretString> {
        let (token, body) = (http::token(app_token)?, json!({}));
        let method = method::OPEN_CONNECTION;
        let call = self.0.http.call(&token, method, &body, self.0.timeouts.other);
        let answer = self.counted(method, call).await?;
        answer["url"].as_str().map(SecretString::from).ok_or_else(|| Lost::Unreadable.into_error())
    }

    /// Posts `message` (an object with `text` and `blocks`) once. Links in it do not unfold.
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    ///
    /// # Errors
    /// After an [ambiguous](ApiError::is_ambiguous) one the message may exist, and must not be posted again.
    pub(crate) async fn post(
        &self,
        place: &ChannelThread,
        message: &(impl Serialize + Sync),
    ) -> Result<Posted> {
        let ChannelThread { channel, thread } = place;
        let fields =
            json!({"channel": channel, "thread_ts": thread, "unfurl_links": false, "unfurl_media": false});
        let body = with_fields(message, &fields)?;
        let answer = self.call(method::POST, &body, self.0.timeouts.message).await?;
        // without its time stamp the message is posted, but cannot be edited
        let ts = answer["ts"].as_str().ok_or_else(|| Lost::Unreadable.into_error())?;
        Ok(Posted { channel: answer["channel"].as_str().unwrap_or(channel).to_owned(), ts: ts.to_owned() })
    }

    /// Replaces the content of the message at `ts` by `message`. Doing it twice does no harm.
    /// <https://docs.slack.dev/reference/methods/chat.update>
    pub(crate) async fn update(
        &self,
        channel: &str,
        ts: &str,
        message: &(impl Serialize + Sync),
    ) -> Result<()> {
        let body = with_fields(message, &json!({"channel": channel, "ts": ts}))?;
        self.call(method::UPDATE, &body, self.0.timeouts.message).await.map(drop)
    }

    /// Posts a message that only `user` sees, once. <https://docs.slack.dev/reference/methods/chat.postEphemeral>
    pub(crate) async fn whisper(
        &self,
        place: &ChannelThread,
        user: &str,
        message: &(impl Serialize + Sync),
    ) -> Result<()> {
        let fields = json!({"channel": place.channel, "thread_ts": place.thread, "user": user});
        self.call(method::WHISPER, &with_fields(message, &fields)?, self.0.timeouts.other).await.map(drop)
    }

    /// Answers by a response URL, once: in private, or in place of the message that the URL belongs to. It is valid
    /// for 30 minutes and 5 answers.
    /// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>
    ///
    /// # Errors
    /// [`ApiError::Gone`] for a URL that has expired, and without a call for one that isn't Slack's.
    pub(crate) async fn respond(
        &self,
        response_url: &SecretString,
        message: &(impl Serialize + Sync),
        replace_original: bool,
    ) -> Result<()> {
        let body = with_fields(message, &json!({ "replace_original": replace_original }))?;
        let respond = self.0.http.respond(response_url.expose_secret(), &body, self.0.timeouts.other);
        self.counted(method::RESPOND, respond).await
    }

    /// Opens `view` as a modal for the user of `trigger_id`, which is valid for 3 seconds and once.
    /// <https://docs.slack.dev/reference/methods/views.open>
    pub(crate) async fn open_view(
        &self,
        trigger_id: &str,
        view: &(impl Serialize + Sync),
        deadline: Duration,
    ) -> Result<()> {
        let body = with_fields(&json!({ "view": view }), &json!({ "trigger_id": trigger_id }))?;
        self.call(method::OPEN_VIEW, &body, deadline).await.map(drop)
    }

    /// Joins a public channel. <https://docs.slack.dev/reference/methods/conversations.join>
    pub(crate) async fn join(&self, channel: &str) -> Result<()> {
        self.call(method::JOIN, &json!({"channel": channel}), self.0.timeouts.other).await.map(drop)
    }

    async fn call(&self, method: &'static str, body: &Value, deadline: Duration) -> Result<Value> {
        self.counted(method, self.0.http.call(&self.0.token, method, body, deadline)).await
    }

    /// Calls a method that takes no JSON.
    async fn form(&self, method: &'static str, fields: &[(&str, &str)]) -> Result<Value> {
        let form = self.0.http.form(&self.0.token, method, fields, self.0.timeouts.other);
        self.counted(method, form).await
    }

    /// Makes the call, unless Slack asked to wait with `method`, and counts its outcome.
    async fn counted<T>(&self, method: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
        if let Some(retry_after) = self.0.rate_limiter.held(method) {
            count(method, "held");
            return Err(ApiError::Limited { retry_after });
        }
        let result = call.await;
        count(method, result.as_ref().map_or_else(ApiError::outcome, |_| "ok"));
        if let Err(ApiError::Limited { retry_after }) = result {
            // a response URL has a limit of its own
            if method != method::RESPOND {
                self.0.rate_limiter.limited(method, retry_after);
            }
            counter!(names::RATE_LIMITED, field::PLATFORM => "slack", field::SCOPE => "method", field::ROUTE => method)
                .increment(1);
            tracing::warn!({ field::ROUTE } = method, ?retry_after, "Slack limits the rate");
        }
        result
    }
}

fn count(method: &'static str, outcome: &'static str) {
    counter!(
        names::PLATFORM_REQUESTS, field::PLATFORM => "slack", field::ROUTE => method, field::OUTCOME => outcome
    )
    .increment(1);
    tracing::debug!({ field::ROUTE } = method, { field::OUTCOME } = outcome, "call");
}

#[cfg(test)]
mod tests;
