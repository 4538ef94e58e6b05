//! SHELL. Commands, interactions and events of Slack, reduced to what this service needs.
//!
//! ```text
//! socket (library's events) ─┐
//! webhook (bodies) -> body ──┴─> Intake -> convert -> duplicates dropped -> Inbox -> Ack
//! ```
//!
//! Unreadable deliveries are counted and acknowledged: an error would only make Slack send them again. Duplicates (by
//! `trigger_id`, `event_id`, or the place and time stamp of a message) are acknowledged and dropped: retries and the two
//! sockets make them common.
//!
//! The library's types lose some of what Slack sends: a command has no `user_name`, a mention no `bot_id` (so
//! `body` marks mentions by bots), an ephemeral message's button no thread (so our buttons carry it).

pub(super) mod body;
pub(super) mod convert;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEventCallback};
use tokio::time::Instant;

use self::convert::Dropped;
pub(crate) use super::api::ChannelThread;
use super::api::opaque;
use crate::{
    platform::{Dedup, files::RemoteFile, message::SourceMessage},
    telemetry::{field, metrics},
};

/// Handles what a user did and returns the immediate answer, which Slack waits for.
pub(crate) type Inbox = Arc<dyn Fn(Incoming) -> BoxFuture<'static, Ack> + Send + Sync>;

/// Something that a user did on Slack. `Debug` shows neither secrets nor the user's words.
#[derive(Clone)]
pub(crate) struct Incoming {
    /// The key across repeated deliveries and replicas: the id of the trigger or the event, or the address of the message.
    pub(crate) delivery: String,
    /// The id of the event of a message, which may be delivered under several ones.
    pub(crate) event_id: Option<String>,
    /// The time of its arrival; the answer is due within 3 seconds
    /// (<https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response>).
    pub(crate) received_at: Instant,
    /// The workspace.
    pub(crate) team: String,
    /// The user's id (`U...`).
    pub(crate) user: String,
    /// The user's name, where Slack sends it. Untrusted text.
    pub(crate) name: Option<String>,
    /// Its channel and thread; a submitted modal has neither.
    pub(crate) place: Option<ChannelThread>,
    /// The message below which everyone's answer is posted, if the place is no thread: a mention in a channel, a race that is
    /// continued, a message that is raced.
    pub(crate) root: Option<String>,
    /// The address that accepts answers for 30 minutes, five times
    /// (<https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>); a secret.
    pub(crate) response_url: Option<SecretString>,
    /// The right to open a modal, within 3 seconds, once.
    pub(crate) trigger_id: Option<String>,
    /// The files that the user shared with the message.
    pub(crate) files: Vec<RemoteFile>,
    /// The message that is to be raced.
    pub(crate) quoted: Option<QuotedMessage>,
    pub(crate) kind: Kind,
}

opaque!(Incoming, Kind);

impl Incoming {
    /// Creates a delivery without a place, files or an address for answers.
    fn new(delivery: String, received_at: Instant, team: String, user: String, kind: Kind) -> Self {
        Self {
            delivery,
            event_id: None,
            received_at,
            team,
            user,
            name: None,
            place: None,
            root: None,
            response_url: None,
            trigger_id: None,
            files: vec![],
            quoted: None,
            kind,
        }
    }

    /// Returns the place for what everyone may see. Private messages stay in the channel, since Slack shows none in a thread
    /// without replies (<https://docs.slack.dev/reference/methods/chat.postEphemeral>).
    pub(crate) fn public_place(&self) -> Option<ChannelThread> {
        let place = self.place.clone()?;
        Some(ChannelThread { thread: place.thread.or_else(|| self.root.clone()), ..place })
    }

    /// Returns the thread below the message whose button was pressed, or the one that contains it.
    pub(crate) fn race_thread(&self) -> Option<ChannelThread> {
        let Kind::Button { message, .. } = &self.kind else { return None };
        let place = self.place.clone()?;
        Some(ChannelThread { thread: place.thread.or_else(|| message.clone()), ..place })
    }

    /// Returns true in direct messages, not only those with the bot.
    pub(crate) fn is_dm(&self) -> bool {
        self.place.as_ref().is_some_and(ChannelThread::is_dm)
    }
}

/// A message that a user wants to race.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuotedMessage {
    /// Its time stamp.
    pub(crate) ts: String,
    /// The user who wrote it.
    pub(crate) user: Option<String>,
    /// The name of the app that wrote it. Untrusted text.
    pub(crate) name: Option<String>,
    /// The files that go along with it; only while its form is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<RemoteFile>,
    /// The note about its parts that are not sent; only while its form is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl QuotedMessage {
    /// Takes its files and the note about its other parts, which the store does not keep with the way to a user.
    pub(crate) fn take_files(&mut self) -> (Vec<RemoteFile>, Option<String>) {
        (std::mem::take(&mut self.files), self.note.take())
    }
}

/// The way to a user: the store keeps it until their race has a message, and a form carries that of the command which
/// opened it. It holds the response URL, a credential for half an hour.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyTo {
    #[serde(flatten)]
    pub(crate) place: ChannelThread,
    #[serde(default)]
    pub(crate) user: String,
    pub(crate) response_url: Option<String>,
    /// The message that the form is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quoted: Option<QuotedMessage>,
}

impl ReplyTo {
    /// Returns the way to the user behind `incoming`, if it has a place.
    pub(crate) fn new(incoming: &Incoming) -> Option<Self> {
        let response_url = incoming.response_url.as_ref().map(|url| url.expose_secret().to_owned());
        let (place, quoted) = (incoming.place.clone()?, incoming.quoted.clone());
        Some(Self { place, user: incoming.user.clone(), response_url, quoted })
    }

    /// Returns the way to the user behind `incoming` in its text form, JSON, if it has a place.
    pub(crate) fn text(incoming: &Incoming) -> Option<String> {
        serde_json::to_string(&Self::new(incoming)?).ok()
    }
}

/// The kinds of [`Incoming`]. `Debug` shows no words of users.
#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    /// The slash command.
    Command {
        /// The text after the command, as typed.
        text: String,
    },
    /// A direct message to the bot, or a message in a channel or a thread that mentions it.
    Message {
        /// The message as typed, without a mention of the bot.
        text: String,
    },
    /// The shortcut in a message's menu: a user wants to race it.
    RaceMessage {
        /// Its text and its files, or what is missing.
        source: SourceMessage,
    },
    /// A user opened the app's Home tab; the place is their direct message with the app.
    Home,
    /// The press of a button, or a choice from a menu.
    Button {
        /// Its `action_id`.
        action_id: String,
        /// Its `value` or that of the chosen option, or empty.
        value: String,
        /// The time stamp of its message; ephemeral messages have one too, but cannot be edited.
        message: Option<String>,
        /// The message is ephemeral.
        is_private: bool,
    },
    /// The submission of a modal.
    Modal {
        /// `view.state`: `{"values": {block_id: {action_id: {..}}}}`, as Slack sends it (only the labels of selected
        /// options lose their `type`).
        view_state: Value,
        /// The metadata that the modal was opened with.
        private_metadata: String,
    },
}

/// The immediate answer to Slack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ack {
    /// A bare acknowledgement.
    Empty,
    /// A message that only the sender of the command sees: `{"text": .., "blocks": [..]}`. For anything but a command
    /// it is the same as `Empty`.
    Private(Value),
    /// The errors of a submitted modal, by `block_id`; the modal stays open.
    Errors(BTreeMap<String, String>),
}

impl Ack {
    /// The body of the answer to a command, unless it is empty.
    pub(super) fn command_response(self) -> Option<Value> {
        let Self::Private(mut message) = self else { return None };
        message["response_type"] = "ephemeral".into();
        Some(message)
    }

    /// The body of the answer to an interaction, unless it is empty.
    pub(super) fn view_response(self) -> Option<Value> {
        let Self::Errors(errors) = self else { return None };
        Some(json!({ "response_action": "errors", "errors": errors }))
    }
}

/// The entry of all deliveries, in both modes.
pub(crate) struct Intake {
    inbox: Inbox,
    bot: OnceLock<String>,
    seen: Dedup<String>,
}

impl Intake {
    /// Creates an intake that hands each delivery to `inbox` once.
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self { inbox, bot: OnceLock::new(), seen: Dedup::default() }
    }

    /// Sets the user id of the bot, which identifies its own messages and mentions. Until then the event's
    /// `authorizations` count.
    pub(crate) fn know_bot(&self, user: &str) {
        let _ = self.bot.set(user.to_owned());
    }

    /// Takes a slash command.
    pub(super) async fn command(&self, event: SlackCommandEvent, received_at: Instant) -> Ack {
        self.take(Ok(convert::command(event, received_at))).await
    }

    /// Takes a button, a modal, a shortcut.
    pub(super) async fn interaction(&self, event: SlackInteractionEvent, received_at: Instant) -> Ack {
        self.take(convert::interaction(event, self.bot.get().map(String::as_str), received_at)).await
    }

    /// Takes a mention or a message.
    pub(super) async fn event(&self, event: SlackPushEventCallback, received_at: Instant) -> Ack {
        self.take(convert::event(event, self.bot.get().map(String::as_str), received_at)).await
    }

    async fn take(&self, converted: Result<Incoming, Dropped>) -> Ack {
        let incoming = match converted {
            Ok(incoming) => incoming,
            Err(Dropped::Unreadable(what)) => return unreadable(what),
            Err(Dropped::NotForUs(why)) => {
                ::metrics::counter!(metrics::SLACK_IGNORED, field::REASON => why).increment(1);
                return Ack::Empty;
            }
        };
        if !self.is_new(&incoming) {
            ::metrics::counter!(metrics::SLACK_DUPLICATES).increment(1);
            return Ack::Empty;
        }
        (self.inbox)(incoming).await
    }

    fn is_new(&self, incoming: &Incoming) -> bool {
        let is_new = |key: &String| self.seen.is_new(key.clone(), incoming.received_at);
        let is_new_event = incoming.event_id.as_ref().is_none_or(is_new);
        // remembered even if the event is known
        is_new(&incoming.delivery) && is_new_event
    }
}

/// Counts, logs and acknowledges a delivery that cannot be read, without its content.
pub(super) fn unreadable(what: &'static str) -> Ack {
    ::metrics::counter!(metrics::SLACK_UNREADABLE, field::REASON => what).increment(1);
    tracing::warn!({ field::REASON } = what, "unreadable delivery from Slack");
    Ack::Empty
}
