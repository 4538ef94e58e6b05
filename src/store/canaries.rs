//! Canaries: each due time is claimed by one process, and pauses and refusals hold for all of them. Times of schedules are
//! arguments: they are computed, not read from a clock.

use super::{
    Store, StoreError,
    database::{Query, Row, Transaction, Value},
};
use crate::{
    history::{Answer, NEWEST_ANSWERS},
    model::ModelId,
    race::{Asker, RaceId, metrics::TokenCount},
};

/// A new canary waits for its first due time; an answer to another prompt begins a new series.
const REGISTER: &str = "INSERT INTO canaries (id, prompt_hash, prompt_since, last_tick) VALUES ($1, $2, {now}, $3)
    ON CONFLICT (id) DO UPDATE SET prompt_hash = excluded.prompt_hash, prompt_since = CASE
        WHEN canaries.prompt_hash = excluded.prompt_hash THEN canaries.prompt_since ELSE excluded.prompt_since END";
/// A due time more than 400 days ahead was claimed by a process whose clock was wrong.
const CLAIM: &str = "UPDATE canaries SET last_tick = $2
    WHERE id = $1 AND (last_tick < $2 OR last_tick > $2 + 34560000000)
    RETURNING CAST(CASE WHEN paused_by IS NULL THEN 0 ELSE 1 END AS BIGINT)";
const PAUSE: &str = "UPDATE canaries SET paused_by = $2, pauser = $3 WHERE id = $1 AND paused_by IS NULL";
const RESUME: &str = "UPDATE canaries SET paused_by = NULL, pauser = NULL WHERE id = $1";
const FORGET_PAUSER: &str = "UPDATE canaries SET paused_by = '', pauser = NULL WHERE pauser = $1";
const REFUSE_FIRST: &str =
    "UPDATE canaries SET refused_at = $2, refused_by = $3 WHERE id = $1 AND refused_at < $4";
const REFUSE: &str = "UPDATE canaries SET refused_at = $2, refused_by = $3 WHERE id = $1 AND refused_at < $2";
const STATE: &str = "SELECT paused_by, refused_at, refused_by FROM canaries WHERE id = $1";
const RUNS: &str = "SELECT id, admitted_at, status FROM races WHERE tag = $1 AND kind = 'canary'
    ORDER BY admitted_at DESC LIMIT 2";
const LANES: &str =
    "SELECT model, status, tokens_per_second, token_count FROM lanes WHERE race = $1 ORDER BY place";
const ANSWERS: &str = "SELECT tag, contender, model, race, place, at, features FROM
        (SELECT samples.tag AS tag, contender, model, race, place, at, features,
            ROW_NUMBER() OVER (PARTITION BY samples.tag, contender ORDER BY at DESC, race DESC) AS newest
        FROM samples JOIN canaries ON canaries.id = samples.tag
        WHERE features IS NOT NULL AND at > {now} - $1 * 86400000 AND at >= prompt_since) AS answers
    WHERE newest <= $2 ORDER BY tag, contender, at, race";
const ANSWER: &str = "SELECT answer FROM lanes WHERE race = $1 AND place = $2";

/// The budget that refused a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBy {
    /// The canary's own.
    Canary,
    /// The service's.
    Service,
}

impl RefusedBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Service => "service",
        }
    }
}

/// The state of a canary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CanaryState {
    /// The name of the person who paused it, empty if it is unknown; `None` if it is not paused.
    pub paused_by: Option<String>,
    /// The newest refusal of a run by a budget, in milliseconds since 1970.
    pub refused: Option<(i64, RefusedBy)>,
    /// True while a run is live.
    pub is_running: bool,
    /// The newest run that is over.
    pub last_run: Option<CanaryRun>,
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryRun {
    /// Its start, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its lanes in their order.
    pub lanes: Vec<CanaryLane>,
}

/// The lane of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryLane {
    /// The model.
    pub model: ModelId,
    /// True if its answer is complete.
    pub has_answered: bool,
    /// Its decode speed in tokens per second.
    pub speed: Option<f64>,
    /// The source of its token count.
    pub count: TokenCount,
}

/// The answers of a contender to one canary, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct CanarySeries {
    /// The id of the canary.
    pub tag: String,
    /// The contender.
    pub contender: String,
    /// The id of its model.
    pub model: String,
    /// The answers.
    pub answers: Vec<CanaryAnswer>,
}

/// An answer of a canary, without its text.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryAnswer {
    /// The race.
    pub race: RaceId,
    /// The index of its lane.
    pub place: usize,
    /// The features.
    pub answer: Answer,
}

impl Store {
    /// Registers a canary with the hash of its prompt. A new one has claimed all due times up to `tick_ms`.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn register_canary(&self, id: &str, prompt_hash: &str, tick_ms: i64) -> Result<(), StoreError> {
        self.execute(Query::new(REGISTER, [id.into(), prompt_hash.into(), tick_ms.into()])).await.map(drop)
    }

    /// Claims the due time `tick_ms` of a canary, and all before it. Returns true if it runs then, false if it is paused;
    /// `None` if a process claimed this time before, or a later one.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed. After [`StoreError::TimedOut`] it may be claimed.
    pub async fn claim_tick(&self, id: &str, tick_ms: i64) -> Result<Option<bool>, StoreError> {
        let rows = self.fetch(Query::new(CLAIM, [id.into(), tick_ms.into()])).await?;
        Ok(rows.first().map(|row| row.int(0) == 0))
    }

    /// Pauses a canary for all processes, unless it is paused.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn pause_canary(&self, id: &str, by: &Asker) -> Result<(), StoreError> {
        let values = [id.into(), by.name.as_str().into(), by.id.as_str().into()];
        self.execute(Query::new(PAUSE, values)).await.map(drop)
    }

    /// Ends the pause of a canary.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn resume_canary(&self, id: &str) -> Result<(), StoreError> {
        self.execute(Query::new(RESUME, [id.into()])).await.map(drop)
    }

    /// Deletes a person's name from the canaries that they paused.
    pub(super) async fn forget_pauser(&self, person: &str) -> Result<(), StoreError> {
        self.execute(Query::new(FORGET_PAUSER, [person.into()])).await.map(drop)
    }

    /// Records that a budget refused a run at `now_ms`. Returns true for the first refusal since `day_ms`.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn refuse_canary(
        &self,
        id: &str,
        by: RefusedBy,
        now_ms: i64,
        day_ms: i64,
    ) -> Result<bool, StoreError> {
        let first = [id.into(), now_ms.into(), by.as_str().into(), day_ms.into()];
        let later = [id.into(), now_ms.into(), by.as_str().into()];
        let queries = vec![Query::new(REFUSE_FIRST, first), Query::new(REFUSE, later)];
        let transaction = self.transaction(queries).await?;
        Ok(matches!(transaction, Transaction::Committed(touched) if touched.first() == Some(&1)))
    }

    /// Returns the state of a canary.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn canary_state(&self, id: &str) -> Result<CanaryState, StoreError> {
        let rows = self.fetch(Query::new(STATE, [id.into()])).await?;
        let runs = self.fetch(Query::new(RUNS, [id.into()])).await?;
        let is_live = |row: &&Row| row.text(2) == Some("live");
        let last_run = match runs.iter().find(|row| !is_live(row)) {
            Some(row) => {
                let lanes = self.fetch(Query::new(LANES, [row.string(0).into()])).await?;
                Some(CanaryRun { at_ms: row.int(1), lanes: lanes.iter().map(lane).collect() })
            }
            None => None,
        };
        let refusal = |row: &Row| {
            let by = if row.text(2) == Some("service") { RefusedBy::Service } else { RefusedBy::Canary };
            (row.int(1) > 0).then_some((row.int(1), by))
        };
        Ok(CanaryState {
            paused_by: rows.first().and_then(|row| row.text(0)).map(str::to_owned),
            refused: rows.first().and_then(refusal),
            is_running: runs.iter().any(|row| is_live(&row)),
            last_run,
        })
    }

    /// Returns the newest answers to the present prompts of canaries in the last `days`, at most [`NEWEST_ANSWERS`] of each
    /// contender.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn canary_answers(&self, days: u32) -> Result<Vec<CanarySeries>, StoreError> {
        let most = u64::try_from(NEWEST_ANSWERS).unwrap_or(u64::MAX);
        let rows = self.fetch(Query::new(ANSWERS, [Value::from(i64::from(days)), most.into()])).await?;
        let same = |a: &Row, b: &Row| a.text(0) == b.text(0) && a.text(1) == b.text(1);
        let series = rows.chunk_by(same).filter_map(|rows| {
            Some(CanarySeries {
                tag: rows.first()?.string(0),
                contender: rows.first()?.string(1),
                model: rows.last()?.string(2),
                answers: rows.iter().filter_map(answer).collect(),
            })
        });
        Ok(series.collect())
    }

    /// Returns the text of an answer; `None` once it is deleted, or if it was never stored.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn answer(&self, race: RaceId, place: usize) -> Result<Option<String>, StoreError> {
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        let rows = self.fetch(Query::new(ANSWER, [race.to_string().into(), place.into()])).await?;
        Ok(rows.first().and_then(|row| row.text(0)).map(str::to_owned))
    }
}

fn lane(row: &Row) -> CanaryLane {
    let is_counted = row.text(3) == Some(TokenCount::Usage.as_str());
    CanaryLane {
        model: ModelId::new(&row.string(0)),
        has_answered: row.text(1) == Some("finished"),
        speed: row.real(2),
        count: if is_counted { TokenCount::Usage } else { TokenCount::Estimated },
    }
}

/// The answer in a row of [`ANSWERS`]; `None` where another version wrote its features in an unknown form.
fn answer(row: &Row) -> Option<CanaryAnswer> {
    let features = serde_json::from_str(row.text(6)?).ok()?;
    Some(CanaryAnswer {
        race: RaceId::parse(row.text(3)?)?,
        place: usize::try_from(row.int(4)).ok()?,
        answer: Answer { at_ms: row.int(5), features },
    })
}
