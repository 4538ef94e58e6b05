//! When a live message may be edited: a sans-IO state machine. It never reads a clock; it is told what
//! happened and answers when the next slot is.
//!
//! Must not know surfaces, views or the network.

use std::time::Duration;

use crate::race::event::Elapsed;

/// The first wait after an edit that failed for a passing reason; it doubles up to [`BACKOFF_MOST`].
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
const BACKOFF_MOST: Duration = Duration::from_secs(20);

/// The pace of one live message.
#[derive(Clone, Debug)]
pub struct Pacer {
    interval: Duration,
    last: Option<Elapsed>,
    not_before: Elapsed,
    failures: u32,
}

impl Pacer {
    /// A pacer that grants its first slot at once and later ones `interval` apart.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval, last: None, not_before: Elapsed::default(), failures: 0 }
    }

    /// Sets the least time between two edits from now on.
    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// The earliest time of the next edit. It may lie in the past, which means now.
    #[must_use]
    pub fn next_slot(&self) -> Elapsed {
        let paced = self.last.map_or(Elapsed::default(), |last| last.after(self.interval));
        paced.max(self.not_before)
    }

    /// An edit was sent at `at` and accepted.
    pub fn sent(&mut self, at: Elapsed) {
        self.last = Some(at);
        self.failures = 0;
    }

    /// The platform answered at `now` that nothing may come before `retry_after`, which beats the pace.
    pub fn limited(&mut self, now: Elapsed, retry_after: Duration) {
        self.last = Some(now);
        self.not_before = self.not_before.max(now.after(retry_after));
    }

    /// An edit failed at `now` for a passing reason: the next slot backs off, twice as far each time.
    pub fn failed(&mut self, now: Elapsed) {
        let wait = BACKOFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MOST);
        self.failures = self.failures.saturating_add(1);
        self.last = Some(now);
        self.not_before = self.not_before.max(now.after(wait));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACE: Duration = Duration::from_secs(1);

    fn at(ms: u64) -> Elapsed {
        Elapsed::from_millis(ms)
    }

    #[test]
    fn the_first_slot_is_now_and_the_next_one_an_interval_later() {
        let mut pacer = Pacer::new(PACE);
        assert_eq!(pacer.next_slot(), at(0));
        pacer.sent(at(300));
        assert_eq!(pacer.next_slot(), at(1_300));
    }

    #[test]
    fn retry_after_beats_the_pace_also_when_it_is_shorter_than_a_backoff() {
        let mut pacer = Pacer::new(PACE);
        pacer.limited(at(100), Duration::from_secs(7));
        assert_eq!(pacer.next_slot(), at(7_100));
        pacer.sent(at(7_100));
        assert_eq!(pacer.next_slot(), at(8_100));
    }

    #[test]
    fn failures_back_off_and_a_success_forgets_them() {
        let mut pacer = Pacer::new(Duration::ZERO);
        let waits: Vec<Elapsed> = (0..8)
            .map(|_| {
                pacer.failed(at(0));
                pacer.next_slot()
            })
            .collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000].map(at));
        pacer.sent(at(20_000));
        pacer.failed(at(20_000));
        assert_eq!(pacer.next_slot(), at(20_500));
    }

    #[derive(Clone, Debug)]
    enum Outcome {
        Sent,
        Limited(u64),
        Failed,
    }

    proptest! {
        #[test]
        fn no_two_attempts_come_closer_than_the_pace_or_the_platforms_word(
            interval in 0..5_000_u64,
            outcomes in prop::collection::vec(
                prop_oneof![Just(Outcome::Sent), (0..9_000_u64).prop_map(Outcome::Limited), Just(Outcome::Failed)], 1..40),
        ) {
            let mut pacer = Pacer::new(Duration::from_millis(interval));
            let mut earliest = at(0);
            for outcome in outcomes {
                let slot = pacer.next_slot();
                prop_assert!(slot >= earliest, "{slot:?} before {earliest:?}");
                earliest = slot.after(Duration::from_millis(interval));
                match outcome {
                    Outcome::Sent => pacer.sent(slot),
                    Outcome::Limited(ms) => {
                        pacer.limited(slot, Duration::from_millis(ms));
                        earliest = earliest.max(slot.after(Duration::from_millis(ms)));
                    }
                    Outcome::Failed => pacer.failed(slot),
                }
            }
        }
    }
}
