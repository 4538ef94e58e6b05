//! The pace of edits: a sans-IO state machine that is told what happened and answers when the next slot is.

use std::time::Duration;

use crate::{backoff::Backoff, race::event::Elapsed};

/// The first wait after an edit that failed for a passing reason.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(20);

/// The minimum wait after a rate limit, whatever the platform says, so that retries never spin.
const MIN_LIMITED_DELAY: Duration = Duration::from_millis(10);

/// The pace of one live message.
#[derive(Clone, Debug)]
pub struct Pacer {
    interval: Duration,
    last: Option<Elapsed>,
    not_before: Elapsed,
    /// Holds back live frames alone.
    live_not_before: Elapsed,
    backoff: Backoff,
}

impl Pacer {
    /// Creates a pacer that grants its first slot at once and later ones `interval` apart.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        let start = Elapsed::default();
        let backoff = Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
        Self { interval, last: None, not_before: start, live_not_before: start, backoff }
    }

    /// Sets the minimum time between two edits from now on.
    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Returns the earliest time of the next live edit. A time in the past means now.
    #[must_use]
    pub fn next_slot(&self) -> Elapsed {
        self.slot_after(self.interval).max(self.live_not_before)
    }

    /// Returns the earliest time of the final edit, at least `interval` after the last one.
    #[must_use]
    pub fn slot_after(&self, interval: Duration) -> Elapsed {
        let paced = self.last.map_or(Elapsed::default(), |last| last.after(interval));
        paced.max(self.not_before)
    }

    /// Records an edit that was sent at `at` and accepted.
    pub fn sent(&mut self, at: Elapsed) {
        self.last = Some(at);
        self.backoff.reset();
    }

    /// Records a rate limit at `now`: no edit before `retry_after`. The refused edit does not count.
    pub fn limited(&mut self, now: Elapsed, retry_after: Duration) {
        self.not_before = self.not_before.max(now.after(retry_after.max(MIN_LIMITED_DELAY)));
    }

    /// Records that there was no slot for a live edit at `now` and none is expected before `retry_after`. A final edit
    /// may have a slot of its own.
    pub fn no_live_slot(&mut self, now: Elapsed, retry_after: Duration) {
        self.live_not_before = self.live_not_before.max(now.after(retry_after.max(MIN_LIMITED_DELAY)));
    }

    /// Records a passing failure at `now`: the next slot backs off, twice as far each time.
    pub fn failed(&mut self, now: Elapsed) {
        self.last = Some(now);
        self.not_before = self.not_before.max(now.after(self.backoff.next(0.0)));
    }

    /// Records a live edit that was refused at `now`: live edits back off, the final one does not.
    pub fn live_refused(&mut self, now: Elapsed) {
        self.last = Some(now);
        self.live_not_before = self.live_not_before.max(now.after(self.backoff.next(0.0)));
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
    fn a_refused_edit_does_not_count_and_a_final_one_may_keep_a_distance_of_its_own() {
        let mut pacer = Pacer::new(PACE);
        pacer.sent(at(0));
        pacer.limited(at(1_000), Duration::from_millis(200));
        assert_eq!(pacer.next_slot(), at(1_200));
        pacer.sent(at(1_200));
        assert_eq!((pacer.slot_after(Duration::ZERO), pacer.next_slot()), (at(1_200), at(2_200)));
        pacer.limited(at(1_300), Duration::from_millis(400));
        assert_eq!(pacer.slot_after(Duration::ZERO), at(1_700));
    }

    #[test]
    fn a_final_edit_does_not_wait_for_the_slot_of_a_live_edit() {
        let mut pacer = Pacer::new(PACE);
        pacer.no_live_slot(at(100), Duration::from_secs(20));
        assert_eq!((pacer.next_slot(), pacer.slot_after(Duration::ZERO)), (at(20_100), at(0)));
        pacer.limited(at(200), Duration::from_secs(2));
        assert_eq!((pacer.next_slot(), pacer.slot_after(Duration::ZERO)), (at(20_100), at(2_200)));
    }

    #[test]
    fn a_refused_live_edit_holds_back_live_edits_alone() {
        let mut pacer = Pacer::new(PACE);
        for (at_ms, next_ms) in [(0, 1_000), (1_000, 2_000), (2_000, 4_000), (4_000, 8_000)] {
            pacer.live_refused(at(at_ms));
            assert_eq!((pacer.next_slot(), pacer.slot_after(Duration::ZERO)), (at(next_ms), at(at_ms)));
        }
    }

    #[test]
    fn failures_back_off_until_an_edit_succeeds() {
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
        fn attempts_keep_the_pace_and_the_platforms_retry_after(
            interval in 0..5_000_u64,
            outcomes in prop::collection::vec(
                prop_oneof![Just(Outcome::Sent), (0..9_000_u64).prop_map(Outcome::Limited), Just(Outcome::Failed)], 1..40),
        ) {
            let mut pacer = Pacer::new(Duration::from_millis(interval));
            let mut earliest = at(0);
            for outcome in outcomes {
                let slot = pacer.next_slot();
                prop_assert!(slot >= earliest, "{slot:?} before {earliest:?}");
                let paced = slot.after(Duration::from_millis(interval));
                match outcome {
                    Outcome::Sent => {
                        pacer.sent(slot);
                        earliest = paced;
                    }
                    Outcome::Limited(ms) => {
                        pacer.limited(slot, Duration::from_millis(ms));
                        earliest = earliest.max(slot.after(Duration::from_millis(ms)));
                    }
                    Outcome::Failed => {
                        pacer.failed(slot);
                        earliest = paced;
                    }
                }
            }
        }
    }
}
