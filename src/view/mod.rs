//! What people see of a race at one moment: [`View::of`] is a pure function of the state.
//!
//! A view holds words and figures as every platform shows them, and texts that each platform clips to
//! its own limits. Beside it stands what chats share in showing one: `markdown` reads answers, `fit` cuts them,
//! `table` aligns figures, `words` and `name` say the same everywhere, `answers` is the file with everything.
//! Must not know platforms, a clock or the network.

pub(crate) mod answers;
pub(crate) mod fit;
mod lane;
pub(crate) mod markdown;
pub(crate) mod name;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
pub(crate) mod words;

use std::sync::Arc;

use crate::{
    model::ModelCard,
    race::{
        cost::Cost,
        event::StopCause,
        lesson,
        report::{Report, Status},
        state::{Phase, RaceState},
    },
};

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Still moving.
    Live,
    /// Every lane is over by itself.
    Done,
    /// A person stopped it.
    Stopped,
    /// The service stopped it.
    Interrupted,
}

/// What a lane is doing, for colours and marks; the words stand in [`LaneView::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// Nothing of the answer yet.
    Waiting,
    /// Thinking.
    Reasoning,
    /// Answering.
    Writing,
    /// Whole.
    Finished,
    /// Over without a finish reason.
    Truncated,
    /// Over with an error.
    Failed,
    /// Stopped.
    Stopped,
}

/// A live message at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Who asked. Untrusted text.
    pub asker: String,
    /// What was asked. Untrusted text, whole.
    pub prompt: String,
    /// How far it is.
    pub progress: Progress,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<LaneView>,
    /// Indices of the lanes in the order of the standings.
    pub standings: Vec<usize>,
    /// One line of what this race shows, when it is over and there is something to say.
    pub lesson: Option<String>,
    /// What people should know of the pace.
    pub notice: Option<String>,
    /// What the race cost ("≈$0.0041"), when it is over and prices are known.
    pub cost: Option<String>,
    /// True when any lane is simulated.
    pub simulated: bool,
}

/// One lane at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneView {
    /// Whose.
    pub card: Arc<ModelCard>,
    /// True when no language model stands behind it.
    pub simulated: bool,
    /// What it is doing.
    pub state: LaneState,
    /// Length of the speed bar in eighths of a cell, 0 to [`BAR_EIGHTHS`], scaled to the leader.
    pub bar: u16,
    /// "214 tok/s", with "≈" where estimated; `None` while there is no speed.
    pub speed: Option<String>,
    /// "waiting, no bytes for 2.1 s", "reasoning 42 s, ≈88 tokens", "done 1.6 s, 231 tokens", a failure.
    pub status: String,
    /// The numbers when the lane is over: first token, total, tokens, tok/s.
    pub numbers: Option<Numbers>,
    /// What the provider said that people should know ("not listed by the provider today"), if anything.
    pub note: Option<String>,
    /// The answer, at most [`ANSWER_CHARS`] of it: its newest end while it streams, its beginning when it
    /// is over; fences are closed. Untrusted text.
    pub answer: String,
    /// True when the view holds only a part of the answer.
    pub clipped: bool,
}

/// A finished lane's numbers, as text; "n/a" where undefined, "≈" where estimated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Time to first token.
    pub ttft: String,
    /// Time to the last token.
    pub total: String,
    /// Output tokens.
    pub tokens: String,
    /// Tokens per second.
    pub speed: String,
}

/// Cells of a full speed bar, times eight.
pub const BAR_EIGHTHS: u16 = 16 * 8;

/// The most that a view holds of one answer: more than any platform's message takes.
pub const ANSWER_CHARS: usize = 8_000;

impl View {
    /// The view of a race. Copies at most [`ANSWER_CHARS`] of each answer, so the state's lock is held
    /// for some microseconds, for some tens of them where a long answer has to be clipped.
    #[must_use]
    pub fn of(state: &RaceState) -> Self {
        let leader = state.lanes.iter().filter_map(lane::speed).fold(0.0, f64::max);
        let mut standings: Vec<usize> = (0..state.lanes.len()).collect();
        standings
            .sort_by(|&a, &b| lane::standing(&state.lanes[a]).total_cmp(&lane::standing(&state.lanes[b])));
        let report = state.is_over().then(|| state.report());
        Self {
            asker: state.asker.clone(),
            prompt: state.prompt.clone(),
            progress: progress(state),
            lanes: state.lanes.iter().map(|lane| LaneView::of(lane, state.now, leader)).collect(),
            standings,
            lesson: report.as_ref().and_then(lesson::line),
            notice: None,
            cost: report.as_ref().and_then(Cost::summary),
            simulated: state.lanes.iter().any(|lane| lane.simulated),
        }
    }

    /// The last view of a race that is over, as it was asked by `asker`.
    #[must_use]
    pub fn over(asker: &str, report: &Report) -> Self {
        let leader = report.lanes.iter().filter_map(lane::last_speed).fold(0.0, f64::max);
        let stopped_by = |cause| report.lanes.iter().any(|lane| lane.status == Status::Stopped(cause));
        Self {
            asker: asker.to_owned(),
            prompt: report.prompt.clone(),
            progress: ending(stopped_by),
            lanes: report.lanes.iter().map(|lane| LaneView::over(lane, leader)).collect(),
            standings: report.order(),
            lesson: lesson::line(report),
            notice: None,
            cost: Cost::summary(report),
            simulated: report.simulated(),
        }
    }

    /// True when nothing will change any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.progress != Progress::Live
    }
}

fn progress(state: &RaceState) -> Progress {
    let stopped_by =
        |cause| state.lanes.iter().any(|lane| matches!(lane.phase, Phase::Stopped(by) if by == cause));
    if state.is_over() { ending(stopped_by) } else { Progress::Live }
}

/// How a race ended of which one can say whether a cause stopped any of its lanes.
fn ending(stopped_by: impl Fn(StopCause) -> bool) -> Progress {
    if stopped_by(StopCause::Restart) || stopped_by(StopCause::CutOff) {
        Progress::Interrupted
    } else if [StopCause::Asked, StopCause::Deleted, StopCause::Frozen].into_iter().any(stopped_by) {
        Progress::Stopped
    } else {
        Progress::Done
    }
}
