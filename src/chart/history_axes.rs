//! The axes of the chart of a history, in plotters' terms: time with ticks at midnights, and speed from zero.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use crate::history::DAY_MS;

/// The distances of ticks in days.
const STEPS: [i64; 10] = [1, 2, 7, 14, 28, 56, 91, 182, 364, 1_820];
/// The most ticks of either axis, whatever its range.
const MAX_TICKS: usize = 24;

/// Time in milliseconds.
#[derive(Clone)]
pub(super) struct TimeAxis {
    range: Range<i64>,
}

impl TimeAxis {
    /// An axis over `range`, which is widened to a day.
    pub(super) fn new(range: Range<i64>) -> Self {
        Self { range: range.start..range.end.max(range.start + DAY_MS) }
    }
}

impl Ranged for TimeAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = i64;

    fn map(&self, at: &i64, limit: (i32, i32)) -> i32 {
        let share = ratio(at.saturating_sub(self.range.start), self.range.end - self.range.start);
        between(share, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<i64> {
        let days = (self.range.end - self.range.start) / DAY_MS;
        let most = i64::try_from(hint.max_num_points().clamp(1, MAX_TICKS)).unwrap_or(1);
        let step = STEPS.into_iter().find(|step| days / step < most);
        let step = step.unwrap_or_else(|| (days / most / STEPS[9] + 1) * STEPS[9]) * DAY_MS;
        // steps count from the last day, which is the one that matters
        let last = (self.range.end - 1).div_euclid(DAY_MS) * DAY_MS;
        let ticks = (0..most).map(|n| last - n * step).take_while(|at| *at >= self.range.start);
        ticks.collect()
    }

    fn range(&self) -> Range<i64> {
        self.range.clone()
    }
}

/// Speed in tokens per second, from zero.
#[derive(Clone)]
pub(super) struct SpeedAxis {
    top: f64,
}

impl SpeedAxis {
    /// An axis that reaches at least `top`.
    pub(super) fn new(top: f64) -> Self {
        let top = if top.is_finite() { top.clamp(1e-3, 1e12) } else { 1.0 };
        Self { top }
    }
}

impl Ranged for SpeedAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        between(value / self.top, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let most = u32::try_from(hint.max_num_points().clamp(1, MAX_TICKS)).unwrap_or(1);
        let power = 10_f64.powf((self.top / f64::from(most)).log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| self.top / step < f64::from(most)).unwrap_or(self.top);
        (0..=most).map(|n| f64::from(n) * step).take_while(|value| *value <= self.top).collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.top
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_possible_truncation, reason = "clamped near the limits")]
fn between(share: f64, (from, to): (i32, i32)) -> i32 {
    from + (share.clamp(-0.5, 1.5) * f64::from(to - from)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_midnights_up_to_the_last_day() {
        for days in [0, 1, 2, 9, 40, 90, 700, 400_000] {
            let axis = TimeAxis::new(5..days * DAY_MS + 9);
            let ticks = axis.key_points(8);
            assert!((1..=8).contains(&ticks.len()) || days < 2, "{days} days: {ticks:?}");
            assert!(ticks.iter().all(|at| at % DAY_MS == 0 && *at <= axis.range.end), "{days} days");
        }
    }

    #[test]
    fn speeds_have_round_ticks_whatever_their_size() {
        assert_eq!(SpeedAxis::new(118.0).key_points(6), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        for top in [0.0, 1e-9, 0.4, 7.0, 99.0, 1e6, 1e300, f64::NAN, f64::INFINITY] {
            let ticks = SpeedAxis::new(top).key_points(6);
            assert!((2..=7).contains(&ticks.len()), "{top}: {ticks:?}");
        }
    }

    #[test]
    fn values_far_outside_stay_near_the_picture() {
        assert_eq!(TimeAxis::new(0..DAY_MS).map(&i64::MAX, (0, 100)), 150);
        assert_eq!(SpeedAxis::new(10.0).map(&f64::INFINITY, (100, 0)), -50);
        assert_eq!(SpeedAxis::new(10.0).map(&5.0, (100, 0)), 50);
    }
}
