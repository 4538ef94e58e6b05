//! A race as users see it at one moment: [`View::of`] is a pure function of the state.
//!
//! A view holds words and numbers in the form that every platform shows, and texts that each platform clips to its
//! own limits. The renderers of the chat platforms share the rest of this folder:
//!
//! ```text
//! RaceState or Report -> View { lanes: LaneView } -> a platform's renderer
//!                                                      scoreboard  headline, table, a line of each answer
//!                                                      words     wording, bars, excerpts of prompts
//!                                                      markdown  parses answers into one canonical form
//!                                                      fit       clips answers to the room they have
//!                                                      page      splits answers into pages
//!                                                      limits    how much of each text is shown
//!                                                      results   the file with all answers
//!                                                      text      clipping by graphemes, harmless text
//! ```

pub(crate) mod fit;
mod lane;
pub(crate) mod limits;
pub(crate) mod markdown;
pub(crate) mod page;
pub(crate) mod results;
pub(crate) mod scoreboard;
#[cfg(test)]
pub(crate) mod tests;
pub mod text;
pub(crate) mod vote;
pub(crate) mod words;

use std::{sync::Arc, time::Duration};

use crate::{
    button::Button,
    model::ModelCard,
    race::{
        Circumstances, RaceId, blind,
        cost::Cost,
        event::StopCause,
        figures, lesson,
        report::{Report, Status},
        state::{Phase, RaceState},
        usual,
        vote::{AnswerKey, Label, VoteState},
    },
};

pub use self::vote::{Pick, VoteView};

/// A button with its emoji and its label.
pub(crate) type Control = (Button, &'static str, &'static str);

/// The progress of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At least one lane is running.
    Live,
    /// The vote of a blind race is open.
    Voting,
    /// Every lane ended by itself.
    Done,
    /// A user stopped it.
    Stopped,
    /// The service stopped it.
    Interrupted,
}

/// The state of a lane, for colours and marks; [`LaneView::status`] has the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// No part of the answer has arrived.
    Waiting,
    /// Reasoning is arriving.
    Reasoning,
    /// The answer is arriving.
    Writing,
    /// The answer is complete.
    Finished,
    /// The stream ended without a finish reason.
    Truncated,
    /// The call failed.
    Failed,
    /// The lane was stopped.
    Stopped,
}

/// The content of a race message at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The display name of the user who asked. Untrusted text.
    pub asker: String,
    /// The whole prompt. Untrusted text.
    pub prompt: String,
    /// Its circumstances.
    pub circumstances: Circumstances,
    /// The names of the attached files. Untrusted text.
    pub files: Vec<String>,
    /// A sentence about the models that cannot see the attached pictures, if there are any.
    pub sat_out: Option<String>,
    /// Sentences that are shown with the prompt. Untrusted text.
    pub notes: Vec<String>,
    /// The progress of the race.
    pub progress: Progress,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<LaneView>,
    /// The indices of the lanes, best first.
    pub standings: Vec<usize>,
    /// The lesson of a finished race in one line, if there is one.
    pub lesson: Option<String>,
    /// A notice about the pace of the updates.
    pub notice: Option<String>,
    /// The time since the race began ("2.1 s"); `None` once it is over.
    pub elapsed: Option<String>,
    /// The reason why lanes were stopped, if any were.
    pub stopped: Option<StopCause>,
    /// The cost of a finished race ("≈$0.0041"), if prices are known.
    pub cost: Option<String>,
    /// True if any lane is simulated.
    pub simulated: bool,
    /// The vote of a blind race. Until it is closed, `lanes` holds what is known without names and numbers.
    pub vote: Option<VoteView>,
}

/// One lane at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneView {
    /// The model.
    pub card: Arc<ModelCard>,
    /// True if the answer is simulated.
    pub simulated: bool,
    /// Its state.
    pub state: LaneState,
    /// The length of the speed bar in eighths of a cell, 0 to [`BAR_EIGHTHS`], relative to the fastest lane.
    pub bar: u16,
    /// The speed: "214 tok/s", with "≈" if estimated; `None` while there is none.
    pub speed: Option<String>,
    /// The state in words: "waiting, no bytes for 2.1 s", "reasoning 42 s, ≈88 tokens", "done 1.6 s, 231 tokens", or
    /// the failure.
    pub status: String,
    /// The state in a few words: "217 tok/s", "151 tok/s · ✓", "reasoning 42 s", "no bytes for 20 s", "failed".
    pub brief: String,
    /// The numbers of a finished lane.
    pub numbers: Option<Numbers>,
    /// Its milestones so far.
    pub milestones: Milestones,
    /// A note about the provider ("does not list this model today"), if users should know it.
    pub note: Option<String>,
    /// At most [`MAX_ANSWER_CHARS`] of the answer, with its code fences closed: the newest end while it streams, the
    /// beginning once it is over. Untrusted text.
    pub answer: String,
    /// True if the view holds only a part of the answer.
    pub clipped: bool,
}

/// The milestones of a lane as times since its request was sent; `None` until they are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// The first token, of reasoning or of the answer.
    pub first_token: Option<Duration>,
    /// The first token of the answer.
    pub first_answer: Option<Duration>,
    /// The last token of a lane that is over, or the present moment while it is running.
    pub end: Option<Duration>,
}

/// The numbers of a finished lane as text: "n/a" if undefined, "≈" if estimated.
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
    /// The time to first token in seconds, the output tokens and the tokens per second, in at most 4, 4 and 5 columns:
    /// "0.57", "12k", "≈217"; "-" if undefined.
    pub columns: [String; 3],
}

/// The length of a full speed bar in eighths of a cell.
pub const BAR_EIGHTHS: u16 = 16 * 8;

/// The longest part of an answer in a view: more than any platform's message takes.
pub const MAX_ANSWER_CHARS: usize = 8_000;

impl View {
    /// The view of a race. Copies at most [`MAX_ANSWER_CHARS`] of each answer, so the lock on the state is held for
    /// microseconds, or tens of microseconds if a long answer has to be clipped.
    #[must_use]
    pub fn of(state: &RaceState) -> Self {
        match &state.vote {
            VoteState::Awaited => return vote::writing(state),
            VoteState::Opened(vote) if vote.is_open => {
                let report = blind::blinded(&state.report(), &state.telltales).unwrap_or_default();
                return vote::open(&state.asker, &report);
            }
            VoteState::Opened(_) => {
                let report = state.report();
                let view = Self::over(&state.asker, &report);
                return Self { lesson: lesson_of(state, &report), ..view };
            }
            VoteState::None => {}
        }
        let leader = state.lanes.iter().filter_map(lane::speed).fold(0.0, f64::max);
        let mut standings: Vec<usize> = (0..state.lanes.len()).collect();
        standings
            .sort_by(|&a, &b| lane::standing(&state.lanes[a]).total_cmp(&lane::standing(&state.lanes[b])));
        let report = state.is_over().then(|| state.report());
        Self {
            asker: state.asker.clone(),
            prompt: state.prompt.clone(),
            circumstances: state.circumstances.clone(),
            files: state.files.clone(),
            sat_out: words::sat_out(&state.sat_out),
            notes: state.notes.clone(),
            progress: progress(state),
            lanes: state.lanes.iter().map(|lane| LaneView::of(lane, state.now, leader)).collect(),
            standings,
            lesson: report.as_ref().and_then(|report| lesson_of(state, report)),
            notice: None,
            elapsed: report.is_none().then(|| figures::clock(state.now.as_duration())),
            stopped: state.lanes.iter().find_map(|lane| match lane.phase {
                Phase::Stopped(cause) => Some(cause),
                _ => None,
            }),
            cost: report.as_ref().and_then(Cost::summary),
            simulated: state.lanes.iter().any(|lane| lane.simulated),
            vote: None,
        }
    }

    /// The view of a race that `asker` started and whose lanes are over, from its report: the final one, or the vote on a
    /// report that is [blinded](blind::blinded).
    #[must_use]
    pub fn over(asker: &str, report: &Report) -> Self {
        if report.vote.as_ref().is_some_and(|vote| vote.is_open) {
            return vote::open(asker, report);
        }
        let leader = report.lanes.iter().filter_map(lane::last_speed).fold(0.0, f64::max);
        let stopped_by = |cause| report.lanes.iter().any(|lane| lane.status == Status::Stopped(cause));
        Self {
            asker: asker.to_owned(),
            prompt: report.prompt.clone(),
            circumstances: report.circumstances.clone(),
            files: report.files.clone(),
            sat_out: words::sat_out(&report.sat_out),
            notes: report.notes.clone(),
            progress: ending(stopped_by),
            lanes: report.lanes.iter().map(|lane| LaneView::over(lane, leader)).collect(),
            standings: report.order(),
            lesson: lesson::line(report),
            notice: None,
            elapsed: None,
            stopped: report.lanes.iter().find_map(|lane| match lane.status {
                Status::Stopped(cause) => Some(cause),
                _ => None,
            }),
            cost: Cost::summary(report),
            simulated: report.simulated(),
            vote: report.vote.as_ref().map(|vote| vote::closed(vote, report)),
        }
    }

    /// The key of the lane at this index, as buttons name it.
    #[must_use]
    pub fn key_of(&self, lane: usize) -> AnswerKey {
        match Label::at(lane).filter(|_| self.progress == Progress::Voting) {
            Some(label) => AnswerKey::Label(label),
            None => AnswerKey::Lane(lane),
        }
    }

    /// Returns true if the race is over.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self.progress, Progress::Live | Progress::Voting)
    }

    /// Returns the lanes with their indices, best first.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = (usize, &LaneView)> {
        self.standings.iter().filter_map(|&i| Some((i, self.lanes.get(i)?)))
    }

    /// Returns the buttons below the message of `race`.
    pub(crate) fn controls(&self, race: RaceId, is_continuable: bool) -> Vec<Control> {
        if !self.is_final() {
            return vec![(Button::Stop(race), "🛑", "Stop")];
        }
        let again = if self.lanes.len() == 1 { "Ask again" } else { "Race again" };
        let mut controls = vec![(Button::Again(race), "🔁", again)];
        controls.extend(is_continuable.then_some((Button::Continue(race), "💬", "Continue")));
        controls.extend([
            (Button::Answers(race), "📄", "Full answers"),
            (Button::Explain(race), "💡", "Explain"),
        ]);
        if self.is_replayable() {
            controls.extend([(Button::Replay(race), "🎬", "Replay"), (Button::Share(race), "📣", "Share")]);
        }
        controls
    }

    /// Returns the lesson in one line, unless the votes take its place.
    pub(crate) fn shown_lesson(&self) -> Option<&str> {
        self.lesson.as_deref().filter(|_| self.vote.is_none())
    }

    /// Returns true if several models wrote something: then there is a race to play again and to share.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        self.lanes.iter().filter(|lane| lane.milestones.first_token.is_some()).count() > 1
    }
}

/// The lesson of a finished race, and a comparison with the usual speed of one of its models.
fn lesson_of(state: &RaceState, report: &Report) -> Option<String> {
    let sentences = [lesson::line(report), usual::line(report, &state.usual)];
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn progress(state: &RaceState) -> Progress {
    let stopped_by =
        |cause| state.lanes.iter().any(|lane| matches!(lane.phase, Phase::Stopped(by) if by == cause));
    if state.is_over() { ending(stopped_by) } else { Progress::Live }
}

/// The progress of a finished race; `stopped_by` returns true if the cause stopped any lane.
fn ending(stopped_by: impl Fn(StopCause) -> bool) -> Progress {
    if stopped_by(StopCause::Restart) || stopped_by(StopCause::CutOff) {
        Progress::Interrupted
    } else if [StopCause::Asked, StopCause::Deleted, StopCause::Frozen].into_iter().any(stopped_by) {
        Progress::Stopped
    } else {
        Progress::Done
    }
}
