//! SHELL. The form that a bare `/arena` or `/arena ask` opens.
//!
//! Slack gives a submitted form no channel and no response URL, so the form carries those of the command that opened it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, CommandHandler};
use crate::{
    platform::handlers::Outcome,
    slack::{
        api::ChannelThread,
        incoming::{Ack, Incoming},
        render::{self, Draft, modal},
    },
};

/// The rest of the 3 seconds in which a form can be opened.
const OPEN_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The error below a form that does not carry its command.
const OTHER_VERSION: &str = "This form belongs to another version of LLM Arena. Open a new one with /arena.";

/// The command that opened a form, as the form carries it. Only Slack sees it.
#[derive(Serialize, Deserialize)]
struct FormOrigin {
    channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_url: Option<String>,
    #[serde(default)]
    is_dm: bool,
}

/// Returns the form that `text` asks for, if it does.
pub(super) fn wanted(text: &str) -> Option<Draft> {
    let word = text.trim().to_lowercase();
    let is_bare = matches!(word.as_str(), "" | "ask" | "compare");
    is_bare.then(|| Draft { word, prompt: String::new(), models: vec![] })
}

impl CommandHandler {
    pub(super) async fn form(&self, incoming: &Incoming, draft: &Draft) {
        let (Some(trigger), Some(place)) = (&incoming.trigger_id, &incoming.place) else { return };
        let url = incoming.response_url.as_ref().map(|url| url.expose_secret().to_owned());
        let origin = FormOrigin {
            channel: place.channel.clone(),
            thread: place.thread.clone(),
            response_url: url,
            is_dm: incoming.is_dm,
        };
        let origin = serde_json::to_string(&origin).unwrap_or_default();
        let view = render::modal(self.arena().cards(), draft, &origin);
        let opened = self.arena().unless_interrupted(self.api.open_view(trigger, &view, OPEN_TIMEOUT)).await;
        if let Some(Err(error)) = opened {
            tracing::warn!(error = error.chain(), "failed to open a form");
            self.reply(incoming).say(&render::help(self.arena().cards())).await;
        }
    }

    /// Starts the race of a submitted form, or returns the errors to show in it.
    pub(super) async fn submitted(
        self: &Arc<Self>,
        incoming: &Arc<Incoming>,
        state: &Value,
        origin: &str,
    ) -> Ack {
        let problem =
            |block: &str, problem: String| Ack::Errors(BTreeMap::from([(block.to_owned(), problem)]));
        let filled = modal::read(&state["values"]);
        if let Some((block, what)) = modal::problem(&filled) {
            return problem(block, what.to_owned());
        }
        let Ok(origin) = serde_json::from_str::<FormOrigin>(origin) else {
            return problem(modal::PROMPT, OTHER_VERSION.to_owned());
        };
        let incoming = Arc::new(Incoming {
            place: Some(ChannelThread { channel: origin.channel, thread: origin.thread }),
            response_url: origin.response_url.map(SecretString::from),
            is_dm: origin.is_dm,
            ..incoming.as_ref().clone()
        });
        match self.handlers.start(&self.caller(&incoming), &filled.models, filled.prompt).await {
            Outcome::Refused(refused) => problem(modal::PROMPT, refused.to_string()),
            outcome => {
                self.follow(&incoming, Answer::Outcome(outcome));
                Ack::Empty
            }
        }
    }
}
