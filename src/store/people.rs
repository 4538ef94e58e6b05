//! What is forgotten: at once because somebody asked, by and by because it is old.

use super::{
    Store, StoreError,
    admission::asks,
    database::{Done, Query, Value},
};

const FORGET_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL
    WHERE race IN (SELECT id FROM races WHERE asker = $1 AND status = 'shown')";
const FORGET_RACES: &str = "UPDATE races SET prompt = NULL, asker = '', asker_name = ''
    WHERE asker = $1 AND status = 'shown'";
const FORGET_ASKS: &str = "DELETE FROM spend WHERE scope = $1 AND period = 0";

const OLD_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL
    WHERE answer IS NOT NULL AND race IN
        (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown' AND admitted_at < {now} - $1 * 86400000
        ORDER BY admitted_at LIMIT 500)";
const OLD_RACES: &str = "UPDATE races SET prompt = NULL, asker = '', asker_name = ''
    WHERE id IN (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown'
        AND admitted_at < {now} - $1 * 86400000 ORDER BY admitted_at LIMIT 500)";
const OLD_DELIVERIES: &str = "DELETE FROM deliveries WHERE at < {now} - 86400000";
/// A day's spending is of use until that day is over everywhere.
const OLD_SPEND: &str = "DELETE FROM spend WHERE period > 0 AND period < {now} / 86400000 - 2";
const OLD_ASKS: &str = "DELETE FROM spend WHERE scope LIKE 'asks:%' AND NOT EXISTS
    (SELECT 1 FROM races WHERE races.asker = SUBSTR(spend.scope, 6) AND races.admitted_at > {now} - 3600000)";
const OLD_LEASES: &str = "DELETE FROM leases WHERE name LIKE 'process:%' AND until < {now} - 86400000";
const OLD_STARTS: &str = "DELETE FROM starts WHERE at < {now} - 86400000";
const START: &str = "INSERT INTO starts (id, what, at) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING";
const STARTS: &str = "SELECT COUNT(*) FROM starts WHERE what = $1 AND at > {now} - $2";

impl Store {
    /// Forgets who asked, what and what was answered in all races of `asker` that are over; their numbers stay, and
    /// belong to nobody. Tells how many races that were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget(&self, asker: &str) -> Result<u64, StoreError> {
        let done = self
            .all(vec![
                Query::new(FORGET_LANES, [asker.into()]),
                Query::new(FORGET_RACES, [asker.into()]),
                Query::new(FORGET_ASKS, [asks(asker).into()]),
            ])
            .await?;
        Ok(if let Done::All(touched) = done { touched.get(1).copied().unwrap_or(0) } else { 0 })
    }

    /// Forgets what is old, some hundred races at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge(&self) -> Result<(), StoreError> {
        let days: Value = i64::from(self.inner.settings.text_days).into();
        self.all(vec![Query::new(OLD_LANES, [days.clone()]), Query::new(OLD_RACES, [days])]).await?;
        for old in [OLD_DELIVERIES, OLD_SPEND, OLD_ASKS, OLD_LEASES, OLD_STARTS] {
            self.one(Query::new(old, [])).await?;
        }
        Ok(())
    }

    /// Notes that `what` starts, under an id of its own, and tells how many starts there were in the last
    /// `within_seconds`, this one among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_start(&self, what: &str, id: &str, within_seconds: u64) -> Result<u64, StoreError> {
        self.one(Query::new(START, [id.into(), what.into()])).await?;
        let values: [Value; 2] = [what.into(), (within_seconds * 1_000).into()];
        let rows = self.rows(Query::new(STARTS, values)).await?;
        Ok(rows.first().map_or(0, |row| row.int(0).unsigned_abs()))
    }
}
