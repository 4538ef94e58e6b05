//! The rows of the table `samples`: the measurements of which [`crate::history`] is made.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
    lanes,
};
use crate::{
    history::{Attempt, Features, Measured, Origin, Quartiles, Sample, Series, WINDOW_DAYS},
    model::Contender,
    race::report::Report,
};

/// A lane is inserted once, with what its row and its race say then.
const INSERT: &str = "INSERT INTO samples
        (race, place, contender, model, provider, kind, at, speed, first_token, failed, tag, features)
    SELECT lanes.race, lanes.place, CASE WHEN lanes.contender = '' THEN lanes.model ELSE lanes.contender END,
        lanes.model, $3, CASE WHEN races.kind = 'canary' THEN 'canary' ELSE 'people' END, races.admitted_at, $4, $5, $6,
        CASE WHEN races.kind = 'canary' THEN races.tag END, CASE WHEN races.kind = 'canary' THEN $7 END
    FROM lanes JOIN races ON races.id = lanes.race WHERE lanes.race = $1 AND lanes.place = $2
    ON CONFLICT (race, place) DO NOTHING";
const SERIES: &str = "SELECT contender, kind, COUNT(*) FROM samples WHERE at > $1 AND at <= $2
    GROUP BY contender, kind ORDER BY contender, kind";
/// An even part of a series: the square of a remainder by a prime number makes one of regular times as well, of which a
/// remainder alone may take all or none. Numbering the rows would take five times as long.
const SAMPLES: &str = "SELECT at, speed, first_token, failed FROM samples
    WHERE contender = $1 AND kind = $2 AND at > $3 AND at <= $4 AND (at % 1000003) * (at % 1000003) % 1000033 % $5 = 0
    ORDER BY at";
const DAYS_AGO: &str = "SELECT {now} - $1 * 86400000";
const MODEL: &str =
    "SELECT model, provider FROM samples WHERE contender = $1 AND kind = $2 ORDER BY at DESC LIMIT 1";
const USUAL: &str = "SELECT speed FROM samples
    WHERE contender = $1 AND kind = $2 AND at > {now} - $3 * 86400000 AND speed IS NOT NULL
    ORDER BY at DESC LIMIT 5000";

/// The series that are read at once: others need connections too.
const CONCURRENT_READS: usize = 2;
/// The end of the names of series that scheduled races make.
pub const CANARY: &str = " (canary)";
/// The samples that are read of one series; of longer ones an even part.
const MAX_SAMPLES: u64 = 4_000;
/// The samples of an overview, as far as each series has [`MIN_OVERVIEW_SAMPLES`].
const MAX_OVERVIEW_SAMPLES: u64 = 40_000;
/// More than three a day for 125 days: enough for a judgement.
const MIN_OVERVIEW_SAMPLES: u64 = 400;

/// The origin of a series' races.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleKind {
    /// Users.
    People,
    /// Scheduled races.
    Canary,
}

impl SampleKind {
    /// Its name in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Canary => "canary",
        }
    }
}

/// The samples of one contender and kind, oldest first; times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSeries {
    /// The contender.
    pub contender: String,
    /// The id of its model.
    pub model: String,
    /// The name of its provider.
    pub provider: String,
    /// The origin of the races.
    pub kind: SampleKind,
    /// Decode speeds in tokens per second.
    pub speeds: Vec<Sample>,
    /// Times to first token in seconds.
    pub first_tokens: Vec<Sample>,
    /// All answers, with those that failed.
    pub attempts: Vec<Attempt>,
}

/// Returns `stored` without the series that have no speeds, each named after its model, and those of
/// earlier settings or with a persona also after their contender.
#[must_use]
pub fn series(stored: &[StoredSeries]) -> Vec<Series> {
    // one without a persona is preferred
    let mut newest: BTreeMap<(String, bool), (bool, i64, String)> = BTreeMap::new();
    let key = |series: &StoredSeries| (series.model.clone(), series.kind == SampleKind::Canary);
    for series in stored {
        let at = series.speeds.last().map_or(i64::MIN, |sample| sample.at_ms);
        let last = (!Contender::has_persona(&series.contender), at, series.contender.clone());
        let known = newest.entry(key(series)).or_insert_with(|| last.clone());
        *known = last.max(known.clone());
    }
    let name = |series: &StoredSeries| {
        let is_newest =
            newest.get(&key(series)).is_some_and(|(_, _, contender)| *contender == series.contender);
        let earlier = if is_newest { String::new() } else { format!(" [{}]", series.contender) };
        let canary = if series.kind == SampleKind::Canary { CANARY } else { "" };
        format!("{}{earlier}{canary}", series.model)
    };
    let with_speeds = stored.iter().filter(|series| !series.speeds.is_empty());
    let origin = |series: &StoredSeries| {
        Some(Origin { model: series.model.clone(), provider: series.provider.clone() })
    };
    let named = |series: &StoredSeries| Series {
        name: name(series),
        origin: origin(series),
        samples: series.speeds.clone(),
    };
    with_speeds.map(named).collect()
}

/// Statements that insert the samples of a race whose lanes were stored.
pub(super) fn insert(race: &str, report: &Report) -> Vec<Query> {
    let query = |(place, lane)| {
        let measured = Measured::of(lane)?;
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        let is_answer = lane.status.is_finished() && !lane.answer.trim().is_empty();
        let features = is_answer.then(|| lanes::json(&Features::of(&lane.answer)));
        let values: [Value; 7] = [
            race.into(),
            place.into(),
            lane.card.provider.as_str().into(),
            measured.speed.into(),
            measured.first_token.into(),
            measured.has_failed.into(),
            features.as_deref().into(),
        ];
        Some(Query::new(INSERT, values))
    };
    report.lanes.iter().enumerate().filter_map(query).collect()
}

impl Store {
    /// Returns the series of the last `days`, sorted by contender. Of a series with more than 4,000 samples it returns an
    /// even part.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn samples(&self, days: u32) -> Result<Vec<StoredSeries>, StoreError> {
        self.samples_between(self.days_ago(days).await?, i64::MAX).await
    }

    /// Returns the series of the last `days` as [`Store::samples`] does, for a user who waits: of more than ten long series
    /// a smaller part each.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn overview_samples(&self, days: u32) -> Result<Vec<StoredSeries>, StoreError> {
        let most = |series: u64| (MAX_OVERVIEW_SAMPLES / series).clamp(MIN_OVERVIEW_SAMPLES, MAX_SAMPLES);
        self.read_samples((self.days_ago(days).await?, i64::MAX), most).await
    }

    /// The time so many days before now, by the engine's clock.
    pub(super) async fn days_ago(&self, days: u32) -> Result<i64, StoreError> {
        let rows = self.fetch(Query::new(DAYS_AGO, [i64::from(days).into()])).await?;
        Ok(rows.first().ok_or(StoreError::Unreadable)?.int(0))
    }

    /// Returns the series after `from_ms` and up to `to_ms`, as [`Store::samples`] does.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn samples_between(&self, from_ms: i64, to_ms: i64) -> Result<Vec<StoredSeries>, StoreError> {
        self.read_samples((from_ms, to_ms), |_| MAX_SAMPLES).await
    }

    /// Reads at most `most` samples of each series, which depends on the number of series.
    async fn read_samples(
        &self,
        (from_ms, to_ms): (i64, i64),
        most: impl Fn(u64) -> u64,
    ) -> Result<Vec<StoredSeries>, StoreError> {
        let rows = self.fetch(Query::new(SERIES, [from_ms.into(), to_ms.into()])).await?;
        let most = most(u64::try_from(rows.len()).unwrap_or(u64::MAX).max(1));
        let mut series = vec![];
        for some in rows.chunks(CONCURRENT_READS) {
            let read = some.iter().map(|row| self.read_series(row, (from_ms, to_ms), most));
            series.extend(try_join_all(read).await?);
        }
        Ok(series)
    }

    /// Reads at most `most` samples of the series in a row of [`SERIES`].
    async fn read_series(
        &self,
        row: &Row,
        (from_ms, to_ms): (i64, i64),
        most: u64,
    ) -> Result<StoredSeries, StoreError> {
        let kind = if row.text(1) == Some("canary") { SampleKind::Canary } else { SampleKind::People };
        let id: [Value; 2] = [row.string(0).into(), kind.as_str().into()];
        let [contender, kind_name] = id.clone();
        let part = row.int(2).max(1).unsigned_abs().div_ceil(most);
        let values = [contender, kind_name, from_ms.into(), to_ms.into(), part.into()];
        let rows = self.fetch(Query::new(SAMPLES, values)).await?;
        let names = self.fetch(Query::new(MODEL, id)).await?;
        let name = |column| names.first().map(|names| names.string(column)).unwrap_or_default();
        let sample = |row: &Row, column| Some(Sample { at_ms: row.int(0), value: row.real(column)? });
        let attempt = |row: &Row| Attempt { at_ms: row.int(0), has_failed: row.int(3) != 0 };
        Ok(StoredSeries {
            contender: row.string(0),
            model: name(0),
            provider: name(1),
            kind,
            speeds: rows.iter().filter_map(|row| sample(row, 1)).collect(),
            first_tokens: rows.iter().filter_map(|row| sample(row, 2)).collect(),
            attempts: rows.iter().map(attempt).collect(),
        })
    }

    /// Returns the quartiles of a contender's speeds in users' races of the last 35 days, or in the newest 5,000 of them;
    /// `None` if there are none. Old lanes have their model's id as contender.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn usual(&self, contender: &str) -> Result<Option<Quartiles>, StoreError> {
        let values = [contender.into(), SampleKind::People.as_str().into(), WINDOW_DAYS.into()];
        let rows = self.fetch(Query::new(USUAL, values)).await?;
        let mut speeds: Vec<f64> = rows.iter().filter_map(|row| row.real(0)).collect();
        Ok(Quartiles::of(&mut speeds))
    }
}
