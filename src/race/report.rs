//! The results of a race: order, numbers and texts. Everything after the last frame (chart, JSON, explanation,
//! store) is made from a [`Report`] alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    circumstances::Circumstances,
    event::StopCause,
    metrics::Metrics,
    timeline::Timeline,
    vote::{AnswerKey, Vote},
};
use crate::model::{Availability, FinishReason, ModelCard, ModelId, ServedModel};

/// The final status of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The answer is complete: the model stopped with this reason, or the server declared its stream complete.
    Finished(Option<FinishReason>),
    /// The stream ended without a finish reason; the text so far is kept.
    Truncated,
    /// The call failed; the text so far is kept.
    Failed,
    /// The lane was stopped; the text so far is kept.
    Stopped(StopCause),
}

impl Status {
    /// The word of the JSON contract.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Truncated => "truncated",
            Self::Failed => "failed",
            Self::Stopped(_) => "stopped",
        }
    }

    /// Returns true if the answer is complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }
}

/// The results of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneReport {
    /// The model.
    pub card: Arc<ModelCard>,
    /// Its final status.
    pub status: Status,
    /// The answer as received.
    pub answer: String,
    /// The reasoning as received.
    pub reasoning: String,
    /// Its numbers.
    pub metrics: Metrics,
    /// The arrivals of its tokens; empty if there were none, or if the race is older than timelines.
    pub timeline: Timeline,
    /// A sentence for users; `None` if finished.
    pub error: Option<String>,
    /// The model's state at its provider before the start.
    pub availability: Availability,
    /// True if the answer was simulated.
    pub simulated: bool,
    /// The model that answered, as the server names it; `None` if it does not say.
    pub served: Option<ServedModel>,
    /// The provider's own words about its error, clipped and without secrets.
    pub provider_message: Option<String>,
    /// True if the request was sent, so it may have cost something.
    pub was_sent: bool,
}

impl LaneReport {
    /// The decode speed for the model's history: none if another model answered.
    #[must_use]
    pub fn own_speed(&self) -> Option<f64> {
        let is_other = self.served.as_ref().is_some_and(|served| served.is_other);
        self.metrics.tokens_per_second.filter(|_| !is_other)
    }

    /// Returns true if the whole output cap was spent on reasoning.
    #[must_use]
    pub fn spent_on_thinking(&self) -> bool {
        matches!(&self.status, Status::Finished(Some(reason)) if reason.is_length())
            && self.answer.trim().is_empty()
            && !self.reasoning.is_empty()
    }
}

/// The reason why a model takes no part in a race with pictures.
pub const CANNOT_SEE: &str = "cannot see pictures";

/// A model that takes no part in a race, since it cannot see the pictures that belong to the prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SatOut {
    /// Its index in the line-up of the race.
    pub place: usize,
    /// The model.
    pub card: ModelCard,
}

/// The results of a race.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The prompt.
    pub prompt: String,
    /// Sentences that are shown with the prompt, such as what was left out of its conversation.
    pub notes: Vec<String>,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<LaneReport>,
    /// The vote of a blind race, once it was opened.
    pub vote: Option<Vote>,
    /// Its circumstances.
    pub circumstances: Circumstances,
    /// The names of the attached files. Untrusted text.
    pub files: Vec<String>,
    /// The models that take no part. They are apart from the lanes, so that nothing that is counted, drawn or rated has to
    /// leave them out.
    pub sat_out: Vec<SatOut>,
}

impl Report {
    /// The indices of the lanes, best first: finished lanes by speed, finished lanes without a speed, incomplete
    /// lanes, failed lanes.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (rank(&self.lanes[a]), rank(&self.lanes[b]));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)) // a partial order could make the sort panic
        });
        order
    }

    /// Returns the ids of all models, with those that took no part.
    #[must_use]
    pub fn models(&self) -> Vec<ModelId> {
        let lanes = self.lanes.iter().map(|lane| &lane.card.id);
        lanes.chain(self.sat_out.iter().map(|out| &out.card.id)).cloned().collect()
    }

    /// Returns an answer's lane with its index; `None` if there is no such answer.
    #[must_use]
    pub fn lane_at(&self, key: AnswerKey) -> Option<(usize, &LaneReport)> {
        let index = match key {
            AnswerKey::Lane(index) => index,
            AnswerKey::Label(label) => *self.vote.as_ref()?.order.get(label.index())?,
        };
        Some((index, self.lanes.get(index)?))
    }

    /// Returns true if tokens of several lanes arrived and it is recorded when: then the race can be played again.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        self.lanes.iter().filter(|lane| !lane.timeline.is_empty()).count() > 1
    }

    /// Returns true if any lane was simulated.
    #[must_use]
    pub fn simulated(&self) -> bool {
        self.lanes.iter().any(|lane| lane.simulated)
    }

    /// The finished lanes with a decode speed, fastest first.
    #[must_use]
    pub fn podium(&self) -> Vec<(&LaneReport, f64)> {
        let finished =
            self.order().into_iter().map(|i| &self.lanes[i]).filter(|lane| lane.status.is_finished());
        finished.filter_map(|lane| Some((lane, lane.metrics.tokens_per_second?))).collect()
    }
}

/// The sort key of a lane; smaller is better.
fn rank(lane: &LaneReport) -> (u8, f64) {
    let speed = lane.metrics.tokens_per_second.filter(|_| lane.status != Status::Failed);
    let class = match (&lane.status, speed) {
        (Status::Finished(_), Some(_)) => 0,
        (Status::Finished(_), None) => 1,
        (Status::Stopped(_) | Status::Truncated, _) => 2,
        (Status::Failed, _) => 3,
    };
    (class, -speed.unwrap_or(0.0))
}
