//! SHELL. Follow-ups: the form that *Continue* opens, and the race that it starts in the thread of the one before.
//!
//! Slack gives a submitted form no place, so the form carries the race, its seal, its thread and the place of the button.

use std::{collections::BTreeMap, sync::Arc};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    CommandHandler,
    full_answers::thread,
    modal::{OPEN_TIMEOUT, OTHER_VERSION},
};
use crate::{
    button::Button,
    platform::handlers::Outcome,
    race::{RaceId, Record},
    slack::{
        incoming::{Ack, Incoming, Kind, ReplyTo},
        render::{
            self,
            follow_up::{self, FilledFollowUp},
            modal::PROMPT,
        },
    },
};

/// The metadata of an open form.
#[derive(Serialize, Deserialize)]
pub(super) struct OpenForm {
    /// The race that is continued.
    #[serde(rename = "continue")]
    race: String,
    /// The seal of its button.
    seal: String,
    /// The thread of the race.
    below: String,
    #[serde(flatten)]
    reply_to: ReplyTo,
}

impl OpenForm {
    /// Parses the metadata of a submitted form; `None` for those of other forms.
    pub(super) fn parse(private_metadata: &str) -> Option<Self> {
        serde_json::from_str(private_metadata).ok()
    }

    /// Returns the form that the press of *Continue* below `race` opens.
    fn new(incoming: &Incoming, race: RaceId, seal: String) -> Option<Self> {
        let reply_to = ReplyTo::new(incoming)?;
        Some(Self { race: race.to_string(), seal, below: thread(incoming)?.thread?, reply_to })
    }
}

impl CommandHandler {
    /// Opens the form that asks how a race is to be continued.
    pub(super) async fn follow_up_form(&self, incoming: &Incoming, record: &Record) {
        let seal = self.handlers.sealer.seal(Button::Continue(record.id), &self.caller(incoming).place);
        let form = OpenForm::new(incoming, record.id, seal);
        let metadata = form.and_then(|form| serde_json::to_string(&form).ok());
        let view = metadata.and_then(|metadata| render::follow_up(&record.report, &metadata));
        let (Some(trigger), Some(view)) = (&incoming.trigger_id, view) else { return };
        let opened = self.arena().unless_interrupted(self.api.open_view(trigger, &view, OPEN_TIMEOUT)).await;
        if let Some(Err(error)) = opened {
            tracing::warn!(race = %record.id, %error, "failed to open the form of a follow-up");
            self.notice(incoming, "Slack didn't open the form. Press *Continue* again.").await;
        }
    }

    /// Starts the race of a submitted form, or returns the errors to show in it.
    pub(super) async fn follow_up(
        self: &Arc<Self>,
        incoming: &Incoming,
        state: &Value,
        form: OpenForm,
    ) -> Ack {
        // an error below an input has no markup
        let problem = |block: &str, problem: String| {
            Ack::Errors(BTreeMap::from([(block.into(), problem.replace(['`', '*'], ""))]))
        };
        let filled = follow_up::read(&state["values"]);
        if let Some((block, what)) = follow_up::problem(&filled) {
            return problem(block, what.into());
        }
        let incoming = Arc::new(Incoming {
            place: Some(form.reply_to.place),
            response_url: form.reply_to.response_url.map(SecretString::from),
            kind: Kind::Modal {
                view_state: Value::Null,
                private_metadata: String::new(),
                below: Some(form.below),
            },
            ..incoming.clone()
        });
        let caller = self.caller(&incoming);
        let race = RaceId::parse(&form.race).filter(|race| {
            self.handlers.sealer.fits(Button::Continue(*race), Some(&form.seal), &caller.place)
        });
        let FilledFollowUp { follow_up: Some(follow_up), prompt } = filled else { return Ack::Empty };
        let Some(race) = race else { return problem(PROMPT, OTHER_VERSION.into()) };
        match self.handlers.follow_up(&caller, race, follow_up, prompt).await {
            Outcome::Refused(refused) => problem(PROMPT, refused.to_string()),
            Outcome::Notice(text) => problem(PROMPT, text),
            outcome => {
                self.follow(&incoming, outcome);
                Ack::Empty
            }
        }
    }
}
