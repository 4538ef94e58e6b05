//! The first embed of a race: who asks what, how the lanes stand, what it shows.
//!
//! Must not know the answers.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::{
    body::{Embed, Footer},
    escape::{between, cells, clipped, escape, short},
    limits::length,
    name,
};
use crate::{
    arena::RaceId,
    view::{BAR_EIGHTHS, LaneState, LaneView, Progress, View, text},
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
    parts.extend(ending(view.progress).map(str::to_owned));
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
    let models = match view.lanes.len() {
        1 => "one model".to_owned(),
        n => format!("{n} models"),
    };
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
    let simulated = match view.lanes.iter().filter(|lane| lane.simulated).count() {
        0 => "",
        n if n == view.lanes.len() => " · simulated models",
        _ => " · some models simulated",
    };
    format!("**{who}** asks{simulated}\n{}", quote(&view.prompt))
}

fn quote(prompt: &str) -> String {
    let plain = text::plain(prompt);
    let mut lines = plain.lines().map(text::one_line).filter(|line| !line.is_empty());
    let mut kept: Vec<String> = lines.by_ref().take(PROMPT.1).collect();
    if lines.next().is_some()
        && let Some(last) = kept.last_mut()
    {
        last.push_str(" …");
    }
    let quoted = clipped(&kept.join("\n"), PROMPT.0);
    quoted.lines().map(|line| format!("> {}", escape(line))).collect::<Vec<_>>().join("\n")
}

/// What an end other than the usual one means.
fn ending(progress: Progress) -> Option<&'static str> {
    match progress {
        Progress::Live | Progress::Done => None,
        Progress::Stopped => Some("🛑 Stopped: the answers stand as far as they came."),
        Progress::Interrupted => Some("🔌 Interrupted by a restart: the answers stand as far as they came."),
    }
}

/// One line a lane in the order of the standings, as many as there is room for.
fn lines(view: &View) -> String {
    let all = view.standings.iter().filter_map(|&i| view.lanes.get(i));
    fitting(all.map(|lane| line(lane, view.lanes.len() == 1)), String::new())
}

fn line(lane: &LaneView, alone: bool) -> String {
    let words = [lane.speed.clone().unwrap_or_default(), short(&lane.status, STATUS)];
    let words = words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
    if alone {
        return format!("{} · {words}", name::bold(&lane.card, lane.simulated));
    }
    format!("`{}` {} {words}", bar(lane.bar), name::bold(&lane.card, lane.simulated))
}

/// A bar in a fixed number of cells. The empty ones are drawn too: spaces at the end of a code span are trimmed.
fn bar(eighths: u16) -> String {
    let filled = text::bar(eighths.min(BAR_EIGHTHS) * CELLS * 8 / BAR_EIGHTHS);
    let rest = usize::from(CELLS) - filled.chars().count();
    filled + &"░".repeat(rest)
}

/// `first` and as many of the lines behind it as fit in [`LINES`]; the others are counted.
fn fitting(lines: impl Iterator<Item = String>, first: String) -> String {
    let (mut out, mut unsaid) = (first, 0);
    for line in lines {
        if unsaid > 0 || length(&out) + length(&line) + 1 > LINES {
            unsaid += 1;
            continue;
        }
        out.push_str(if out.is_empty() { "" } else { "\n" });
        out.push_str(&line);
    }
    if unsaid > 0 {
        let _ = write!(out, "\n… and {unsaid} more");
    }
    out
}

/// The numbers in the order of the standings, as a code block.
fn table(view: &View) -> String {
    let order: Vec<&LaneView> = view.standings.iter().filter_map(|&i| view.lanes.get(i)).collect();
    let rows: Vec<[String; 4]> = order.iter().map(|lane| figures(lane)).collect();
    let heads = ["first", "total", "tokens", "tok/s"].map(str::to_owned);
    let widest = |i: usize| rows.iter().chain([&heads]).map(|row| row[i].width()).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let labels: Vec<String> = order.iter().map(|lane| label(lane, view)).collect();
    let longest = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let figures: usize = widths.iter().sum();
    let gap = if longest + figures + 8 <= COLUMNS { "  " } else { " " };
    let figures = figures + widths.len() * gap.len();
    let width = longest.min(COLUMNS.saturating_sub(figures)).max(8);
    let row = |label: &str, row: &[String; 4]| {
        let figures = row.iter().zip(&widths).map(|(figure, width)| format!("{gap}{figure:>width$}"));
        cells(label, width) + &figures.collect::<String>()
    };
    let lines = order.iter().zip(&labels).zip(&rows).map(|((lane, label), numbers)| match lane.state {
        LaneState::Failed => format!("{}{:>figures$}", cells(label, width), "failed"),
        _ => row(label, numbers),
    });
    format!("```\n{}\n```", fitting(lines, row("", &heads)))
}

/// A lane's name in the table, with a mark where it alone is simulated.
fn label(lane: &LaneView, view: &View) -> String {
    let mark = if lane.simulated && is_mixed(view) { "*" } else { "" };
    format!("{mark}{}", name::plain(&lane.card))
}

fn is_mixed(view: &View) -> bool {
    view.simulated && view.lanes.iter().any(|lane| !lane.simulated)
}

/// First token, total, tokens, tok/s, as short as they are read.
fn figures(lane: &LaneView) -> [String; 4] {
    let dash = || "-".to_owned();
    let Some(numbers) = &lane.numbers else { return [dash(), dash(), dash(), dash()] };
    [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed].map(|figure| {
        let figure = clipped(figure, 14).replace(" min ", "m").replace(" s", "s").replace('`', "'");
        if figure == "n/a" || figure.is_empty() { dash() } else { figure }
    })
}

fn footer(view: &View, race: RaceId, shortened: bool) -> String {
    let mut parts = vec![];
    if view.is_final() {
        parts.push("tok/s = (tokens − 1) / (last − first token), ≈ estimated".to_owned());
        parts.extend(is_mixed(view).then(|| "* simulated".to_owned()));
        parts.extend(shortened.then(|| "… shortened: see Full answers".to_owned()));
    }
    parts.push(format!("race {}", brief(race)));
    parts.join(" · ")
}

/// The end of a race's id: its beginning is the time, which neighbours share.
pub(super) fn brief(race: RaceId) -> String {
    let id = race.to_string();
    id[id.len() - 8..].to_owned()
}
