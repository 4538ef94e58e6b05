//! SHELL. Slack's Web API. <https://docs.slack.dev/apis/web-api>
//!
//! ```text
//! Api (one function per method) -> counted (metrics, waits that Slack asked for) -> http -> ApiError
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

use std::{fmt, time::Duration};

use bytes::Bytes;
use metrics::counter;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::blocks::SlackView;
use url::Url;

pub(crate) use self::error::{ApiError, EXTRA_BLOCKS};
use self::error::{Lost, Result};
use super::{METRICS, budget::RateLimiter, render::Body};
use crate::telemetry::{field, metrics as names};

/// Methods that are named in several places, by their names at Slack. Those without a dot are ours, for addresses that
/// Slack hands out.
pub(crate) mod method {
    pub(crate) use crate::slack::budget::UPDATE;

    pub(crate) const POST: &str = "chat.postMessage";
    /// Shows an uploaded file, which counts as a post.
    pub(crate) const SHARE_FILE: &str = "files.completeUploadExternal";
    pub(crate) const OPEN_CONNECTION: &str = "apps.connections.open";
    pub(super) const RESPOND: &str = "response_url";
}

/// A channel, and perhaps a thread in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelThread {
    /// `C...`, `G...` or `D...`.
    pub(crate) channel: String,
    /// The time stamp of the thread's first message; `None` is the channel itself.
    pub(crate) thread: Option<String>,
}

impl ChannelThread {
    /// Returns true for a direct message with one user; those with several have a `G...` or `C...` id.
    pub(crate) fn is_dm(&self) -> bool {
        self.channel.starts_with('D')
    }
}

/// The address of a message. The store keeps its text form, JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// The channel's id, which for a direct message may differ from the requested one.
    pub(crate) channel: String,
    /// The message's own time stamp.
    pub(crate) ts: String,
    /// The thread of the message, if it is in one.
    pub(crate) thread: Option<String>,
}

impl Address {
    /// The thread of the message, or the one below it.
    pub(crate) fn below(&self) -> ChannelThread {
        let thread = self.thread.as_ref().unwrap_or(&self.ts);
        ChannelThread { channel: self.channel.clone(), thread: Some(thread.clone()) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// The owner of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The workspace's id, `T...`.
    pub(crate) team: String,
    /// The bot user's id, `U...`, which mentions carry.
    pub(crate) user: String,
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
pub(crate) struct Api {
    http: reqwest::Client,
    /// Up to the methods' names.
    url: Url,
    token: SecretString,
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

impl Api {
    /// Creates a client of the API at `api_url` (such as `https://slack.com/api`; `http` is accepted) for the bot of
    /// `bot_token`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a token that no header can hold, [`ApiError::Transport`] without TLS.
    pub(crate) fn new(api_url: &Url, bot_token: &SecretString) -> Result<Self> {
        Self::with(api_url, bot_token, TIMEOUTS)
    }

    /// The workspace's budget, to ask before an edit or a post.
    #[must_use]
    pub(crate) fn rate_limiter(&self) -> &RateLimiter {
        &self.rate_limiter
    }

    /// Up to the methods' names.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the token's owner. <https://docs.slack.dev/reference/methods/auth.test>
    pub(crate) async fn identity(&self) -> Result<Identity> {
        let answer = self.call("auth.test", json!({}), self.timeouts.other).await?;
        Ok(Identity { team: text(&answer["team_id"])?, user: text(&answer["user_id"])? })
    }

    /// Returns the name that a user goes by. <https://docs.slack.dev/reference/methods/users.info>
    pub(crate) async fn name(&self, user: &str) -> Result<String> {
        let answer = self.form("users.info", &[("user", user)]).await?;
        let user = &answer["user"];
        let names = [&user["profile"]["display_name"], &user["real_name"], &user["name"]];
        let name = names.into_iter().find(|name| name.as_str().is_some_and(|name| !name.trim().is_empty()));
        text(name.unwrap_or(&Value::Null))
    }

    /// Returns the address of a message for people. <https://docs.slack.dev/reference/methods/chat.getPermalink>
    pub(crate) async fn permalink(&self, channel: &str, ts: &str) -> Result<String> {
        let answer = self.form("chat.getPermalink", &[("channel", channel), ("message_ts", ts)]).await?;
        text(&answer["permalink"])
    }

    /// Returns the ids of a user group's members. <https://docs.slack.dev/reference/methods/usergroups.users.list>
    pub(crate) async fn members(&self, group: &str) -> Result<Vec<String>> {
        let answer = self.form("usergroups.users.list", &[("usergroup", group)]).await?;
        let users = answer["users"].as_array().ok_or_else(|| Lost::Unreadable.into_error())?;
        Ok(users.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Returns the address of a socket, which proves `app_token`.
    /// <https://docs.slack.dev/reference/methods/apps.connections.open>
    pub(crate) async fn open_connection(
        &self,
        app_token: &SecretString,
        deadline: Duration,
    ) -> Result<SecretString> {
        let request = self.method(app_token, method::OPEN_CONNECTION)?;
        let call = http::call(http::json(request, json!({})), deadline);
        let answer = self.counted(method::OPEN_CONNECTION, call).await?;
        text(&answer["url"]).map(SecretString::from)
    }

    /// Posts `message` once. Links in it do not unfold.
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    ///
    /// # Errors
    /// After an [ambiguous](ApiError::is_ambiguous) one the message may exist, and must not be posted again.
    pub(crate) async fn post(&self, place: &ChannelThread, message: &Body) -> Result<Address> {
        let ChannelThread { channel, thread } = place;
        let body = json!({
            "channel": channel, "thread_ts": thread, "text": message.text, "blocks": message.blocks,
            "unfurl_links": false, "unfurl_media": false,
        });
        let answer = self.call(method::POST, body, self.timeouts.message).await?;
        let channel = answer["channel"].as_str().unwrap_or(channel).to_owned();
        // without its time stamp the message is posted, but cannot be edited
        Ok(Address { channel, ts: text(&answer["ts"])?, thread: thread.clone() })
    }

    /// Replaces the content of the message at `address` by `message`. Doing it twice does no harm.
    /// <https://docs.slack.dev/reference/methods/chat.update>
    pub(crate) async fn update(&self, address: &Address, message: &Body) -> Result<()> {
        let Address { channel, ts, .. } = address;
        let body = json!({"channel": channel, "ts": ts, "text": message.text, "blocks": message.blocks});
        self.call(method::UPDATE, body, self.timeouts.message).await.map(drop)
    }

    /// Posts a message that only `user` sees, once. <https://docs.slack.dev/reference/methods/chat.postEphemeral>
    pub(crate) async fn post_ephemeral(
        &self,
        place: &ChannelThread,
        user: &str,
        message: &Body,
    ) -> Result<()> {
        let ChannelThread { channel, thread } = place;
        let body = json!({
            "channel": channel, "thread_ts": thread, "user": user,
            "text": message.text, "blocks": message.blocks,
        });
        self.call("chat.postEphemeral", body, self.timeouts.other).await.map(drop)
    }

    /// Answers by a response URL, once: in private, or in place of the message that the URL belongs to. Without a
    /// `thread` the answer goes to the channel. The URL is valid for 30 minutes and 5 answers.
    /// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>
    ///
    /// # Errors
    /// [`ApiError::Gone`] for a URL that has expired, and without a call for one that isn't Slack's.
    pub(crate) async fn respond(
        &self,
        response_url: &SecretString,
        thread: Option<&str>,
        message: &Body,
        replace_original: bool,
    ) -> Result<()> {
        let body = json!({
            "thread_ts": thread, "text": message.text, "blocks": message.blocks,
            "replace_original": replace_original,
        });
        let respond = self.post_response(response_url.expose_secret(), body);
        self.counted(method::RESPOND, respond).await
    }

    /// Opens `view` as a modal for the user of `trigger`, which is valid for 3 seconds and once.
    /// <https://docs.slack.dev/reference/methods/views.open>
    pub(crate) async fn open_view(&self, trigger: &str, view: &SlackView, deadline: Duration) -> Result<()> {
        let body = json!({"trigger_id": trigger, "view": view});
        self.call("views.open", body, deadline).await.map(drop)
    }

    /// Shows `view` as the Home tab of `user`. Doing it twice does no harm.
    /// <https://docs.slack.dev/reference/methods/views.publish>
    pub(crate) async fn publish_view(&self, user: &str, view: &SlackView) -> Result<()> {
        let body = json!({"user_id": user, "view": view});
        self.call("views.publish", body, self.timeouts.other).await.map(drop)
    }

    /// Joins a public channel. <https://docs.slack.dev/reference/methods/conversations.join>
    pub(crate) async fn join(&self, channel: &str) -> Result<()> {
        self.call("conversations.join", json!({"channel": channel}), self.timeouts.other).await.map(drop)
    }

    async fn call(&self, method: &'static str, body: Value, deadline: Duration) -> Result<Value> {
        let request = http::json(self.method(&self.token, method)?, body);
        self.counted(method, http::call(request, deadline)).await
    }

    /// Calls a method that takes no JSON.
    async fn form(&self, method: &'static str, fields: &[(&str, &str)]) -> Result<Value> {
        let request = self.method(&self.token, method)?.form(fields);
        self.counted(method, http::call(request, self.timeouts.other)).await
    }

    /// Makes the call, unless Slack asked to wait with `method`, and counts its outcome.
    async fn counted<T>(&self, method: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
        if let Some(retry_after) = self.rate_limiter.held(method) {
            count(method, "held");
            return Err(ApiError::Limited { retry_after });
        }
        let result = call.await;
        count(method, result.as_ref().map_or_else(ApiError::outcome, |_| "ok"));
        if let Err(ApiError::Limited { retry_after }) = result {
            // a response URL has a limit of its own
            if method != method::RESPOND {
                self.rate_limiter.limited(method, retry_after);
            }
            counter!(names::RATE_LIMITED, field::PLATFORM => "slack", field::SCOPE => "method", field::ROUTE => method)
                .increment(1);
            tracing::warn!({ field::ROUTE } = method, ?retry_after, "Slack limits the rate");
        }
        result
    }
}

/// Reads a text that an answer must have.
fn text(field: &Value) -> Result<String> {
    field.as_str().map(str::to_owned).ok_or_else(|| Lost::Unreadable.into_error())
}

fn count(method: &'static str, outcome: &'static str) {
    METRICS.called(method, outcome);
    tracing::debug!({ field::ROUTE } = method, { field::OUTCOME } = outcome, "call");
}

#[cfg(test)]
mod tests;
