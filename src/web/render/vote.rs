//! The vote of a blind race in the JSON of its message.

use serde::Serialize;

use super::Owned;
use crate::{
    race::vote::Uncounted,
    view::{Pick, View, VoteView, vote},
};

/// The vote, with its state in words.
#[derive(Serialize)]
pub(super) struct VoteDto {
    text: Owned,
    #[serde(flatten)]
    state: VoteStateDto,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
enum VoteStateDto {
    Writing { ready: usize, of: usize },
    Open { voters: u64, closes_at: String },
    Closed { voters: u64, none_good: u64, picks: Vec<PickDto>, note: Option<&'static str> },
}

#[derive(Serialize)]
struct PickDto {
    label: String,
    /// The index of the lane.
    lane: usize,
    best: u64,
    second: u64,
}

impl VoteDto {
    /// The vote of a view; `None` for a race without one.
    pub(super) fn of(view: &View) -> Option<Self> {
        let state = match view.vote.as_ref()? {
            VoteView::Writing { ready, of } => VoteStateDto::Writing { ready: *ready, of: *of },
            VoteView::Open { voters, closes_at, .. } => {
                VoteStateDto::Open { voters: *voters, closes_at: closes_at.to_string() }
            }
            VoteView::Closed { picks, voters, none_good, uncounted } => VoteStateDto::Closed {
                voters: *voters,
                none_good: *none_good,
                picks: picks.iter().map(pick).collect(),
                note: uncounted.map(Uncounted::public),
            },
        };
        Some(Self { text: Owned(vote::sentence(view)?), state })
    }
}

fn pick(pick: &Pick) -> PickDto {
    PickDto { label: pick.label.to_string(), lane: pick.lane, best: pick.best, second: pick.second }
}
