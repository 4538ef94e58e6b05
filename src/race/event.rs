//! What happens in a race, as data: the only way in which time and news enter the state.
//!
//! Must not know who makes the events or who looks at the state.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Availability, Delta, ModelError};

/// Time since the race was set up; monotonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(Duration);

impl Elapsed {
    /// `since` after the set-up.
    #[must_use]
    pub const fn new(since: Duration) -> Self {
        Self(since)
    }

    /// From whole milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The duration since the set-up.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// The moment `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The time from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct RaceEvent {
    /// When; for deltas the instant of the socket read.
    pub at: Elapsed,
    /// What.
    pub kind: EventKind,
}

/// What can happen in a race.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// Something on the lane with this index (its place in the line-up).
    Lane(usize, LaneEvent),
    /// A second passed.
    Tick,
    /// Somebody or something ended the race: every unfinished lane stops.
    Stop(StopCause),
}

/// What can happen on a lane.
#[derive(Clone, Debug)]
pub enum LaneEvent {
    /// The connection was prepared; what the provider says of the model.
    Prepared(Availability),
    /// A step of the answer.
    Delta(Delta),
    /// The stream ended without an error.
    Closed,
    /// The stream ended with an error.
    Failed(ModelError),
}

/// Who ended the race early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCause {
    /// A person pressed Stop.
    Asked,
    /// The service is shutting down.
    Restart,
    /// Somebody deleted the message: nobody can watch any more.
    Deleted,
    /// The platform lets the message change no more, and this is its last frame.
    Frozen,
    /// This process lost its store, and others will take it for dead.
    CutOff,
}
