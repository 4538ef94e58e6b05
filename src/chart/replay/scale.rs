//! The axes: seconds and tokens to pixels, and round numbers beside them.

use crate::race::figures;

/// The most steps of an axis.
const MAX_STEPS: f64 = 6.0;

/// One axis from zero to `end`, drawn from pixel `from` to pixel `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) from: f32,
    pub(super) to: f32,
    end: f64,
    step: f64,
}

impl Axis {
    /// Returns an axis that ends exactly at `end`.
    pub(super) fn until(end: f64, (from, to): (f32, f32)) -> Self {
        Self { from, to, end, step: round_step(end) }
    }

    /// Returns an axis that ends at the first step that is not below `max`.
    pub(super) fn in_whole_steps(max: f64, range: (f32, f32)) -> Self {
        let step = round_step(max);
        Self { end: (max / step).ceil().max(1.0) * step, step, ..Self::until(max, range) }
    }

    /// Returns the pixel of a value.
    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    pub(super) fn pixel(self, value: f64) -> f32 {
        self.from + (self.to - self.from) * (value / self.end).clamp(0.0, 1.0) as f32
    }

    /// Returns the round values on the axis.
    pub(super) fn steps(self) -> impl Iterator<Item = f64> {
        (0..=8_u8)
            .map(move |i| f64::from(i) * self.step)
            .take_while(move |value| *value <= self.end * 1.000_001)
    }

    /// Returns a value of [`Self::steps`] as text, with as many decimals as the steps need.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
    pub(super) fn label(self, value: f64) -> String {
        match self.step {
            step if step < 0.1 => format!("{value:.2}"),
            step if step < 1.0 => format!("{value:.1}"),
            _ if value >= 100_000.0 => format!("{}k", figures::thousands((value / 1_000.0).round() as u64)),
            _ => figures::thousands(value.round() as u64),
        }
    }
}

/// Returns 1, 2 or 5 times a power of ten, so that at most [`MAX_STEPS`] steps reach `end`.
fn round_step(end: f64) -> f64 {
    let rough = (end / MAX_STEPS).max(1e-3);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_round_and_few() {
        let labels = |max: f64| -> Vec<String> {
            let axis = Axis::in_whole_steps(max, (0.0, 100.0));
            axis.steps().map(|value| axis.label(value)).collect()
        };
        assert_eq!(labels(344.0), ["0", "100", "200", "300", "400"]);
        assert_eq!(labels(1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(7_900.0), ["0", "2,000", "4,000", "6,000", "8,000"]);
        assert_eq!(labels(900_000.0).last().map(String::as_str), Some("1,000k"));
        for max in [0.0, 0.02, 1.0, 3.0, 59.0, 61.0, 1e6, 4e11] {
            assert!((2..=8).contains(&labels(max).len()), "{max}: {:?}", labels(max));
        }
    }

    #[test]
    fn values_are_placed_in_proportion_and_never_outside() {
        let axis = Axis::until(10.0, (50.0, 150.0));
        let pixels = [0.0, 2.5, 10.0, 99.0].map(|value| axis.pixel(value).to_string());
        assert_eq!(pixels, ["50", "75", "150", "150"]);
    }
}
