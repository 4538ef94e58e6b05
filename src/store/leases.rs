//! Leases, by which processes know which of them are alive and which one leads.
//!
//! A lease has one holder at a time by the engine's clock, and an epoch that grows when the holder changes. A holder
//! must give up as soon as it could not renew its lease for less than [`LEASE`] by its own clock: it cannot know whether
//! the engine has granted it to another process since.

use std::{sync::PoisonError, time::Duration};

use tokio::time::Instant;

use super::{
    Store, StoreError,
    database::{Query, Value},
};

/// The time until a lease that is not renewed expires.
pub const LEASE: Duration = Duration::from_secs(6);

/// The largest difference between the engine's clock and ours over one interval that is not a jump, in milliseconds.
const MAX_CLOCK_DRIFT: i64 = 1_000;

/// A lease that ends more than two terms from now was granted before the clock was set back, and not renewed since.
const ACQUIRE: &str = "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, $2, 1, {now} + $3)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
        epoch = leases.epoch + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
    WHERE leases.holder = excluded.holder OR leases.until < {now} OR leases.until > {now} + 2 * $3
    RETURNING epoch";
const RELEASE: &str = "UPDATE leases SET until = 0 WHERE name = $1 AND holder = $2";
const DELETE_PROCESSES: &str = "DELETE FROM leases WHERE name LIKE 'process:%'";
const COUNT_PROCESSES: &str = "SELECT COUNT(*) FROM leases WHERE name LIKE 'process:%'
    AND until BETWEEN {now} AND {now} + 2 * $1";
const NOW: &str = "SELECT {now}";
const RECORD_START: &str = "INSERT INTO starts (id, what, at) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING";
const COUNT_STARTS: &str = "SELECT COUNT(*) FROM starts WHERE what = $1 AND at > {now} - $2";

impl Store {
    /// Acquires the lease `name` or renews it; returns its epoch, or `None` where another process holds it. Grants no
    /// new lease just after the engine's clock jumped, until every live process had time to renew its own.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn acquire_lease(&self, name: &str) -> Result<Option<i64>, StoreError> {
        if self.is_clock_steady().await? { self.renew_lease(name).await } else { Ok(None) }
    }

    /// Renews the lease `name` or acquires it where it has expired; returns its epoch, or `None` where another process
    /// holds it. A process that does not hold the lease calls [`Store::acquire_lease`].
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn renew_lease(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let values: [Value; 3] = [name.into(), self.process_id().into(), lease_ms()];
        Ok(self.fetch(Query::new(ACQUIRE, values)).await?.first().map(|row| row.int(0)))
    }

    /// Releases the lease `name`, so that another process can acquire it at once.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn release_lease(&self, name: &str) -> Result<(), StoreError> {
        self.execute(Query::new(RELEASE, [name.into(), self.process_id().into()])).await.map(drop)
    }

    /// Records a start of `what` under a unique id, and returns the number of starts in the last `within_seconds`,
    /// including this one.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn record_start(&self, what: &str, id: &str, within_seconds: u64) -> Result<u64, StoreError> {
        self.execute(Query::new(RECORD_START, [id.into(), what.into()])).await?;
        let values: [Value; 2] = [what.into(), (within_seconds * 1_000).into()];
        self.count(Query::new(COUNT_STARTS, values)).await
    }

    /// The number of live processes, including this one.
    pub(super) async fn count_processes(&self) -> Result<u64, StoreError> {
        self.count(Query::new(COUNT_PROCESSES, [lease_ms()])).await
    }

    pub(super) async fn count(&self, query: Query) -> Result<u64, StoreError> {
        Ok(self.fetch(query).await?.first().map_or(0, |row| row.int(0).unsigned_abs()))
    }

    /// Deletes the leases of all processes: they are known to be dead.
    pub(super) async fn delete_process_leases(&self) -> Result<(), StoreError> {
        self.execute(Query::new(DELETE_PROCESSES, [])).await.map(drop)
    }

    /// The name of the lease by which others know that this process is alive.
    pub(super) fn process_lease(&self) -> String {
        format!("process:{}", self.process_id())
    }

    /// Returns true if an expired lease means that its holder is dead. It does not just after the engine's clock
    /// jumped: then leases of live processes expire too.
    pub(super) async fn is_clock_steady(&self) -> Result<bool, StoreError> {
        if self.is_exclusive() {
            return Ok(true);
        }
        let asked = Instant::now();
        let rows = self.fetch(Query::new(NOW, [])).await?;
        let engine_ms = rows.first().ok_or(StoreError::Unreadable)?.int(0);
        let answered = Instant::now();
        let mut clock = self.inner.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jump_ms) = clock.observe(Reading { asked, answered, engine_ms }) {
            tracing::warn!(jump_ms, "database clock jumped: waiting until all leases are renewed");
        }
        Ok(clock.is_steady(answered))
    }
}

/// [`LEASE`] in milliseconds.
pub(super) fn lease_ms() -> Value {
    u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX).into()
}

/// Detects jumps of the engine's clock against ours.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Option<Reading>,
    jumped_at: Option<Instant>,
}

/// A reading of the engine's clock, taken between two moments of ours.
#[derive(Clone, Copy, Debug)]
struct Reading {
    asked: Instant,
    answered: Instant,
    engine_ms: i64,
}

impl Clock {
    /// Takes a reading and returns the milliseconds by which the clock jumped since the last one, if it did.
    fn observe(&mut self, reading: Reading) -> Option<i64> {
        let last = self.last.replace(reading)?;
        let elapsed = reading.engine_ms - last.engine_ms;
        let (min, max) = (ms_between(last.answered, reading.asked), ms_between(last.asked, reading.answered));
        let jump = elapsed - elapsed.clamp(min, max.max(min));
        if jump.abs() <= MAX_CLOCK_DRIFT {
            return None;
        }
        self.jumped_at = Some(reading.answered);
        Some(jump)
    }

    /// Returns true if every live process had time to renew its lease since the last jump.
    fn is_steady(&self, now: Instant) -> bool {
        self.jumped_at.is_none_or(|at| now.duration_since(at) >= LEASE)
    }
}

/// The milliseconds from `a` to `b`, negative where `b` is earlier.
fn ms_between(a: Instant, b: Instant) -> i64 {
    let forward = i64::try_from(b.duration_since(a).as_millis()).unwrap_or(i64::MAX);
    let back = i64::try_from(a.duration_since(b).as_millis()).unwrap_or(i64::MAX);
    forward - back
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Advances our clock and the engine's by these milliseconds, each reading taking 100 ms; returns the jumps seen.
    fn jumps(steps: &[(u64, i64)]) -> Vec<Option<i64>> {
        let (mut clock, mut asked, mut engine_ms) = (Clock::default(), Instant::now(), 1_800_000_000_000);
        let observe = |(ours, theirs): &(u64, i64)| {
            asked += Duration::from_millis(*ours);
            engine_ms += theirs;
            clock.observe(Reading { asked, answered: asked + Duration::from_millis(100), engine_ms })
        };
        steps.iter().map(observe).collect()
    }

    #[test]
    fn slow_answers_and_drift_are_not_jumps() {
        assert_eq!(jumps(&[(0, 0), (500, 500), (500, 600), (500, 1_500), (60_000, 59_500)]), [None; 5]);
        let (day, hour) = (86_400_000, -3_600_000);
        assert_eq!(jumps(&[(0, 0), (500, day), (500, 500)]), [None, Some(day - 600), None]);
        assert_eq!(jumps(&[(0, 0), (500, hour), (500, 500)]), [None, Some(hour - 400), None]);
    }

    #[test]
    fn the_clock_is_steady_one_lease_after_a_jump() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        let reading = |engine_ms| Reading { asked: start, answered: start, engine_ms };
        clock.observe(reading(0));
        assert!(clock.is_steady(start));
        clock.observe(reading(5_000));
        assert!(!clock.is_steady(start) && !clock.is_steady(start + LEASE / 2));
        assert!(clock.is_steady(start + LEASE));
    }
}
