//! Interactions as data: what someone did, and the first answer to it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{
    users::{ChannelKind, User},
    world::Id,
};

/// The fate of an interaction when it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Answerable,
    /// Another process has answered: 40060.
    Taken,
    /// Discord does not know it any more: 10062.
    Unknown,
}

/// One interaction.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub id: Id,
    pub token: String,
    pub user: User,
    pub place: ChannelKind,
    pub kind: InteractionKind,
    pub fate: Fate,
    /// Time of its delivery to the bot.
    pub delivered: Instant,
    /// A posted interaction got a response, with any status.
    pub taken: bool,
    /// Time of the first attempt to answer it, valid or not.
    pub tried: Option<Instant>,
    pub answer: Option<InteractionResponse>,
    /// The message that `@original` names.
    pub original: Option<Id>,
    pub followups: Vec<Id>,
    /// No answer is expected.
    pub is_excused: bool,
}

/// The kind of an interaction.
#[derive(Clone, Debug, PartialEq)]
pub enum InteractionKind {
    /// The command's id and its `options` as they are delivered.
    Command { id: Id, name: String, options: Value },
    /// A command of the context menu of this message, which someone wrote.
    OnMessage { id: Id, name: String, target: Value },
    /// A command with one option in focus.
    Completion { id: Id, name: String, options: Value },
    /// A button on this message.
    Button { message: Id, custom_id: String },
    /// An option of a menu on this message.
    Menu { message: Id, custom_id: String, value: String },
    /// A form that a button or a menu of this message opened.
    Form { message: Id, custom_id: String, fields: Vec<FormField> },
}

/// A field of a form, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The type of its component: 3 for a menu, 4 for a text.
    pub kind: u64,
    pub custom_id: String,
    /// The value of the chosen option, or the text.
    pub value: String,
}

impl InteractionKind {
    /// Returns the message with the button or the menu.
    pub fn message(&self) -> Option<Id> {
        match self {
            Self::Button { message, .. } | Self::Menu { message, .. } | Self::Form { message, .. } => {
                Some(*message)
            }
            Self::Command { .. } | Self::OnMessage { .. } | Self::Completion { .. } => None,
        }
    }
}

/// The first answer to an interaction.
#[derive(Clone, Debug)]
pub struct InteractionResponse {
    /// Time from the delivery to the response.
    pub after: Duration,
    /// `InteractionCallbackType`: 4, 5, 6, 7, 8, 9.
    pub kind: u64,
    pub private: bool,
    /// The choices of a completion: name and value.
    pub choices: Vec<(String, String)>,
    /// The form that it opened.
    pub form: Option<Value>,
}

impl Interaction {
    /// Returns its name in reports.
    pub fn name(&self) -> String {
        let what = match &self.kind {
            InteractionKind::Command { name, .. } => format!("/{name}"),
            InteractionKind::OnMessage { name, .. } => format!("{name:?}"),
            InteractionKind::Completion { name, .. } => format!("the completion of /{name}"),
            InteractionKind::Button { custom_id, .. } => format!("the button {custom_id:?}"),
            InteractionKind::Menu { value, .. } => format!("the option {value:?}"),
            InteractionKind::Form { custom_id, .. } => format!("the form {custom_id:?}"),
        };
        format!("{what} by {}", self.user.name)
    }
}
