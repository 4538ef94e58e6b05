//! A finished race in full: every answer, and what the race shows.

use slack_morphism::blocks::SlackBlock;

use super::{
    answer::Answer,
    blocks::{Body, fill, markdown, paragraph, room, text, weight},
    cards::heading,
    escape,
};
use crate::{
    race::{RaceId, Record, lesson, report::LaneReport},
    view::results,
};

/// Messages in a thread, posted at one a second; further answers are in the file only.
const MAX_MESSAGES: usize = 6;
/// Bytes of an answer's excerpt if only the file holds all of it.
const MAX_EXCERPT: usize = 2_400;
/// Bytes of a message that are kept for its last line.
const RESERVE: usize = 400;

/// The answers of a race.
pub(crate) struct Answers {
    /// For the thread, in order; each within the limits of a message.
    pub(crate) messages: Vec<Body>,
    /// Markdown in UTF-8, if an answer is longer than a message or has reasoning.
    pub(crate) file: Option<Vec<u8>>,
}

/// Every answer of a race as messages, and as a file if they don't hold all of it.
pub(crate) fn answers(record: &Record) -> Answers {
    let report = &record.report;
    let lanes: Vec<&LaneReport> = report.order().into_iter().map(|i| &report.lanes[i]).collect();
    let mut thread = Thread { race: record.id, is_blind: is_voting(record), messages: vec![] };
    let left_out = lanes.iter().filter(|lane| !thread.add(lane)).count();
    let is_cut = lanes.iter().any(|lane| answer(lane).within(max_answer()).1);
    let has_reasoning = lanes.iter().any(|lane| !lane.reasoning.trim().is_empty());
    let file = (left_out > 0 || is_cut || has_reasoning).then(|| answers_whole(record));
    thread.end(left_out, file.is_some(), has_reasoning);
    Answers { messages: thread.messages, file }
}

/// Returns true while the vote on a race is open, which hides its names.
pub(crate) fn is_voting(record: &Record) -> bool {
    record.report.vote.as_ref().is_some_and(|vote| vote.is_open)
}

/// Every answer of a race as a file: Markdown in UTF-8.
pub(crate) fn answers_whole(record: &Record) -> Vec<u8> {
    results::markdown_file(&record.id.to_string(), &record.asker.name, record.started_at, &record.report)
        .into_bytes()
}

/// Messages that are filled with lanes.
struct Thread {
    race: RaceId,
    /// The vote on the race is open.
    is_blind: bool,
    messages: Vec<Body>,
}

impl Thread {
    /// Adds a lane to the last message or to a new one; false if all messages are full.
    fn add(&mut self, lane: &LaneReport) -> bool {
        let block = block(lane);
        let last = self.messages.last().filter(|last| weight(&block) + RESERVE <= room(&last.blocks));
        if last.is_none() {
            if self.messages.len() == MAX_MESSAGES {
                return false;
            }
            self.begin();
        }
        self.messages.last_mut().is_some_and(|last| fill(&mut last.blocks, vec![vec![block]], 0) == 0)
    }

    fn begin(&mut self) {
        let hidden = if self.is_blind { ", names hidden" } else { "" };
        let words = format!("Full answers of race {}{hidden}", self.race.brief());
        let words = if self.messages.is_empty() { words } else { format!("{words}, continued") };
        self.messages.push(Body { text: format!("📄 {words}"), blocks: vec![heading("📄", &words)] });
    }

    fn end(&mut self, left_out: usize, has_file: bool, has_reasoning: bool) {
        if self.messages.is_empty() {
            self.begin();
        }
        let mut words = vec![];
        words.extend((left_out > 0).then(|| format!("{left_out} more are in the file.")));
        let numbers = if self.is_blind { "" } else { ", with its numbers" };
        words.extend(has_file.then(|| format!("The file below holds every answer in full{numbers}.")));
        words.extend(has_reasoning.then(|| "Reasoning is there below its answer.".to_owned()));
        if let Some(last) = self.messages.last_mut()
            && !words.is_empty()
        {
            last.blocks.push(paragraph([text(&words.join(" "))]));
        }
    }
}

fn answer(lane: &LaneReport) -> Answer {
    Answer::new(&lane.answer, false, usize::MAX, false)
}

/// The bytes of an answer in a message of its own.
fn max_answer() -> usize {
    room(&[]) - RESERVE - 1_000
}

/// A lane: its name, its numbers, its answer or an excerpt.
fn block(lane: &LaneReport) -> SlackBlock {
    let numbers = escape::markdown(&results::numbers(lane), 240);
    let numbers = if numbers.is_empty() { numbers } else { format!("\n\n_{numbers}_") };
    let head = format!("{}{numbers}", escape::title(&lane.card));
    let answer = answer(lane);
    let (mut shown, cut) = answer.within(max_answer());
    if cut {
        shown = format!("{}\n\n_The full answer is in the file._", answer.within(MAX_EXCERPT).0);
    }
    markdown(&format!("{head}\n\n{}", if shown.is_empty() { "(no answer)" } else { &shown }))
}

/// The lesson of a race, at length.
pub(crate) fn explanation(record: &Record) -> Body {
    let title = "What this race shows";
    let mut blocks = vec![heading("💡", title)];
    let paragraphs = lesson::explanation(&record.report).into_iter();
    let paragraphs = paragraphs.map(|words| vec![paragraph([text(&escape::bare(&words, 1_500))])]);
    let _left_out = fill(&mut blocks, paragraphs.collect(), 0);
    Body { text: format!("💡 {title}"), blocks }
}
