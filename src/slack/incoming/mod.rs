//! What people did on Slack, however it came: what this service needs of it. Pure but for the memory of what came.
//!
//! Both modes go through [`Intake`]: Socket Mode gives the library's typed events, HTTP mode bodies that become the
//! same types (`body`), so there is one conversion (`convert`). What cannot be read is counted and acknowledged,
//! for an error would only make Slack send it again. What came already (`trigger_id`, `event_id`, and a message by
//! its place and time stamp) is acknowledged and dropped: over two sockets and by retries things come twice.
//! Must not know which way something came or what follows.
//!
//! The library's types lose some of what Slack sends: a command has no `user_name`, a mention no `bot_id` (so a
//! mention by another bot counts), an ephemeral message's button no thread (so ours carry it).

pub(super) mod body;
mod convert;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;
use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEventCallback};
use tokio::time::Instant;

use self::convert::{Dropped, Read};
pub(crate) use super::place::Place;
use crate::{
    platform::Dedup,
    telemetry::{field, metrics},
};

/// Takes what people do and gives what Slack is answered at once: Slack waits for it.
pub(crate) type Inbox = Arc<dyn Fn(Incoming) -> BoxFuture<'static, Ack> + Send + Sync>;

/// What a person did on Slack. `Debug` shows neither secrets nor the person's words.
#[derive(Clone)]
pub(crate) struct Incoming {
    /// The trigger's or the event's id.
    pub(crate) id: String,
    /// What is the same when it is delivered again, to whichever replica.
    pub(crate) delivery: String,
    /// When it was read; the answer is due within 3 seconds
    /// (<https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response>).
    pub(crate) received_at: Instant,
    /// The workspace.
    pub(crate) team: String,
    /// Who did it (`U...`).
    pub(crate) user: String,
    /// Their name, where Slack says it. Untrusted text.
    pub(crate) name: Option<String>,
    /// Where it was done; a submitted modal has no place.
    pub(crate) place: Option<Place>,
    /// It was done in a direct message, not necessarily with the bot.
    pub(crate) is_dm: bool,
    /// Where an answer may be posted, for 30 minutes, five times
    /// (<https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>); a secret.
    pub(crate) response_url: Option<SecretString>,
    /// Opens a modal, within 3 seconds, once.
    pub(crate) trigger_id: Option<String>,
    /// What they did.
    pub(crate) kind: Kind,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What was done. `Debug` shows no words of people.
#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    /// The slash command was sent.
    Command {
        /// What stands after the command, as typed.
        text: String,
    },
    /// The bot was mentioned in a channel or a thread.
    Mention {
        /// The message as typed, without the bot's own mention.
        text: String,
    },
    /// Something was written to the bot in a direct message.
    Message {
        /// The message as typed, without a mention of the bot.
        text: String,
    },
    /// A button was pressed.
    Button {
        /// Its `action_id`.
        action_id: String,
        /// Its `value`, empty where it has none.
        value: String,
        /// The time stamp of the message that it stands in; ephemeral ones have one too, which cannot be edited.
        message: Option<String>,
    },
    /// A modal was submitted.
    Modal {
        /// `view.state`: `{"values": {block_id: {action_id: {..}}}}`, the values as Slack sends them (only the
        /// labels of selected options lose their `type`).
        view_state: Value,
        /// What the modal was opened with.
        private_metadata: String,
    },
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command { .. } => "Command",
            Self::Mention { .. } => "Mention",
            Self::Message { .. } => "Message",
            Self::Button { .. } => "Button",
            Self::Modal { .. } => "Modal",
        })
    }
}

/// What Slack is answered at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ack {
    /// That it came.
    Empty,
    /// A message that only the sender of the command sees: `{"text": .., "blocks": [..]}`. The answer to anything
    /// but a command cannot carry one: it is as `Empty` then.
    Private(Value),
    /// What is wrong with a submitted modal: sentences by `block_id`; the modal stays open.
    Errors(BTreeMap<String, String>),
}

/// Where everything comes in, whatever the mode.
pub(crate) struct Intake {
    inbox: Inbox,
    bot: OnceLock<String>,
    seen: Dedup<String>,
}

impl Intake {
    /// Hands on to `inbox`, each thing once.
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self { inbox, bot: OnceLock::new(), seen: Dedup::default() }
    }

    /// The user id of the bot, once it is known: its own messages and mentions are told by it. Until then Slack's
    /// word in the event counts.
    pub(crate) fn know_bot(&self, user: &str) {
        let _ = self.bot.set(user.to_owned());
    }

    /// A slash command.
    pub(super) async fn command(&self, event: SlackCommandEvent, received_at: Instant) -> Ack {
        self.take(Ok(convert::command(event, received_at))).await
    }

    /// A button, a modal, a shortcut.
    pub(super) async fn interaction(&self, event: SlackInteractionEvent, received_at: Instant) -> Ack {
        self.take(convert::interaction(event, received_at)).await
    }

    /// A mention or a message.
    pub(super) async fn event(&self, event: SlackPushEventCallback, received_at: Instant) {
        self.take(convert::event(event, self.bot.get().map(String::as_str), received_at)).await;
    }

    async fn take(&self, read: Result<Read, Dropped>) -> Ack {
        let Read { incoming, also } = match read {
            Ok(read) => read,
            Err(Dropped::Unreadable(what)) => {
                unreadable(what);
                return Ack::Empty;
            }
            Err(Dropped::NotForUs(why)) => {
                ::metrics::counter!(metrics::SLACK_IGNORED, field::REASON => why).increment(1);
                return Ack::Empty;
            }
        };
        if !self.is_new(&incoming, also) {
            ::metrics::counter!(metrics::SLACK_DUPLICATES).increment(1);
            return Ack::Empty;
        }
        (self.inbox)(incoming).await
    }

    fn is_new(&self, incoming: &Incoming, also: Option<String>) -> bool {
        let seen = &self.seen;
        let fresh = seen.is_new(incoming.id.clone(), incoming.received_at);
        // both are remembered, so no short cut
        also.is_none_or(|also| seen.is_new(also, incoming.received_at)) && fresh
    }
}

/// Counts what nobody understands and says so in the log, without any of it.
pub(super) fn unreadable(what: &'static str) {
    ::metrics::counter!(metrics::SLACK_UNREADABLE, field::REASON => what).increment(1);
    tracing::warn!({ field::REASON } = what, "something that Slack sent could not be read");
}
