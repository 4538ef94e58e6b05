//! SHELL. The ways to answer one interaction
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding>).
//!
//! The first answer must come within three seconds; a failure is logged without what was asked or said. Must not
//! know what the answers mean.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::discord::{
    completion::Choice,
    interaction::Interaction,
    meter,
    render::{self, Body},
    rest::{File, Request, Rest, RestError, Route},
};

/// Discord waits three seconds, of which the interaction spent some on its way here.
const FIRST_ANSWER: Duration = Duration::from_millis(2_700);
/// How long a private answer may take to be filled in.
const FILL: Duration = Duration::from_mins(2);

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
    pub(super) rest: &'a Rest,
    pub(super) interaction: &'a Interaction,
}

impl Reply<'_> {
    /// Shows everybody that an answer is coming; it becomes the live message. False where that failed.
    pub(super) async fn think_publicly(&self) -> bool {
        self.first(json!({ "type": THINKING })).await
    }

    /// Shows the asker alone that an answer is coming. False where that failed.
    pub(super) async fn think_privately(&self) -> bool {
        self.first(json!({ "type": THINKING, "data": { "flags": EPHEMERAL } })).await
    }

    /// Takes note of a press whose effect shows on the message itself.
    pub(super) async fn take_note(&self) -> bool {
        self.first(json!({ "type": LATER_UPDATE })).await
    }

    /// Says `body` to the asker alone.
    pub(super) async fn say(&self, body: Body) {
        self.first(json!({ "type": MESSAGE, "data": value(&body.private()) })).await;
    }

    /// Offers these completions.
    pub(super) async fn choices(&self, choices: &[Choice]) {
        self.first(json!({ "type": CHOICES, "data": { "choices": choices } })).await;
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

    /// Puts `body` and `files` in the place of "thinking".
    pub(super) async fn fill(&self, body: Body, files: Vec<File>) {
        let Interaction { application, token, received_at, .. } = self.interaction;
        let route = Route::EditOriginal { application: *application, token: token.clone() };
        let request = Request::json(route, value(&body)).with_files(files);
        if let Err(error) = self.rest.send(&request, *received_at + FILL).await {
            tracing::warn!(error = error.chain(), "an answer was not filled in");
        }
    }

    async fn first(&self, answer: Value) -> bool {
        let Interaction { id, token, received_at, .. } = self.interaction;
        let route = Route::Callback { interaction: *id, token: token.clone() };
        let sent = self.rest.send(&Request::json(route, answer), *received_at + FIRST_ANSWER).await;
        meter::answered(*received_at, &sent);
        match sent {
            Ok(_) => true,
            Err(error @ (RestError::UnknownInteraction | RestError::AlreadyAcknowledged)) => {
                tracing::info!(error = error.chain(), "an interaction was answered elsewhere, or is too old");
                false
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "an interaction was not answered");
                false
            }
        }
    }
}

pub(in crate::discord) fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).expect("text, numbers and lists are always JSON")
}
