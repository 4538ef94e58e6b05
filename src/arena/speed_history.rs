//! The speeds of the line-up over time, race by race, for a page that draws them and for a file.

use std::sync::Arc;

use super::{
    Arena, LookupError,
    overview::{DEFAULT_DAYS, failed, series},
};
use crate::{
    history::{Calendar, DAY_MS, Day, Sample, Series, Summary, WINDOW_DAYS, days, first_day, to_csv},
    model::{ModelCard, ModelId},
    store::{self, CANARY},
};

/// The speeds of the line-up in the last days.
#[derive(Clone, Debug, Default)]
pub struct SpeedHistory {
    /// The models in the order of the line-up.
    pub models: Vec<ModelSpeeds>,
    /// The index of the model that lost most of its speed; `None` without samples.
    pub worst: Option<usize>,
    /// The number of days.
    pub days: u32,
}

/// The speeds of a model.
#[derive(Clone, Debug)]
pub struct ModelSpeeds {
    /// The model.
    pub card: Arc<ModelCard>,
    /// Its speeds in users' races and in scheduled ones, as far as there are samples.
    pub series: Vec<SpeedSeries>,
}

/// The speeds of a model in races of one origin.
#[derive(Clone, Debug)]
pub struct SpeedSeries {
    /// True for scheduled races, false for users' races.
    pub is_canary: bool,
    /// The open incident, or the usual speed: a sentence.
    pub words: String,
    /// The races, oldest first; of more than 4,000 an even part.
    pub samples: Vec<Sample>,
    /// The days with races.
    pub days: Vec<Day>,
}

impl Arena {
    /// Returns the speeds of the line-up in the last `days`.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn speed_history(&self, days: Option<u32>) -> Result<SpeedHistory, LookupError> {
        let store = self.store.as_ref().ok_or(LookupError::Unavailable)?;
        let (cards, days) = (self.cards.clone(), days.unwrap_or(DEFAULT_DAYS));
        let all = series(store, &cards, days).await.map_err(|error| failed(&error))?;
        self.computed(move || speeds(&all, &cards, days)).await
    }

    /// Returns the speeds of `model`, or of all, as the table that `llm-arena history --export` writes.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn speed_table(
        &self,
        model: Option<ModelId>,
        days: Option<u32>,
    ) -> Result<Vec<u8>, LookupError> {
        let store = self.store.as_ref().ok_or(LookupError::Unavailable)?;
        let window = u32::try_from(WINDOW_DAYS).unwrap_or(0);
        let days = days.unwrap_or(DEFAULT_DAYS).saturating_add(window);
        let stored = store.promptly(store.samples(days)).await.map_err(|error| failed(&error))?;
        let table = self.computed(move || {
            let is_wanted = |series: &&Series| {
                let of = series.origin.as_ref().map(|origin| origin.model.as_str());
                model.as_ref().is_none_or(|model| of == Some(model.as_str()))
            };
            let all = store::series(&stored);
            to_csv(&all.iter().filter(is_wanted).collect::<Vec<_>>())
        });
        table.await?.map_err(|error| {
            tracing::error!(%error, "failed to write a table of speeds");
            LookupError::Unavailable
        })
    }
}

fn speeds(all: &[Series], cards: &[Arc<ModelCard>], days: u32) -> SpeedHistory {
    let summaries = Summary::all(all, first_day(all, Some(days)));
    let last = all.iter().filter_map(|series| series.samples.last()).map(Sample::day).max().unwrap_or(0);
    let from = (last + 1 - i64::from(days)) * DAY_MS;
    let of = |card: &Arc<ModelCard>| {
        let name = |summary: &&Summary<'_>| base(&summary.series.name) == card.name;
        let series = summaries.iter().filter(name).map(|summary| one(summary, from));
        ModelSpeeds { card: Arc::clone(card), series: series.collect() }
    };
    let shown: Vec<Summary<'_>> = summaries
        .iter()
        .filter(|summary| cards.iter().any(|card| card.name == base(&summary.series.name)))
        .cloned()
        .collect();
    let worst = Summary::worst(&shown).map(|worst| base(&worst.series.name));
    let worst = worst.and_then(|name| cards.iter().position(|card| card.name == name));
    SpeedHistory { models: cards.iter().map(of).collect(), worst, days }
}

/// Returns the name of a series without the mark of scheduled races.
fn base(name: &str) -> &str {
    name.strip_suffix(CANARY).unwrap_or(name)
}

fn one(summary: &Summary<'_>, from: i64) -> SpeedSeries {
    let samples = &summary.series.samples;
    let samples = samples[samples.partition_point(|sample| sample.at_ms < from)..].to_vec();
    let words = summary.words(Calendar::Dates);
    SpeedSeries {
        is_canary: summary.series.name.ends_with(CANARY),
        words: format!("{}.", words.trim_end_matches('.')),
        days: days(&samples),
        samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::line_up;

    #[test]
    fn speeds_are_those_of_the_line_up_within_the_days() {
        let cards = line_up();
        let series = |name: String, slow: f64| {
            let value =
                |n: i64| if n < 160 { 100.0 } else { slow } + f64::from(i32::try_from(n % 7).unwrap_or(0));
            let samples = (0..208).map(|n| Sample { at_ms: n * DAY_MS / 4 + 1, value: value(n) }).collect();
            Series { name, origin: None, samples }
        };
        let all = [
            series(cards[1].name.clone(), 100.0),
            series(cards[2].name.clone(), 70.0),
            series(format!("{}{CANARY}", cards[2].name), 99.0),
            series("retired".into(), 20.0),
        ];
        let speeds = speeds(&all, &cards, 7);
        assert_eq!((speeds.models.len(), speeds.worst), (cards.len(), Some(2)));
        assert!(speeds.models[0].series.is_empty());
        let [races, canary] = speeds.models[2].series.as_slice() else { panic!("two series") };
        assert_eq!((races.is_canary, canary.is_canary), (false, true));
        assert!(races.words.contains("since") && races.words.ends_with('.'), "{}", races.words);
        assert_eq!((races.samples.len(), races.days.len()), (28, 7));
        assert_eq!(races.days.iter().map(|day| day.count).sum::<usize>(), 28);
        assert!(races.days.iter().all(|day| day.band.is_some()));
    }
}
