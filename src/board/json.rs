//! The board for scripts. Its keys are documented and stay.

use serde::Serialize;

use super::{Board, Standing};

/// The JSON of `board --json`.
#[derive(Clone, Debug, Serialize)]
pub struct BoardJson<'a> {
    ballots: usize,
    voters: usize,
    races: usize,
    none_good: usize,
    verdict: &'static str,
    leader: Option<&'a str>,
    models: Vec<ModelJson<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct ModelJson<'a> {
    model: &'a str,
    theta: f64,
    standard_error: f64,
    p_best: f64,
    pick_rate: f64,
    pick_rate_low: f64,
    pick_rate_high: f64,
    tier: usize,
}

impl<'a> BoardJson<'a> {
    /// Returns the JSON of `board`.
    #[must_use]
    pub fn of(board: &'a Board) -> Self {
        Self {
            ballots: board.counts.ballots,
            voters: board.counts.voters,
            races: board.counts.races,
            none_good: board.counts.none_good,
            verdict: board.verdict.as_str(),
            leader: board.leader().map(|leader| &*leader.contender),
            models: board.standings.iter().map(ModelJson::of).collect(),
        }
    }
}

impl<'a> ModelJson<'a> {
    fn of(standing: &'a Standing) -> Self {
        Self {
            model: &standing.contender,
            theta: standing.theta,
            standard_error: standing.standard_error,
            p_best: standing.p_best,
            pick_rate: standing.pick_rate,
            pick_rate_low: standing.pick_rate_low,
            pick_rate_high: standing.pick_rate_high,
            tier: standing.tier,
        }
    }
}
