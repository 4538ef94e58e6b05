//! The JSON of the page, from values of the core: pure. The page makes text nodes of it, so nothing is escaped here;
//! characters that could hide or reorder text are dropped: every text is a [`Plain`] or a [`Line`].

mod cards;
mod overview;
mod speed_history;
mod vote;

use std::time::Duration;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

use self::vote::VoteDto;
pub(super) use self::{
    cards::{LineupDto, ReplyCard},
    overview::BoardDto,
    speed_history::SpeedHistoryDto,
};
use crate::{
    model::ModelCard,
    race::{RaceId, Record, conversation::FollowUp, lesson, report::LaneReport},
    view::{BAR_EIGHTHS, LaneState, LaneView, Milestones, Numbers, Progress, View, scoreboard, text, words},
};

/// Characters of the prompt of the race that a message continues.
const MAX_EXCERPT_CHARS: usize = 80;

/// Text without characters that could hide or reorder it.
#[derive(Clone, Copy)]
struct Plain<'a>(&'a str);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text::plain(self.0))
    }
}

/// [`Plain`] on one line.
#[derive(Clone, Copy)]
struct Line<'a>(&'a str);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text::one_line(self.0))
    }
}

/// A text that was made here from others.
pub(super) struct Owned(String);

impl Serialize for Owned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain(&self.0).serialize(serializer)
    }
}

#[derive(Serialize)]
struct MessageDto<'a> {
    id: String,
    at: String,
    asker: Line<'a>,
    /// The [`owner`] tag of the asker.
    owner: String,
    prompt: Plain<'a>,
    /// The names of the attached files.
    files: Vec<Line<'a>>,
    /// A sentence about the models that cannot see them.
    sat_out: Option<Line<'a>>,
    /// Sentences that are shown with the prompt.
    notes: Vec<Line<'a>>,
    /// The race that it continues.
    parent: Option<ParentDto<'a>>,
    /// The ways in which it can be continued.
    follow_ups: Vec<FollowUpDto<'a>>,
    /// The result of a race that is over, or the question of an open vote.
    headline: Option<HeadlineDto>,
    progress: &'static str,
    simulated: bool,
    lanes: Vec<LaneDto<'a>>,
    standings: &'a [usize],
    lesson: Option<Plain<'a>>,
    notice: Option<Plain<'a>>,
    cost: Option<&'a str>,
    persona: Option<String>,
    chart: Option<ChartDto<'a>>,
    /// The vote of a blind race.
    vote: Option<VoteDto>,
}

#[derive(Serialize)]
struct ParentDto<'a> {
    id: String,
    /// The beginning of its prompt; `None` if that was deleted.
    prompt: Option<Line<'a>>,
}

#[derive(Serialize)]
struct FollowUpDto<'a> {
    /// The form of [`FollowUp::word`].
    with: String,
    label: Line<'a>,
}

#[derive(Serialize)]
struct HeadlineDto {
    icon: &'static str,
    text: Owned,
}

#[derive(Serialize)]
struct ChartDto<'a> {
    url: String,
    alt: Plain<'a>,
}

/// Returns a tag by which a page recognises the races of its own visitor: a hash of the id, which is a secret.
pub(super) fn owner(asker: &str) -> String {
    if asker.is_empty() {
        return String::new();
    }
    let hash = digest(&SHA256, format!("llm-arena owner\0{asker}").as_bytes());
    let first = hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    format!("{first:016x}")
}

#[derive(Serialize)]
struct LaneDto<'a> {
    model: ModelDto<'a>,
    simulated: bool,
    state: &'static str,
    /// The share of the leader's speed, 0 to 1.
    bar: f64,
    speed: Option<&'a str>,
    status: Plain<'a>,
    numbers: Option<NumbersDto<'a>>,
    timeline: TimelineDto,
    note: Option<Plain<'a>>,
    answer: Plain<'a>,
    clipped: bool,
}

/// Milestones in seconds since the request was sent.
#[derive(Serialize)]
struct TimelineDto {
    first_token: Option<f64>,
    first_answer: Option<f64>,
    end: Option<f64>,
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
    name: Line<'a>,
    icon: Line<'a>,
    size: Line<'a>,
    best_for: Line<'a>,
    /// `#RRGGBB`.
    color: String,
    provider: Line<'a>,
    simulated: bool,
}

impl<'a> ModelDto<'a> {
    pub(super) fn of(card: &'a ModelCard) -> Self {
        Self {
            id: card.id.as_str(),
            name: Line(&card.name),
            icon: Line(&card.icon),
            size: Line(&card.size),
            best_for: Line(&card.best_for),
            color: card.color.to_string(),
            provider: Line(&card.provider),
            simulated: card.simulated,
        }
    }
}

/// The facts about a message that its view does not hold.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The id of its race.
    pub(super) id: RaceId,
    /// The time at which it was posted.
    pub(super) at: Timestamp,
    /// The id of the user who asked.
    pub(super) asker: &'a str,
    /// The beginning of the prompt of the race that it continues, if that is known.
    pub(super) parent_prompt: Option<&'a str>,
    /// The ways in which the race can be continued, each with its words.
    pub(super) follow_ups: &'a [(FollowUp, String)],
    /// The chart in words, if there is a chart.
    pub(super) alt: Option<&'a str>,
}

/// Returns the beginning of a prompt, on one line.
pub(super) fn excerpt(prompt: &str) -> String {
    text::clip(&text::one_line(prompt), MAX_EXCERPT_CHARS, text::Measure::Chars, text::Keep::Head)
}

/// Returns the JSON of a message after the prompt of the race that it continues was deleted.
pub(super) fn without_parent_prompt(json: &[u8]) -> String {
    let mut message: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    message["parent"]["prompt"] = serde_json::Value::Null;
    message.to_string()
}

/// Returns a message as a JSON object.
pub(super) fn message(facts: Facts<'_>, view: &View) -> String {
    let Facts { id, at, asker, parent_prompt, follow_ups, alt } = facts;
    let message = MessageDto {
        id: id.to_string(),
        at: at.to_string(),
        asker: Line(&view.asker),
        owner: owner(asker),
        prompt: Plain(&view.prompt),
        files: view.files.iter().map(|name| Line(name)).collect(),
        sat_out: view.sat_out.as_deref().map(Line),
        notes: view.notes.iter().map(|note| Line(note)).collect(),
        parent: view
            .circumstances
            .parent
            .map(|id| ParentDto { id: id.to_string(), prompt: parent_prompt.map(Line) }),
        follow_ups: follow_ups.iter().map(|(with, label)| follow_up(*with, label)).collect(),
        headline: (view.is_final() || view.progress == Progress::Voting).then(|| headline(view)),
        progress: progress(view.progress),
        simulated: view.simulated,
        lanes: view.lanes.iter().map(lane).collect(),
        standings: &view.standings,
        lesson: view.lesson.as_deref().map(Plain),
        notice: view.notice.as_deref().map(Plain),
        cost: view.cost.as_deref(),
        persona: view.circumstances.persona.as_deref().map(words::persona_id),
        chart: alt.map(|alt| ChartDto { url: format!("/api/races/{id}/chart.png"), alt: Plain(alt) }),
        vote: VoteDto::of(view),
    };
    serde_json::to_string(&message).expect("text, numbers and lists are always JSON")
}

fn follow_up(with: FollowUp, label: &str) -> FollowUpDto<'_> {
    FollowUpDto { with: with.word(), label: Line(label) }
}

fn headline(view: &View) -> HeadlineDto {
    let (icon, text) = scoreboard::headline(view);
    HeadlineDto { icon, text: Owned(text) }
}

fn lane(lane: &LaneView) -> LaneDto<'_> {
    LaneDto {
        model: ModelDto::of(&lane.card),
        simulated: lane.simulated,
        state: state(lane.state),
        bar: f64::from(lane.bar) / f64::from(BAR_EIGHTHS),
        speed: lane.speed.as_deref(),
        status: Plain(&lane.status),
        numbers: lane.numbers.as_ref().map(numbers),
        timeline: timeline(&lane.milestones),
        note: lane.note.as_deref().map(Plain),
        answer: Plain(&lane.answer),
        clipped: lane.clipped,
    }
}

fn numbers(numbers: &Numbers) -> NumbersDto<'_> {
    NumbersDto { ttft: &numbers.ttft, total: &numbers.total, tokens: &numbers.tokens, speed: &numbers.speed }
}

fn timeline(timeline: &Milestones) -> TimelineDto {
    let seconds = |time: Option<Duration>| time.map(|time| (time.as_secs_f64() * 1_000.0).round() / 1_000.0);
    TimelineDto {
        first_token: seconds(timeline.first_token),
        first_answer: seconds(timeline.first_answer),
        end: seconds(timeline.end),
    }
}

fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Live => "live",
        Progress::Voting => "voting",
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
pub(super) struct ReplayDto {
    /// The points of each lane: milliseconds since its request was sent, and its tokens by then.
    lanes: Vec<Vec<(u64, u64)>>,
}

impl ReplayDto {
    pub(super) fn of(record: &Record) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let points =
            |lane: &LaneReport| lane.timeline.points().map(|(at, tokens)| (ms(at), tokens)).collect();
        Self { lanes: record.report.lanes.iter().map(points).collect() }
    }
}

#[derive(Serialize)]
pub(super) struct AnswersDto<'a> {
    prompt: Plain<'a>,
    answers: Vec<AnswerDto<'a>>,
}

#[derive(Serialize)]
struct AnswerDto<'a> {
    model: ModelDto<'a>,
    simulated: bool,
    status: &'static str,
    error: Option<Plain<'a>>,
    answer: Plain<'a>,
    reasoning: Plain<'a>,
}

impl<'a> AnswersDto<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        let report = &record.report;
        let answers = report.order().into_iter().map(|i| answer(&report.lanes[i])).collect();
        Self { prompt: Plain(&report.prompt), answers }
    }
}

fn answer(lane: &LaneReport) -> AnswerDto<'_> {
    AnswerDto {
        model: ModelDto::of(&lane.card),
        simulated: lane.simulated,
        status: lane.status.as_str(),
        error: lane.error.as_deref().map(Plain),
        answer: Plain(&lane.answer),
        reasoning: Plain(&lane.reasoning),
    }
}

/// The explanation of a race's result.
#[derive(Serialize)]
pub(super) struct ExplanationDto {
    paragraphs: Vec<Owned>,
}

impl ExplanationDto {
    pub(super) fn of(record: &Record) -> Self {
        Self { paragraphs: lesson::explanation(&record.report).into_iter().map(Owned).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        arena::{ModelSpeeds, Overview, OverviewCell, OverviewRow, OverviewTable, SpeedHistory, SpeedSeries},
        guide::Example,
        model::{Availability, Color, ModelId},
        race::{Asker, Entrant, metrics::TokenCount, report::Report, state::RaceState},
    };

    /// An override of the order, an escape sequence, a tag, and marks that reach into other lines.
    fn hostile() -> String {
        format!("a\u{202e}b\u{1b}[31m\u{e0041}\u{200b}c{}", "\u{301}".repeat(40))
    }

    fn card() -> ModelCard {
        ModelCard {
            id: ModelId::new("m"),
            name: hostile(),
            icon: hostile(),
            size: hostile(),
            best_for: hostile(),
            color: Color { r: 0, g: 0, b: 0 },
            provider: hostile(),
            simulated: false,
            vision: false,
            prices: None,
        }
    }

    #[track_caller]
    fn is_clean(json: &impl Serialize) {
        let json = serde_json::to_value(json).expect("JSON").to_string();
        assert!(json.contains("c\u{301}"), "no text of others in {json}");
        assert!(!json.contains(['\u{202e}', '\u{e0041}', '\u{200b}']), "{json}");
        assert!(!json.contains("\\u001b") && !json.contains(&"\u{301}".repeat(9)), "{json}");
    }

    #[test]
    fn no_text_of_others_hides_or_reorders_anything() {
        let mut state = RaceState::new(&hostile(), &hostile(), [Arc::new(card())]);
        let id = RaceId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id");
        let mut view = View::of(&state);
        view.notice = Some(hostile());
        view.notes = vec![hostile()];
        view.circumstances.parent = Some(id);
        let lane = &mut view.lanes[0];
        (lane.answer, lane.status, lane.note) = (hostile(), hostile(), Some(hostile()));
        let alt = hostile();
        let facts = Facts {
            id,
            at: Timestamp::UNIX_EPOCH,
            asker: "web:1",
            parent_prompt: Some(&hostile()),
            follow_ups: &[(FollowUp::All, hostile())],
            alt: Some(&alt),
        };
        let json = message(facts, &view);
        is_clean(&serde_json::from_str::<serde_json::Value>(&json).expect("JSON"));

        state.lanes[0].answer = hostile();
        state.lanes[0].reasoning = hostile();
        let mut report: Report = state.report();
        report.lanes[0].error = Some(hostile());
        let record = Record {
            id,
            asker: Asker { id: "web:1".into(), name: hostile() },
            started_at: Timestamp::UNIX_EPOCH,
            report,
        };
        is_clean(&AnswersDto::of(&record));
        is_clean(&ExplanationDto::of(&record));
        let example = Example { title: hostile(), prompt: hostile(), lesson: hostile() };
        is_clean(&LineupDto::new(&[Arc::new(card())], std::slice::from_ref(&example), &[]));
        is_clean(&ReplyCard::examples(&[example]));
        is_clean(&ReplyCard::notice(hostile()));
        is_clean(&ReplyCard::help(&[Arc::new(card())]));
        let row = OverviewRow {
            cells: vec![OverviewCell { text: hostile(), value: None }],
            model: "m".into(),
            ..OverviewRow::default()
        };
        let overview = Overview {
            lead: vec![hostile()],
            table: Some(OverviewTable { rows: vec![row], ..OverviewTable::default() }),
            notes: vec![hostile()],
            ..Overview::default()
        };
        is_clean(&BoardDto::new(&overview, &[Arc::new(card())], String::new()));
        let series = vec![SpeedSeries { is_canary: false, words: hostile(), samples: vec![], days: vec![] }];
        let models = vec![ModelSpeeds { card: Arc::new(card()), series }];
        let history = SpeedHistory { models, worst: Some(0), days: 7 };
        is_clean(&SpeedHistoryDto::new(&history, None, |_| String::new()));
        let entrant = Entrant {
            card: card(),
            availability: Availability::Unreachable(hostile()),
            last_speed: Some((1.0, TokenCount::Usage)),
            weekly_median: None,
        };
        is_clean(&ReplyCard::models(&[entrant]));
    }
}
