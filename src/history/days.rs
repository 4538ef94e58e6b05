//! The days of a series as a chart shows them.

use super::{
    judge::RECENT_DAYS,
    sample::{Quartiles, Sample, median, values},
};

/// The fewest speeds behind a quartile.
const MIN_IN_BAND: usize = 5;

/// A day with samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Its number, as in [`Sample::day`].
    pub number: i64,
    /// The middle of its samples' times.
    pub at_ms: i64,
    /// The number of its samples.
    pub count: usize,
    /// Their median.
    pub median: f64,
    /// The quartiles of the seven days around it; `None` for fewer than five samples.
    pub band: Option<Quartiles>,
}

/// Returns the days of sorted `samples`.
#[must_use]
pub fn days(samples: &[Sample]) -> Vec<Day> {
    let day = |of_day: &[Sample]| {
        let number = of_day[0].day();
        let at_ms = i64::midpoint(of_day[0].at_ms, of_day[of_day.len() - 1].at_ms);
        let from = samples.partition_point(|sample| sample.day() < number - RECENT_DAYS / 2);
        let to = samples.partition_point(|sample| sample.day() <= number + RECENT_DAYS / 2);
        let week = &samples[from..to];
        let band = if week.len() < MIN_IN_BAND { None } else { Quartiles::of(&mut values(week)) };
        Some(Day { number, at_ms, count: of_day.len(), median: median(&mut values(of_day))?, band })
    };
    samples.chunk_by(|a, b| a.day() == b.day()).filter_map(day).collect()
}
