//! The cost of answers: the upper bound before a race, the charge and the shown estimate after it.
//!
//! Budgets must not be exceeded, so charges err on the high side: a token has at least one byte, and a lane that was
//! cut off may have been served more than was read.

use std::{fmt, iter::Sum, ops::Add};

use super::{
    metrics::TokenCount,
    report::{LaneReport, Report},
};
use crate::{
    estimate,
    model::{ModelCard, Prices, Prompt},
};

/// Tokens that a provider may have served, but we never read, of an answer that was cut off.
const UNREAD_TOKENS: u64 = 256;

/// An amount of money in millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

impl Cost {
    /// Converts from millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Converts from dollars, rounding down; negative amounts and NaN become zero.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e6) as u64)
    }

    /// The amount in millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The amount in dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to nine billion dollars")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The price of `input` and `output` tokens, rounded up.
    fn of(prices: &Prices, input: u64, output: u64) -> Self {
        let trillionths = (u128::from(input) * u128::from(prices.input))
            .saturating_add(u128::from(output) * u128::from(prices.output));
        Self(trillionths.div_ceil(1_000_000).try_into().unwrap_or(u64::MAX))
    }

    /// The upper bound for an answer to `prompt`; zero if the model has no price.
    #[must_use]
    pub fn upper_bound(card: &ModelCard, prompt: &Prompt) -> Self {
        let bound = |prices: &Prices| {
            let max_output = prompt.max_output_tokens.min(prices.max_output);
            Self::of(prices, prompt.max_tokens() + u64::from(prices.overhead), max_output.into())
        };
        card.prices.as_ref().map_or(Self::default(), bound)
    }

    /// The charge to budgets for a finished lane: by the server's counts, but no less than the estimate of the text, or
    /// else by their upper bounds.
    #[must_use]
    pub fn charged(lane: &LaneReport, prompt: &Prompt) -> Self {
        let Some(prices) = &lane.card.prices else { return Self::default() };
        let metrics = &lane.metrics;
        if metrics.ttft.is_none() && metrics.prompt_tokens.is_none() && !lane.was_sent {
            return Self::default();
        }
        let prompt_tokens =
            metrics.prompt_tokens.map(|tokens| tokens.max(prompt.texts().map(estimate::tokens).sum()));
        let input = prompt_tokens.unwrap_or_else(|| prompt.max_tokens() + u64::from(prices.overhead));
        let output = match metrics.token_count {
            TokenCount::Usage => {
                metrics.output_tokens.max(estimate::tokens(&lane.answer) + estimate::tokens(&lane.reasoning))
            }
            TokenCount::Estimated => {
                let unread = if lane.status.is_finished() { 0 } else { UNREAD_TOKENS };
                metrics.output_tokens.max(bytes(&lane.answer) + bytes(&lane.reasoning)) + unread
            }
        };
        Self::of(prices, input, output).min(Self::upper_bound(&lane.card, prompt))
    }

    /// The best estimate of a lane's cost, to be shown to users; `None` if the model has no price.
    #[must_use]
    pub fn estimate(lane: &LaneReport, prompt: &str) -> Option<(Self, TokenCount)> {
        let prices = lane.card.prices.as_ref()?;
        let input = lane.metrics.prompt_tokens;
        let count = if input.is_some() { lane.metrics.token_count } else { TokenCount::Estimated };
        let input = input.unwrap_or_else(|| estimate::tokens(prompt) + u64::from(prices.overhead));
        Some((Self::of(prices, input, lane.metrics.output_tokens), count))
    }

    /// The cost of a race for users: "$0.0041", with "≈" if any part is an estimate and "at least" if a price is
    /// missing; `None` if no lane has a price.
    #[must_use]
    pub fn summary(report: &Report) -> Option<String> {
        let costs: Vec<_> =
            report.lanes.iter().filter_map(|lane| Self::estimate(lane, &report.prompt)).collect();
        let estimated = costs.iter().any(|(_, count)| *count == TokenCount::Estimated);
        let real = report.lanes.iter().filter(|lane| !lane.simulated).count();
        // the report has only the names of files: without a server's count their tokens are unknown
        let has_uncounted_files = !report.files.is_empty()
            && report
                .lanes
                .iter()
                .any(|lane| lane.card.prices.is_some() && lane.metrics.prompt_tokens.is_none());
        let at_least = if costs.len() < real || has_uncounted_files { "at least " } else { "" };
        let sum: Self = costs.iter().map(|(cost, _)| *cost).sum();
        let mark = if estimated { TokenCount::Estimated.mark() } else { "" };
        (!costs.is_empty()).then(|| format!("{at_least}{mark}{sum}"))
    }
}

fn bytes(text: &str) -> u64 {
    text.len().try_into().unwrap_or(u64::MAX)
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// "$0.0041": two or three significant digits without zeros at the end, at least cents.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let places = match self.0 {
            0 | 1_000_000.. => 2,
            100_000.. => 3,
            1_000.. => 4,
            _ => 6,
        };
        let fraction = format!("{micros:06}");
        let (cents, rest) = fraction[..places].split_at(2);
        write!(f, "${dollars}.{cents}{}", rest.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        model::{Color, Delta, ModelId, Usage},
        race::{
            event::{Elapsed, EventKind, LaneEvent, RaceEvent},
            state::RaceState,
        },
    };

    const PRICES: Prices = Prices { input: 3_000_000, output: 15_000_000, max_output: 100, overhead: 10 };

    #[test]
    fn prices_are_dollars_per_million_tokens() {
        assert_eq!(Cost::of(&PRICES, 1_000_000, 0), Cost::from_dollars(3.0));
        assert_eq!(Cost::of(&PRICES, 0, 1_000), Cost::from_micros(15_000));
        let cheap = Prices { input: 1, output: 0, ..PRICES };
        assert_eq!(Cost::of(&cheap, 1, 0), Cost::from_micros(1), "rounded up");
    }

    #[test]
    fn a_server_that_counts_too_little_is_charged_by_its_text() {
        let card = ModelCard {
            id: ModelId::new("m"),
            name: String::new(),
            icon: String::new(),
            size: String::new(),
            best_for: String::new(),
            color: Color { r: 0, g: 0, b: 0 },
            provider: String::new(),
            simulated: false,
            vision: false,
            prices: Some(PRICES),
        };
        let (prompt, answer) =
            ("Why is the sky blue?", "Because air scatters short waves more than long ones.");
        let mut race = RaceState::new("ana", prompt, [Arc::new(card)]);
        let usage = Usage { prompt_tokens: Some(0), output_tokens: Some(1), ..Usage::default() };
        for delta in [Delta::Sent, Delta::Text(answer.into()), Delta::Usage(usage), Delta::Done] {
            let event = EventKind::Lane(0, LaneEvent::from(delta));
            race.apply(&RaceEvent { at: Elapsed::from_millis(10), kind: event });
        }
        race.apply(&RaceEvent { at: Elapsed::from_millis(20), kind: EventKind::Lane(0, LaneEvent::Closed) });
        let report = race.report();
        assert_eq!(report.lanes[0].metrics.token_count, TokenCount::Usage);
        let estimated = Cost::of(&PRICES, estimate::tokens(prompt), estimate::tokens(answer));
        assert_eq!(Cost::charged(&report.lanes[0], &Prompt::new(prompt, 100)), estimated);
    }

    #[test]
    fn impossible_counts_saturate() {
        let dear = Prices { input: u64::MAX, output: u64::MAX, ..PRICES };
        assert_eq!(Cost::of(&dear, u64::MAX, u64::MAX), Cost::from_micros(u64::MAX));
    }

    #[test]
    fn amounts_have_the_digits_that_they_need_or_cents() {
        let text = |micros| Cost::from_micros(micros).to_string();
        assert_eq!(text(0), "$0.00");
        assert_eq!(text(7), "$0.000007");
        assert_eq!(text(4_123), "$0.0041");
        assert_eq!(text(123_456), "$0.123");
        assert_eq!(text(420_000), "$0.42");
        assert_eq!(text(4_000), "$0.004");
        assert_eq!(text(2_500_000), "$2.50");
        assert_eq!(text(12_345_678), "$12.34");
    }
}
