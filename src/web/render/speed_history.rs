//! The page of the history of speeds.

use serde::Serialize;

use super::{Line, ModelDto};
use crate::{
    arena::{ModelSpeeds, SpeedHistory, SpeedSeries},
    model::ModelId,
};

/// A sentence for each model, and the races of one.
#[derive(Serialize)]
pub(in crate::web) struct SpeedHistoryDto<'a> {
    days: u32,
    models: Vec<ModelSpeedsDto<'a>>,
    /// The id of the model whose races follow; null if no model has any.
    model: Option<&'a str>,
    series: Vec<SeriesDto>,
    /// The address of the picture of these races; null without races.
    picture: Option<String>,
    /// The address of the table of these races.
    table: Option<String>,
}

#[derive(Serialize)]
struct ModelSpeedsDto<'a> {
    #[serde(flatten)]
    model: ModelDto<'a>,
    /// The words about its speeds; null without samples.
    words: Option<Line<'a>>,
    /// The words about its speeds in scheduled races; null without samples.
    canary_words: Option<Line<'a>>,
}

/// Races of one origin. Times are in milliseconds since 1970, speeds in tokens per second.
#[derive(Serialize)]
struct SeriesDto {
    is_canary: bool,
    /// `[time, speed]` of each race, oldest first.
    races: Vec<(i64, f64)>,
    days: Vec<DayDto>,
}

/// A day with races.
#[derive(Serialize)]
struct DayDto {
    /// The middle of its races.
    at: i64,
    races: usize,
    median: f64,
    /// The quartiles of the week around it, where there are enough races.
    quartiles: Option<[f64; 2]>,
}

impl<'a> SpeedHistoryDto<'a> {
    /// The data of `history` with the races of `model`, or of the model that lost most of its speed. `query` makes the query
    /// of a model's files.
    pub(in crate::web) fn new(
        history: &'a SpeedHistory,
        model: Option<&ModelId>,
        query: impl Fn(&ModelId) -> String,
    ) -> Self {
        let chosen = match model {
            Some(model) => history.models.iter().find(|one| one.card.id == *model),
            None => history.worst.and_then(|at| history.models.get(at)),
        };
        let series: Vec<SeriesDto> = chosen.iter().flat_map(|one| &one.series).map(SeriesDto::of).collect();
        let address = |file: &str| {
            let query = chosen.filter(|one| !one.series.is_empty()).map(|one| query(&one.card.id));
            query.map(|query| format!("/api/history.{file}{query}"))
        };
        Self {
            days: history.days,
            models: history.models.iter().map(ModelSpeedsDto::of).collect(),
            model: chosen.map(|one| one.card.id.as_str()),
            picture: address("png"),
            table: address("csv"),
            series,
        }
    }
}

impl<'a> ModelSpeedsDto<'a> {
    fn of(speeds: &'a ModelSpeeds) -> Self {
        let words = |is_canary: bool| {
            let series = speeds.series.iter().find(|series| series.is_canary == is_canary);
            series.map(|series| Line(&series.words))
        };
        Self { model: ModelDto::of(&speeds.card), words: words(false), canary_words: words(true) }
    }
}

impl SeriesDto {
    fn of(series: &SpeedSeries) -> Self {
        let days = series.days.iter().map(|day| DayDto {
            at: day.at_ms,
            races: day.count,
            median: day.median,
            quartiles: day.band.map(|band| [band.lower, band.upper]),
        });
        Self {
            is_canary: series.is_canary,
            races: series.samples.iter().map(|sample| (sample.at_ms, sample.value)).collect(),
            days: days.collect(),
        }
    }
}
