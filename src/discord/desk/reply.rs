//! SHELL. The ways to answer one interaction
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding>).
//!
//! The first answer must come within three seconds; a failure is logged without what was asked or said. Must not
//! know what the answers mean.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    arena::Arena,
    discord::{
        completion::Choice,
        interaction::{Interaction, UNSETTLED},
        meter,
        render::{self, Body},
        rest::{File, Request, Rest, RestError, Route, Urgency},
    },
};

/// Discord waits three seconds, of which the interaction spent some on its way here.
const FIRST_ANSWER: Duration = Duration::from_millis(2_700);
/// How long a private answer may take to be filled in.
const FILL: Duration = Duration::from_mins(2);
/// The same of the words that stand in its place.
const LAST_WORDS: Duration = Duration::from_secs(30);
/// The same in a restart.
const FAREWELL: Duration = Duration::from_secs(1);
/// Between two tries of what Discord does not know yet.
const SETTLE: Duration = Duration::from_secs(2);

/// Kinds of first answers.
const MESSAGE: u8 = 4;
const THINKING: u8 = 5;
const LATER_UPDATE: u8 = 6;
const CHOICES: u8 = 8;
/// Only the asker sees it.
const EPHEMERAL: u32 = 1 << 6;
/// The interaction of one who types, whose answer is a list.
const COMPLETION: u8 = 4;

/// One interaction that waits for its answer.
pub(super) struct Reply<'a> {
    pub(super) arena: &'a Arena,
    pub(super) rest: &'a Rest,
    pub(super) interaction: &'a Interaction,
}

impl Reply<'_> {
    /// Shows everybody that an answer is coming; it becomes the live message.
    ///
    /// # Errors
    /// That failed, which is logged; [`unthink`](Self::unthink) clears up.
    pub(super) async fn think_publicly(&self) -> Result<(), RestError> {
        self.first(json!({ "type": THINKING })).await
    }

    /// Shows the asker alone that an answer is coming. False where that failed.
    pub(super) async fn think_privately(&self) -> bool {
        let thinking = self.first(json!({ "type": THINKING, "data": { "flags": EPHEMERAL } })).await;
        if let Err(error) = &thinking {
            self.unthink(error).await;
        }
        thinking.is_ok()
    }

    /// After a "thinking" that failed: where it may be there all the same, it must not stay.
    pub(super) async fn unthink(&self, failed: &RestError) {
        if failed.is_ambiguous() {
            let say = "The connection to Discord failed before this could start. Please ask again.";
            self.fill(render::notice(say), vec![]).await;
        }
    }

    /// Takes note of a press whose effect shows on the message itself.
    pub(super) async fn take_note(&self) {
        let _logged = self.first(json!({ "type": LATER_UPDATE })).await;
    }

    /// Says `body` to the asker alone.
    pub(super) async fn say(&self, body: Body) {
        let _logged = self.first(json!({ "type": MESSAGE, "data": value(&body.private()) })).await;
    }

    /// Offers these completions.
    pub(super) async fn choices(&self, choices: &[Choice]) {
        let _logged = self.first(json!({ "type": CHOICES, "data": { "choices": choices } })).await;
    }

    /// Answers what could not be read, so that nobody waits for nothing.
    pub(super) async fn unreadable(&self, kind: u8) {
        if kind == COMPLETION {
            return self.choices(&[]).await;
        }
        let say = "Discord sent this in a form that this version does not know. Try `/arena help`; if that fails \
                   too, the operator should update LLM Arena.";
        self.say(render::notice(say)).await;
    }

    /// Puts `body` and `files` in the place of "thinking", or the plain word that they cannot be shown. A restart does
    /// not wait for it.
    pub(super) async fn fill(&self, body: Body, files: Vec<File>) {
        if self.arena.unless_interrupted(self.fill_in_time(body, files)).await.is_none() {
            self.break_off().await;
        }
    }

    async fn fill_in_time(&self, body: Body, files: Vec<File>) {
        let Err(error) = self.put(&body, files, self.interaction.received_at + FILL).await else { return };
        tracing::warn!(error = error.chain(), "an answer was not filled in");
        if !matches!(error, RestError::Gone | RestError::TokenExpired) {
            let say = render::notice("Discord did not take this answer. Try again in a moment.");
            if let Err(error) = self.put(&say, vec![], Instant::now() + LAST_WORDS).await {
                tracing::warn!(error = error.chain(), "an answer stays on thinking");
            }
        }
    }

    /// The plain word that there was no time, if Discord takes it at once.
    async fn break_off(&self) {
        let say = render::notice("LLM Arena restarts, and this was not shown yet. Try again in a moment.");
        let said = timeout(FAREWELL, self.rest.attempt(&self.edit(&say), Urgency::Reply)).await;
        if !matches!(said, Ok(Ok(_))) {
            tracing::warn!("an answer stays on thinking: a restart does not wait for it");
        }
    }

    fn edit(&self, body: &Body) -> Request {
        let Interaction { application, token, .. } = self.interaction;
        let route = Route::EditOriginal { application: *application, token: token.clone() };
        Request::json(route, value(body))
    }

    async fn put(&self, body: &Body, files: Vec<File>, deadline: Instant) -> Result<(), RestError> {
        let request = self.edit(body).with_files(files);
        let unsettled_until = self.interaction.received_at + UNSETTLED;
        loop {
            match self.rest.send(&request, deadline).await {
                Err(RestError::Gone | RestError::TokenExpired) if Instant::now() < unsettled_until => {
                    sleep(SETTLE).await;
                }
                sent => return sent.map(drop),
            }
        }
    }

    async fn first(&self, answer: Value) -> Result<(), RestError> {
        let Interaction { id, token, received_at, .. } = self.interaction;
        let route = Route::Callback { interaction: *id, token: token.clone() };
        let sent = self.rest.send(&Request::json(route, answer), *received_at + FIRST_ANSWER).await;
        meter::answered(*received_at, &sent);
        sent.map(drop).inspect_err(|error| match error {
            RestError::UnknownInteraction | RestError::AlreadyAcknowledged => {
                tracing::info!(error = error.chain(), "an interaction was answered elsewhere, or is too old");
            }
            error => tracing::warn!(error = error.chain(), "an interaction was not answered"),
        })
    }
}

pub(in crate::discord) fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).expect("text, numbers and lists are always JSON")
}
