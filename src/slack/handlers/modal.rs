//! SHELL. The form that a bare `/arena`, `/arena ask` or `/arena blind` opens.
//!
//! Slack gives a submitted form no channel and no response URL, so the form carries those of the command that opened it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::Value;

use super::CommandHandler;
use crate::{
    command::Command,
    platform::handlers::Outcome,
    slack::{
        incoming::{Ack, ChannelThread, Incoming, ReplyTo},
        render::{
            self, Form,
            modal::{self, Filled},
        },
    },
};

/// The rest of the 3 seconds in which a form can be opened.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The error below a form that does not carry its command.
pub(super) const OTHER_VERSION: &str =
    "This form belongs to another version of LLM Arena. Open a new one with /arena.";

/// Returns the form that `text` asks for, if it does.
pub(super) fn wanted(text: &str) -> Option<Form> {
    match text.trim().to_lowercase().as_str() {
        "" | "compare" => Some(Form::Compare),
        "ask" => Some(Form::Ask),
        "blind" => Some(Form::Blind),
        _ => None,
    }
}

impl CommandHandler {
    pub(super) async fn form(&self, incoming: &Incoming, form: Form) {
        let (Some(trigger), Some(reply_to)) = (&incoming.trigger_id, ReplyTo::text(incoming)) else { return };
        let view = render::modal(self.arena().cards(), form, &reply_to);
        let opened = self.arena().unless_interrupted(self.api.open_view(trigger, &view, OPEN_TIMEOUT)).await;
        if let Some(Err(error)) = opened {
            tracing::warn!(%error, "failed to open a form");
            self.reply(incoming).say(&render::help(self.arena().cards())).await;
        }
    }

    /// Opens the form from the Home tab, which is in no channel: the race is posted in `channel`, the user's direct message
    /// with the app.
    pub(super) fn form_in_direct_message(self: &Arc<Self>, incoming: &Incoming, channel: &str) {
        let place = Some(ChannelThread { channel: channel.to_owned(), thread: None });
        let (handler, incoming) = (Arc::clone(self), Incoming { place, ..incoming.clone() });
        self.arena().spawn(async move { handler.form(&incoming, Form::Compare).await });
    }

    /// Starts the race of a submitted form, or returns the errors to show in it.
    pub(super) async fn submitted(
        self: &Arc<Self>,
        incoming: &Arc<Incoming>,
        state: &Value,
        reply_to: &str,
    ) -> Ack {
        let problem = |block: &str, problem: String| Ack::Errors(BTreeMap::from([(block.into(), problem)]));
        let filled = modal::read(&state["values"]);
        if let Some((block, what)) = modal::problem(&filled) {
            return problem(block, what.into());
        }
        let Ok(ReplyTo { place, response_url, .. }) = serde_json::from_str(reply_to) else {
            return problem(modal::PROMPT, OTHER_VERSION.into());
        };
        let incoming = Arc::new(Incoming {
            place: Some(place),
            response_url: response_url.map(SecretString::from),
            ..incoming.as_ref().clone()
        });
        let Filled { form, models, prompt } = filled;
        let command = match form {
            Form::Blind => Command::Blind { models, prompt },
            Form::Ask | Form::Compare => Command::Compare { models, prompt },
        };
        match self.handlers.command(&self.caller(&incoming), Ok(command)).await {
            // an error below an input has no markup
            Outcome::Refused(refused) => problem(modal::PROMPT, refused.to_string().replace('`', "")),
            outcome => {
                self.follow(&incoming, outcome);
                Ack::Empty
            }
        }
    }
}
