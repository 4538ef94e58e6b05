//! The JSON of the page, from values of the core: pure. The page makes text nodes of it, so nothing is escaped here;
//! characters that could hide or reorder text are dropped.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    command,
    guide::{self, Example, Section},
    model::ModelCard,
    race::{Entrant, RaceId, Record, lesson, report::LaneReport},
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
    model: ModelDto<'a>,
    simulated: bool,
    state: &'static str,
    /// The share of the leader's speed, 0 to 1.
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

/// A model of the line-up.
#[derive(Serialize)]
pub(super) struct ModelDto<'a> {
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

impl<'a> ModelDto<'a> {
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

/// Returns the message of race `id`, posted at `at`, as a JSON object.
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
        model: ModelDto::of(&lane.card),
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

/// The full answers of a finished race, in the order of the standings.
#[derive(Serialize)]
pub(super) struct AnswersDto<'a> {
    prompt: &'a str,
    answers: Vec<AnswerDto<'a>>,
}

#[derive(Serialize)]
struct AnswerDto<'a> {
    model: ModelDto<'a>,
    simulated: bool,
    status: &'static str,
    error: Option<&'a str>,
    answer: &'a str,
    reasoning: &'a str,
}

impl<'a> AnswersDto<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        let report = &record.report;
        let answers = report.order().into_iter().map(|i| answer(&report.lanes[i])).collect();
        Self { prompt: &report.prompt, answers }
    }
}

fn answer(lane: &LaneReport) -> AnswerDto<'_> {
    AnswerDto {
        model: ModelDto::of(&lane.card),
        simulated: lane.simulated,
        status: lane.status.as_str(),
        error: lane.error.as_deref(),
        answer: &lane.answer,
        reasoning: &lane.reasoning,
    }
}

/// The explanation of a race's result.
#[derive(Serialize)]
pub(super) struct ExplanationDto {
    paragraphs: Vec<String>,
}

impl ExplanationDto {
    pub(super) fn of(record: &Record) -> Self {
        Self { paragraphs: lesson::explanation(&record.report) }
    }
}

/// The data that the page needs before the user types.
#[derive(Serialize)]
pub(super) struct LineupDto<'a> {
    models: Vec<ModelDto<'a>>,
    commands: Vec<CommandDto>,
    examples: Vec<ExampleDto<'a>>,
}

impl<'a> LineupDto<'a> {
    pub(super) fn new(cards: &'a [Arc<ModelCard>], examples: &'a [Example]) -> Self {
        Self {
            models: cards.iter().map(|card| ModelDto::of(card)).collect(),
            commands: commands(),
            examples: examples.iter().map(example).collect(),
        }
    }
}

/// A reply that only the asking user sees.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum ReplyCard<'a> {
    /// The line-up with its availability now.
    Models { models: Vec<EntrantDto<'a>> },
    /// Example prompts.
    Examples { examples: Vec<ExampleDto<'a>> },
    /// A sentence.
    Notice { text: String },
    /// The commands, the definitions of the numbers, and where prompts are sent.
    Help { commands: Vec<CommandDto>, sections: Vec<SectionDto> },
}

impl<'a> ReplyCard<'a> {
    pub(super) fn models(entrants: &'a [Entrant]) -> Self {
        Self::Models { models: entrants.iter().map(entrant).collect() }
    }

    pub(super) fn examples(examples: &'a [Example]) -> Self {
        Self::Examples { examples: examples.iter().map(example).collect() }
    }

    pub(super) fn help(cards: &[Arc<ModelCard>]) -> Self {
        let section = |section: Section| SectionDto { title: section.title, text: section.text };
        Self::Help {
            commands: commands(),
            sections: guide::sections(cards).into_iter().map(section).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct CommandDto {
    word: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
pub(super) struct ExampleDto<'a> {
    title: &'a str,
    prompt: &'a str,
    lesson: &'a str,
}

#[derive(Serialize)]
pub(super) struct EntrantDto<'a> {
    model: ModelDto<'a>,
    reachable: bool,
    availability: String,
    last_speed: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SectionDto {
    title: &'static str,
    text: String,
}

fn commands() -> Vec<CommandDto> {
    command::WORDS.iter().map(|&(word, what)| CommandDto { word, what }).collect()
}

fn example(example: &Example) -> ExampleDto<'_> {
    ExampleDto { title: &example.title, prompt: &example.prompt, lesson: &example.lesson }
}

fn entrant(entrant: &Entrant) -> EntrantDto<'_> {
    let (reachable, availability) = guide::availability(entrant);
    EntrantDto {
        model: ModelDto::of(&entrant.card),
        reachable,
        availability,
        last_speed: guide::measured_speed(entrant),
    }
}
