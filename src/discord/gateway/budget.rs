//! When an IDENTIFY may go: Discord's session start limit, the pace of identifying, and how long a lost session waits.
//!
//! Sans-IO: time and chance are arguments. Who goes beyond the limit loses the bot's token: Discord resets it
//! (<https://docs.discord.com/developers/events/gateway#identifying>). Must not know what a session is.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::bot::SessionStarts;
use crate::backoff::Backoff;

/// Between two IDENTIFYs of shards that share a place: five seconds
/// (<https://docs.discord.com/developers/events/gateway#sharding-max-concurrency>) and some room for networks.
pub(super) const SPACING: Duration = Duration::from_millis(5250);
/// One of so many session starts is kept for starts of the program: reconnects leave it alone.
const RESERVE: u64 = 50;

/// The session starts of one bot, shared by its shards.
#[derive(Debug)]
pub(super) struct Budget {
    spacing: Duration,
    known: Option<Known>,
    last: HashMap<u64, Instant>,
}

#[derive(Debug)]
struct Known {
    starts: SessionStarts,
    resets_at: Instant,
}

/// Why an IDENTIFY has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Another shard went just now.
    Spacing(Instant),
    /// Discord allows no more before this moment.
    Exhausted(Instant),
}

impl Budget {
    /// Knows nothing yet; `spacing` is [`SPACING`] outside tests.
    pub(super) fn new(spacing: Duration) -> Self {
        Self { spacing, known: None, last: HashMap::new() }
    }

    /// What Discord said at `now`.
    pub(super) fn learn(&mut self, starts: SessionStarts, now: Instant) {
        self.known = Some(Known { resets_at: now + starts.reset_after, starts });
    }

    /// Takes one session start for this shard and gives how many are left, or says until when it has to wait. `first`
    /// is a shard's first start since the program began: it may use the reserve.
    ///
    /// # Errors
    /// It has to wait.
    pub(super) fn take(&mut self, shard: u32, first: bool, now: Instant) -> Result<u64, Wait> {
        let place = self.place(shard);
        let due = self.last.get(&place).map(|last| *last + self.spacing).filter(|due| *due > now);
        if let Some(due) = due {
            return Err(Wait::Spacing(due));
        }
        let mut left = u64::MAX;
        if let Some(known) = &mut self.known {
            let reserve = if first { 0 } else { known.starts.total / RESERVE };
            if known.starts.remaining <= reserve && known.resets_at > now {
                return Err(Wait::Exhausted(known.resets_at));
            }
            known.starts.remaining = known.starts.remaining.saturating_sub(1);
            left = known.starts.remaining;
        }
        self.last.insert(place, now);
        Ok(left)
    }

    /// The IDENTIFY that was taken goes only now: to connect took its time.
    pub(super) fn goes(&mut self, shard: u32, now: Instant) {
        self.last.insert(self.place(shard), now);
    }

    fn place(&self, shard: u32) -> u64 {
        u64::from(shard) % self.known.as_ref().map_or(1, |known| known.starts.max_concurrency.max(1))
    }
}

/// A session that lived so long was a good one: what failed before it is forgotten.
pub(super) const GOOD_LIFE: Duration = Duration::from_mins(1);

/// A session ended that had been ready for `lived`.
pub(super) fn forget_after(backoff: &mut Backoff, lived: Duration) {
    if lived >= GOOD_LIFE {
        backoff.reset();
    }
}

/// How long to wait after one more failure that cost an IDENTIFY: at least a moment between one and five times
/// the least, as Discord wants it of whoever was told that the session is invalid
/// (<https://docs.discord.com/developers/events/gateway-events#invalid-session>). `roll` is chance from 0 to 1.
pub(super) fn next_session(backoff: &mut Backoff, roll: f64) -> Duration {
    let invalid = backoff.min().mul_f64(1.0 + 4.0 * roll.clamp(0.0, 1.0));
    backoff.next(roll).max(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn starts(remaining: u64, max_concurrency: u64) -> SessionStarts {
        SessionStarts { total: 1000, remaining, reset_after: 3600 * SECOND, max_concurrency }
    }

    fn budget(remaining: u64, concurrency: u64, now: Instant) -> Budget {
        let mut budget = Budget::new(SPACING);
        budget.learn(starts(remaining, concurrency), now);
        budget
    }

    #[test]
    fn five_seconds_lie_between_two_identifies() {
        let now = Instant::now();
        let mut budget = budget(1000, 1, now);
        assert_eq!(budget.take(0, true, now), Ok(999));
        let due = now + SPACING;
        assert_eq!(budget.take(0, false, now + SECOND), Err(Wait::Spacing(due)));
        assert_eq!(budget.take(1, true, due - Duration::from_millis(1)), Err(Wait::Spacing(due)));
        assert_eq!(budget.take(1, true, due), Ok(998));
        budget.goes(1, due + SECOND);
        assert_eq!(budget.take(0, true, due + SPACING), Err(Wait::Spacing(due + SECOND + SPACING)));
    }

    #[test]
    fn shards_of_different_places_go_at_once() {
        let now = Instant::now();
        let mut budget = budget(1000, 3, now);
        assert!((0..3).all(|shard| budget.take(shard, true, now).is_ok()));
        assert_eq!(budget.take(3, true, now), Err(Wait::Spacing(now + SPACING)));
    }

    #[test]
    fn nothing_is_taken_beyond_the_limit() {
        let now = Instant::now();
        let reset = now + 3600 * SECOND;
        let mut none = budget(0, 1, now);
        assert_eq!(none.take(0, true, now), Err(Wait::Exhausted(reset)));
        assert_eq!(none.take(0, true, reset), Ok(0), "the limit was reset");
        let mut one = budget(1, 1, now);
        assert_eq!(one.take(0, true, now), Ok(0));
        assert_eq!(one.take(0, true, now + SPACING), Err(Wait::Exhausted(reset)), "what was taken counts");
    }

    #[test]
    fn reconnects_leave_a_reserve_to_starts_of_the_program() {
        let now = Instant::now();
        let mut budget = budget(20, 1, now);
        assert_eq!(budget.take(0, false, now), Err(Wait::Exhausted(now + 3600 * SECOND)));
        assert_eq!(budget.take(0, true, now), Ok(19));
        budget.learn(starts(21, 1), now);
        assert_eq!(budget.take(0, false, now + SPACING), Ok(20));
    }

    #[test]
    fn a_good_life_is_forgiven() {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        assert_eq!((0..3).map(|_| backoff.next(0.0).as_secs()).collect::<Vec<_>>(), [1, 2, 4]);
        forget_after(&mut backoff, 59 * SECOND);
        assert_eq!(backoff.next(0.0), 8 * SECOND);
        forget_after(&mut backoff, 60 * SECOND);
        assert_eq!(backoff.next(0.0), SECOND);
    }

    #[test]
    fn a_lost_session_waits_one_to_five_seconds_at_least() {
        for (roll, least) in [(0.0, 1), (0.5, 3), (1.0, 5)] {
            let mut backoff = Backoff::new(SECOND, 60 * SECOND);
            assert_eq!(next_session(&mut backoff, roll), least * SECOND);
        }
    }

    #[test]
    fn a_day_of_failures_stays_below_the_limit() {
        let begin = Instant::now();
        let (mut budget, mut backoff) = (budget(1000, 1, begin), Backoff::new(SECOND, 60 * SECOND));
        let (mut now, mut taken) = (begin, 0);
        budget.learn(SessionStarts { reset_after: 86_400 * SECOND, ..starts(1000, 1) }, begin);
        while now < begin + 86_400 * SECOND {
            match budget.take(0, taken == 0, now) {
                Ok(_) => taken += 1,
                Err(Wait::Spacing(until) | Wait::Exhausted(until)) => {
                    now = until;
                    continue;
                }
            }
            now += next_session(&mut backoff, 0.0);
        }
        assert_eq!(taken, 980, "all but the reserve");
    }
}
