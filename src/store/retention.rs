//! Deleting texts, names and credentials, on request and by age. The numbers of a race are kept, without its asker.

use super::{
    Store, StoreError,
    admission::rate_scope,
    attachments::{DELETE_ATTACHMENTS, OLD_ATTACHMENTS},
    database::{Query, Row, Value},
};
use crate::race::RaceId;

/// The finished races of a user and those that repeat one of them, each with 1 if it has texts or the user's name.
const FORGOTTEN: &str = "SELECT id, CAST(CASE WHEN prompt IS NULL AND asker_name = '' THEN 0 ELSE 1 END AS BIGINT)
        FROM races WHERE asker = $1 AND status = 'shown'
    UNION SELECT id, CAST(CASE WHEN prompt IS NULL THEN 0 ELSE 1 END AS BIGINT)
        FROM races WHERE status = 'shown' AND asker <> $1 AND original IN (SELECT id FROM races WHERE asker = $1)";
/// One finished race of a user and those that repeat it, as in [`FORGOTTEN`].
const FORGOTTEN_RACE: &str =
    "SELECT id, CAST(CASE WHEN prompt IS NULL AND asker_name = '' THEN 0 ELSE 1 END AS BIGINT)
        FROM races WHERE asker = $1 AND id = $2 AND status = 'shown'
    UNION SELECT id, CAST(CASE WHEN prompt IS NULL THEN 0 ELSE 1 END AS BIGINT)
        FROM races WHERE status = 'shown' AND original IN (SELECT id FROM races WHERE asker = $1 AND id = $2)";
const UNSETTLED: &str = "SELECT id FROM races WHERE id = $1 AND status <> 'shown'";
const FORGET_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL WHERE race = $1";
/// The races of the last minute keep their asker until [`OLD_ASKERS`]: they count against the rate.
const FORGET_RACE: &str = "UPDATE races SET prompt = NULL, circumstances = NULL, files = NULL,
        asker_name = CASE WHEN asker = $2 THEN '' ELSE asker_name END,
        asker = CASE WHEN asker = $2 AND admitted_at NOT BETWEEN {now} - 60000 AND {now} THEN '' ELSE asker END
    WHERE id = $1";
const FORGET_RATE: &str = "DELETE FROM spend WHERE scope = $1 AND period = 0";
/// The races that are forgotten in one transaction.
const FORGET_BATCH: usize = 250;

const OLD_ASKERS: &str = "UPDATE races SET asker = '', asker_name = ''
    WHERE id IN (SELECT id FROM races WHERE asker > '' AND prompt IS NULL AND status = 'shown'
        AND admitted_at NOT BETWEEN {now} - 60000 AND {now} LIMIT 500)";
/// Each credential in a message's reference, a field of its JSON, is valid for so many milliseconds.
const CREDENTIALS: [(&str, i64); 2] = [("token", 15 * 60_000), ("response_url", 30 * 60_000)];
const REFERENCES: &str = "SELECT id, reference, {now} - admitted_at FROM races
    WHERE status IN ('live', 'ended') AND reference IS NOT NULL AND admitted_at < {now} - 15 * 60000";
const WITHOUT_TEXT: &str = "SELECT id FROM races WHERE id = $1 AND prompt IS NULL";
const SET_REFERENCE: &str = "UPDATE races SET reference = $2 WHERE id = $1 AND reference = $3";

const OLD_LANES: &str = "UPDATE lanes SET answer = NULL, reasoning = NULL
    WHERE answer IS NOT NULL AND race IN
        (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown' AND admitted_at < {now} - $1 * 86400000
        ORDER BY admitted_at LIMIT 500)";
const OLD_RACES: &str =
    "UPDATE races SET prompt = NULL, circumstances = NULL, files = NULL, asker = '', asker_name = ''
    WHERE id IN (SELECT id FROM races WHERE prompt IS NOT NULL AND status = 'shown'
        AND admitted_at < {now} - $1 * 86400000 ORDER BY admitted_at LIMIT 500)";
const OLD_DELIVERIES: &str = "DELETE FROM deliveries WHERE at < {now} - 86400000";
/// A day's spending counts until that day is over in every time zone, that of canaries until the digest of its week.
const OLD_SPEND: &str = "DELETE FROM spend WHERE period > 0 AND period < {now} / 86400000 - 2
    AND (scope NOT LIKE 'canary:%' OR period < {now} / 86400000 - 9)";
const OLD_RATES: &str = "DELETE FROM spend WHERE scope LIKE 'asks:%' AND NOT EXISTS
    (SELECT 1 FROM races WHERE races.asker = SUBSTR(spend.scope, 6) AND races.admitted_at > {now} - 3600000)";
const OLD_LEASES: &str = "DELETE FROM leases WHERE name LIKE 'process:%' AND until < {now} - 86400000";
const OLD_STARTS: &str = "DELETE FROM starts WHERE at < {now} - 86400000";

/// The outcome of [`Store::forget`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The user's races that are over, and those that others started by repeating one of them.
    pub races: Vec<RaceId>,
    /// The number of them that had something to delete.
    pub deleted: u64,
}

impl Store {
    /// Deletes name, prompts and answers of all finished races of `asker`, their ballots, their name on paused canaries and
    /// incidents, and the prompts and answers of the races that repeated one of them. The texts also leave a SQLite file;
    /// PostgreSQL frees theirs with its next vacuum.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn forget(&self, asker: &str) -> Result<Forgotten, StoreError> {
        let forgotten = self.forget_found(Query::new(FORGOTTEN, [asker.into()]), asker).await?;
        self.execute(Query::new(FORGET_RATE, [rate_scope(asker).into()])).await?;
        self.forget_ballots(asker).await?;
        self.forget_pauser(asker).await?;
        self.forget_in_incidents(asker).await?;
        self.erase_deleted().await?;
        Ok(forgotten)
    }

    /// Deletes the texts of one finished race of `asker`, and of the races that repeated it, like [`Store::forget`]. Finds
    /// nothing where the race is another user's.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn forget_race(&self, asker: &str, id: RaceId) -> Result<Forgotten, StoreError> {
        self.forget_found(Query::new(FORGOTTEN_RACE, [asker.into(), id.to_string().into()]), asker).await
    }

    async fn forget_found(&self, found: Query, asker: &str) -> Result<Forgotten, StoreError> {
        let rows = self.promptly(self.fetch(found)).await?;
        for batch in rows.chunks(FORGET_BATCH) {
            let forget = |row: &Row| {
                let id: Value = row.string(0).into();
                let [lanes, files] =
                    [FORGET_LANES, DELETE_ATTACHMENTS].map(|sql| Query::new(sql, [id.clone()]));
                [lanes, files, Query::new(FORGET_RACE, [id, asker.into()])]
            };
            self.transaction(batch.iter().flat_map(forget).collect()).await?;
        }
        self.erase_deleted().await?;
        Ok(Forgotten {
            races: rows.iter().filter_map(|row| RaceId::parse(row.text(0)?)).collect(),
            deleted: rows.iter().map(|row| row.int(1).unsigned_abs()).sum(),
        })
    }

    /// Returns true if the end of a race is still to be stored: [`Store::forget`] does not find it yet.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn is_unsettled(&self, id: RaceId) -> Result<bool, StoreError> {
        Ok(!self.fetch(Query::new(UNSETTLED, [id.to_string().into()])).await?.is_empty())
    }

    /// Returns true if the prompt of a race was deleted or never stored.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn is_without_text(&self, id: RaceId) -> Result<bool, StoreError> {
        Ok(!self.fetch(Query::new(WITHOUT_TEXT, [id.to_string().into()])).await?.is_empty())
    }

    /// Deletes what is past its age, at most 500 races at a time.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let days: Value = i64::from(self.inner.settings.text_days).into();
        // the races last: by them the others are found
        let old = [OLD_LANES, OLD_ATTACHMENTS, OLD_RACES].map(|sql| Query::new(sql, [days.clone()]));
        self.transaction(old.into()).await?;
        for old in [OLD_DELIVERIES, OLD_SPEND, OLD_RATES, OLD_LEASES, OLD_STARTS] {
            self.execute(Query::new(old, [])).await?;
        }
        self.erase_deleted().await
    }

    /// Deletes credentials that have expired, and the askers of forgotten races that no longer count against a rate.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn expire(&self) -> Result<(), StoreError> {
        self.execute(Query::new(OLD_ASKERS, [])).await?;
        for row in self.fetch(Query::new(REFERENCES, [])).await? {
            let (id, reference) = (row.string(0), row.string(1));
            if let Some(without) = without_credentials(&reference, row.int(2)) {
                self.execute(Query::new(SET_REFERENCE, [id.into(), without.into(), reference.into()]))
                    .await?;
            }
        }
        Ok(())
    }

    async fn erase_deleted(&self) -> Result<(), StoreError> {
        if !self.timed("erase", self.database()?.erase_deleted()).await? {
            tracing::debug!("deleted texts stay in the database's log for now: a reader was in the way");
        }
        Ok(())
    }
}

/// The reference of a message of this age without its expired credentials; `None` where it has none.
fn without_credentials(reference: &str, age_ms: i64) -> Option<String> {
    let mut json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(reference).ok()?;
    let before = json.len();
    for (credential, _) in CREDENTIALS.iter().filter(|(_, life_ms)| age_ms > *life_ms) {
        json.remove(*credential);
    }
    (json.len() < before).then(|| serde_json::Value::from(json).to_string())
}
