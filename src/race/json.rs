//! A race as JSON, for scripts: `compare --json` and the export of the local channel. Every key is always there, `null` where unknown; keys may be added, never renamed.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    RaceId, Record,
    arrivals::SpeedNote,
    lesson,
    metrics::SpeedSource,
    report::{LaneReport, Report, Status},
    vote::{Label, Tally, Uncounted},
};
use crate::model::FinishReason;

/// A race.
#[derive(Serialize)]
pub struct Race<'a> {
    #[serde(rename = "race")]
    id: String,
    /// The race that it continues.
    parent: Option<String>,
    prompt: &'a str,
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

#[derive(Serialize)]
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
            parent: None,
            prompt: &record.report.prompt,
            simulated: record.report.simulated(),
            started_at: record.started_at.to_string(),
            lesson: lesson::line(&record.report),
            lanes: record.report.lanes.iter().map(Lane::of).collect(),
            vote: ClosedVote::of(&record.report),
        }
    }

    /// Returns this race as one that continues `parent`.
    #[must_use]
    pub fn continuing(self, parent: Option<RaceId>) -> Self {
        Self { parent: parent.map(|parent| parent.to_string()), ..self }
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

impl<'a> Lane<'a> {
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
