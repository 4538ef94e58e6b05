//! Values of the core as the page's JSON: pure. The page builds text nodes from them, so nothing is escaped
//! here; characters that could hide or reorder text are dropped.
//!
//! Must not know HTTP, tabs or a clock.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    model::ModelCard,
    race::{RaceId, Record, lesson, report::LaneReport},
    surface::Chart,
    view::{BAR_EIGHTHS, LaneState, LaneView, Numbers, Progress, View, text},
};

#[derive(Serialize)]
struct MessageDto<'a> {
    id: String,
    at: String,
    asker: String,
    prompt: String,
    progress: &'static str,
    simulated: bool,
    lanes: Vec<LaneDto<'a>>,
    standings: &'a [usize],
    lesson: Option<&'a str>,
    notice: Option<&'a str>,
    cost: Option<&'a str>,
    chart: Option<ChartDto<'a>>,
}

#[derive(Serialize)]
struct ChartDto<'a> {
    url: String,
    alt: &'a str,
}

#[derive(Serialize)]
struct LaneDto<'a> {
    model: CardDto<'a>,
    simulated: bool,
    state: &'static str,
    /// 0 to 1, of the leader's speed.
    bar: f64,
    speed: Option<&'a str>,
    status: &'a str,
    numbers: Option<NumbersDto<'a>>,
    note: Option<&'a str>,
    answer: String,
    clipped: bool,
}

#[derive(Serialize)]
struct NumbersDto<'a> {
    ttft: &'a str,
    total: &'a str,
    tokens: &'a str,
    speed: &'a str,
}

/// A model as people see it.
#[derive(Serialize)]
pub(super) struct CardDto<'a> {
    id: &'a str,
    name: &'a str,
    icon: &'a str,
    size: &'a str,
    best_for: &'a str,
    /// `#RRGGBB`.
    color: String,
    provider: &'a str,
    simulated: bool,
}

impl<'a> CardDto<'a> {
    /// The model of `card`.
    pub(super) fn of(card: &'a ModelCard) -> Self {
        Self {
            id: card.id.as_str(),
            name: &card.name,
            icon: &card.icon,
            size: &card.size,
            best_for: &card.best_for,
            color: card.color.to_string(),
            provider: &card.provider,
            simulated: card.simulated,
        }
    }
}

/// The message of race `id`, posted at `at`, as it looks at one moment: a JSON object.
pub(super) fn message(id: RaceId, at: Timestamp, view: &View, chart: Option<&Chart>) -> String {
    let message = MessageDto {
        id: id.to_string(),
        at: at.to_string(),
        asker: text::one_line(&view.asker),
        prompt: text::plain(&view.prompt),
        progress: progress(view.progress),
        simulated: view.simulated,
        lanes: view.lanes.iter().map(lane).collect(),
        standings: &view.standings,
        lesson: view.lesson.as_deref(),
        notice: view.notice.as_deref(),
        cost: view.cost.as_deref(),
        chart: chart.map(|chart| ChartDto { url: format!("/api/races/{id}/chart.png"), alt: &chart.alt }),
    };
    serde_json::to_string(&message).expect("text, numbers and lists are always JSON")
}

fn lane(lane: &LaneView) -> LaneDto<'_> {
    LaneDto {
        model: CardDto::of(&lane.card),
        simulated: lane.simulated,
        state: state(lane.state),
        bar: f64::from(lane.bar) / f64::from(BAR_EIGHTHS),
        speed: lane.speed.as_deref(),
        status: &lane.status,
        numbers: lane.numbers.as_ref().map(numbers),
        note: lane.note.as_deref(),
        answer: text::plain(&lane.answer),
        clipped: lane.clipped,
    }
}

fn numbers(numbers: &Numbers) -> NumbersDto<'_> {
    NumbersDto { ttft: &numbers.ttft, total: &numbers.total, tokens: &numbers.tokens, speed: &numbers.speed }
}

fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Live => "live",
        Progress::Done => "done",
        Progress::Stopped => "stopped",
        Progress::Interrupted => "interrupted",
    }
}

fn state(state: LaneState) -> &'static str {
    match state {
        LaneState::Waiting => "waiting",
        LaneState::Reasoning => "reasoning",
        LaneState::Writing => "writing",
        LaneState::Finished => "finished",
        LaneState::Truncated => "truncated",
        LaneState::Failed => "failed",
        LaneState::Stopped => "stopped",
    }
}

/// Every answer of a race that is over, whole, in the order of the standings.
#[derive(Serialize)]
pub(super) struct AnswersDto<'a> {
    prompt: &'a str,
    answers: Vec<AnswerDto<'a>>,
}

#[derive(Serialize)]
struct AnswerDto<'a> {
    model: CardDto<'a>,
    simulated: bool,
    status: &'static str,
    error: Option<&'a str>,
    answer: &'a str,
    reasoning: &'a str,
}

impl<'a> AnswersDto<'a> {
    /// The answers of `record`.
    pub(super) fn of(record: &'a Record) -> Self {
        let report = &record.report;
        let answers = report.order().into_iter().map(|i| answer(&report.lanes[i])).collect();
        Self { prompt: &report.prompt, answers }
    }
}

fn answer(lane: &LaneReport) -> AnswerDto<'_> {
    AnswerDto {
        model: CardDto::of(&lane.card),
        simulated: lane.simulated,
        status: lane.status.as_str(),
        error: lane.error.as_deref(),
        answer: &lane.answer,
        reasoning: &lane.reasoning,
    }
}

/// What a race teaches, at length.
#[derive(Serialize)]
pub(super) struct ExplanationDto {
    paragraphs: Vec<String>,
}

impl ExplanationDto {
    /// The explanation of `record`.
    pub(super) fn of(record: &Record) -> Self {
        Self { paragraphs: lesson::explanation(&record.report) }
    }
}
