//! One model's part of a race: its phase, its texts, its numbers, and the fold of its events.

use std::sync::Arc;

use super::{
    arrivals::{Arrivals, SpeedNote},
    event::{Elapsed, LaneEvent, StopCause},
    metrics::{self, Metrics, Stamps, TokenCount},
    report::{LaneReport, Status},
    timeline::Recording,
};
use crate::{
    estimate,
    model::{Availability, Delta, FinishReason, ModelCard, ModelError, ServedModel, Usage},
};

/// The phase of a lane.
#[derive(Clone, Debug)]
pub enum Phase {
    /// The connection is being prepared.
    Preparing,
    /// The server is loading the model; the request will be sent again.
    Loading,
    /// The request was sent; no part of the answer has arrived.
    Waiting,
    /// Reasoning is arriving.
    Reasoning,
    /// The answer is arriving.
    Writing,
    /// The answer is complete. Without a reason, the server declared its stream complete.
    Finished(Option<FinishReason>),
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
        !matches!(self, Self::Preparing | Self::Loading | Self::Waiting | Self::Reasoning | Self::Writing)
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
    /// The model that answered, as the server names it.
    pub served: Option<ServedModel>,
    /// The provider's own words about its error, clipped and without secrets.
    pub provider_message: Option<String>,
    finish: Option<FinishReason>,
    /// The server declared the stream complete.
    is_done: bool,
    arrivals: Arrivals,
    recording: Recording,
    /// The first read whose content is held back and may turn out to be the answer.
    held_since: Option<Elapsed>,
    /// The events with text before the server's newest output count.
    counted: Option<u64>,
    estimated: u64,
    estimated_reasoning: u64,
    tool_tokens: u64,
    /// A count of the server was dropped, since it cannot be true.
    count_rejected: bool,
}

impl Lane {
    pub(super) fn new(card: Arc<ModelCard>) -> Self {
        Self {
            simulated: card.simulated,
            card,
            phase: Phase::Preparing,
            answer: String::new(),
            reasoning: String::new(),
            stamps: Stamps::default(),
            usage: Usage::default(),
            availability: Availability::Unknown,
            served: None,
            provider_message: None,
            finish: None,
            is_done: false,
            arrivals: Arrivals::default(),
            recording: Recording::default(),
            held_since: None,
            counted: None,
            estimated: 0,
            estimated_reasoning: 0,
            tool_tokens: 0,
            count_rejected: false,
        }
    }

    /// The output tokens so far, and the source of the count. The server's own count is preferred unless more text
    /// arrived after it. Reasoning is added if the server left it out, and a zero despite text is ignored.
    #[must_use]
    pub fn tokens(&self) -> (u64, TokenCount) {
        match self.usage.output_tokens {
            Some(n) if (n > 0 || self.estimated == 0) && self.counted == Some(self.arrivals.events()) => {
                let reasoning = self.usage.reasoning_tokens.unwrap_or(0);
                (if reasoning > n { n.saturating_add(reasoning) } else { n }, TokenCount::Usage)
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

    /// The reasoning tokens that the server counted but did not stream: none, or only a summary of it, arrived.
    fn unseen_reasoning(&self) -> u64 {
        let counted = self.usage.reasoning_tokens.unwrap_or(0);
        if self.estimated_reasoning * 2 < counted { counted - self.estimated_reasoning } else { 0 }
    }

    /// The lane's numbers so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let (output_tokens, token_count) = self.tokens();
        let streamed = match token_count {
            TokenCount::Usage => output_tokens.saturating_sub(self.unseen_reasoning()),
            TokenCount::Estimated => output_tokens,
        };
        // a token has at least one byte
        let streamed = streamed.min(self.arrivals.bytes());
        let speed = metrics::decode_speed(&self.arrivals, streamed, self.usage.server_tokens_per_second);
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
            tokens_per_second: speed.tokens_per_second,
            speed_source: speed.source,
            speed_note: speed.note.or(self.count_rejected.then_some(SpeedNote::CountRejected)),
            end_to_end_tokens_per_second: metrics::end_to_end_speed(&self.stamps, output_tokens),
            server_tokens_per_second: self.usage.server_tokens_per_second,
        }
    }

    pub(super) fn apply(&mut self, at: Elapsed, event: &LaneEvent) {
        if self.phase.is_over() {
            return;
        }
        match event {
            LaneEvent::Prepared(availability) => self.availability = availability.clone(),
            LaneEvent::Delta { arrived, delta } => {
                self.delta(at, *arrived, delta);
                if *arrived > 0 {
                    self.recording.add(at, self.estimated);
                }
            }
            LaneEvent::CountRejected => self.count_rejected = true,
            LaneEvent::Closed | LaneEvent::Failed(ModelError::Truncated) => self.end(at, Phase::Truncated),
            LaneEvent::Failed(error) => self.end(at, Phase::Failed(error.clone())),
        }
    }

    fn delta(&mut self, at: Elapsed, arrived: usize, delta: &Delta) {
        match delta {
            Delta::Sent => {
                self.stamps = Stamps { sent: Some(at), ..Stamps::default() };
                self.arrivals = Arrivals::default();
                self.recording = Recording::default();
                self.held_since = None;
                self.phase = Phase::Waiting;
                return;
            }
            Delta::Ended => {
                self.stamps.ended = Some(at);
                return;
            }
            Delta::ProviderMessage(words) => self.provider_message = Some(words.clone()),
            _ => {}
        }
        self.stamps.last_byte = Some(at);
        if arrived > 0 {
            self.stamps.first_token.get_or_insert(at);
            self.stamps.last_token = Some(at);
            self.arrivals.add(at, arrived);
        }
        match delta {
            Delta::Sent | Delta::Alive | Delta::Ended | Delta::ProviderMessage(_) => {}
            Delta::Loading => self.phase = Phase::Loading,
            Delta::Held => {
                self.held_since.get_or_insert(at);
            }
            Delta::Reasoning(text) => {
                self.held_since = None;
                self.phase = Phase::Reasoning;
                self.reasoning.push_str(text);
                let tokens = estimate::rough(text);
                self.estimated_reasoning += tokens;
                self.estimated += tokens;
            }
            Delta::Text(text) => {
                let since = self.held_since.take().unwrap_or(at);
                self.stamps.first_answer.get_or_insert(since);
                self.phase = Phase::Writing;
                self.answer.push_str(text);
                self.estimated += estimate::rough(text);
            }
            Delta::AnswerWasReasoning => self.answer_was_reasoning(),
            Delta::Tool(text) => {
                self.phase = Phase::Writing;
                let tokens = estimate::rough(text);
                self.tool_tokens += tokens;
                self.estimated += tokens;
            }
            Delta::Usage(usage) => {
                self.usage = self.usage.merged(*usage);
                self.counted = usage.output_tokens.map(|_| self.arrivals.events()).or(self.counted);
            }
            Delta::Simulated => self.simulated = true,
            Delta::Served(model) => self.served = Some(model.clone()),
            Delta::Finished(reason) => self.finish = Some(reason.clone()),
            Delta::Done => self.is_done = true,
        }
    }

    fn answer_was_reasoning(&mut self) {
        let answer = std::mem::take(&mut self.answer);
        self.estimated_reasoning += estimate::rough(&answer);
        self.reasoning.push_str(&answer);
        self.stamps.first_answer = None;
        self.held_since = None;
        self.phase = Phase::Reasoning;
    }

    /// Ends the lane. After a finish reason, or content and `[DONE]`, the answer is complete, whatever happens to the
    /// connection. The time of [`Delta::Ended`] takes precedence over `at`. Where the server reported no count, the tokens are
    /// estimated from the whole text; not for a restart, as which every checkpoint ends the race.
    pub(super) fn end(&mut self, at: Elapsed, phase: Phase) {
        let has_content = self.stamps.first_token.is_some();
        let reason = self.finish.take();
        let is_complete = reason.is_some() || (self.is_done && has_content);
        self.phase = match phase {
            Phase::Truncated | Phase::Stopped(_) if is_complete => Phase::Finished(reason),
            Phase::Failed(error) if is_complete && error.is_transport() => Phase::Finished(reason),
            Phase::Truncated if !has_content => Phase::Failed(ModelError::Empty),
            phase => phase,
        };
        self.stamps.ended.get_or_insert(at);
        if self.lacks_count() && !matches!(self.phase, Phase::Stopped(StopCause::Restart)) {
            self.estimated_reasoning = estimate::tokens(&self.reasoning);
            self.estimated = self.estimated_reasoning + estimate::tokens(&self.answer) + self.tool_tokens;
        }
    }

    /// Returns true if there is text whose tokens the server did not report.
    #[must_use]
    pub fn lacks_count(&self) -> bool {
        self.estimated > 0 && self.tokens().1 == TokenCount::Estimated
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

    pub(super) fn report(&self) -> LaneReport {
        let cut_off = || (Status::Truncated, Some(ModelError::Truncated.public()));
        let (status, error) = self.outcome().unwrap_or_else(cut_off);
        LaneReport {
            card: Arc::clone(&self.card),
            status,
            answer: self.answer.clone(),
            reasoning: self.reasoning.clone(),
            metrics: self.metrics(),
            timeline: self.recording.timeline(self.stamps.sent, self.tokens().0),
            error,
            availability: self.availability.clone(),
            simulated: self.simulated,
            served: self.served.clone(),
            provider_message: self.provider_message.clone(),
            was_sent: self.stamps.sent.is_some(),
        }
    }
}
