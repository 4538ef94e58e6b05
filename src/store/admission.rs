//! Letting a race in: that it was not let in before, that every limit holds, and that it stands in the store, all in one
//! transaction.

use super::{
    Store, StoreError,
    database::{Done, Query, Value},
    saved,
};
use crate::race::{Asker, RaceId, report::LaneReport};

/// A race to be let in.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Its id.
    pub id: RaceId,
    /// Which platform delivered it, by its word.
    pub platform: &'a str,
    /// The platform's own id of what it delivered; `None` where nothing is ever delivered twice.
    pub delivery: Option<&'a str>,
    /// Who asks.
    pub asker: &'a Asker,
    /// What is asked.
    pub prompt: &'a str,
    /// The lanes as they would be told if the process died now.
    pub lanes: &'a [LaneReport],
    /// Where its message will stand, where that is known already.
    pub reference: Option<&'a str>,
    /// What it takes of the limits.
    pub holds: &'a [Hold],
    /// Races that one person may start in any minute.
    pub races_per_minute: u64,
}

/// A part of a limit that a race takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Of which limit: `day`, `server:discord:1`, `provider:ollama`.
    pub scope: String,
    /// In which period, such as a day's number; 0 for what is given back when the race is over.
    pub period: i64,
    /// How much.
    pub amount: u64,
    /// How much all may take together.
    pub most: u64,
    /// What is left over of money is given back when the race is over, all of the others.
    pub kept: Kept,
}

/// What becomes of a hold when its race is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// What was spent stays.
    Spent,
    /// Nothing stays.
    Nothing,
}

/// Whether a race was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It was, and stands in the store.
    In,
    /// It was let in before, here or elsewhere.
    Duplicate,
    /// The hold at this place is not to be had.
    Full(usize),
    /// Its asker started too many in the last minute; the next may start after so many milliseconds.
    TooFast {
        /// Until then.
        wait_ms: u64,
    },
}

const DELIVERED: &str =
    "INSERT INTO deliveries (platform, id, at) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING";
const NOT_DELIVERED: &str = "DELETE FROM deliveries WHERE platform = $1 AND id = $2";
const SCOPE: &str = "INSERT INTO spend (scope, period, used) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
const TAKE: &str = "UPDATE spend SET used = used + $3 WHERE scope = $1 AND period = $2 AND used + $3 <= $4";
/// Its row is the lock behind which one person's races are counted.
const ASKS: &str = "UPDATE spend SET used = used + 1 WHERE scope = $1 AND period = 0";
/// What was admitted later than now was so before the clock was set back: it would count for as long as that was.
const RACE: &str =
    "INSERT INTO races (id, platform, asker, asker_name, prompt, admitted_at, status, owner, reference)
    SELECT $1, $2, $3, $4, $5, {now}, 'live', $6, $7
    WHERE (SELECT COUNT(*) FROM races
        WHERE asker = $3 AND admitted_at > {now} - 60000 AND admitted_at <= {now}) < $8";
const HOLD: &str = "INSERT INTO holds (race, scope, period, amount, is_money) VALUES ($1, $2, $3, $4, $5)";
const OLDEST: &str = "SELECT MIN(admitted_at) + 60000 - {now} FROM (SELECT admitted_at FROM races
    WHERE asker = $1 AND admitted_at > {now} - 60000 AND admitted_at <= {now} ORDER BY admitted_at DESC LIMIT $2) AS newest";

impl Store {
    /// Lets a race in, or says why not; then nothing is changed.
    ///
    /// # Errors
    /// [`StoreError`]; the race was not let in, or nobody knows.
    pub async fn admit(&self, entry: &Entry<'_>) -> Result<Admitted, StoreError> {
        let (queries, first_hold, race) = self.admission(entry);
        match self.all(queries).await? {
            Done::All(_) => Ok(Admitted::In),
            Done::Stopped(at) if at < first_hold => Ok(Admitted::Duplicate),
            Done::Stopped(at) if at == race => {
                let asker = entry.asker.id.as_str();
                let values = [asker.into(), entry.races_per_minute.into()];
                let rows = self.rows(Query::new(OLDEST, values)).await?;
                let wait = rows.first().map_or(0, |row| row.int(0));
                Ok(Admitted::TooFast { wait_ms: wait.max(0).unsigned_abs() })
            }
            Done::Stopped(at) => Ok(Admitted::Full((at - first_hold) / 2)),
        }
    }

    /// The statements, the place of the first one of the holds, and that of the race.
    fn admission(&self, entry: &Entry<'_>) -> (Vec<Query>, usize, usize) {
        let race = entry.id.to_string();
        let mut queries: Vec<Query> = entry
            .delivery
            .iter()
            .map(|id| Query::must(DELIVERED, [entry.platform.into(), (*id).into()]))
            .collect();
        let first_hold = queries.len();
        for Hold { scope, period, amount, most, .. } in entry.holds {
            let scope: Value = scope.as_str().into();
            queries.push(Query::new(SCOPE, [scope.clone(), (*period).into()]));
            queries.push(Query::must(TAKE, [scope, (*period).into(), (*amount).into(), (*most).into()]));
        }
        let asks: Value = asks(&entry.asker.id).into();
        queries.push(Query::new(SCOPE, [asks.clone(), 0_i64.into()]));
        queries.push(Query::new(ASKS, [asks]));
        let place = queries.len();
        let prompt = Some(entry.prompt).filter(|_| self.keeps_text());
        let values: [Value; 8] = [
            race.as_str().into(),
            entry.platform.into(),
            entry.asker.id.as_str().into(),
            entry.asker.name.as_str().into(),
            prompt.into(),
            self.me().into(),
            entry.reference.into(),
            entry.races_per_minute.into(),
        ];
        queries.push(Query::must(RACE, values));
        queries.extend(saved::lanes(&race, entry.lanes.iter().enumerate(), self.keeps_text()));
        queries.extend(entry.holds.iter().map(|Hold { scope, period, amount, kept, .. }| {
            let is_money = *kept == Kept::Spent;
            let values = [
                race.as_str().into(),
                scope.as_str().into(),
                (*period).into(),
                (*amount).into(),
                is_money.into(),
            ];
            Query::new(HOLD, values)
        }));
        (queries, first_hold, place)
    }

    /// Whether this delivery comes for the first time, to any replica. It is remembered for a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_first(&self, platform: &str, delivery: &str) -> Result<bool, StoreError> {
        Ok(self.one(Query::must(DELIVERED, [platform.into(), delivery.into()])).await? > 0)
    }

    /// Forgets that this delivery came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_delivery(&self, platform: &str, delivery: &str) -> Result<(), StoreError> {
        self.one(Query::new(NOT_DELIVERED, [platform.into(), delivery.into()])).await.map(drop)
    }
}

/// The scope of the row that is locked while one person's races are counted.
pub(super) fn asks(asker: &str) -> String {
    format!("asks:{asker}")
}
