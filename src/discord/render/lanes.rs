//! The answers of a race: one embed a lane in the colour of its model, the last ones in one together where there
//! are more lanes than embeds.
//!
//! Must not know the standings.

use super::{
    body::{Embed, Footer},
    escape::{bare, between},
    fit::Answer,
    headline,
    limits::{DESCRIPTION, EMBEDS, length, shares, weight},
    name,
};
use crate::view::{LaneView, Numbers, fit::heights, words};

/// Embeds for lanes: the first is the headline's, the last the chart's.
const LANES: usize = EMBEDS - 2;
/// Lines of all answers together, so that a message stays one that can be scrolled past.
const LINES: usize = 160;
/// Lines of an answer at the least.
const LINES_LEAST: usize = 12;
/// Characters of the names in the embed that lanes share.
const NAMES: usize = 800;
/// Characters of a sentence beside an answer.
const SENTENCE: usize = 160;

/// What stands about one lane: its words and its answer.
struct Part<'a> {
    lane: &'a LaneView,
    /// Above the answer, ending in a line break; may be empty.
    above: String,
    answer: Option<Answer>,
}

/// The embeds of `lanes`, of the weight `room` together at the most, and whether an answer was shortened.
pub(super) fn embeds(lanes: &[LaneView], room: usize) -> (Vec<Embed>, bool) {
    let own = if lanes.len() > LANES { LANES - 1 } else { lanes.len() };
    let parts = parts(lanes);
    let (apart, together) = parts.split_at(own);
    let mut embeds: Vec<Embed> = apart.iter().map(|part| part.frame(lanes.len() == 1)).collect();
    let rest = Rest::of(together);
    let fixed = embeds.iter().map(weight).sum::<usize>() + rest.fixed();
    let demands: Vec<usize> = apart.iter().map(Part::demand).chain(rest.demands()).collect();
    let rooms = shares(&demands, room.saturating_sub(fixed));
    let mut shortened = false;
    for ((part, embed), limit) in apart.iter().zip(&mut embeds).zip(&rooms) {
        let (text, cut) = part.text(*limit);
        embed.description = text;
        shortened |= cut;
    }
    if let Some((embed, cut)) = rest.embed(&rooms[own..]) {
        embeds.push(embed);
        shortened |= cut;
    }
    (embeds, shortened)
}

/// What stands about each lane; the lines of the message are shared among them.
fn parts(lanes: &[LaneView]) -> Vec<Part<'_>> {
    let heights = heights(lanes.iter().map(|lane| lane.answer.as_str()), LINES, LINES_LEAST);
    lanes.iter().zip(heights).map(|(lane, height)| Part::of(lane, height)).collect()
}

impl<'a> Part<'a> {
    fn of(lane: &'a LaneView, lines: usize) -> Self {
        let status = |mark: &str| between(&format!("{mark}*"), &lane.status, SENTENCE, "*\n");
        let status = words::mark(lane).map(status).unwrap_or_default();
        let note = lane.note.as_ref().map(|note| between("-# ", note, SENTENCE, "\n"));
        let has_answer = !lane.answer.trim().is_empty();
        let answer =
            has_answer.then(|| Answer::new(&lane.answer, words::is_writing(lane), lines, lane.clipped));
        Self { lane, above: status + &note.unwrap_or_default(), answer }
    }

    /// The embed without its text. A lane alone has its numbers below; else they are in the headline.
    fn frame(&self, alone: bool) -> Embed {
        let (card, simulated) = (&self.lane.card, self.lane.simulated);
        Embed {
            title: name::title(card, simulated),
            color: name::color(card),
            footer: self.lane.numbers.as_ref().filter(|_| alone).map(footer),
            ..Embed::default()
        }
    }

    /// What all of it takes, within what an embed may hold.
    fn demand(&self) -> usize {
        (length(&self.above) + 1 + self.answer.as_ref().map_or(0, Answer::demand)).min(DESCRIPTION)
    }

    /// The words and as much of the answer as fits; whether something is left out.
    fn text(&self, limit: usize) -> (String, bool) {
        let mut text = short_of(&self.above, limit);
        let left = limit.saturating_sub(length(&text) + 1);
        let Some(answer) = &self.answer else { return (text.trim().to_owned(), false) };
        let (kept, cut) = answer.within(left);
        text.push_str(&kept);
        (text.trim().to_owned(), cut)
    }
}

fn footer(numbers: &Numbers) -> Footer {
    let [first, total, tokens, speed] =
        [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed].map(|figure| bare(figure, 16));
    Footer { text: format!("first token {first} · total {total} · {tokens} tokens · {speed} tok/s") }
}

/// The words, where there is room for them: half of them could leave a mark open.
fn short_of(above: &str, limit: usize) -> String {
    if length(above) < limit { above.to_owned() } else { String::new() }
}

/// Lanes that share one embed.
struct Rest<'p, 'a> {
    parts: &'p [Part<'a>],
    heads: Vec<String>,
}

impl<'p, 'a> Rest<'p, 'a> {
    fn of(parts: &'p [Part<'a>]) -> Self {
        let mut rest = Self {
            parts,
            heads: parts.iter().map(|part| name::bold(&part.lane.card, part.lane.simulated) + "\n").collect(),
        };
        // Names of more lanes than an embed holds stand in the headline alone.
        while rest.fixed() > NAMES {
            rest.heads.pop();
        }
        rest.parts = &parts[..rest.heads.len()];
        rest
    }

    /// What their names and the lines between them take.
    fn fixed(&self) -> usize {
        self.heads.iter().map(|head| length(head) + 3).sum()
    }

    fn demands(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(Part::demand)
    }

    fn embed(&self, rooms: &[usize]) -> Option<(Embed, bool)> {
        let rooms = shares(rooms, rooms.iter().sum::<usize>().min(DESCRIPTION - self.fixed()));
        let texts: Vec<(String, bool)> =
            self.parts.iter().zip(rooms).map(|(part, limit)| part.text(limit)).collect();
        let cut = texts.iter().any(|(_, cut)| *cut);
        let all: Vec<String> =
            self.heads.iter().zip(texts).map(|(head, (text, _))| format!("{head}{text}")).collect();
        let embed = Embed { description: all.join("\n\n"), color: headline::COLOR, ..Embed::default() };
        (!self.parts.is_empty()).then_some((embed, cut))
    }
}
