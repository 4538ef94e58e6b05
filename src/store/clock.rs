//! Whether the engine's clock goes on as ours does. Leases end by it: where it jumps, those of the living end with those
//! of the dead, until the living have renewed them.
//!
//! Must not know what the leases are for.

use std::sync::PoisonError;

use tokio::time::Instant;

use super::{LEASE, Store, StoreError, database::Query};

/// By how many milliseconds it may go otherwise than ours between two looks.
const STRAY: i64 = 1_000;
const NOW: &str = "SELECT {now}";

/// What was seen of the engine's clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Option<Look>,
    jumped_at: Option<Instant>,
}

/// One look at it, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Look {
    asked: Instant,
    answered: Instant,
    said: i64,
}

impl Clock {
    /// By how many milliseconds it jumped since the last look, if it did.
    fn sees(&mut self, look: Look) -> Option<i64> {
        let before = self.last.replace(look)?;
        let went = look.said - before.said;
        let (least, most) = (between(before.answered, look.asked), between(before.asked, look.answered));
        let jump = went - went.clamp(least, most.max(least));
        if jump.abs() <= STRAY {
            return None;
        }
        self.jumped_at = Some(look.answered);
        Some(jump)
    }

    /// Whether all who live have renewed their leases by the clock as it is at `now`.
    fn is_steady(&self, now: Instant) -> bool {
        self.jumped_at.is_none_or(|at| now.duration_since(at) >= LEASE)
    }
}

/// The milliseconds from `a` to `b`, which may be before it.
fn between(a: Instant, b: Instant) -> i64 {
    let forth = i64::try_from(b.duration_since(a).as_millis()).unwrap_or(i64::MAX);
    let back = i64::try_from(a.duration_since(b).as_millis()).unwrap_or(i64::MAX);
    forth - back
}

impl Store {
    /// Whether a lease that has ended by the engine's clock is one of the dead.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn is_steady(&self) -> Result<bool, StoreError> {
        if self.is_exclusive() {
            return Ok(true);
        }
        let asked = Instant::now();
        let rows = self.rows(Query::new(NOW, [])).await?;
        let said = rows.first().ok_or(StoreError::Unreadable)?.int(0);
        let answered = Instant::now();
        let mut clock = self.inner.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jump_ms) = clock.sees(Look { asked, answered, said }) {
            tracing::warn!(
                jump_ms,
                "the database's clock jumped: no lease is taken for lost until all are renewed"
            );
        }
        Ok(clock.is_steady(answered))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Steps of our clock and the engine's in milliseconds, each look taking a tenth of a second; what is seen of jumps.
    fn seen(steps: &[(u64, i64)]) -> Vec<Option<i64>> {
        let (mut clock, mut asked, mut said) = (Clock::default(), Instant::now(), 1_800_000_000_000);
        let look = |(ours, theirs): &(u64, i64)| {
            asked += Duration::from_millis(*ours);
            said += theirs;
            clock.sees(Look { asked, answered: asked + Duration::from_millis(100), said })
        };
        steps.iter().map(look).collect()
    }

    #[test]
    fn a_jump_is_told_from_a_slow_answer_and_from_drift() {
        assert_eq!(seen(&[(0, 0), (500, 500), (500, 600), (500, 1_500), (60_000, 59_500)]), [None; 5]);
        let (day, hour) = (86_400_000, -3_600_000);
        assert_eq!(seen(&[(0, 0), (500, day), (500, 500)]), [None, Some(day - 600), None]);
        assert_eq!(seen(&[(0, 0), (500, hour), (500, 500)]), [None, Some(hour - 400), None]);
    }

    #[test]
    fn a_lease_is_waited_for_after_a_jump() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        let look = |said| Look { asked: start, answered: start, said };
        clock.sees(look(0));
        assert!(clock.is_steady(start));
        clock.sees(look(5_000));
        assert!(!clock.is_steady(start) && !clock.is_steady(start + LEASE / 2));
        assert!(clock.is_steady(start + LEASE));
    }
}
