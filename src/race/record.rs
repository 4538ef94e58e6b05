//! The plain types that the arena hands to platforms and to the store: who asked for a race, its id, its record,
//! and the models that can race.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{metrics::TokenCount, report::Report};
use crate::model::{Availability, ModelCard};

/// A race's id, a `UUIDv7`: ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RaceId(Uuid);

impl RaceId {
    /// Wraps a `UUIDv7`.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Parses the form that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// The last eight characters: the beginning is the time, which neighbouring ids share.
    #[must_use]
    pub fn brief(self) -> String {
        let id = self.to_string();
        id[id.len() - 8..].to_owned()
    }
}

impl fmt::Display for RaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The user who asked for a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Unique over all platforms, such as `discord:123`; the key of the limits per user.
    pub id: String,
    /// The display name. Untrusted text.
    pub name: String,
}

/// A finished race.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The race's id.
    pub id: RaceId,
    /// The user who asked for it.
    pub asker: Asker,
    /// The wall-clock time of its admission.
    pub started_at: Timestamp,
    /// Its results.
    pub report: Report,
}

/// A finished race as its asker remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRace {
    /// The prompt.
    pub prompt: String,
    /// The wall-clock time of its admission.
    pub started_at: Timestamp,
}

/// A model of the line-up: its card, its availability now and its speeds so far.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Name, icon, colour and prices.
    pub card: ModelCard,
    /// Its state at the provider.
    pub availability: Availability,
    /// The newest decode speed measured in this process, in tokens per second.
    pub last_speed: Option<(f64, TokenCount)>,
    /// The median decode speed of the last seven days in all processes, and the number of answers behind it.
    pub weekly_median: Option<(f64, TokenCount, usize)>,
}
