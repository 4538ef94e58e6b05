//! What remains when a race is over: order, numbers, texts. Everything after the last frame (chart,
//! JSON, explanation, store) is made from a [`Report`] alone.
//!
//! Must not know how the race was run or shown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{event::StopCause, metrics::Metrics};
use crate::model::{Availability, FinishReason, ModelCard};

/// How a lane ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// With a finish reason.
    Finished(FinishReason),
    /// The stream ended without one; the text so far stands.
    Truncated,
    /// With an error; the text so far stands.
    Failed,
    /// Stopped by a person or a restart; the text so far stands.
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

    /// True when the answer is whole.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }
}

/// A lane when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneReport {
    /// Whose lane.
    pub card: Arc<ModelCard>,
    /// How it ended.
    pub status: Status,
    /// The answer as received.
    pub answer: String,
    /// The reasoning as received.
    pub reasoning: String,
    /// Its numbers.
    pub metrics: Metrics,
    /// One sentence for a person; `None` when finished.
    pub error: Option<String>,
    /// What the provider said of the model before the start.
    pub availability: Availability,
    /// True when no language model stands behind it.
    pub simulated: bool,
    /// True when the request was on its way: it may have cost something.
    pub was_sent: bool,
}

impl LaneReport {
    /// True when the output cap was spent on thinking and no answer came.
    #[must_use]
    pub fn spent_on_thinking(&self) -> bool {
        matches!(&self.status, Status::Finished(reason) if reason.is_length())
            && self.answer.trim().is_empty()
            && !self.reasoning.is_empty()
    }
}

/// A race when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was asked.
    pub prompt: String,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<LaneReport>,
}

impl Report {
    /// Indices of the lanes by speed: finished ones first, the fastest first, those without a speed
    /// and those that failed last.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lanes.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (rank(&self.lanes[a]), rank(&self.lanes[b]));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)) // total: sorting may panic where NaN makes the order partial
        });
        order
    }

    /// True when any lane was simulated.
    #[must_use]
    pub fn simulated(&self) -> bool {
        self.lanes.iter().any(|lane| lane.simulated)
    }

    /// The finished lanes that have a decode speed, fastest first.
    #[must_use]
    pub fn podium(&self) -> Vec<(&LaneReport, f64)> {
        let finished =
            self.order().into_iter().map(|i| &self.lanes[i]).filter(|lane| lane.status.is_finished());
        finished.filter_map(|lane| Some((lane, lane.metrics.tokens_per_second?))).collect()
    }
}

/// Sort key: smaller is better.
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
