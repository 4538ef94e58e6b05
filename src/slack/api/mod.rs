//! SHELL. Slack's Web API: one deadline a call, errors by what one does about them.
//! <https://docs.slack.dev/apis/web-api>
//!
//! Every call is made once and within its deadline, and none is made before the end of a wait that Slack asked for
//! its method: the [`Gate`] remembers it. Nothing goes anywhere but to the API that was given and to the addresses
//! that Slack gives below it. Must not know what messages say.

mod error;
mod http;
mod request;
mod upload;
mod web;

use std::{fmt, sync::Arc, time::Duration};

use metrics::counter;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use slack_morphism::{SlackApiToken, hyper_tokio::SlackHyperClient};
use url::Url;

pub(crate) use self::{
    error::ApiError,
    request::{File, Identity, Place, Posted, Staged},
    web::connector,
};
use self::{error::Lost, http::Http};
use super::budget::Gate;
use crate::telemetry::{field, metrics as names};

/// The methods, by their names at Slack; those without a dot are ours, for addresses that Slack gives.
pub(crate) mod method {
    pub(crate) use crate::slack::budget::UPDATE;

    /// Posts a message.
    pub(crate) const POST: &str = "chat.postMessage";
    /// Shows an uploaded file, which counts as a post.
    pub(crate) const SHARE_FILE: &str = "files.completeUploadExternal";
    /// Posts what only one person sees.
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

/// To a standing connection, as long as anything else is still ahead; a shorter one would fail a slow line.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a call may take. A call that takes longer is given up: whether it took effect is not known then.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// A post cannot be repeated if its answer is lost, so it waits longest of what people wait for.
    post: Duration,
    /// The next frame waits for this one, and a final one is repeated.
    update: Duration,
    /// Some hundred KiB on a slow line.
    bytes: Duration,
    /// All else is a line of JSON both ways.
    other: Duration,
    /// The first pause before bytes that did not arrive are sent again; it doubles.
    backoff: Duration,
}

const PATIENCE: Patience = Patience {
    post: Duration::from_secs(8),
    update: Duration::from_secs(8),
    bytes: Duration::from_secs(20),
    other: Duration::from_secs(6),
    backoff: Duration::from_millis(250),
};

/// The Web API for one bot in one workspace. Clones share connections and the budget.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    client: SlackHyperClient,
    token: SlackApiToken,
    http: Http,
    gate: Gate,
    patience: Patience,
}

/// A message with where it goes.
#[derive(Serialize)]
struct Addressed<'m, M> {
    channel: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'m str>,
    /// Links in answers do not unfold; only posts have the word.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfurl_links: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfurl_media: Option<bool>,
    #[serde(flatten)]
    message: &'m M,
}

/// A message for a response URL.
#[derive(Serialize)]
struct Response<'m, M> {
    replace_original: bool,
    #[serde(flatten)]
    message: &'m M,
}

impl<'m, M: Serialize> Addressed<'m, M> {
    fn new(place: &'m Place, message: &'m M) -> Self {
        let thread_ts = place.thread.as_deref();
        let channel = place.channel.as_str();
        Self { channel, thread_ts, ts: None, user: None, unfurl_links: None, unfurl_media: None, message }
    }

    fn value(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self).map_err(|_| Lost::Unsendable.into_error())
    }
}

impl Api {
    /// The API at `api_url` (such as `https://slack.com/api`; `http` is right too) for the bot of `bot_token`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a token that no header can hold, [`ApiError::Transport`] without TLS.
    pub(crate) fn new(api_url: &Url, bot_token: &SecretString) -> Result<Self, ApiError> {
        Self::with(api_url, bot_token, PATIENCE)
    }

    fn with(api_url: &Url, bot_token: &SecretString, patience: Patience) -> Result<Self, ApiError> {
        let inner = Inner {
            client: web::client(api_url)?,
            token: web::token(bot_token)?,
            http: Http::new(api_url)?,
            gate: Gate::default(),
            patience,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The workspace's budget: who edits and posts asks it first.
    #[must_use]
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Whose token it is. <https://docs.slack.dev/reference/methods/auth.test>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn identity(&self) -> Result<Identity, ApiError> {
        let answer = self.call(method::IDENTITY, json!({}), self.0.patience.other).await?;
        let text = |key| answer[key].as_str().map(String::from);
        let identity = || {
            let (team, user) = (text("team_id")?, text("user_id")?);
            Some(Identity { team, user, bot: text("bot_id"), url: text("url").unwrap_or_default() })
        };
        identity().ok_or_else(|| Lost::Unreadable.into_error())
    }

    /// What people call this user. <https://docs.slack.dev/reference/methods/users.info>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn name(&self, user: &str) -> Result<String, ApiError> {
        let answer = self.read(method::NAME, &[("user", user)]).await?;
        let user = &answer["user"];
        let names = [&user["profile"]["display_name"], &user["real_name"], &user["name"]];
        let name = names.into_iter().filter_map(Value::as_str).find(|name| !name.trim().is_empty());
        name.map(str::to_owned).ok_or_else(|| Lost::Unreadable.into_error())
    }

    /// The ids of the users in a user group. <https://docs.slack.dev/reference/methods/usergroups.users.list>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn members(&self, group: &str) -> Result<Vec<String>, ApiError> {
        let answer = self.read(method::MEMBERS, &[("usergroup", group)]).await?;
        let users = answer["users"].as_array().ok_or_else(|| Lost::Unreadable.into_error())?;
        Ok(users.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Methods that only read take no JSON.
    async fn read(&self, method: &'static str, form: &[(&str, &str)]) -> Result<Value, ApiError> {
        let ask = async {
            let (token, patience) = (&self.0.token.token_value.0, self.0.patience.other);
            web::success(self.0.http.form((method, form), token, patience).await?.json())
        };
        self.counted(method, ask).await
    }

    /// An address for a socket, which proves `app_token`. <https://docs.slack.dev/reference/methods/apps.connections.open>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn open_connection(&self, app_token: &SecretString) -> Result<SecretString, ApiError> {
        let token = web::token(app_token)?;
        let (method, body) = (method::OPEN_CONNECTION, json!({}));
        let call = web::call(&self.0.client, &token, (method, &body), self.0.patience.other);
        let answer = self.counted(method, call).await?;
        let url = answer["url"].as_str().map(SecretString::from);
        url.ok_or_else(|| Lost::Unreadable.into_error())
    }

    /// Posts `message` (an object with `text` and `blocks`) once. Links in it do not unfold.
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    ///
    /// # Errors
    /// After an [ambiguous](ApiError::is_ambiguous) one it may stand there, and must not be posted again.
    pub(crate) async fn post(
        &self,
        place: &Place,
        message: &(impl Serialize + Sync),
    ) -> Result<Posted, ApiError> {
        let addressed = Addressed {
            unfurl_links: Some(false),
            unfurl_media: Some(false),
            ..Addressed::new(place, message)
        };
        let answer = self.call(method::POST, addressed.value()?, self.0.patience.post).await?;
        let text = |key| answer[key].as_str().map(String::from);
        // it is posted, but nobody can edit it
        let ts = text("ts").ok_or_else(|| Lost::Unreadable.into_error())?;
        Ok(Posted { channel: text("channel").unwrap_or_else(|| place.channel.clone()), ts })
    }

    /// Makes the message at `ts` look like `message`, once. Doing it twice does no harm.
    /// <https://docs.slack.dev/reference/methods/chat.update>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn update(
        &self,
        channel: &str,
        ts: &str,
        message: &(impl Serialize + Sync),
    ) -> Result<(), ApiError> {
        let place = Place { channel: channel.into(), thread: None };
        let addressed = Addressed { ts: Some(ts), ..Addressed::new(&place, message) };
        self.call(method::UPDATE, addressed.value()?, self.0.patience.update).await.map(drop)
    }

    /// Posts what only `user` sees, once. <https://docs.slack.dev/reference/methods/chat.postEphemeral>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn whisper(
        &self,
        place: &Place,
        user: &str,
        message: &(impl Serialize + Sync),
    ) -> Result<(), ApiError> {
        let addressed = Addressed { user: Some(user), ..Addressed::new(place, message) };
        self.call(method::WHISPER, addressed.value()?, self.0.patience.other).await.map(drop)
    }

    /// Answers by a response URL, once: in private, or in place of the message that it belongs to. A URL holds for
    /// 30 minutes and 5 answers.
    /// <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>
    ///
    /// # Errors
    /// [`ApiError::Gone`] when the URL is over, and without a call if it is not Slack's.
    pub(crate) async fn respond(
        &self,
        response_url: &SecretString,
        message: &(impl Serialize + Sync),
        replace_original: bool,
    ) -> Result<(), ApiError> {
        let body = serde_json::to_value(Response { replace_original, message });
        let body = body.map_err(|_| Lost::Unsendable.into_error())?;
        let respond = async {
            let url = response_url.expose_secret();
            let answer = self.0.http.json(url, &body, self.0.patience.other).await?.json();
            // `ok` as text, or nothing, is a success
            if answer["ok"] == json!(false) { web::success(answer).map(drop) } else { Ok(()) }
        };
        self.counted(method::RESPOND, respond).await
    }

    /// Opens `view` as a modal for the person whose `trigger_id` it is, which holds for 3 seconds and once.
    /// <https://docs.slack.dev/reference/methods/views.open>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn open_view(
        &self,
        trigger_id: &str,
        view: &Value,
        patience: Duration,
    ) -> Result<(), ApiError> {
        let body = json!({"trigger_id": trigger_id, "view": view});
        self.call(method::OPEN_VIEW, body, patience).await.map(drop)
    }

    /// Joins a public channel. <https://docs.slack.dev/reference/methods/conversations.join>
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(crate) async fn join(&self, channel: &str) -> Result<(), ApiError> {
        self.call(method::JOIN, json!({"channel": channel}), self.0.patience.other).await.map(drop)
    }

    async fn call(&self, method: &'static str, body: Value, patience: Duration) -> Result<Value, ApiError> {
        self.counted(method, web::call(&self.0.client, &self.0.token, (method, &body), patience)).await
    }

    /// Makes the call, unless Slack asked to wait with `method`, and notes what came of it.
    async fn counted<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        if let Some(retry_after) = self.0.gate.held(method) {
            note(method, "held");
            return Err(ApiError::Limited { retry_after });
        }
        let result = call.await;
        note(method, result.as_ref().map_or_else(ApiError::outcome, |_| "ok"));
        if let Err(ApiError::Limited { retry_after }) = result {
            // a response URL has a limit of its own
            if method != method::RESPOND {
                self.0.gate.limited(method, retry_after);
            }
            counter!(names::RATE_LIMITED, field::PLATFORM => "slack", field::SCOPE => "method", field::ROUTE => method)
                .increment(1);
            tracing::warn!({ field::ROUTE } = method, ?retry_after, "Slack limits the rate");
        }
        result
    }
}

fn note(method: &'static str, outcome: &'static str) {
    counter!(
        names::PLATFORM_REQUESTS, field::PLATFORM => "slack", field::ROUTE => method, field::OUTCOME => outcome
    )
    .increment(1);
    tracing::debug!({ field::ROUTE } = method, { field::OUTCOME } = outcome, "call");
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
