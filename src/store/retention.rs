//! Deleting texts and names, on request and by age. The numbers of a race are kept, without its asker.

use super::{
    Store, StoreError,
    admission::rate_scope,
    database::{Query, Transaction, Value},
};

const FORGET_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL
    WHERE race IN (SELECT id FROM races WHERE asker = $1 AND status = 'shown')";
const FORGET_RACES: &str = "UPDATE races SET prompt = NULL, asker = '', asker_name = ''
    WHERE asker = $1 AND status = 'shown'";
const FORGET_RATE: &str = "DELETE FROM spend WHERE scope = $1 AND period = 0";

const OLD_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL
    WHERE answer IS NOT NULL AND race IN
        (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown' AND admitted_at < {now} - $1 * 86400000
        ORDER BY admitted_at LIMIT 500)";
const OLD_RACES: &str = "UPDATE races SET prompt = NULL, asker = '', asker_name = ''
    WHERE id IN (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown'
        AND admitted_at < {now} - $1 * 86400000 ORDER BY admitted_at LIMIT 500)";
const OLD_DELIVERIES: &str = "DELETE FROM deliveries WHERE at < {now} - 86400000";
/// A day's spending counts until that day is over in every time zone.
const OLD_SPEND: &str = "DELETE FROM spend WHERE period > 0 AND period < {now} / 86400000 - 2";
const OLD_RATES: &str = "DELETE FROM spend WHERE scope LIKE 'asks:%' AND NOT EXISTS
    (SELECT 1 FROM races WHERE races.asker = SUBSTR(spend.scope, 6) AND races.admitted_at > {now} - 3600000)";
const OLD_LEASES: &str = "DELETE FROM leases WHERE name LIKE 'process:%' AND until < {now} - 86400000";
const OLD_STARTS: &str = "DELETE FROM starts WHERE at < {now} - 86400000";

impl Store {
    /// Deletes name, prompts and answers of all finished races of `asker`, and returns their number.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn forget(&self, asker: &str) -> Result<u64, StoreError> {
        let queries = vec![
            Query::new(FORGET_LANES, [asker.into()]),
            Query::new(FORGET_RACES, [asker.into()]),
            Query::new(FORGET_RATE, [rate_scope(asker).into()]),
        ];
        let Transaction::Committed(touched) = self.transaction(queries).await? else { return Ok(0) };
        Ok(touched.get(1).copied().unwrap_or(0))
    }

    /// Deletes what is past its age, at most 500 races at a time.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let days: Value = i64::from(self.inner.settings.text_days).into();
        self.transaction(vec![Query::new(OLD_LANES, [days.clone()]), Query::new(OLD_RACES, [days])]).await?;
        for old in [OLD_DELIVERIES, OLD_SPEND, OLD_RATES, OLD_LEASES, OLD_STARTS] {
            self.execute(Query::new(old, [])).await?;
        }
        Ok(())
    }
}
