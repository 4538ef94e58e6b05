//! The answers of a race: one `markdown` block a lane.
//!
//! Must not know the standings.

use serde_json::Value;

use super::{
    body::markdown,
    escape,
    limits::{length, weight},
    markdown::Answer,
    name,
};
use crate::view::{
    LaneView,
    fit::{heights, shares},
    words,
};

/// Lanes that have a block of their own; the others stand in the standings alone.
const LANES: usize = 20;
/// Bytes of what stands above the answers, of all lanes together.
const HEADS: usize = 3_400;
/// Lines of all answers together, so that a message stays one that can be scrolled past.
const LINES: usize = 160;
/// Lines of an answer at the least.
const LINES_LEAST: usize = 12;
/// Characters of a sentence beside an answer.
const SENTENCE: usize = 160;
/// Between a head and its answer.
const GAP: &str = "\n\n";

/// What stands about one lane.
struct Part {
    head: String,
    answer: Option<Answer>,
}

/// The blocks of `lanes`, at most `room` bytes of JSON together, and whether an answer was shortened.
pub(super) fn blocks(lanes: &[LaneView], room: usize) -> (Vec<Value>, bool) {
    let heights = heights(lanes.iter().map(|lane| lane.answer.as_str()), LINES, LINES_LEAST);
    let mut parts: Vec<Part> =
        lanes.iter().zip(heights).map(|(lane, height)| Part::of(lane, height)).collect();
    let all = parts.len();
    parts.truncate(LANES);
    while parts.iter().map(Part::fixed).sum::<usize>() > HEADS.min(room) {
        parts.pop();
    }
    let fixed: usize = parts.iter().map(Part::fixed).sum();
    let demands: Vec<usize> = parts.iter().map(Part::demand).collect();
    let rooms = shares(&demands, room - fixed);
    let mut shortened = parts.len() < all;
    let blocks = parts.iter().zip(rooms).map(|(part, room)| {
        let (text, cut) = part.text(room);
        shortened |= cut;
        markdown(&text)
    });
    (blocks.collect(), shortened)
}

impl Part {
    fn of(lane: &LaneView, lines: usize) -> Self {
        let mark = words::mark(lane);
        let status =
            mark.map(|_| escape::markdown(&lane.status, SENTENCE)).filter(|status| !status.is_empty());
        let status = status.map(|status| format!(" · {}_{status}_", mark.unwrap_or_default()));
        let note =
            lane.note.as_ref().map(|note| escape::markdown(note, SENTENCE)).filter(|note| !note.is_empty());
        let note = note.map(|note| format!("{GAP}_{note}_"));
        let title = name::title(&lane.card, lane.simulated);
        let head = [Some(title), status, note].into_iter().flatten().collect();
        let has_answer = !lane.answer.trim().is_empty();
        let answer =
            has_answer.then(|| Answer::new(&lane.answer, words::is_writing(lane), lines, lane.clipped));
        Self { head, answer }
    }

    /// What it takes without its answer.
    fn fixed(&self) -> usize {
        weight(&markdown(&self.head)) + length(GAP)
    }

    fn demand(&self) -> usize {
        self.answer.as_ref().map_or(0, Answer::demand)
    }

    /// The head and as much of the answer as fits; whether something is left out.
    fn text(&self, room: usize) -> (String, bool) {
        let Some(answer) = &self.answer else { return (self.head.clone(), false) };
        let (kept, cut) = answer.within(room);
        (if kept.is_empty() { self.head.clone() } else { format!("{}{GAP}{kept}", self.head) }, cut)
    }
}
