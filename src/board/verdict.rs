//! The conclusion of a board: too early, too close, or a leader.

use super::{Counts, Standing};

/// The ballots from which on a board says more than counts.
pub const MIN_BALLOTS: usize = 20;
/// The voters from which on a board says more than counts.
pub const MIN_VOTERS: usize = 3;
/// The races from which on a board says more than counts.
pub const MIN_RACES: usize = 8;
/// The voters from which on a leader is named.
pub const MIN_LEADER_VOTERS: usize = 5;
/// The probability of being best from which on a leader is named.
pub(super) const LEADER_CONFIDENCE: f64 = 0.95;

/// The conclusion of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There are too few ballots, voters or races, or fewer than two contenders.
    TooEarly,
    /// The first contender is not clearly the best.
    TooClose,
    /// The first contender leads.
    Leader,
}

impl Verdict {
    pub(super) fn of(counts: &Counts, standings: &[Standing]) -> Self {
        let is_enough =
            counts.ballots >= MIN_BALLOTS && counts.voters >= MIN_VOTERS && counts.races >= MIN_RACES;
        match standings {
            [first, _, ..] if is_enough => {
                let is_clear = first.p_best >= LEADER_CONFIDENCE && counts.voters >= MIN_LEADER_VOTERS;
                if is_clear { Self::Leader } else { Self::TooClose }
            }
            _ => Self::TooEarly,
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooEarly => "too_early",
            Self::TooClose => "too_close",
            Self::Leader => "leader",
        }
    }
}
