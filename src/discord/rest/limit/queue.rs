//! Who waits for a slot of one bucket, in the order in which they came; final edits and replies before progress.
//!
//! Nobody waits within: those who wait come again when they were told to. Must not know windows.

use std::time::Duration;

use tokio::time::Instant;

use super::Urgency;

/// How long after its time a place is held against others: whoever waits for it comes at once.
const HELD: Duration = Duration::from_millis(500);
/// How long after its time it is kept at all, for those who come late.
const KEPT: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Queue {
    places: Vec<Place>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    who: u64,
    /// Lower goes first; then the smaller number.
    rank: u8,
    number: u64,
    /// When it was told to come.
    due: Instant,
}

fn rank(urgency: Urgency) -> u8 {
    u8::from(urgency == Urgency::Progress)
}

impl Queue {
    /// How many places are held that come before `who`, who asks now.
    pub(super) fn ahead(&self, who: u64, urgency: Urgency, now: Instant) -> usize {
        let rank = rank(urgency);
        let own = self.places.iter().find(|place| place.who == who);
        let number = own.map_or(self.next, |place| place.number);
        let is_ahead = |place: &&Place| {
            place.who != who && (place.rank, place.number) < (rank, number) && place.due + HELD > now
        };
        self.places.iter().filter(is_ahead).count()
    }

    /// Has `who` come at `due`. An older place is kept.
    pub(super) fn book(&mut self, who: u64, urgency: Urgency, due: Instant, now: Instant) {
        self.places.retain(|place| place.due + KEPT > now);
        let rank = rank(urgency);
        if let Some(own) = self.places.iter_mut().find(|place| place.who == who) {
            (own.rank, own.due) = (rank, due);
        } else {
            self.places.push(Place { who, rank, number: self.next, due });
            self.next += 1;
        }
    }

    pub(super) fn leave(&mut self, who: u64) {
        self.places.retain(|place| place.who != who);
    }
}
