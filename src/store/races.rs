//! Races from their first checkpoint to their record.

use jiff::Timestamp;

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
    lanes,
    leases::lease_ms,
    samples,
};
use crate::{
    model::ModelId,
    race::{
        Asker, Circumstances, PastRace, RaceId, Record,
        metrics::TokenCount,
        report::{LaneReport, Report},
    },
};

/// The recent decode speed of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// The model.
    pub model: ModelId,
    /// The median of its decode speeds, in tokens per second.
    pub median: f64,
    /// The number of answers behind the median.
    pub answers: usize,
    /// Estimated if any of the token counts was.
    pub count: TokenCount,
}

/// A race that no process runs, as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredRace {
    /// Its record.
    Kept(Box<Record>),
    /// Its prompt and answers were deleted or never stored.
    WithoutText,
}

const SET_MESSAGE_REF: &str =
    "UPDATE races SET reference = $2, asker_name = $3 WHERE id = $1 AND status <> 'shown'";
/// The texts of a race are gone with its prompt.
const SET_CIRCUMSTANCES: &str = "UPDATE races SET circumstances = $2 WHERE id = $1 AND prompt IS NOT NULL";
const SET_STATUS: &str = "UPDATE races SET status = $2 WHERE id = $1 AND status <> 'shown'";
pub(super) const MARK_SHOWN: &str = "UPDATE races SET status = 'shown', reference = NULL WHERE id = $1";
const REQUEST_STOP: &str = "UPDATE races SET stop = 1 WHERE id = $1 AND status = 'live'";
const IS_STOP_REQUESTED: &str = "SELECT stop FROM races WHERE id = $1";
const ASKER: &str = "SELECT status, asker FROM races WHERE id = $1";
const FINISHED_RACE: &str = "SELECT asker, asker_name, prompt, admitted_at, notes, circumstances FROM races WHERE id = $1 AND status <> 'live'";
const PAST_RACES: &str = "SELECT prompt, admitted_at FROM races
    WHERE asker = $1 AND prompt IS NOT NULL AND status <> 'live' ORDER BY admitted_at DESC LIMIT 5";
/// The races of a platform that no other process runs, newest first.
const CHANNEL_RACES: &str = "SELECT id FROM races
    WHERE platform = $1 AND prompt IS NOT NULL AND (status <> 'live' OR owner = $2 OR NOT EXISTS
        (SELECT 1 FROM leases WHERE leases.name = 'process:' || races.owner
            AND leases.until BETWEEN {now} AND {now} + 2 * $3))
    ORDER BY admitted_at DESC, id DESC LIMIT $4";
const COUNT_WITHOUT_TEXT: &str =
    "SELECT COUNT(*) FROM races WHERE platform = $1 AND prompt IS NULL AND status <> 'live'";
const CHANNEL_RACE: &str = "SELECT asker, asker_name, prompt, admitted_at, notes, circumstances FROM races
    WHERE platform = $1 AND id = $2 AND (status <> 'live' OR owner = $3 OR NOT EXISTS
        (SELECT 1 FROM leases WHERE leases.name = 'process:' || races.owner
            AND leases.until BETWEEN {now} AND {now} + 2 * $4))";
/// Lanes are never deleted: the engine must reach the recent ones through their races.
const SPEEDS: &str = "SELECT model, tokens_per_second, token_count FROM lanes
    WHERE race IN (SELECT id FROM races WHERE admitted_at > {now} - $1 * 86400000 AND status <> 'live' AND kind <> 'canary'
            AND (closes_at IS NULL OR closed_at IS NOT NULL)
            ORDER BY admitted_at DESC LIMIT 5000)
        AND status = 'finished' AND tokens_per_second IS NOT NULL
    ORDER BY model, tokens_per_second";

impl Store {
    /// Stores the message of a race, in the platform's terms, and its asker's name.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_message_ref(
        &self,
        id: RaceId,
        message_ref: &str,
        asker: &str,
    ) -> Result<(), StoreError> {
        let values = [id.to_string().into(), message_ref.into(), asker.into()];
        self.execute(Query::new(SET_MESSAGE_REF, values)).await.map(drop)
    }

    /// Stores the circumstances of a race that has a prompt.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_circumstances(
        &self,
        id: RaceId,
        circumstances: &Circumstances,
    ) -> Result<(), StoreError> {
        let values = [id.to_string().into(), circumstances_json(circumstances).as_deref().into()];
        self.execute(Query::new(SET_CIRCUMSTANCES, values)).await.map(drop)
    }

    /// Stores lanes, each with its index, as they are shown if the process dies now. Returns true if another replica
    /// was asked to stop the race.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn checkpoint(&self, id: RaceId, lanes: &[(usize, &LaneReport)]) -> Result<bool, StoreError> {
        let race = id.to_string();
        let queries = lanes::upsert(&race, lanes.iter().copied(), self.keeps_text());
        if !queries.is_empty() {
            self.transaction(queries).await?;
        }
        let rows = self.fetch(Query::new(IS_STOP_REQUESTED, [race.into()])).await?;
        Ok(rows.first().is_some_and(|row| row.int(0) != 0))
    }

    /// Stores the report of a race that is over and whose last frame is still to be shown. Its vote, if it has one, is open
    /// from then on.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn mark_ended(&self, id: RaceId, report: &Report) -> Result<(), StoreError> {
        let race = id.to_string();
        let mut queries = lanes::upsert(&race, report.lanes.iter().enumerate(), self.keeps_text());
        queries.extend(report.vote.iter().flat_map(|vote| Self::open_vote(&race, vote)));
        queries.extend(samples::insert(&race, report));
        queries.push(Query::new(SET_STATUS, [race.into(), "ended".into()]));
        self.transaction(queries).await.map(drop)
    }

    /// Marks the last frame of a race as shown, or as impossible to show: no process adopts the race.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn mark_shown(&self, id: RaceId) -> Result<(), StoreError> {
        self.execute(Query::new(MARK_SHOWN, [id.to_string().into()])).await.map(drop)
    }

    /// Asks the process that runs this race to stop it. Returns false if the race is not running.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn request_stop(&self, id: RaceId) -> Result<bool, StoreError> {
        Ok(self.execute(Query::new(REQUEST_STOP, [id.to_string().into()])).await? > 0)
    }

    /// The id of the user who asked for a race, and true if it is running; `None` where the race is unknown.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn asker(&self, id: RaceId) -> Result<Option<(String, bool)>, StoreError> {
        let rows = self.fetch(Query::new(ASKER, [id.to_string().into()])).await?;
        Ok(rows.first().map(|row| (row.string(1), row.text(0) == Some("live"))))
    }

    /// Returns the record of a race that is over; `None` where the race is unknown or its texts are not kept.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed; [`StoreError::Unreadable`] where a lane was stored in an unknown form.
    pub async fn lookup(&self, id: RaceId) -> Result<Option<Record>, StoreError> {
        let race = id.to_string();
        let rows = self.fetch(Query::new(FINISHED_RACE, [race.as_str().into()])).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(prompt) = row.text(2) else { return Ok(None) };
        let (files, sat_out) = self.names_of_files(&race).await?;
        let lanes = self.fetch(Query::new(lanes::SELECT, [race.into()])).await?;
        let lanes = lanes.iter().map(lanes::from_row).collect::<Result<_, _>>()?;
        let asker = Asker { id: row.string(0), name: row.string(1) };
        let started_at = Timestamp::from_millisecond(row.int(3)).map_err(|_| StoreError::Unreadable)?;
        let (prompt, notes, vote) = (prompt.to_owned(), notes(row, 4), self.vote(id).await?);
        let circumstances = circumstances(row.text(5));
        let report = Report { prompt, notes, lanes, vote, circumstances, files, sat_out };
        Ok(Some(Record { id, asker, started_at, report }))
    }

    /// Returns the newest races of `platform` that no other process runs and whose texts are kept: oldest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn channel_races(&self, platform: &str, limit: u64) -> Result<Vec<RaceId>, StoreError> {
        let values = [platform.into(), self.process_id().into(), lease_ms(), limit.into()];
        let rows = self.fetch(Query::new(CHANNEL_RACES, values)).await?;
        Ok(rows.iter().rev().filter_map(|row| RaceId::parse(row.text(0)?)).collect())
    }

    /// Returns the number of finished races of `platform` whose texts were deleted or never stored.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn count_without_text(&self, platform: &str) -> Result<u64, StoreError> {
        self.count(Query::new(COUNT_WITHOUT_TEXT, [platform.into()])).await
    }

    /// Returns the record of a race of `platform`, as it is to be reported if no process runs it: lanes that were running
    /// are interrupted. `None` where the race is unknown or another process runs it.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn channel_race(&self, platform: &str, id: RaceId) -> Result<Option<StoredRace>, StoreError> {
        let race = id.to_string();
        let values = [platform.into(), race.as_str().into(), self.process_id().into(), lease_ms()];
        let rows = self.fetch(Query::new(CHANNEL_RACE, values)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(prompt) = row.text(2) else { return Ok(Some(StoredRace::WithoutText)) };
        let lanes = self.readable_lanes(&race).await?;
        let asker = Asker { id: row.string(0), name: row.string(1) };
        let started_at = Timestamp::from_millisecond(row.int(3)).map_err(|_| StoreError::Unreadable)?;
        let (files, sat_out) = self.names_of_files(&race).await?;
        let (prompt, notes, vote) = (prompt.to_owned(), notes(row, 4), self.vote(id).await?);
        let circumstances = circumstances(row.text(5));
        let report = Report { prompt, notes, lanes, vote, circumstances, files, sat_out };
        Ok(Some(StoredRace::Kept(Box::new(Record { id, asker, started_at, report }))))
    }

    /// The newest five finished races of a user whose texts are kept, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed; [`StoreError::Unreadable`] where a time is none.
    pub async fn past_races(&self, asker: &str) -> Result<Vec<PastRace>, StoreError> {
        let rows = self.fetch(Query::new(PAST_RACES, [asker.into()])).await?;
        let race = |row: &Row| {
            let started_at = Timestamp::from_millisecond(row.int(1)).map_err(|_| StoreError::Unreadable)?;
            Ok(PastRace { prompt: row.string(0), started_at })
        };
        rows.iter().map(race).collect()
    }

    /// The speed of each model in the last `days`, or in the newest 5,000 races of them.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn speeds(&self, days: u64) -> Result<Vec<Speed>, StoreError> {
        let rows = self.fetch(Query::new(SPEEDS, [Value::from(days)])).await?;
        Ok(rows.chunk_by(|a, b| a.text(0) == b.text(0)).filter_map(median).collect())
    }
}

/// The JSON of the circumstances of a race; `None` for empty ones.
pub(super) fn circumstances_json(circumstances: &Circumstances) -> Option<String> {
    let json = serde_json::to_string(circumstances).ok().filter(|_| !circumstances.is_empty());
    // PostgreSQL cannot store this character
    json.map(|json| json.replace("\\u0000", "\u{FFFD}"))
}

/// The circumstances in a column; empty ones where it holds none.
pub(super) fn circumstances(json: Option<&str>) -> Circumstances {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The sentences in a column with JSON; none where it cannot be read.
pub(super) fn notes(row: &Row, column: usize) -> Vec<String> {
    row.text(column).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The median over the rows of one model, which are sorted by speed.
fn median(rows: &[Row]) -> Option<Speed> {
    let model = ModelId::new(rows.first()?.text(0)?);
    let speed = |index: usize| rows.get(index).and_then(|row| row.real(1));
    let (lower, upper) = (speed((rows.len() - 1) / 2)?, speed(rows.len() / 2)?);
    let usage = TokenCount::Usage;
    let is_counted = rows.iter().all(|row| row.text(2) == Some(usage.as_str()));
    let count = if is_counted { usage } else { TokenCount::Estimated };
    Some(Speed { model, median: f64::midpoint(lower, upper), answers: rows.len(), count })
}
