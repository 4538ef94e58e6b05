//! Leases: one holder at a time by the engine's clock, with an epoch that grows when the holder changes.
//!
//! A holder must take its lease for lost as soon as it has not renewed it for less than the lease's life by its own
//! clock: it cannot know what the engine has given to others meanwhile.

use std::time::Duration;

use super::{
    Store, StoreError,
    database::{Query, Value},
};

/// The life of a lease that is not renewed.
pub const LEASE: Duration = Duration::from_secs(6);

/// One that would last for longer than two lives was given before the clock was set back, and not renewed since.
const HOLD: &str = "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, $2, 1, {now} + $3)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
        epoch = leases.epoch + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
    WHERE leases.holder = excluded.holder OR leases.until < {now} OR leases.until > {now} + 2 * $3
    RETURNING epoch";
const RELEASE: &str = "UPDATE leases SET until = 0 WHERE name = $1 AND holder = $2";
const GONE: &str = "DELETE FROM leases WHERE name LIKE 'process:%'";
const PROCESSES: &str = "SELECT COUNT(*) FROM leases WHERE name LIKE 'process:%'
    AND until BETWEEN {now} AND {now} + 2 * $1";

impl Store {
    /// Takes or renews the lease `name`: its epoch, or `None` where another process holds it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew_lease(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let values: [Value; 3] = [name.into(), self.process_id().into(), life()];
        Ok(self.rows(Query::new(HOLD, values)).await?.first().map(|row| row.int(0)))
    }

    /// As [`Store::renew_lease`], for one who does not have it: nobody's lease is taken just after the engine's clock jumped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acquire_lease(&self, name: &str) -> Result<Option<i64>, StoreError> {
        if self.is_steady().await? { self.renew_lease(name).await } else { Ok(None) }
    }

    /// Gives the lease `name` back, so that the next one need not wait.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_lease(&self, name: &str) -> Result<(), StoreError> {
        self.one(Query::new(RELEASE, [name.into(), self.process_id().into()])).await.map(drop)
    }

    /// How many processes live on this store, this one among them.
    pub(super) async fn processes(&self) -> Result<u64, StoreError> {
        let rows = self.rows(Query::new(PROCESSES, [life()])).await?;
        Ok(rows.first().map_or(0, |row| row.int(0).unsigned_abs()))
    }

    /// All processes are gone but this one, which is to be known already.
    pub(super) async fn forget_processes(&self) -> Result<(), StoreError> {
        self.one(Query::new(GONE, [])).await.map(drop)
    }

    /// The lease by which others see that this process lives.
    pub(super) fn life(&self) -> String {
        format!("process:{}", self.process_id())
    }
}

/// The life of a lease in milliseconds.
pub(super) fn life() -> Value {
    u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX).into()
}
