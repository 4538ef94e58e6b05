//! Where a message stands, as the store keeps it: enough to edit it when nothing else is left. Pure.
//!
//! It holds the interaction's token, a credential for at most 15 minutes; the store forgets it with the last frame.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::interaction::Interaction;

/// How to reach a message. `Debug` does not show the token.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) application: u64,
    pub(super) token: SecretString,
    /// Until when the token is used (wall clock).
    pub(super) token_until: Timestamp,
    /// Whether the bot is a member of the channel, and can edit its own messages there.
    pub(super) is_member: bool,
    /// Where the message stands, once that is known.
    pub(super) channel: Option<u64>,
    pub(super) message: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    application: u64,
    token: String,
    token_until: i64,
    is_member: bool,
    channel: Option<u64>,
    message: Option<u64>,
}

impl Reference {
    /// The answer to `interaction`, whose token is used for `token_life`.
    pub(super) fn of(interaction: &Interaction, token_life: Duration) -> Self {
        let left = token_life.saturating_sub(interaction.received_at.elapsed());
        Self {
            application: interaction.application,
            token: interaction.token.clone(),
            token_until: Timestamp::now() + left,
            is_member: interaction.bot_is_member,
            channel: None,
            message: None,
        }
    }

    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        Some(Self {
            application: written.application,
            token: written.token.into(),
            token_until: Timestamp::from_millisecond(written.token_until).ok()?,
            is_member: written.is_member,
            channel: written.channel,
            message: written.message,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Written {
            application: self.application,
            token: self.token.expose_secret().to_owned(),
            token_until: self.token_until.as_millisecond(),
            is_member: self.is_member,
            channel: self.channel,
            message: self.message,
        };
        f.write_str(&serde_json::to_string(&written).map_err(|_| fmt::Error)?)
    }
}
