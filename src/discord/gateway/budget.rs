//! The budget of IDENTIFYs: Discord's session start limit, their spacing, and the wait after a lost session. Sans-IO: time
//! and jitter are arguments.
//!
//! Discord resets the token of a bot that exceeds its limit
//! (<https://docs.discord.com/developers/events/gateway#identifying>).

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::gateway_bot::SessionStarts;
use crate::backoff::Backoff;

/// Between two IDENTIFYs of shards with the same rate limit key: Discord's five seconds
/// (<https://docs.discord.com/developers/events/gateway#sharding-max-concurrency>) and a margin for network delays.
pub(super) const SPACING: Duration = Duration::from_millis(5250);
/// One in this many session starts is reserved for starts of the program: reconnects leave it alone.
const RESERVED_FRACTION: u64 = 50;
/// A session that was ready for this long resets the back-off.
pub(super) const GOOD_LIFE: Duration = Duration::from_mins(1);

/// The session starts of one bot, shared by its shards.
#[derive(Debug)]
pub(super) struct IdentifyBudget {
    spacing: Duration,
    /// The limit and the time at which it resets.
    limit: Option<(SessionStarts, Instant)>,
    /// The last IDENTIFY of each rate limit key.
    last: HashMap<u64, Instant>,
}

/// The reason for which an IDENTIFY has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Another shard identified just now.
    Spacing(Instant),
    /// Discord allows no more before this moment.
    Exhausted(Instant),
}

impl IdentifyBudget {
    /// A budget without a limit so far; `spacing` is [`SPACING`] outside tests.
    pub(super) fn new(spacing: Duration) -> Self {
        Self { spacing, limit: None, last: HashMap::new() }
    }

    /// Records the limit that Discord reported at `now`.
    pub(super) fn learn(&mut self, starts: SessionStarts, now: Instant) {
        self.limit = Some((starts, now + starts.reset_after));
    }

    /// Takes one session start for `shard` and returns how many are left. A shard's `first` start since the program
    /// began may use the reserve.
    ///
    /// # Errors
    /// The shard has to wait.
    pub(super) fn take(&mut self, shard: u32, first: bool, now: Instant) -> Result<u64, Wait> {
        let key = self.key(shard);
        let due = self.last.get(&key).map(|last| *last + self.spacing).filter(|due| *due > now);
        if let Some(due) = due {
            return Err(Wait::Spacing(due));
        }
        let mut left = u64::MAX;
        if let Some((starts, resets_at)) = &mut self.limit {
            let reserve = if first { 0 } else { starts.total / RESERVED_FRACTION };
            if starts.remaining <= reserve && *resets_at > now {
                return Err(Wait::Exhausted(*resets_at));
            }
            starts.remaining = starts.remaining.saturating_sub(1);
            left = starts.remaining;
        }
        self.last.insert(key, now);
        Ok(left)
    }

    /// Records that the IDENTIFY of `shard` is sent only now: connecting took its time.
    pub(super) fn record(&mut self, shard: u32, now: Instant) {
        self.last.insert(self.key(shard), now);
    }

    fn key(&self, shard: u32) -> u64 {
        u64::from(shard) % self.limit.map_or(1, |(starts, _)| starts.max_concurrency.max(1))
    }
}

/// Returns the wait after one more lost session, which was ready for `lived`; [`GOOD_LIFE`] or longer resets the
/// back-off. It is at least a random time between one and five times `min`, as Discord asks of a client whose session is
/// invalid (<https://docs.discord.com/developers/events/gateway-events#invalid-session>). `jitter` is between 0 and 1.
pub(super) fn next_session(backoff: &mut Backoff, lived: Duration, min: Duration, jitter: f64) -> Duration {
    if lived >= GOOD_LIFE {
        backoff.reset();
    }
    backoff.next(jitter).max(min.mul_f64(1.0 + 4.0 * jitter.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn starts(remaining: u64, max_concurrency: u64) -> SessionStarts {
        SessionStarts { total: 1000, remaining, reset_after: 3600 * SECOND, max_concurrency }
    }

    fn budget(remaining: u64, concurrency: u64, now: Instant) -> IdentifyBudget {
        let mut budget = IdentifyBudget::new(SPACING);
        budget.learn(starts(remaining, concurrency), now);
        budget
    }

    #[test]
    fn two_identifies_are_five_seconds_apart() {
        let now = Instant::now();
        let mut budget = budget(1000, 1, now);
        assert_eq!(budget.take(0, true, now), Ok(999));
        let due = now + SPACING;
        assert_eq!(budget.take(0, false, now + SECOND), Err(Wait::Spacing(due)));
        assert_eq!(budget.take(1, true, due - Duration::from_millis(1)), Err(Wait::Spacing(due)));
        assert_eq!(budget.take(1, true, due), Ok(998));
        budget.record(1, due + SECOND);
        assert_eq!(budget.take(0, true, due + SPACING), Err(Wait::Spacing(due + SECOND + SPACING)));
    }

    #[test]
    fn shards_with_different_rate_limit_keys_identify_at_once() {
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
        assert_eq!(
            one.take(0, true, now + SPACING),
            Err(Wait::Exhausted(reset)),
            "a start that was taken counts"
        );
    }

    #[test]
    fn reconnects_leave_a_reserve_for_starts_of_the_program() {
        let now = Instant::now();
        let mut budget = budget(20, 1, now);
        assert_eq!(budget.take(0, false, now), Err(Wait::Exhausted(now + 3600 * SECOND)));
        assert_eq!(budget.take(0, true, now), Ok(19));
        budget.learn(starts(21, 1), now);
        assert_eq!(budget.take(0, false, now + SPACING), Ok(20));
    }

    #[test]
    fn a_long_session_resets_the_backoff() {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        let mut after = |lived: u32| next_session(&mut backoff, lived * SECOND, SECOND, 0.0).as_secs();
        assert_eq!([0, 0, 0, 59, 60].map(&mut after), [1, 2, 4, 8, 1]);
    }

    #[test]
    fn a_lost_session_waits_one_to_five_seconds_at_least() {
        for (jitter, min) in [(0.0, 1), (0.5, 3), (1.0, 5)] {
            let mut backoff = Backoff::new(SECOND, 60 * SECOND);
            assert_eq!(next_session(&mut backoff, Duration::ZERO, SECOND, jitter), min * SECOND);
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
            now += next_session(&mut backoff, Duration::ZERO, SECOND, 0.0);
        }
        assert_eq!(taken, 980, "all but the reserve");
    }
}
