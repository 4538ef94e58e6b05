//! What a race leaves behind: every answer whole, and what the race shows.
//!
//! Must not know where it is sent.

use serde_json::Value;

use super::{
    body::{Body, bold, fill, markdown, rich, section, text},
    escape,
    limits::{room, weight},
    markdown::Answer,
    name,
};
use crate::{
    race::{RaceId, Record, lesson, report::LaneReport},
    view::results::{self, file_name},
};

/// Messages in a thread, at one a second: what is beyond them stands in the file.
const MESSAGES: usize = 6;
/// Bytes of the beginning of an answer that stands whole in the file alone.
const BEGINNING: usize = 2_400;
/// Bytes that a message keeps for its last words.
const RESERVE: usize = 400;

/// The answers of a race.
pub(crate) struct Answers {
    /// For the thread, in this order; each within the limits of a message.
    pub(crate) messages: Vec<Body>,
    /// Markdown, UTF-8: there where an answer is longer than a message or has reasoning. [`answers_file`] is its name.
    pub(crate) file: Option<Vec<u8>>,
}

/// The name of the file with the answers of `race`.
pub(crate) fn answers_file(race: RaceId) -> String {
    file_name(&race.brief())
}

/// Every answer of a race: as messages, and as a file where they do not hold all of it.
pub(crate) fn answers(record: &Record) -> Answers {
    let report = &record.report;
    let lanes: Vec<&LaneReport> = report.order().into_iter().map(|i| &report.lanes[i]).collect();
    let mut thread = Thread { race: record.id, messages: vec![] };
    let unsaid = lanes.iter().filter(|lane| !thread.takes(lane)).count();
    let cut = lanes.iter().any(|lane| !is_whole(lane));
    let thought = lanes.iter().any(|lane| !lane.reasoning.trim().is_empty());
    let file = (unsaid > 0 || cut || thought).then(|| answers_whole(record));
    thread.end(unsaid, file.is_some(), thought);
    Answers { messages: thread.messages, file }
}

/// The same as a file: Markdown, UTF-8.
pub(crate) fn answers_whole(record: &Record) -> Vec<u8> {
    results::markdown_file(&record.id.to_string(), &record.asker.name, record.started_at, &record.report)
        .into_bytes()
}

/// Messages that fill up.
struct Thread {
    race: RaceId,
    messages: Vec<Body>,
}

impl Thread {
    /// Puts a lane where there is room for it; false where there is none at all.
    fn takes(&mut self, lane: &LaneReport) -> bool {
        let block = block(lane);
        let last = self.messages.last().filter(|last| weight(&block) + RESERVE <= room(&last.blocks));
        if last.is_none() {
            if self.messages.len() == MESSAGES {
                return false;
            }
            self.begin();
        }
        self.messages.last_mut().is_some_and(|last| fill(&mut last.blocks, vec![vec![block]], 0) == 0)
    }

    fn begin(&mut self) {
        let words = format!("Full answers of race {}", self.race.brief());
        let words = if self.messages.is_empty() { words } else { format!("{words}, continued") };
        let title = rich(vec![section([text("📄 "), bold(&words)])]);
        self.messages.push(Body { text: format!("📄 {words}"), blocks: vec![title] });
    }

    fn end(&mut self, unsaid: usize, has_file: bool, thought: bool) {
        if self.messages.is_empty() {
            self.begin();
        }
        let mut words = vec![];
        words.extend((unsaid > 0).then(|| format!("{unsaid} more stand in the file.")));
        words.extend(
            has_file.then(|| "The file below holds every answer whole, with its numbers.".to_owned()),
        );
        words.extend(thought.then(|| "Reasoning stands there below its answer.".to_owned()));
        if let Some(last) = self.messages.last_mut()
            && !words.is_empty()
        {
            last.blocks.push(rich(vec![section([text(&words.join(" "))])]));
        }
    }
}

fn answer(lane: &LaneReport) -> Answer {
    Answer::new(&lane.answer, false, usize::MAX, false)
}

/// What an answer may take in a message of its own.
fn most() -> usize {
    room(&[]) - RESERVE - 1_000
}

fn is_whole(lane: &LaneReport) -> bool {
    !answer(lane).within(most()).1
}

/// A lane: its name, its numbers, its answer whole or its beginning.
fn block(lane: &LaneReport) -> Value {
    let numbers = escape::markdown(&results::numbers(lane), 240);
    let head = format!("{}\n\n_{numbers}_", name::title(&lane.card, lane.simulated));
    let answer = answer(lane);
    let (mut shown, cut) = answer.within(most());
    if cut {
        shown = format!("{}\n\n_The whole answer stands in the file._", answer.within(BEGINNING).0);
    }
    markdown(&format!("{head}\n\n{}", if shown.is_empty() { "(no answer)" } else { &shown }))
}

/// What the race shows, at length.
pub(crate) fn explanation(record: &Record) -> Body {
    let title = rich(vec![section([text("💡 "), bold("What this race shows")])]);
    let mut blocks = vec![title];
    let paragraphs = lesson::explanation(&record.report).into_iter().map(|paragraph| {
        let paragraph = escape::bare(&paragraph, 1_500);
        vec![rich(vec![section([text(&paragraph)])])]
    });
    let _left_out = fill(&mut blocks, paragraphs.collect(), 0);
    Body { text: "💡 What this race shows".to_owned(), blocks }
}
