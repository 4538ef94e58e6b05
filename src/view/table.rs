//! The numbers of a race that is over, as lines of one width for a code block.
//!
//! Must not know markup or how many lines fit.

use unicode_width::UnicodeWidthStr;

use super::{
    LaneState, LaneView, View, name,
    text::{Measure, cells, clipped},
    words,
};

/// The narrowest column of names.
const NAME: usize = 8;
/// Characters of one figure.
const FIGURE: usize = 14;

/// The columns of figures: first token, total, tokens, tok/s.
type Figures = [String; 4];

/// The line of heads, and one line a lane in the order of the standings; about `columns` cells wide.
pub(crate) fn lines(view: &View, columns: usize, heads: [&str; 4]) -> (String, Vec<String>) {
    let order: Vec<&LaneView> = view.standings.iter().filter_map(|&i| view.lanes.get(i)).collect();
    let rows: Vec<Figures> = order.iter().map(|lane| figures(lane)).collect();
    let heads = heads.map(str::to_owned);
    let widest = |i: usize| rows.iter().chain([&heads]).map(|row| row[i].width()).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let labels: Vec<String> = order.iter().map(|lane| label(lane, view)).collect();
    let longest = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let figures: usize = widths.iter().sum();
    let gap = if longest + figures + 8 <= columns { "  " } else { " " };
    let figures = figures + widths.len() * gap.len();
    let width = longest.min(columns.saturating_sub(figures)).max(NAME);
    let row = |label: &str, row: &Figures| {
        let figures = row.iter().zip(&widths).map(|(figure, width)| format!("{gap}{figure:>width$}"));
        cells(label, width) + &figures.collect::<String>()
    };
    let lines = order.iter().zip(&labels).zip(&rows).map(|((lane, label), numbers)| match lane.state {
        LaneState::Failed => format!("{}{:>figures$}", cells(label, width), "failed"),
        _ => row(label, numbers),
    });
    (row("", &heads), lines.collect())
}

/// A lane's name in the table, with a mark where it alone is simulated.
fn label(lane: &LaneView, view: &View) -> String {
    let mark = if lane.simulated && words::is_mixed(view) { "*" } else { "" };
    format!("{mark}{}", name::plain(&lane.card))
}

/// First token, total, tokens, tok/s, as short as they are read.
fn figures(lane: &LaneView) -> Figures {
    let dash = || "-".to_owned();
    let Some(numbers) = &lane.numbers else { return [dash(), dash(), dash(), dash()] };
    [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed].map(|figure| {
        let figure = clipped(figure, FIGURE, Measure::Utf16);
        let figure = figure.replace(" min ", "m").replace(" s", "s").replace('`', "'");
        if figure == "n/a" || figure.is_empty() { dash() } else { figure }
    })
}
