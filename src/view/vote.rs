//! A blind race as users see it: how many are ready, the answers under their letters, the votes.

use jiff::Timestamp;

use super::{LaneView, Progress, View, words};
use crate::race::{
    Circumstances,
    report::{LaneReport, Report},
    state::RaceState,
    vote::{Label, Uncounted, Vote},
};

/// The vote of a blind race.
#[derive(Clone, Debug, PartialEq)]
pub enum VoteView {
    /// The models are writing.
    Writing {
        /// The number of lanes that are over.
        ready: usize,
        /// The number of lanes.
        of: usize,
    },
    /// People are voting on the view's lanes, which are in the order of their labels.
    Open {
        /// The number of people who have voted.
        voters: u64,
        /// The number of models without an answer to vote on.
        left_out: usize,
        /// The time at which the vote closes by itself.
        closes_at: Timestamp,
    },
    /// The vote is over.
    Closed {
        /// The labelled answers, the most picked first.
        picks: Vec<Pick>,
        /// The number of people who voted.
        voters: u64,
        /// The ballots that found no answer good.
        none_good: u64,
        /// The reason why the ballots do not count on the board, if they do not.
        uncounted: Option<Uncounted>,
    },
}

/// The votes for one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The letter under which people saw it.
    pub label: Label,
    /// The index of its lane.
    pub lane: usize,
    /// The ballots that named it best.
    pub best: u64,
    /// The ballots that named it second.
    pub second: u64,
}

/// The view while the models write: the number of those that are ready, and nothing else that moves.
pub(super) fn writing(state: &RaceState) -> View {
    let ready = state.lanes.iter().filter(|lane| lane.phase.is_over()).count();
    View {
        progress: Progress::Live,
        simulated: state.lanes.iter().any(|lane| lane.card.simulated),
        vote: Some(VoteView::Writing { ready, of: state.lanes.len() }),
        circumstances: state.circumstances.clone(),
        files: state.files.clone(),
        sat_out: words::how_many_sat_out(state.sat_out.len()),
        ..without_lanes(&state.asker, &state.prompt, &state.notes)
    }
}

/// The view of an open vote, from a blinded report.
pub(super) fn open(asker: &str, blinded: &Report) -> View {
    let vote = blinded.vote.as_ref();
    View {
        progress: Progress::Voting,
        lanes: blinded.lanes.iter().map(answer).collect(),
        standings: (0..blinded.lanes.len()).collect(),
        simulated: blinded.simulated(),
        vote: vote.map(|vote| VoteView::Open {
            voters: vote.tally.voters,
            left_out: vote.left_out,
            closes_at: vote.closes_at,
        }),
        circumstances: blinded.circumstances.clone(),
        files: blinded.files.clone(),
        sat_out: words::how_many_sat_out(blinded.sat_out.len()),
        ..without_lanes(asker, &blinded.prompt, &blinded.notes)
    }
}

/// An answer without anything that was measured.
fn answer(lane: &LaneReport) -> LaneView {
    LaneView { status: "answered".to_owned(), brief: String::new(), ..LaneView::over(lane, 0.0) }
}

/// The result of a vote.
pub(super) fn closed(vote: &Vote, report: &Report) -> VoteView {
    let picks = vote.labels().filter(|(_, lane)| *lane < report.lanes.len());
    let tally = &vote.tally;
    let mut picks: Vec<Pick> = picks
        .map(|(label, lane)| Pick { label, lane, best: tally.best(label), second: tally.second(label) })
        .collect();
    picks.sort_by_key(|pick| std::cmp::Reverse((pick.best, pick.second)));
    VoteView::Closed { picks, voters: tally.voters, none_good: tally.none_good, uncounted: vote.uncounted }
}

fn without_lanes(asker: &str, prompt: &str, notes: &[String]) -> View {
    View {
        asker: asker.to_owned(),
        prompt: prompt.to_owned(),
        circumstances: Circumstances::default(),
        files: vec![],
        sat_out: None,
        notes: notes.to_vec(),
        progress: Progress::Live,
        lanes: vec![],
        standings: vec![],
        lesson: None,
        notice: None,
        elapsed: None,
        stopped: None,
        cost: None,
        simulated: false,
        vote: None,
    }
}

/// The letters of the answers, in the order of the lanes.
pub(crate) fn labels(view: &View) -> impl Iterator<Item = Label> + '_ {
    (0..view.lanes.len()).filter_map(Label::at)
}

/// The state of the vote in sentences; `None` for a race without one.
pub(crate) fn sentence(view: &View) -> Option<String> {
    Some(match view.vote.as_ref()? {
        VoteView::Writing { ready, of } => {
            format!("{ready} of {of} answers are ready. Names and speeds stay hidden until the vote closes.")
        }
        VoteView::Open { voters, left_out, .. } => {
            let voted = match voters {
                0 => "No votes yet".to_owned(),
                _ => format!("{} voted", have(*voters)),
            };
            format!("{voted}. Ballots are private.{}", without_answer(*left_out))
        }
        VoteView::Closed { voters, uncounted, .. } => {
            let counts = format!("{}: {}", votes(*voters), words::joined(counts(view)));
            uncounted.map_or_else(|| counts.clone(), |reason| format!("{counts}. {}", reason.public()))
        }
    })
}

/// The votes of each answer of a closed vote, the most picked first; empty for any other race.
pub(crate) fn counts(view: &View) -> Vec<String> {
    let Some(VoteView::Closed { picks, none_good, .. }) = &view.vote else { return vec![] };
    picks.iter().map(|pick| pick_of(view, *pick)).chain(none(*none_good)).collect()
}

/// The result of a closed vote in one line; `None` if the race has no vote or no ballot.
pub(crate) fn result(view: &View) -> Option<String> {
    let Some(VoteView::Closed { picks, voters, none_good, .. }) = &view.vote else { return None };
    let first = picks.first().filter(|_| *voters > 0)?;
    let tied = picks.iter().filter(|pick| pick.best == first.best);
    let names: Vec<String> =
        tied.filter_map(|pick| Some(words::model_name(&view.lanes.get(pick.lane)?.card))).collect();
    if *none_good > first.best || first.best == 0 {
        return Some(format!("No answer was good enough: {none_good} of {}", votes(*voters)));
    }
    Some(match names.as_slice() {
        [name] => format!("{name} was picked best: {} of {}", first.best, votes(*voters)),
        [one, other] => format!("{one} and {other} tied with {} each", votes(first.best)),
        several => format!("{} models tied with {} each", several.len(), votes(first.best)),
    })
}

fn pick_of(view: &View, pick: Pick) -> String {
    let name = view.lanes.get(pick.lane).map_or_else(String::new, |lane| words::model_name(&lane.card));
    let second = if pick.second > 0 { format!(" (+{} second)", pick.second) } else { String::new() };
    format!("{} {name} {}{second}", pick.label, pick.best)
}

fn none(ballots: u64) -> Option<String> {
    (ballots > 0).then(|| format!("none is good {ballots}"))
}

fn have(people: u64) -> String {
    if people == 1 { "1 person has".to_owned() } else { format!("{people} people have") }
}

fn without_answer(models: usize) -> String {
    match models {
        0 => String::new(),
        1 => " One model gave no answer.".to_owned(),
        _ => format!(" {models} models gave no answer."),
    }
}

fn votes(ballots: u64) -> String {
    match ballots {
        0 => "No votes".to_owned(),
        1 => "1 vote".to_owned(),
        _ => format!("{ballots} votes"),
    }
}
