//! The numbers of a week, for the digest.

use super::{Store, StoreError, database::Query};
use crate::race::cost::Cost;

const RACES: &str =
    "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN kind = 'canary' THEN 0 ELSE 1 END), 0) AS BIGINT)
    FROM races WHERE admitted_at > {now} - 604800000";
const ANSWERS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(failed), 0) AS BIGINT)
    FROM samples WHERE at > {now} - 604800000";
const CANARIES: &str = "SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM spend
    WHERE scope LIKE 'canary:%' AND period > {now} / 86400000 - 7";

/// The numbers of the last seven days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// All races.
    pub races: u64,
    /// The races that people asked for.
    pub asked: u64,
    /// The answers that were measured, with those that failed.
    pub answers: u64,
    /// The answers that failed.
    pub failures: u64,
    /// The cost of the canaries.
    pub canaries: Cost,
}

impl Store {
    /// Returns the numbers of the last seven days.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn week(&self) -> Result<Week, StoreError> {
        let mut numbers = vec![];
        for query in [RACES, ANSWERS, CANARIES] {
            let rows = self.fetch(Query::new(query, [])).await?;
            let number = |column| rows.first().map_or(0, |row| row.int(column)).max(0).unsigned_abs();
            numbers.push((number(0), if query == CANARIES { 0 } else { number(1) }));
        }
        let [(races, asked), (answers, failures), (canaries, _)] = numbers[..] else {
            return Err(StoreError::Unreadable);
        };
        Ok(Week { races, asked, answers, failures, canaries: Cost::from_micros(canaries) })
    }
}
