//! The address of a message as the store keeps it: enough to edit the message when its process has died. Pure.
//!
//! It holds the interaction's token, a credential for at most 15 minutes; the store clears it with the final frame.

use std::{fmt, time::Duration};

use jiff::{Timestamp, fmt::serde::timestamp::millisecond};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{interaction::Interaction, rest::Route};

/// The address of a message. Without `Debug`, because it holds the token.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct MessageRef {
    application: u64,
    /// Empty once the store deleted it, and for a message that is no response.
    #[serde(default)]
    token: String,
    /// The end of the token's use (wall clock).
    #[serde(with = "millisecond::required")]
    pub(super) token_until: Timestamp,
    /// True if the bot is a member of the channel, and can edit its own messages there.
    pub(super) is_member: bool,
    /// The channel in which the race was asked for, then the message's.
    pub(super) channel: Option<u64>,
    /// The message, once it is known.
    pub(super) message: Option<u64>,
    /// The server in which the race was asked for.
    #[serde(default)]
    server: Option<u64>,
}

impl MessageRef {
    /// The response to `interaction`, whose token is used for `token_life`.
    pub(super) fn of(interaction: &Interaction, token_life: Duration) -> Self {
        let left = token_life.saturating_sub(interaction.received_at.elapsed());
        Self {
            application: interaction.application,
            token: interaction.token.expose_secret().to_owned(),
            token_until: Timestamp::now() + left,
            is_member: interaction.bot_is_member,
            channel: interaction.channel,
            message: None,
            server: interaction.server(),
        }
    }

    /// The message with the id `message` that the bot posted in `channel` of `server`, so that no interaction's token edits it.
    pub(super) fn posted(server: Option<u64>, channel: u64, message: u64) -> Self {
        let (channel, message) = (Some(channel), Some(message));
        let (application, token, token_until) = (0, String::new(), Timestamp::now());
        Self { application, token, token_until, is_member: true, channel, message, server }
    }

    /// Returns true if an interaction's token edits the message, or did.
    pub(super) fn has_token(&self) -> bool {
        !self.token.is_empty()
    }

    /// The place to which the message's buttons are bound.
    pub(super) fn place(&self) -> String {
        place(self.server, self.channel)
    }

    /// Parses the output of [`fmt::Display`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The route through the interaction's token.
    pub(super) fn token_route(&self) -> Route {
        Route::EditOriginal { application: self.application, token: self.token.as_str().into() }
    }

    /// The route through the channel, if the message is known.
    pub(super) fn channel_route(&self) -> Option<Route> {
        let (channel, message) = self.channel.zip(self.message)?;
        Some(Route::EditMessage { channel, message })
    }
}

/// The server, 0 for none, and the channel, 0 if Discord named none.
pub(super) fn place(server: Option<u64>, channel: Option<u64>) -> String {
    format!("{}/{}", server.unwrap_or_default(), channel.unwrap_or_default())
}

/// The channel alone, to which the buttons of alerts are bound: a post does not say which server it is in.
pub(super) fn channel(channel: Option<u64>) -> String {
    place(None, channel)
}

impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
