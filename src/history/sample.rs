//! Samples, their days and their order statistics.

/// The length of a day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// One measurement of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its time, in milliseconds since the midnight that begins day 0.
    pub at_ms: i64,
    /// The decode speed in tokens per second, or the time to first token in seconds: positive and finite.
    pub value: f64,
}

impl Sample {
    /// The day that it was measured on.
    #[must_use]
    pub fn day(&self) -> i64 {
        self.at_ms.div_euclid(DAY_MS)
    }

    /// The day at whose end it is new: a day ends with its last midnight, which belongs to it.
    pub(super) fn judged_on(&self) -> i64 {
        (self.at_ms - 1).div_euclid(DAY_MS)
    }
}

/// Sorts samples by time, and those of one time by value, so that the order in which they were read does not matter.
pub fn sort(samples: &mut [Sample]) {
    samples.sort_unstable_by(|a, b| a.at_ms.cmp(&b.at_ms).then(a.value.total_cmp(&b.value)));
}

/// The values of `samples`.
#[must_use]
pub fn values(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.value).collect()
}

/// The median, reordering `values`; `None` if there are none.
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The quantile at `share` (0 to 1) with linear interpolation between neighbours, reordering `values`; `None` if there are
/// none.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index of a slice"
)]
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let position = values.len().checked_sub(1)? as f64 * share.clamp(0.0, 1.0);
    let (index, part) = (position.floor() as usize, position.fract());
    let (_, lower, above) = values.select_nth_unstable_by(index, f64::total_cmp);
    let lower = *lower;
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
    // halves are exact: the median of two neighbours is their mean
    Some(if part == 0.0 { lower } else { lower * (1.0 - part) + upper * part })
}

/// The middle of some values and the range of their inner half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// The number of values.
    pub count: usize,
    /// The first quartile.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// The third quartile.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of `values`, which are reordered; `None` if there are none.
    #[must_use]
    pub fn of(values: &mut [f64]) -> Option<Self> {
        Some(Self {
            count: values.len(),
            lower: quantile(values, 0.25)?,
            median: quantile(values, 0.5)?,
            upper: quantile(values, 0.75)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [7.0]), Some(7.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        let quartiles = Quartiles::of(&mut [5.0, 1.0, 4.0, 2.0, 3.0]).expect("values");
        assert_eq!((quartiles.lower, quartiles.median, quartiles.upper), (2.0, 3.0, 4.0));
        assert_eq!(quantile(&mut [10.0, 20.0], 0.25), Some(12.5));
    }

    #[test]
    fn a_midnight_is_new_at_the_end_of_the_day_before() {
        let at = |at_ms| Sample { at_ms, value: 1.0 };
        assert_eq!((at(0).day(), at(0).judged_on()), (0, -1));
        assert_eq!((at(DAY_MS).day(), at(DAY_MS).judged_on()), (1, 0));
        assert_eq!((at(-1).day(), at(1).judged_on()), (-1, 0));
    }
}
