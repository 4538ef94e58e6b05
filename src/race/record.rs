//! Whose race it was and what became of it: what is kept when a race is over, in memory and in the store.
//!
//! Must not know where it is kept or who asks for it.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::report::Report;

/// A race's id; sorts by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RaceId(Uuid);

impl RaceId {
    /// The race with this id, a `UUIDv7`.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// The end of it, eight characters: its beginning is the time, which neighbours share.
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

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Unique over all platforms, such as `discord:123`; the key of the limits for one person.
    pub id: String,
    /// As people know them. Untrusted text.
    pub name: String,
}

/// A race that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: RaceId,
    /// Who asked.
    pub asker: Asker,
    /// When it was admitted (wall clock).
    pub started_at: Timestamp,
    /// What remains of it.
    pub report: Report,
}
