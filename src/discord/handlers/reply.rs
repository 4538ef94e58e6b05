//! SHELL. The ways to answer one interaction
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding>).
//!
//! The first answer must come within three seconds. Failures are logged without the words of people.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{
    arena::Arena,
    discord::{
        METRICS,
        completion::Choice,
        interaction::{Interaction, Kind, UNSETTLED},
        render::{self, Body},
        rest::{File, Request, Rest, RestError, Route, Urgency},
    },
    platform::retry_until,
};

/// The time for the first answer: Discord waits three seconds, part of which the interaction spent in transit.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_millis(2_700);
/// The time that a private answer may take to be filled in.
const FILL_TIMEOUT: Duration = Duration::from_mins(2);
/// The time that the notice in its place may take.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time that the notice may take in a restart.
const RESTART_NOTICE_TIMEOUT: Duration = Duration::from_secs(1);
/// The wait between two attempts at a message that Discord does not know yet.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// The notice in place of a file that the app may not send.
pub(super) const MAY_NOT_ATTACH: &str = "LLM Arena lacks the permission `Attach Files` here, so it can't send the \
                                         file. Someone who manages this server can grant it. The menu below the race \
                                         shows each answer without a file.";

/// Interaction callback types.
const CHANNEL_MESSAGE: u8 = 4;
const DEFERRED_CHANNEL_MESSAGE: u8 = 5;
const DEFERRED_UPDATE_MESSAGE: u8 = 6;
const UPDATE_MESSAGE: u8 = 7;
const AUTOCOMPLETE_RESULT: u8 = 8;
const MODAL: u8 = 9;
/// The interaction type of autocomplete, which is answered with choices.
const AUTOCOMPLETE: u8 = 4;

/// The people who see a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Audience {
    /// The person who acted, alone.
    Person,
    /// Everyone in the channel.
    Channel,
}

/// An interaction that waits for its answer.
pub(super) struct Reply<'a> {
    pub(super) arena: &'a Arena,
    pub(super) rest: &'a Rest,
    pub(super) interaction: &'a Interaction,
}

impl Reply<'_> {
    /// Shows "thinking" to everyone; it becomes the live message.
    ///
    /// # Errors
    /// The call's error, already logged; [`unthink`](Self::unthink) clears up.
    pub(super) async fn think_publicly(&self) -> Result<(), RestError> {
        self.first(json!({ "type": DEFERRED_CHANNEL_MESSAGE })).await
    }

    /// Shows "thinking" to `audience`. Returns false if that failed and was cleared up.
    pub(super) async fn think(&self, audience: Audience) -> bool {
        let data = json!({ "flags": render::EPHEMERAL });
        let thinking = match audience {
            Audience::Person => self.first(json!({ "type": DEFERRED_CHANNEL_MESSAGE, "data": data })).await,
            Audience::Channel => self.think_publicly().await,
        };
        if let Err(error) = &thinking {
            self.unthink(error).await;
        }
        thinking.is_ok()
    }

    /// Replaces a "thinking" whose call failed but may have taken effect.
    pub(super) async fn unthink(&self, failed: &RestError) {
        if failed.is_ambiguous() {
            self.fill_notice("The connection to Discord failed before this could start. Ask again.").await;
        }
    }

    /// Replaces a public "thinking" by a message for the person alone: what it was for is refused after all.
    pub(super) async fn refuse(&self, body: Body) {
        let Interaction { application, token, received_at, .. } = self.interaction;
        let deadline = *received_at + FILL_TIMEOUT;
        let (application, token) = (*application, token.clone());
        let deleted = Request::new(Route::DeleteOriginal { application, token: token.clone() });
        if let Err(error) = self.rest.send(&deleted, deadline).await {
            tracing::warn!(error = error.chain(), "failed to delete an answer");
            return self.fill(body, vec![]).await;
        }
        let said = Request::json(Route::Followup { application, token }, body.private().json());
        if let Err(error) = self.rest.send(&said, deadline).await {
            tracing::warn!(error = error.chain(), "failed to say why a race was refused");
        }
    }

    /// Returns the id of the command that was sent; `None` for a button.
    pub(super) fn command_id(&self) -> Option<u64> {
        if let Kind::Command { id, .. } = self.interaction.kind { id } else { None }
    }

    /// Acknowledges a button whose effect shows in the message itself.
    pub(super) async fn take_note(&self) {
        let _logged = self.first(json!({ "type": DEFERRED_UPDATE_MESSAGE })).await;
    }

    /// Sends `body` to the person alone.
    pub(super) async fn say(&self, body: Body) {
        let _logged = self.first(json!({ "type": CHANNEL_MESSAGE, "data": body.private().json() })).await;
    }

    /// Returns true for a button of a message that only this person sees.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.interaction.kind, Kind::Button { is_private: true, .. })
    }

    /// Sends `body` to the person alone, in place of the private message whose button they pressed, if it is one.
    pub(super) async fn read(&self, body: Body) {
        if !self.is_private() {
            return self.say(body).await;
        }
        let mut data = body.json();
        // without the key, the message would keep its buttons
        if body.components.is_empty() {
            data["components"] = json!([]);
        }
        let _logged = self.first(json!({ "type": UPDATE_MESSAGE, "data": data })).await;
    }

    /// Opens a form, whose submission is an interaction of its own.
    pub(super) async fn open(&self, form: Value) {
        let _logged = self.first(json!({ "type": MODAL, "data": form })).await;
    }

    /// Offers these choices.
    pub(super) async fn choices(&self, choices: &[Choice]) {
        let _logged =
            self.first(json!({ "type": AUTOCOMPLETE_RESULT, "data": { "choices": choices } })).await;
    }

    /// Answers an interaction that could not be read, so that the person does not wait.
    pub(super) async fn unreadable(&self, kind: u8) {
        if kind == AUTOCOMPLETE {
            return self.choices(&[]).await;
        }
        let say = "This version of LLM Arena can't read what Discord sent. Try `/arena help`; if that fails too, the \
                   operator should update LLM Arena.";
        self.say(render::notice(say)).await;
    }

    /// Replaces "thinking" with `body` and `files`, or with a notice that they cannot be shown. A restart does not wait
    /// for it.
    pub(super) async fn fill(&self, body: Body, files: Vec<File>) {
        self.fill_or(body, files, render::notice(MAY_NOT_ATTACH)).await;
    }

    /// Replaces "thinking" with a notice.
    pub(super) async fn fill_notice(&self, text: &str) {
        self.fill(render::notice(text), vec![]).await;
    }

    /// Replaces "thinking" with `body` and a picture, or with `text` where the app may not send files.
    pub(super) async fn fill_with_picture(&self, body: Body, picture: File, text: Body) {
        self.fill_or(body, vec![picture], text).await;
    }

    async fn fill_or(&self, body: Body, files: Vec<File>, without_files: Body) {
        let filled = self.fill_in_time(body, files, without_files);
        if self.arena.unless_interrupted(filled).await.is_none() {
            self.break_off().await;
        }
    }

    async fn fill_in_time(&self, body: Body, files: Vec<File>, without_files: Body) {
        let has_files = !files.is_empty();
        let Err(error) = self.put(&body, files, self.interaction.received_at + FILL_TIMEOUT).await else {
            return;
        };
        tracing::warn!(error = error.chain(), "failed to fill in an answer");
        if !matches!(error, RestError::Gone | RestError::TokenExpired) {
            let say = match error {
                RestError::Forbidden { .. } if has_files => without_files,
                _ => render::notice("Discord rejected this answer. Try again in a moment."),
            };
            if let Err(error) = self.put(&say, vec![], Instant::now() + NOTICE_TIMEOUT).await {
                tracing::warn!(error = error.chain(), "an answer stays on \"thinking\"");
            }
        }
    }

    /// Sends the notice that a restart cut the answer off, if Discord accepts it at once.
    async fn break_off(&self) {
        let say =
            render::notice("LLM Arena is restarting before this could be shown. Try again in a moment.");
        let said = timeout(RESTART_NOTICE_TIMEOUT, self.rest.attempt(&self.edit(&say), Urgency::Final)).await;
        if !matches!(said, Ok(Ok(_))) {
            tracing::warn!("an answer stays on \"thinking\" in a restart");
        }
    }

    fn edit(&self, body: &Body) -> Request {
        let Interaction { application, token, .. } = self.interaction;
        let route = Route::EditOriginal { application: *application, token: token.clone() };
        Request::json(route, body.json())
    }

    async fn put(&self, body: &Body, files: Vec<File>, deadline: Instant) -> Result<(), RestError> {
        let request = self.edit(body).with_files(files);
        let last = self.interaction.received_at + UNSETTLED + RETRY_DELAY;
        let delay = |error: &RestError| {
            matches!(error, RestError::Gone | RestError::TokenExpired).then_some(RETRY_DELAY)
        };
        retry_until(last, delay, || self.rest.send(&request, deadline)).await.map(drop)
    }

    async fn first(&self, answer: Value) -> Result<(), RestError> {
        let Interaction { id, token, received_at, .. } = self.interaction;
        let route = Route::Callback { interaction: *id, token: token.clone() };
        let sent = self.rest.send(&Request::json(route, answer), *received_at + FIRST_ANSWER_TIMEOUT).await;
        METRICS.answered(*received_at, sent.is_ok());
        sent.map(drop).inspect_err(|error| match error {
            RestError::UnknownInteraction | RestError::AlreadyAcknowledged => {
                tracing::info!(error = error.chain(), "interaction already answered or too old");
            }
            error => tracing::warn!(error = error.chain(), "failed to answer an interaction"),
        })
    }
}
