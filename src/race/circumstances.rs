//! The circumstances of a race that its message shows: the message that it quotes, the persona of its channel, and the
//! race that it continues.

use serde::{Deserialize, Serialize};

use super::RaceId;

/// The circumstances of a race. What a later version adds to its JSON is ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Circumstances {
    /// The message whose text is the prompt, if it was one.
    pub quote: Option<Quote>,
    /// The id of the persona, if the channel has one.
    pub persona: Option<String>,
    /// The race that it continues.
    pub parent: Option<RaceId>,
}

impl Circumstances {
    /// Returns true if there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A message whose text is the prompt of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The display name of its author. Untrusted text.
    pub author: String,
    /// Its address.
    pub url: Option<String>,
}
