//! The order in which live messages get the slots that they share: first come, first served, final edits before live ones.
//!
//! Sans-IO: no caller waits in here. Each is told when to ask again and keeps its position until then.

use std::time::Duration;

use tokio::time::Instant;

/// The time for which a position is held against others after its due time: its owner asks again at once.
const HELD_FOR: Duration = Duration::from_millis(500);
/// The time for which a position is kept at all after its due time, for owners that come late.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// The waiting messages.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    positions: Vec<Position>,
    next_number: u64,
}

#[derive(Debug)]
struct Position {
    owner: u64,
    /// False sorts first, then the smaller number.
    is_live: bool,
    number: u64,
    /// The time at which the owner was told to ask again.
    due: Instant,
}

impl Queue {
    /// Returns how many positions are held ahead of `owner`, who asks at `now`; `is_live` for an edit that a newer one
    /// will follow.
    pub(crate) fn ahead(&self, owner: u64, is_live: bool, now: Instant) -> usize {
        let own = self.positions.iter().find(|position| position.owner == owner);
        let number = own.map_or(self.next_number, |position| position.number);
        let is_ahead = |position: &&Position| {
            position.owner != owner
                && (position.is_live, position.number) < (is_live, number)
                && position.due + HELD_FOR > now
        };
        self.positions.iter().filter(is_ahead).count()
    }

    /// Records that `owner` was told to ask again at `due`. A position that it has already keeps its number.
    pub(crate) fn book(&mut self, owner: u64, is_live: bool, due: Instant, now: Instant) {
        self.positions.retain(|position| position.due + KEPT_FOR > now);
        if let Some(own) = self.positions.iter_mut().find(|position| position.owner == owner) {
            (own.is_live, own.due) = (is_live, due);
        } else {
            self.positions.push(Position { owner, is_live, number: self.next_number, due });
            self.next_number += 1;
        }
    }

    /// Gives up the position of `owner`.
    pub(crate) fn leave(&mut self, owner: u64) {
        self.positions.retain(|position| position.owner != owner);
    }
}
