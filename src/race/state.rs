//! The fold: [`RaceState::apply`] takes one event at a time and is the only function that changes a race.
//!
//! Laws (property-tested in `tests/laws/fold.rs`): events of different lanes commute, a lane that is over never
//! changes again, a failed lane never affects another.

use std::sync::Arc;

pub use super::lane::{Lane, Phase};
use super::{
    blind::Telltales,
    circumstances::Circumstances,
    event::{Elapsed, EventKind, RaceEvent},
    report::{Report, SatOut},
    usual::UsualSpeed,
    vote::VoteState,
};
use crate::model::ModelCard;

/// A race at one moment.
#[derive(Clone, Debug)]
pub struct RaceState {
    /// The display name of the user who asked.
    pub asker: String,
    /// The prompt.
    pub prompt: String,
    /// Its circumstances.
    pub circumstances: Circumstances,
    /// Sentences that are shown with the prompt.
    pub notes: Vec<String>,
    /// The lanes in the order of the line-up.
    pub lanes: Vec<Lane>,
    /// The time of the newest event.
    pub now: Elapsed,
    /// The phase of its vote.
    pub vote: VoteState,
    /// The words by which the models of a blind race could be recognised.
    pub telltales: Arc<Telltales>,
    /// The usual speeds of its models, in the order of the lanes, as far as they are known.
    pub usual: Vec<Option<UsualSpeed>>,
    /// The names of the attached files.
    pub files: Vec<String>,
    /// The models that take no part.
    pub sat_out: Vec<SatOut>,
}

impl RaceState {
    /// Creates a race before its start, with one lane per card.
    #[must_use]
    pub fn new(asker: &str, prompt: &str, cards: impl IntoIterator<Item = Arc<ModelCard>>) -> Self {
        Self {
            asker: asker.to_owned(),
            prompt: prompt.to_owned(),
            circumstances: Circumstances::default(),
            notes: vec![],
            lanes: cards.into_iter().map(Lane::new).collect(),
            now: Elapsed::default(),
            vote: VoteState::None,
            telltales: Arc::default(),
            usual: vec![],
            files: vec![],
            sat_out: vec![],
        }
    }

    /// Returns this race as a blind one, whose answers are masked with `telltales`.
    #[must_use]
    pub fn blind(self, telltales: Arc<Telltales>) -> Self {
        Self { vote: VoteState::Awaited, telltales, ..self }
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
            EventKind::Vote(vote) => self.vote = vote.clone(),
            EventKind::Stop(cause) => {
                for lane in self.lanes.iter_mut().filter(|lane| !lane.phase.is_over()) {
                    lane.end(event.at, Phase::Stopped(*cause));
                }
            }
        }
    }

    /// Returns true if every lane is over, and the vote if there is one.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lanes_are_over() && !self.vote.is_pending()
    }

    /// Returns true if every lane is over.
    #[must_use]
    pub fn lanes_are_over(&self) -> bool {
        self.lanes.iter().all(|lane| lane.phase.is_over())
    }

    /// The results so far. Lanes that still run are reported as truncated.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            prompt: self.prompt.clone(),
            notes: self.notes.clone(),
            circumstances: self.circumstances.clone(),
            lanes: self.lanes.iter().map(Lane::report).collect(),
            vote: self.vote.opened().cloned(),
            files: self.files.clone(),
            sat_out: self.sat_out.clone(),
        }
    }
}
