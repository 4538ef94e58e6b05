//! The fold: [`RaceState::apply`] takes one event at a time and is the only function that changes a race.
//!
//! Laws (property-tested in `tests/laws/fold.rs`): events of different lanes commute, a lane that is over never
//! changes again, a failed lane never affects another.

use std::sync::Arc;

use super::{
    estimate,
    event::{Elapsed, EventKind, LaneEvent, RaceEvent, StopCause},
    metrics::{self, Metrics, Stamps, TokenCount},
    report::{LaneReport, Report, Status},
};
use crate::model::{Availability, Delta, FinishReason, ModelCard, ModelError, Usage};

/// The phase of a lane.
#[derive(Clone, Debug)]
pub enum Phase {
    /// The connection is being prepared.
    Preparing,
    /// The request was sent; no part of the answer has arrived.
    Waiting,
    /// Reasoning is arriving.
    Reasoning,
    /// The answer is arriving.
    Writing,
    /// The answer is complete.
    Finished(FinishReason),
    /// The stream ended without a finish reason.
    Truncated,
    /// The call failed.
    Failed(ModelError),
    /// The lane was stopped.
    Stopped(StopCause),
}

impl Phase {
    /// Returns true if the lane has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Preparing | Self::Waiting | Self::Reasoning | Self::Writing)
    }
}

/// One model's part of a race.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The model.
    pub card: Arc<ModelCard>,
    /// Its phase.
    pub phase: Phase,
    /// The answer so far.
    pub answer: String,
    /// The reasoning so far.
    pub reasoning: String,
    /// The times of its milestones.
    pub stamps: Stamps,
    /// The counts that the server reported so far.
    pub usage: Usage,
    /// The model's state at its provider before the start.
    pub availability: Availability,
    /// True if the answer is simulated.
    pub simulated: bool,
    finish: Option<FinishReason>,
    /// The time of the server's newest output count.
    counted: Option<Elapsed>,
    estimated: u64,
    estimated_reasoning: u64,
    tool_tokens: u64,
}

impl Lane {
    fn new(card: Arc<ModelCard>) -> Self {
        Self {
            simulated: card.simulated,
            card,
            phase: Phase::Preparing,
            answer: String::new(),
            reasoning: String::new(),
            stamps: Stamps::default(),
            usage: Usage::default(),
            availability: Availability::Unknown,
            finish: None,
            counted: None,
            estimated: 0,
            estimated_reasoning: 0,
            tool_tokens: 0,
        }
    }

    /// The output tokens so far, and the source of the count. The server's own count is preferred unless more text
    /// arrived after it. Reasoning is added if the server left it out, and a zero despite text is ignored.
    #[must_use]
    pub fn tokens(&self) -> (u64, TokenCount) {
        match self.usage.output_tokens {
            Some(n) if (n > 0 || self.estimated == 0) && self.counted >= self.stamps.last_token => {
                let reasoning = self.usage.reasoning_tokens.unwrap_or(0);
                (if reasoning > n { n + reasoning } else { n }, TokenCount::Usage)
            }
            _ => (self.estimated, TokenCount::Estimated),
        }
    }

    /// The reasoning tokens so far, and the source of the count; `None` if there were none.
    #[must_use]
    pub fn reasoning_tokens(&self) -> Option<(u64, TokenCount)> {
        match self.usage.reasoning_tokens {
            Some(n) if n > 0 => Some((n, TokenCount::Usage)),
            _ if self.estimated_reasoning > 0 => Some((self.estimated_reasoning, TokenCount::Estimated)),
            _ => None,
        }
    }

    /// The lane's numbers so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let (output_tokens, token_count) = self.tokens();
        let since_sent = |at: Option<Elapsed>| Some(at?.since(self.stamps.sent?));
        Metrics {
            prompt_tokens: self.usage.prompt_tokens,
            output_tokens,
            reasoning_tokens: self.usage.reasoning_tokens,
            token_count,
            cached_tokens: self.usage.cached_tokens,
            ttft: since_sent(self.stamps.first_token),
            ttfa: since_sent(self.stamps.first_answer),
            total: since_sent(self.stamps.last_token),
            tokens_per_second: metrics::decode_speed(&self.stamps, output_tokens),
            end_to_end_tokens_per_second: metrics::end_to_end_speed(&self.stamps, output_tokens),
            server_tokens_per_second: self.usage.server_tokens_per_second,
        }
    }

    fn apply(&mut self, at: Elapsed, event: &LaneEvent) {
        if self.phase.is_over() {
            return;
        }
        match event {
            LaneEvent::Prepared(availability) => self.availability = availability.clone(),
            LaneEvent::Delta(delta) => self.delta(at, delta),
            LaneEvent::Closed | LaneEvent::Failed(ModelError::Truncated) => self.end(at, Phase::Truncated),
            LaneEvent::Failed(error) => self.end(at, Phase::Failed(error.clone())),
        }
    }

    fn delta(&mut self, at: Elapsed, delta: &Delta) {
        if matches!(delta, Delta::Sent) {
            self.stamps = Stamps { sent: Some(at), ..Stamps::default() };
            self.phase = Phase::Waiting;
            return;
        }
        if matches!(delta, Delta::Ended) {
            self.stamps.ended = Some(at);
            return;
        }
        self.stamps.last_byte = Some(at);
        match delta {
            Delta::Sent | Delta::Alive | Delta::Ended => {}
            Delta::Reasoning(text) => {
                self.token_read(at);
                self.phase = Phase::Reasoning;
                self.reasoning.push_str(text);
                let tokens = estimate::tokens(text);
                self.estimated_reasoning += tokens;
                self.estimated += tokens;
            }
            Delta::Text(text) => {
                self.token_read(at);
                self.stamps.first_answer.get_or_insert(at);
                self.phase = Phase::Writing;
                self.answer.push_str(text);
                self.estimated += estimate::tokens(text);
            }
            Delta::Tool(text) => {
                self.token_read(at);
                self.phase = Phase::Writing;
                let tokens = estimate::tokens(text);
                self.tool_tokens += tokens;
                self.estimated += tokens;
            }
            Delta::Usage(usage) => {
                self.usage = self.usage.merged(*usage);
                self.counted = usage.output_tokens.map(|_| at).or(self.counted);
            }
            Delta::Simulated => self.simulated = true,
            Delta::Finished(reason) => self.finish = Some(reason.clone()),
        }
    }

    fn token_read(&mut self, at: Elapsed) {
        self.stamps.first_token.get_or_insert(at);
        self.stamps.last_token = Some(at);
    }

    /// Ends the lane. After a finish reason the answer is complete, whatever happens to the connection. The time of
    /// [`Delta::Ended`] takes precedence over `at`. The tokens are estimated again, from the whole text instead of
    /// delta by delta, which is more accurate.
    fn end(&mut self, at: Elapsed, phase: Phase) {
        self.phase = match (self.finish.take(), phase) {
            (Some(reason), Phase::Truncated | Phase::Stopped(_)) => Phase::Finished(reason),
            (Some(reason), Phase::Failed(error)) if error.is_transport() => Phase::Finished(reason),
            (_, phase) => phase,
        };
        self.stamps.ended.get_or_insert(at);
        self.estimated_reasoning = estimate::tokens(&self.reasoning);
        self.estimated = self.estimated_reasoning + estimate::tokens(&self.answer) + self.tool_tokens;
    }

    /// The final status, with a sentence for users unless the lane finished; `None` while it runs.
    #[must_use]
    pub fn outcome(&self) -> Option<(Status, Option<String>)> {
        Some(match &self.phase {
            Phase::Finished(reason) => (Status::Finished(reason.clone()), None),
            Phase::Failed(error) => (Status::Failed, Some(error.public())),
            Phase::Stopped(cause) => (Status::Stopped(*cause), Some(cause.public().to_owned())),
            Phase::Truncated => (Status::Truncated, Some(ModelError::Truncated.public())),
            _ => return None,
        })
    }

    fn report(&self) -> LaneReport {
        let cut_off = || (Status::Truncated, Some(ModelError::Truncated.public()));
        let (status, error) = self.outcome().unwrap_or_else(cut_off);
        LaneReport {
            card: Arc::clone(&self.card),
            status,
            answer: self.answer.clone(),
            reasoning: self.reasoning.clone(),
            metrics: self.metrics(),
            error,
            availability: self.availability.clone(),
            simulated: self.simulated,
            was_sent: self.stamps.sent.is_some(),
        }
    }
}

/// A race at one moment.
#[derive(Clone, Debug)]
pub struct RaceState {
    /// The display name of the user who asked.
    pub asker: String,
    /// The prompt.
    pub prompt: String,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<Lane>,
    /// The time of the newest event.
    pub now: Elapsed,
}

impl RaceState {
    /// Creates a race before its start, with one lane per card.
    #[must_use]
    pub fn new(asker: &str, prompt: &str, cards: impl IntoIterator<Item = Arc<ModelCard>>) -> Self {
        Self {
            asker: asker.to_owned(),
            prompt: prompt.to_owned(),
            lanes: cards.into_iter().map(Lane::new).collect(),
            now: Elapsed::default(),
        }
    }

    /// Applies one event. An event for a lane that is over or does not exist only advances the time.
    pub fn apply(&mut self, event: &RaceEvent) {
        if self.is_over() {
            return;
        }
        self.now = self.now.max(event.at);
        match &event.kind {
            EventKind::Lane(index, lane_event) => {
                if let Some(lane) = self.lanes.get_mut(*index) {
                    lane.apply(event.at, lane_event);
                }
            }
            EventKind::Tick => {}
            EventKind::Stop(cause) => {
                for lane in self.lanes.iter_mut().filter(|lane| !lane.phase.is_over()) {
                    lane.end(event.at, Phase::Stopped(*cause));
                }
            }
        }
    }

    /// Returns true if every lane is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lanes.iter().all(|lane| lane.phase.is_over())
    }

    /// The results so far. Lanes that still run are reported as truncated.
    #[must_use]
    pub fn report(&self) -> Report {
        Report { prompt: self.prompt.clone(), lanes: self.lanes.iter().map(Lane::report).collect() }
    }
}
