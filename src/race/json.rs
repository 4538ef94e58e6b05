//! A race as JSON, for scripts: `compare --json` and the export of the local channel. Every key is always there, `null` where unknown; keys may be added, never renamed.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    Record,
    arrivals::SpeedNote,
    lesson,
    metrics::{SpeedSource, TokenCount},
    report::{CANNOT_SEE, LaneReport, Report, Status},
    vote::{Label, Tally, Uncounted},
};
use crate::model::{FinishReason, ModelCard};

/// A race.
#[derive(Serialize)]
pub struct Race<'a> {
    #[serde(rename = "race")]
    id: String,
    /// The race that it continues.
    parent: Option<String>,
    prompt: &'a str,
    files: &'a [String],
    simulated: bool,
    started_at: String,
    lesson: Option<String>,
    lanes: Vec<Lane<'a>>,
    vote: Option<ClosedVote<'a>>,
}

/// The result of a blind race's vote; its keys are the letters of the answers.
#[derive(Serialize)]
struct ClosedVote<'a> {
    /// The ids of the models.
    labels: BTreeMap<String, &'a str>,
    /// The ballots that named an answer best.
    best: BTreeMap<String, u64>,
    /// The ballots that named an answer second.
    second: BTreeMap<String, u64>,
    none_good: u64,
    voters: u64,
    /// The reason why the vote is not on the board.
    uncounted: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Lane<'a> {
    model: &'a str,
    name: &'a str,
    provider: &'a str,
    simulated: bool,
    status: &'static str,
    finish_reason: Option<&'a str>,
    answer: &'a str,
    reasoning: &'a str,
    output_tokens: u64,
    reasoning_tokens: Option<u64>,
    token_count: &'static str,
    cached_tokens: Option<u64>,
    ttft_ms: Option<f64>,
    ttfa_ms: Option<f64>,
    total_ms: Option<f64>,
    tokens_per_second: Option<f64>,
    end_to_end_tokens_per_second: Option<f64>,
    server_tokens_per_second: Option<f64>,
    speed_source: Option<&'static str>,
    speed_note: Option<&'static str>,
    served_model: Option<&'a str>,
    provider_message: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Race<'a> {
    /// Returns the JSON form of `record`.
    #[must_use]
    pub fn of(record: &'a Record) -> Self {
        Self {
            id: record.id.to_string(),
            parent: record.report.circumstances.parent.map(|parent| parent.to_string()),
            prompt: &record.report.prompt,
            files: &record.report.files,
            simulated: record.report.simulated(),
            started_at: record.started_at.to_string(),
            lesson: lesson::line(&record.report),
            lanes: lanes(&record.report),
            vote: ClosedVote::of(&record.report),
        }
    }
}

impl<'a> ClosedVote<'a> {
    /// The result of a vote; `None` while it is open.
    fn of(report: &'a Report) -> Option<Self> {
        let vote = report.vote.as_ref().filter(|vote| !vote.is_open)?;
        let counts = |count: fn(&Tally, Label) -> u64| {
            vote.labels().map(|(label, _)| (label.to_string(), count(&vote.tally, label))).collect()
        };
        let model = |(label, lane): (Label, usize)| {
            Some((label.to_string(), report.lanes.get(lane)?.card.id.as_str()))
        };
        Some(Self {
            labels: vote.labels().filter_map(model).collect(),
            best: counts(Tally::best),
            second: counts(Tally::second),
            none_good: vote.tally.none_good,
            voters: vote.tally.voters,
            uncounted: vote.uncounted.map(Uncounted::as_str),
        })
    }
}

/// All models of a race in the order of its line-up, with those that took no part.
fn lanes(report: &Report) -> Vec<Lane<'_>> {
    let mut lanes: Vec<Lane<'_>> = report.lanes.iter().map(Lane::of).collect();
    for out in &report.sat_out {
        lanes.insert(out.place.min(lanes.len()), Lane::of_sat_out(&out.card));
    }
    lanes
}

impl<'a> Lane<'a> {
    fn of_sat_out(card: &'a ModelCard) -> Self {
        Self {
            model: card.id.as_str(),
            name: &card.name,
            provider: &card.provider,
            simulated: card.simulated,
            status: "sat_out",
            token_count: TokenCount::Usage.as_str(),
            error: Some(CANNOT_SEE),
            ..Self::default()
        }
    }

    fn of(lane: &'a LaneReport) -> Self {
        let metrics = &lane.metrics;
        Self {
            model: lane.card.id.as_str(),
            name: &lane.card.name,
            provider: &lane.card.provider,
            simulated: lane.simulated,
            status: lane.status.as_str(),
            finish_reason: match &lane.status {
                Status::Finished(reason) => reason.as_ref().map(FinishReason::as_str),
                _ => None,
            },
            answer: &lane.answer,
            reasoning: &lane.reasoning,
            output_tokens: metrics.output_tokens,
            reasoning_tokens: metrics.reasoning_tokens,
            token_count: metrics.token_count.as_str(),
            cached_tokens: metrics.cached_tokens,
            ttft_ms: metrics.ttft.map(millis),
            ttfa_ms: metrics.ttfa.map(millis),
            total_ms: metrics.total.map(millis),
            tokens_per_second: metrics.tokens_per_second,
            end_to_end_tokens_per_second: metrics.end_to_end_tokens_per_second,
            server_tokens_per_second: metrics.server_tokens_per_second,
            speed_source: metrics.speed_source.map(SpeedSource::as_str),
            speed_note: metrics.speed_note.map(SpeedNote::public),
            served_model: lane.served.as_ref().map(|served| served.name.as_str()),
            provider_message: lane.provider_message.as_deref(),
            error: lane.error.as_deref(),
        }
    }
}

/// Returns `time` in milliseconds with three decimals.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
