//! The lanes of a race as its lesson compares them, and what counts as a tie.

use std::time::Duration;

use crate::race::{
    figures::{seconds, thousands, tokens},
    metrics::TokenCount,
    report::{LaneReport, Report},
};

/// Speeds and first tokens that differ by less than this share are a tie: a single run each cannot resolve more, and
/// the shown factor would be "1.0 times".
const TIE_MARGIN: f64 = 0.05;

/// First tokens within this time of each other are a tie, however early they are.
const FIRST_TOKEN_TIE: Duration = Duration::from_millis(5);

/// The token after which the faster of two lanes overtakes the one that started first:
/// `ttft_1 + (n - 1) / v_1 = ttft_2 + (n - 1) / v_2`, rounded up. `None` unless `slow` started first and
/// `fast` writes faster.
#[must_use]
pub fn crossover(slow: (Duration, f64), fast: (Duration, f64)) -> Option<u64> {
    let head_start = fast.0.as_secs_f64() - slow.0.as_secs_f64();
    let gain = 1.0 / slow.1 - 1.0 / fast.1;
    let n = 1.0 + head_start / gain;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    (head_start >= 0.0 && gain > 0.0 && n < 1e9).then(|| n.ceil() as u64)
}

/// A finished lane with a speed and a first token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runner<'a> {
    pub lane: &'a LaneReport,
    pub speed: f64,
    pub ttft: Duration,
    pub total: Duration,
}

impl<'a> Runner<'a> {
    pub(super) fn name(&self) -> &'a str {
        &self.lane.card.name
    }

    pub(super) fn tokens(&self) -> u64 {
        self.lane.metrics.output_tokens
    }

    /// "231" or "≈88".
    pub(super) fn tokens_text(&self) -> String {
        tokens(self.tokens(), self.lane.metrics.token_count)
    }

    pub(super) fn spoke(&self) -> String {
        seconds(self.ttft)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.lane.card.id == other.lane.card.id
    }

    pub(super) fn writes_faster_than(&self, other: &Self) -> bool {
        self.speed / other.speed - 1.0 >= TIE_MARGIN
    }

    /// "1.5" or "≈1.5": this speed in units of the other one.
    pub(super) fn speed_factor(&self, other: &Self) -> String {
        let is_estimated =
            [self, other].iter().any(|runner| runner.lane.metrics.token_count == TokenCount::Estimated);
        let mark = if is_estimated { TokenCount::Estimated } else { TokenCount::Usage }.mark();
        format!("{mark}{}", factor(self.speed / other.speed))
    }

    /// The token from which `fast`, which started later, is ahead of this lane; `None` unless both answers have it.
    pub(super) fn overtaken_by(&self, fast: &Self) -> Option<u64> {
        let token = crossover((self.ttft, self.speed), (fast.ttft, fast.speed))?;
        (token <= self.tokens().min(fast.tokens())).then_some(token)
    }

    /// The time between the first thought and the first word of the answer; zero for a model that does not reason.
    pub(super) fn thought(&self) -> Duration {
        let answer = self.lane.metrics.ttfa.filter(|_| !self.lane.reasoning.is_empty());
        answer.unwrap_or_default().saturating_sub(self.ttft)
    }
}

/// The lanes of a race in the orders that matter.
pub(super) struct Field<'a> {
    pub report: &'a Report,
    /// The finished lanes.
    pub finished: Vec<&'a LaneReport>,
    /// The finished lanes with a speed, fastest writer first.
    pub runners: Vec<Runner<'a>>,
}

impl<'a> Field<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let runner = |(lane, speed): (&'a LaneReport, f64)| {
            let metrics = &lane.metrics;
            Some(Runner { lane, speed, ttft: metrics.ttft?, total: metrics.total? })
        };
        Self {
            report,
            finished: report.lanes.iter().filter(|lane| lane.status.is_finished()).collect(),
            runners: report.podium().into_iter().filter_map(runner).collect(),
        }
    }

    /// The fastest and the slowest writer of at least two.
    pub(super) fn extremes(&self) -> Option<(Runner<'a>, Runner<'a>)> {
        let [fastest, .., slowest] = self.runners.as_slice() else { return None };
        Some((*fastest, *slowest))
    }

    /// The lanes whose first tokens came first and tie, fastest writer first.
    pub(super) fn first_to_speak(&self) -> Vec<Runner<'a>> {
        let Some(earliest) = self.runners.iter().map(|runner| runner.ttft).min() else { return vec![] };
        self.runners.iter().copied().filter(|runner| start_together(earliest, runner.ttft)).collect()
    }

    pub(super) fn quickest(&self) -> Option<Runner<'a>> {
        self.runners.iter().copied().min_by_key(|runner| runner.total)
    }

    /// Every ordered pair of two different lanes.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Runner<'a>, Runner<'a>)> {
        let pairs = self.runners.iter().flat_map(|a| self.runners.iter().map(move |b| (*a, *b)));
        pairs.filter(|(a, b)| !a.is_same(b))
    }
}

/// Returns true if two first tokens are too close to call.
pub(super) fn start_together(a: Duration, b: Duration) -> bool {
    a.abs_diff(b) <= FIRST_TOKEN_TIE.max(a.min(b).mul_f64(TIE_MARGIN))
}

/// Returns true if `earlier` is before `later` by more than a tie.
pub(super) fn is_before(earlier: Duration, later: Duration) -> bool {
    earlier < later && !start_together(earlier, later)
}

/// Formats a factor: "1.5", "60".
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
pub(super) fn factor(times: f64) -> String {
    if times < 9.95 { format!("{times:.1}") } else { thousands(times.round() as u64) }
}

/// "A", "A and B", "A, B and C".
pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}
