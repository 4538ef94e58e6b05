//! Giving back what a race held, once: what it did not spend, and all that was only held while it ran.

use super::{
    Store, StoreError,
    database::{Done, Query, Value},
};
use crate::race::{RaceId, cost::Cost};

/// Whoever is first settles a race.
pub(super) const FIRST: &str = "UPDATE races SET settled = 1 WHERE id = $1 AND settled = 0";
/// What was held while the race ran.
pub(super) const RELEASE: &str = "UPDATE spend SET used = used - (SELECT amount FROM holds
        WHERE race = $1 AND holds.scope = spend.scope AND holds.period = spend.period)
    WHERE EXISTS (SELECT 1 FROM holds WHERE race = $1 AND is_money = 0
        AND holds.scope = spend.scope AND holds.period = spend.period)";
/// Money that was held and is not spent; `$2` is what was.
const CHANGE: &str = "UPDATE spend SET used = used - (SELECT amount - $2 FROM holds
        WHERE race = $1 AND holds.scope = spend.scope AND holds.period = spend.period)
    WHERE EXISTS (SELECT 1 FROM holds WHERE race = $1 AND is_money = 1 AND amount > $2
        AND holds.scope = spend.scope AND holds.period = spend.period)";
pub(super) const DROP: &str = "DELETE FROM holds WHERE race = $1";
const NO_LANES: &str = "DELETE FROM lanes WHERE race = $1";
const NO_RACE: &str = "DELETE FROM races WHERE id = $1";
const USED: &str = "SELECT used FROM spend WHERE scope = $1 AND period = $2";

/// Statements that settle a race of which `spent` is known; the first one must touch a row.
pub(super) fn settle(race: &str, spent: Cost) -> [Query; 4] {
    let id: Value = race.into();
    [
        Query::must(FIRST, [id.clone()]),
        Query::new(RELEASE, [id.clone()]),
        Query::new(CHANGE, [id.clone(), spent.micros().into()]),
        Query::new(DROP, [id]),
    ]
}

impl Store {
    /// A race that was let in and never began: it holds nothing and counts for nobody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn withdraw(&self, id: RaceId) -> Result<(), StoreError> {
        let race = id.to_string();
        let mut queries = settle(&race, Cost::default()).to_vec();
        queries.push(Query::new(NO_LANES, [race.as_str().into()]));
        queries.push(Query::new(NO_RACE, [race.into()]));
        self.all(queries).await.map(drop)
    }

    /// Settles a race that is over and cost `spent`; only once, whoever comes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle(&self, id: RaceId, spent: Cost) -> Result<bool, StoreError> {
        let done = self.all(settle(&id.to_string(), spent).to_vec()).await?;
        Ok(matches!(done, Done::All(_)))
    }

    /// How much of a limit is used in a period.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn used(&self, scope: &str, period: i64) -> Result<u64, StoreError> {
        let rows = self.rows(Query::new(USED, [scope.into(), period.into()])).await?;
        Ok(rows.first().map_or(0, |row| row.int(0).max(0).unsigned_abs()))
    }
}
