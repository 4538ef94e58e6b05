//! The events of a race. Time and results enter the state only through them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::vote::VoteState;
#[cfg(doc)]
use crate::model::Stamped;
use crate::model::{Availability, Delta, ModelError};

/// Monotonic time since the race was set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(Duration);

impl Elapsed {
    /// Wraps the duration since the set-up.
    #[must_use]
    pub const fn new(since: Duration) -> Self {
        Self(since)
    }

    /// Converts from whole milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The duration since the set-up.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// Returns the time `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// An event with its time.
#[derive(Clone, Debug)]
pub struct RaceEvent {
    /// The time of the event; for deltas, the time of the socket read.
    pub at: Elapsed,
    /// The event.
    pub kind: EventKind,
}

/// An event of a race.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// An event on the lane with this index in the line-up.
    Lane(usize, LaneEvent),
    /// A second passed.
    Tick,
    /// The race was ended early: every unfinished lane stops.
    Stop(StopCause),
    /// The vote of a blind race moved on.
    Vote(VoteState),
}

/// An event on one lane.
#[derive(Clone, Debug)]
pub enum LaneEvent {
    /// The connection was prepared, and the provider reported the model's availability.
    Prepared(Availability),
    /// A step of the answer.
    Delta {
        /// Bytes of text that arrived with it, as in [`Stamped`].
        arrived: usize,
        /// The step.
        delta: Delta,
    },
    /// A count of the server cannot be true, so it was dropped.
    CountRejected,
    /// The stream ended without an error.
    Closed,
    /// The stream ended with an error.
    Failed(ModelError),
}

impl From<Delta> for LaneEvent {
    /// The event of a delta that is the only one of its read.
    fn from(delta: Delta) -> Self {
        Self::Delta { arrived: delta.text_len(), delta }
    }
}

/// The reason for ending a race early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCause {
    /// A user pressed Stop.
    Asked,
    /// The service is shutting down.
    Restart,
    /// The message was deleted.
    Deleted,
    /// The platform will soon refuse further edits of the message.
    Frozen,
    /// This process lost its store, so other replicas will consider it dead.
    CutOff,
    /// The vote on a blind race was due, and the lane had not finished.
    TooLate,
}

impl StopCause {
    /// A sentence for users.
    #[must_use]
    pub fn public(self) -> &'static str {
        match self {
            Self::Asked => "stopped before it finished",
            Self::Restart => "interrupted by a restart",
            Self::Deleted => "stopped: its message was deleted",
            Self::CutOff => "interrupted: the service lost its database",
            Self::Frozen => "stopped: its message can no longer be edited",
            Self::TooLate => "not ready when the vote began",
        }
    }
}
