//! The part of a lane's report that enters the history.

use crate::race::{
    metrics::TokenCount,
    report::{LaneReport, Status},
};

/// The fewest output tokens of a speed: shorter answers are measured too coarsely.
const MIN_OUTPUT_TOKENS: u64 = 64;
/// Prompts from this length on take noticeable time before the first token.
const MAX_PROMPT_TOKENS: u64 = 1_000;

/// The numbers of a lane for the history of its model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The decode speed in tokens per second, if it says something about the model.
    pub speed: Option<f64>,
    /// The time to first token in seconds, if the prompt was short and not cached.
    pub first_token: Option<f64>,
    /// True if the answer failed or broke off.
    pub has_failed: bool,
}

impl Measured {
    /// The numbers of `lane`; `None` if it was simulated, stopped by a user or answered by another model.
    #[must_use]
    pub fn of(lane: &LaneReport) -> Option<Self> {
        let is_other = lane.served.as_ref().is_some_and(|served| served.is_other);
        if lane.simulated || is_other || matches!(lane.status, Status::Stopped(_)) {
            return None;
        }
        if !lane.status.is_finished() {
            return Some(Self { speed: None, first_token: None, has_failed: true });
        }
        let is_cached = is_mostly_cached(lane);
        // a lane has a speed only if its tokens were seen to stream
        let is_counted = lane.metrics.token_count == TokenCount::Usage
            && lane.metrics.output_tokens >= MIN_OUTPUT_TOKENS
            && !is_cached;
        let is_short = lane.metrics.prompt_tokens.is_some_and(|tokens| tokens < MAX_PROMPT_TOKENS);
        let first_token = lane.metrics.ttft.map(|time| time.as_secs_f64());
        let is_positive = |value: &f64| value.is_finite() && *value > 0.0;
        Some(Self {
            speed: lane.own_speed().filter(|_| is_counted).filter(is_positive),
            first_token: first_token.filter(|_| is_short && !is_cached).filter(is_positive),
            has_failed: false,
        })
    }
}

/// Returns true if more than half of the prompt came from the server's cache.
fn is_mostly_cached(lane: &LaneReport) -> bool {
    match (lane.metrics.cached_tokens, lane.metrics.prompt_tokens) {
        (Some(cached), Some(prompt)) => cached.saturating_mul(2) > prompt,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::{Color, ModelCard, ModelId, ServedModel},
        race::{
            event::{Elapsed, EventKind, RaceEvent, StopCause},
            state::RaceState,
        },
    };

    fn finished() -> LaneReport {
        let card = ModelCard {
            id: ModelId::new("a"),
            name: "A".into(),
            icon: String::new(),
            size: String::new(),
            best_for: String::new(),
            color: Color { r: 0, g: 0, b: 0 },
            provider: "p".into(),
            simulated: false,
            vision: false,
            prices: None,
        };
        let mut state = RaceState::new("", "", [card.into()]);
        state.apply(&RaceEvent { at: Elapsed::default(), kind: EventKind::Stop(StopCause::Restart) });
        let mut lane = state.report().lanes.remove(0);
        lane.status = Status::Finished(None);
        lane.metrics.token_count = TokenCount::Usage;
        lane.metrics.output_tokens = 64;
        lane.metrics.prompt_tokens = Some(999);
        lane.metrics.cached_tokens = Some(499);
        lane.metrics.tokens_per_second = Some(97.0);
        lane.metrics.ttft = Some(Duration::from_millis(250));
        lane
    }

    fn measured(change: impl FnOnce(&mut LaneReport)) -> Option<Measured> {
        let mut lane = finished();
        change(&mut lane);
        Measured::of(&lane)
    }

    #[test]
    fn a_finished_lane_gives_a_speed_and_a_first_token() {
        let both = Measured { speed: Some(97.0), first_token: Some(0.25), has_failed: false };
        assert_eq!(measured(|_| ()), Some(both));
        let no_speed = Some(Measured { speed: None, ..both });
        assert_eq!(measured(|lane| lane.metrics.output_tokens = 63), no_speed);
        assert_eq!(measured(|lane| lane.metrics.token_count = TokenCount::Estimated), no_speed);
        assert_eq!(measured(|lane| lane.metrics.tokens_per_second = None), no_speed);
        let no_first_token = Some(Measured { first_token: None, ..both });
        assert_eq!(measured(|lane| lane.metrics.prompt_tokens = Some(1_000)), no_first_token);
        assert_eq!(measured(|lane| lane.metrics.prompt_tokens = None), no_first_token);
        let neither = Some(Measured { speed: None, first_token: None, has_failed: false });
        assert_eq!(measured(|lane| lane.metrics.cached_tokens = Some(500)), neither);
    }

    #[test]
    fn a_failure_counts_and_what_says_nothing_of_the_model_does_not() {
        let failed = Some(Measured { speed: None, first_token: None, has_failed: true });
        assert_eq!(measured(|lane| lane.status = Status::Failed), failed);
        assert_eq!(measured(|lane| lane.status = Status::Truncated), failed);
        assert_eq!(measured(|lane| lane.status = Status::Stopped(StopCause::Restart)), None);
        assert_eq!(measured(|lane| lane.simulated = true), None);
        let served = ServedModel { name: "b".into(), is_other: true };
        assert_eq!(measured(|lane| lane.served = Some(served)), None);
    }
}
