//! The address of an alert as the store keeps it. Pure; it holds no credential.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rest::Route;

/// The address of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AlertRef {
    /// The channel.
    pub(super) channel: u64,
    /// The message.
    pub(super) message: u64,
    /// True if the message has a picture, which an edit must keep in its place.
    #[serde(default)]
    pub(super) has_picture: bool,
}

impl AlertRef {
    /// Parses the output of [`fmt::Display`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The route that edits the message.
    pub(super) fn message_route(self) -> Route {
        Route::EditMessage { channel: self.channel, message: self.message }
    }

    /// The route that opens the thread of the message.
    pub(super) fn open_thread_route(self) -> Route {
        Route::StartThread { channel: self.channel, message: self.message }
    }

    /// The thread of the message, which has the message's id
    /// (<https://docs.discord.com/developers/resources/channel#start-thread-from-message>).
    pub(super) fn thread(self) -> u64 {
        self.message
    }
}

impl fmt::Display for AlertRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_a_round_trip() {
        let address = AlertRef { channel: u64::MAX, message: 2, has_picture: true };
        assert_eq!(AlertRef::parse(&address.to_string()), Some(address));
        assert_eq!(AlertRef::parse("{\"channel\":1,\"message\":2}").map(|old| old.has_picture), Some(false));
        assert_eq!(AlertRef::parse("elsewhere"), None);
    }
}
