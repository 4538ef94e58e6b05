//! Admitting races, and settling what they reserved.
//!
//! One transaction decides whether a race may run: its delivery is new, every limit has room, its asker is not too
//! fast. It then exists in the database with its reservations. They are released once, when the race is settled or withdrawn.

use super::{
    Store, StoreError,
    attachments::{self, DELETE_ATTACHMENTS},
    database::{Query, Transaction, Value},
    lanes,
    races::circumstances_json,
};
use crate::race::{
    Asker, Circumstances, RaceId, conversation::Context, cost::Cost, report::LaneReport, vote::RaceKind,
};

/// A race to admit.
#[derive(Clone, Debug)]
pub struct NewRace<'a> {
    /// Its id.
    pub id: RaceId,
    /// The platform that delivered it, such as `discord`.
    pub platform: &'a str,
    /// The platform's id of the delivery; `None` where a delivery cannot arrive twice.
    pub delivery: Option<&'a str>,
    /// The user who asked.
    pub asker: &'a Asker,
    /// The prompt.
    pub prompt: &'a str,
    /// Its circumstances, which are stored with the prompt.
    pub circumstances: &'a Circumstances,
    /// The names of its files, whose contents are still to come.
    pub files: &'a [String],
    /// The race that this one repeats.
    pub original: Option<RaceId>,
    /// Its purpose.
    pub kind: RaceKind,
    /// The canary that it belongs to.
    pub tag: Option<&'a str>,
    /// The race that it continues, and what it sees of that.
    pub parent: Option<(RaceId, Context)>,
    /// The thread that it was asked in, in the platform's terms.
    pub thread: Option<&'a str>,
    /// Sentences that are shown with its prompt.
    pub notes: &'a [String],
    /// The server or workspace on whose board it counts, unique over all platforms.
    pub server: &'a str,
    /// The contender of each lane.
    pub contenders: &'a [String],
    /// The lanes as they are shown if the process dies now.
    pub lanes: &'a [LaneReport],
    /// Its message, where that is known before it is posted.
    pub message_ref: Option<&'a str>,
    /// The reservations of limits that it needs.
    pub reservations: &'a [Reservation],
    /// The number of races that a user may start in any minute.
    pub races_per_minute: u64,
}

/// The part of a limit that a race reserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The limit: `day`, `server:discord:1`, `provider:ollama`.
    pub scope: String,
    /// The period that the limit is for, such as a day's number; 0 where it has none.
    pub period: i64,
    /// The reserved amount.
    pub amount: u64,
    /// The most that all races together may reserve in the period.
    pub limit: u64,
    /// The part that is returned when the race is over.
    pub refund: Refund,
}

/// The part of a reservation that is returned when its race is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refund {
    /// The money that the race did not spend.
    Unspent,
    /// All of it.
    All,
}

/// The outcome of [`Store::admit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmitOutcome {
    /// The race is stored and may run.
    Admitted,
    /// The delivery was admitted before, by this process or another one.
    Duplicate,
    /// The limit of the reservation at this index has no room.
    LimitReached(usize),
    /// The user started too many races in the last minute.
    TooFast {
        /// The time until the next one may start.
        wait_ms: u64,
    },
}

const CLAIM_DELIVERY: &str =
    "INSERT INTO deliveries (platform, id, at) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING";
const FORGET_DELIVERY: &str = "DELETE FROM deliveries WHERE platform = $1 AND id = $2";
const CREATE_SCOPE: &str =
    "INSERT INTO spend (scope, period, used) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
const TAKE: &str = "UPDATE spend SET used = used + $3 WHERE scope = $1 AND period = $2 AND used + $3 <= $4";
/// Locks the row behind which a user's races are counted.
const LOCK_RATE: &str = "UPDATE spend SET used = used + 1 WHERE scope = $1 AND period = 0";
/// Races admitted in the future date from before the clock was set back: they would count until it catches up.
const INSERT_RACE: &str =
    "INSERT INTO races (id, platform, asker, asker_name, prompt, admitted_at, status, owner, reference, original,
        kind, server, prompt_hash, tag, parent, context, thread, notes, circumstances, files)
    SELECT $1, $2, $3, $4, $5, {now}, 'live', $6, $7, COALESCE((SELECT original FROM races WHERE id = $9), $9),
        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
    WHERE (SELECT COUNT(*) FROM races
        WHERE asker = $3 AND admitted_at > {now} - 60000 AND admitted_at <= {now}) < $8";
const SET_CONTENDER: &str = "UPDATE lanes SET contender = $3 WHERE race = $1 AND place = $2";
const INSERT_HOLD: &str =
    "INSERT INTO holds (race, scope, period, amount, is_money) VALUES ($1, $2, $3, $4, $5)";
const RATE_WAIT: &str = "SELECT MIN(admitted_at) + 60000 - {now} FROM (SELECT admitted_at FROM races
    WHERE asker = $1 AND admitted_at > {now} - 60000 AND admitted_at <= {now} ORDER BY admitted_at DESC LIMIT $2) AS newest";
/// Touches a row only the first time, so that a race is settled once.
const SETTLE: &str = "UPDATE races SET settled = 1 WHERE id = $1 AND settled = 0";
const REFUND_ALL: &str = "UPDATE spend SET used = used - (SELECT amount FROM holds
        WHERE race = $1 AND holds.scope = spend.scope AND holds.period = spend.period)
    WHERE EXISTS (SELECT 1 FROM holds WHERE race = $1 AND is_money = 0
        AND holds.scope = spend.scope AND holds.period = spend.period)";
/// `$2` is the money that was spent.
const REFUND_UNSPENT: &str = "UPDATE spend SET used = used - (SELECT amount - $2 FROM holds
        WHERE race = $1 AND holds.scope = spend.scope AND holds.period = spend.period)
    WHERE EXISTS (SELECT 1 FROM holds WHERE race = $1 AND is_money = 1 AND amount > $2
        AND holds.scope = spend.scope AND holds.period = spend.period)";
const DELETE_HOLDS: &str = "DELETE FROM holds WHERE race = $1";
pub(super) const DELETE_LANES: &str = "DELETE FROM lanes WHERE race = $1";
const DELETE_RACE: &str = "DELETE FROM races WHERE id = $1";
const USED: &str = "SELECT used FROM spend WHERE scope = $1 AND period = $2";

/// The scope of the row behind which a user's races are counted.
pub(super) fn rate_scope(asker: &str) -> String {
    format!("asks:{asker}")
}

/// Statements that settle a race which cost `spent`, the first one required.
fn settle(race: &str, spent: Cost) -> [Query; 4] {
    let id: Value = race.into();
    [
        Query::required(SETTLE, [id.clone()]),
        Query::new(REFUND_ALL, [id.clone()]),
        Query::new(REFUND_UNSPENT, [id.clone(), spent.micros().into()]),
        Query::new(DELETE_HOLDS, [id]),
    ]
}

/// Statements that settle a race of unknown cost, unless it is settled: all the money that it reserved counts as spent.
pub(super) fn forfeit(race: &str) -> [Query; 3] {
    [SETTLE, REFUND_ALL, DELETE_HOLDS].map(|sql| Query::new(sql, [race.into()]))
}

/// Statements that set the contenders of the lanes of a race, in their order.
pub(super) fn set_contenders(race: &str, contenders: &[String]) -> impl Iterator<Item = Query> {
    let set = move |(contender, place): (&String, i64)| {
        Query::new(SET_CONTENDER, [race.into(), place.into(), contender.as_str().into()])
    };
    contenders.iter().zip(0_i64..).map(set)
}

/// The statements that admit a race, and the indices that explain a rollback.
struct Admission {
    queries: Vec<Query>,
    first_reservation: usize,
    insert_race: usize,
}

impl Store {
    /// Admits a race and stores it, or changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed. After [`StoreError::TimedOut`] the race may be admitted.
    pub async fn admit(&self, race: &NewRace<'_>) -> Result<AdmitOutcome, StoreError> {
        let prompt_hash = match race.kind {
            // the same words about another file are another question
            RaceKind::Blind if !race.files.is_empty() => {
                Some(self.keyed_hash(&format!("{}\0{}", race.prompt, race.files.join("\0"))).await?)
            }
            RaceKind::Blind => Some(self.keyed_hash(race.prompt).await?),
            RaceKind::Open | RaceKind::Canary => None,
        };
        let Admission { queries, first_reservation, insert_race } =
            self.admission(race, prompt_hash.as_deref());
        match self.transaction(queries).await? {
            Transaction::Committed(_) => Ok(AdmitOutcome::Admitted),
            Transaction::RolledBack(at) if at < first_reservation => Ok(AdmitOutcome::Duplicate),
            Transaction::RolledBack(at) if at == insert_race => {
                let values = [race.asker.id.as_str().into(), race.races_per_minute.into()];
                let rows = self.fetch(Query::new(RATE_WAIT, values)).await?;
                let wait = rows.first().map_or(0, |row| row.int(0));
                Ok(AdmitOutcome::TooFast { wait_ms: wait.max(0).unsigned_abs() })
            }
            Transaction::RolledBack(at) => Ok(AdmitOutcome::LimitReached((at - first_reservation) / 2)),
        }
    }

    fn admission(&self, race: &NewRace<'_>, prompt_hash: Option<&str>) -> Admission {
        let id = race.id.to_string();
        let mut queries: Vec<Query> = race
            .delivery
            .iter()
            .map(|delivery| Query::required(CLAIM_DELIVERY, [race.platform.into(), (*delivery).into()]))
            .collect();
        let first_reservation = queries.len();
        for Reservation { scope, period, amount, limit, .. } in race.reservations {
            let (scope, period): (Value, Value) = (scope.as_str().into(), (*period).into());
            queries.push(Query::new(CREATE_SCOPE, [scope.clone(), period.clone()]));
            queries.push(Query::required(TAKE, [scope, period, (*amount).into(), (*limit).into()]));
        }
        let scope: Value = rate_scope(&race.asker.id).into();
        queries.push(Query::new(CREATE_SCOPE, [scope.clone(), 0_i64.into()]));
        queries.push(Query::new(LOCK_RATE, [scope]));
        let insert_race = queries.len();
        let notes = (!race.notes.is_empty()).then(|| serde_json::Value::from(race.notes).to_string());
        let original = race.original.map(|original| original.to_string());
        let circumstances = circumstances_json(race.circumstances).filter(|_| self.keeps_text());
        let values: [Value; 19] = [
            id.as_str().into(),
            race.platform.into(),
            race.asker.id.as_str().into(),
            race.asker.name.as_str().into(),
            Some(race.prompt).filter(|_| self.keeps_text()).into(),
            self.process_id().into(),
            race.message_ref.into(),
            race.races_per_minute.into(),
            original.as_deref().into(),
            race.kind.as_str().into(),
            race.server.into(),
            prompt_hash.into(),
            race.tag.into(),
            race.parent.map(|(parent, _)| parent.to_string()).as_deref().into(),
            race.parent.map(|(_, context)| context.word()).as_deref().into(),
            race.thread.into(),
            notes.as_deref().into(),
            circumstances.as_deref().into(),
            Value::Text(attachments::names(race.files).filter(|_| self.keeps_text())),
        ];
        queries.push(Query::required(INSERT_RACE, values));
        queries.extend(lanes::upsert(&id, race.lanes.iter().enumerate(), self.keeps_text()));
        queries.extend(set_contenders(&id, race.contenders));
        queries.extend(race.reservations.iter().map(
            |Reservation { scope, period, amount, refund, .. }| {
                let is_money = *refund == Refund::Unspent;
                let (scope, period) = (scope.as_str().into(), (*period).into());
                let values: [Value; 5] =
                    [id.as_str().into(), scope, period, (*amount).into(), is_money.into()];
                Query::new(INSERT_HOLD, values)
            },
        ));
        Admission { queries, first_reservation, insert_race }
    }

    /// Deletes a race that was admitted and never began, with its reservations.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn withdraw(&self, id: RaceId) -> Result<(), StoreError> {
        let race = id.to_string();
        let mut queries = settle(&race, Cost::default()).to_vec();
        queries.push(Query::new(DELETE_ATTACHMENTS, [race.as_str().into()]));
        queries.push(Query::new(DELETE_LANES, [race.as_str().into()]));
        queries.push(Query::new(DELETE_RACE, [race.into()]));
        self.transaction(queries).await.map(drop)
    }

    /// Settles a race that is over and cost `spent`. Returns false if it was settled before.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn settle(&self, id: RaceId, spent: Cost) -> Result<bool, StoreError> {
        Ok(self.transaction(settle(&id.to_string(), spent).into()).await?.is_committed())
    }

    /// The amount of a limit that is spent or reserved in a period.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn used(&self, scope: &str, period: i64) -> Result<u64, StoreError> {
        let rows = self.fetch(Query::new(USED, [scope.into(), period.into()])).await?;
        Ok(rows.first().map_or(0, |row| row.int(0).max(0).unsigned_abs()))
    }

    /// Claims a delivery for a day. Returns false if this process or another one claimed it before.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn claim_delivery(&self, platform: &str, delivery: &str) -> Result<bool, StoreError> {
        Ok(self.execute(Query::required(CLAIM_DELIVERY, [platform.into(), delivery.into()])).await? > 0)
    }

    /// Forgets a delivery, so that it can be claimed again.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn forget_delivery(&self, platform: &str, delivery: &str) -> Result<(), StoreError> {
        self.execute(Query::new(FORGET_DELIVERY, [platform.into(), delivery.into()])).await.map(drop)
    }
}
