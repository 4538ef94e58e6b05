//! The first embed of a race: who asks what, how the lanes stand, what it shows.
//!
//! Must not know the answers.

use super::{
    body::{Embed, Footer},
    escape::{between, clipped, escape, short},
    limits::length,
    name,
};
use crate::{
    race::RaceId,
    view::{LaneView, Progress, View, results, text::fitting, words},
};

/// Slate: colour belongs to the models.
pub(super) const COLOR: u32 = 0x88_92_A6;
/// Cells of a full bar: what a phone shows beside a name and a speed.
const CELLS: u16 = 10;
/// The most that the lines of the lanes take; the answers need the rest.
const LINES: usize = 1_800;
/// Characters of the prompt, and lines of it.
const PROMPT: (usize, usize) = (300, 4);
/// Characters of one status; longer ones stand with the answer.
const STATUS: usize = 90;
/// Columns of the final table: as wide as a code block on a phone.
const COLUMNS: usize = 40;

/// The headline of `view`.
pub(super) fn embed(view: &View, race: RaceId, shortened: bool) -> Embed {
    let mut parts = vec![asked(view)];
    parts.extend(words::ending(view.progress).map(str::to_owned));
    let alone = view.lanes.len() == 1;
    match view.is_final() {
        true if alone => {}
        true => parts.push(table(view)),
        false => parts.push(lines(view)),
    }
    parts.extend(view.lesson.as_ref().map(|lesson| between("💡 ", lesson, 300, "")));
    parts.extend(view.notice.as_ref().map(|notice| between("-# ", notice, 120, "")));
    // A code block keeps its own distance.
    parts.retain(|part| !part.is_empty());
    let description = parts.join("\n\n").replace("\n\n```", "\n```").replace("```\n\n", "```\n");
    let footer = Some(Footer { text: footer(view, race, shortened) });
    Embed { description, color: COLOR, footer, ..Embed::default() }
}

/// The words outside the embeds, which a notification shows: ours alone.
pub(super) fn content(view: &View) -> String {
    let models = words::models(view.lanes.len());
    match view.progress {
        Progress::Live if view.lanes.len() == 1 => format!("⚔️ **Arena** · {models} answers"),
        Progress::Live => format!("⚔️ **Arena** · {models} race"),
        Progress::Done => format!("🏁 **Arena** · {models}, done"),
        Progress::Stopped => format!("🛑 **Arena** · {models}, stopped"),
        Progress::Interrupted => format!("🔌 **Arena** · {models}, interrupted by a restart"),
    }
}

/// Who asks, and the prompt as a quote.
fn asked(view: &View) -> String {
    let asker = short(&view.asker, 40);
    let who = if asker.is_empty() { "somebody" } else { &asker };
    format!("**{who}** asks{}\n{}", words::simulated(view), quote(&view.prompt))
}

fn quote(prompt: &str) -> String {
    let quoted = clipped(&words::excerpt(prompt, PROMPT.1), PROMPT.0);
    quoted.lines().map(|line| format!("> {}", escape(line))).collect::<Vec<_>>().join("\n")
}

/// One line a lane in the order of the standings, as many as there is room for.
fn lines(view: &View) -> String {
    let all = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    fitting(all.map(|lane| line(lane, view.lanes.len() == 1)), String::new(), LINES, length)
}

fn line(lane: &LaneView, alone: bool) -> String {
    let words = [lane.speed.clone().unwrap_or_default(), short(&lane.status, STATUS)];
    let words = words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
    if alone {
        return format!("{} · {words}", name::bold(&lane.card, lane.simulated));
    }
    format!("`{}` {} {words}", words::bar(lane.bar, CELLS), name::bold(&lane.card, lane.simulated))
}

/// The numbers in the order of the standings, as a code block.
fn table(view: &View) -> String {
    let (heads, lanes) = results::table(view, COLUMNS, ["first", "total", "tokens", "tok/s"]);
    format!("```\n{}\n```", fitting(lanes.into_iter(), heads, LINES, length))
}

fn footer(view: &View, race: RaceId, shortened: bool) -> String {
    let mut parts = vec![];
    if view.is_final() {
        parts.push(words::SPEED_DEFINITION.to_owned());
        parts.extend(words::is_mixed(view).then(|| "* simulated".to_owned()));
        parts.extend(shortened.then(|| words::SHORTENED.to_owned()));
        parts.extend(view.cost.clone());
    }
    parts.push(format!("race {}", race.brief()));
    parts.join(" · ")
}
