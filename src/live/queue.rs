//! Who waits for a slot that live messages share, in the order in which they came; the last edits before the others.
//!
//! Nobody waits within: those who wait come again when they were told to. Must not know limits.

use std::time::Duration;

use tokio::time::Instant;

/// How long after its time a place is held against others: whoever waits for it comes at once.
const HELD: Duration = Duration::from_millis(500);
/// How long after its time it is kept at all, for those who come late.
const KEPT: Duration = Duration::from_secs(30);

/// The places of those who wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    places: Vec<Place>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    who: u64,
    /// False goes first; then the smaller number.
    is_live: bool,
    number: u64,
    /// When it was told to come.
    due: Instant,
}

impl Queue {
    /// How many places are held that come before `who`, who asks now; `is_live` for an edit that a newer one follows.
    pub(crate) fn ahead(&self, who: u64, is_live: bool, now: Instant) -> usize {
        let own = self.places.iter().find(|place| place.who == who);
        let number = own.map_or(self.next, |place| place.number);
        let is_ahead = |place: &&Place| {
            place.who != who && (place.is_live, place.number) < (is_live, number) && place.due + HELD > now
        };
        self.places.iter().filter(is_ahead).count()
    }

    /// Has `who` come at `due`. An older place is kept.
    pub(crate) fn book(&mut self, who: u64, is_live: bool, due: Instant, now: Instant) {
        self.places.retain(|place| place.due + KEPT > now);
        if let Some(own) = self.places.iter_mut().find(|place| place.who == who) {
            (own.is_live, own.due) = (is_live, due);
        } else {
            self.places.push(Place { who, is_live, number: self.next, due });
            self.next += 1;
        }
    }

    /// `who` waits no more.
    pub(crate) fn leave(&mut self, who: u64) {
        self.places.retain(|place| place.who != who);
    }
}
