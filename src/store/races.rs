//! Races while they run and afterwards: where their message stands, what their lanes have, what remains.

use jiff::Timestamp;

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
    saved,
};
use crate::{
    model::ModelId,
    race::{
        Asker, RaceId, Record,
        metrics::TokenCount,
        report::{LaneReport, Report},
    },
};

/// How fast a model was lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// The model.
    pub model: ModelId,
    /// The median of its decode speeds, in tokens per second.
    pub median: f64,
    /// How many answers that is of.
    pub answers: usize,
    /// Estimated if any of the counts was.
    pub count: TokenCount,
}

const REFERENCE: &str =
    "UPDATE races SET reference = $2, asker_name = $3 WHERE id = $1 AND status <> 'shown'";
const STATUS: &str = "UPDATE races SET status = $2 WHERE id = $1 AND status <> 'shown'";
const SHOWN: &str = "UPDATE races SET status = 'shown', reference = NULL WHERE id = $1";
const STOP: &str = "UPDATE races SET stop = 1 WHERE id = $1 AND status = 'live'";
const IS_STOPPED: &str = "SELECT stop FROM races WHERE id = $1";
const ASKER: &str = "SELECT status, asker FROM races WHERE id = $1";
const RACE: &str =
    "SELECT asker, asker_name, prompt, admitted_at FROM races WHERE id = $1 AND status <> 'live'";
const LANES: &str = "SELECT report, answer, reasoning FROM lanes WHERE race = $1 ORDER BY place";
/// Lanes are kept for ever: engines must come to them by their races.
const SPEEDS: &str = "SELECT model, tokens_per_second, token_count FROM lanes
    WHERE race IN (SELECT id FROM races WHERE admitted_at > {now} - $1 * 86400000 AND status <> 'live'
            ORDER BY admitted_at DESC LIMIT 5000)
        AND status = 'finished' AND tokens_per_second IS NOT NULL
    ORDER BY model, tokens_per_second";

impl Store {
    /// Where the message of a race stands, in the platform's own words, and what its asker is called.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn place(&self, id: RaceId, reference: &str, asker: &str) -> Result<(), StoreError> {
        let values = [id.to_string().into(), reference.into(), asker.into()];
        self.one(Query::new(REFERENCE, values)).await.map(drop)
    }

    /// What these lanes would be told as if the process died now. True where another replica was asked to stop the race.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn checkpoint(&self, id: RaceId, lanes: &[(usize, &LaneReport)]) -> Result<bool, StoreError> {
        let race = id.to_string();
        let queries = saved::lanes(&race, lanes.iter().copied(), self.keeps_text());
        if !queries.is_empty() {
            self.all(queries).await?;
        }
        let rows = self.rows(Query::new(IS_STOPPED, [race.into()])).await?;
        Ok(rows.first().is_some_and(|row| row.int(0) != 0))
    }

    /// The race is over, and its last frame is still to be shown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ended(&self, id: RaceId, report: &Report) -> Result<(), StoreError> {
        let race = id.to_string();
        let mut queries = saved::lanes(&race, report.lanes.iter().enumerate(), self.keeps_text());
        queries.push(Query::new(STATUS, [race.into(), "ended".into()]));
        self.all(queries).await.map(drop)
    }

    /// The last frame of a race is shown, or can never be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shown(&self, id: RaceId) -> Result<(), StoreError> {
        self.one(Query::new(SHOWN, [id.to_string().into()])).await.map(drop)
    }

    /// Asks whichever process runs this race to stop it. False where it does not run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stop(&self, id: RaceId) -> Result<bool, StoreError> {
        Ok(self.one(Query::new(STOP, [id.to_string().into()])).await? > 0)
    }

    /// Who asked for a race, and whether it runs; `None` where nothing is known of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn asker(&self, id: RaceId) -> Result<Option<(String, bool)>, StoreError> {
        let rows = self.rows(Query::new(ASKER, [id.to_string().into()])).await?;
        let read = |row: &Row| (row.text(1).unwrap_or_default().to_owned(), row.text(0) == Some("live"));
        Ok(rows.first().map(read))
    }

    /// What remains of a race that is over; `None` where nothing does, or its texts are not kept (any more).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn recall(&self, id: RaceId) -> Result<Option<Record>, StoreError> {
        let race = id.to_string();
        let rows = self.rows(Query::new(RACE, [race.as_str().into()])).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(prompt) = row.text(2) else { return Ok(None) };
        let lanes = self.lanes(&race).await?;
        let asker = Asker { id: text(row, 0), name: text(row, 1) };
        let started_at = Timestamp::from_millisecond(row.int(3)).map_err(|_| StoreError::Unreadable)?;
        Ok(Some(Record { id, asker, started_at, report: Report { prompt: prompt.to_owned(), lanes } }))
    }

    /// The lanes of a race in their order.
    pub(super) async fn lanes(&self, race: &str) -> Result<Vec<LaneReport>, StoreError> {
        self.rows(Query::new(LANES, [race.into()])).await?.iter().map(saved::lane).collect()
    }

    /// How fast each model was in the last `days`, or in the newest 5,000 races of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn speeds(&self, days: u64) -> Result<Vec<Speed>, StoreError> {
        let rows = self.rows(Query::new(SPEEDS, [Value::from(days)])).await?;
        Ok(rows.chunk_by(|a, b| a.text(0) == b.text(0)).filter_map(median).collect())
    }
}

fn text(row: &Row, column: usize) -> String {
    row.text(column).unwrap_or_default().to_owned()
}

/// Of one model's rows in the order of their speeds.
fn median(rows: &[Row]) -> Option<Speed> {
    let model = ModelId::new(rows.first()?.text(0)?);
    let at = |index: usize| rows.get(index).and_then(|row| row.real(1));
    let (lower, upper) = (at((rows.len() - 1) / 2)?, at(rows.len() / 2)?);
    let usage = TokenCount::Usage;
    let counted = rows.iter().all(|row| row.text(2) == Some(usage.as_str()));
    let count = if counted { usage } else { TokenCount::Estimated };
    Some(Speed { model, median: f64::midpoint(lower, upper), answers: rows.len(), count })
}
