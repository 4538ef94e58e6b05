//! The results of a finished race as plain text: a table of the numbers for a code block, and a Markdown file with
//! every answer.

use std::fmt::Write as _;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::{
    LaneState, LaneView, View,
    text::{Measure, cells, clipped, one_line, open_fence, plain},
    words::{self, model_name},
};
use crate::race::{
    figures::{seconds, speed, tokens},
    report::{LaneReport, Report, Status},
};

/// The minimum width of the column of names.
const MIN_NAME_WIDTH: usize = 8;
/// The maximum length of a number.
const MAX_NUMBER_LENGTH: usize = 14;

/// The numbers of a row: first token, total, tokens, tok/s.
type Row = [String; 4];

/// The header line and one line per lane, best first, about `columns` cells wide.
pub(crate) fn table(view: &View, columns: usize, heads: [&str; 4]) -> (String, Vec<String>) {
    let order: Vec<&LaneView> = view.standings.iter().filter_map(|&i| view.lanes.get(i)).collect();
    let rows: Vec<Row> = order.iter().map(|lane| row(lane)).collect();
    let heads = heads.map(str::to_owned);
    let widest = |i: usize| rows.iter().chain([&heads]).map(|row| row[i].width()).max().unwrap_or(0);
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let labels: Vec<String> = order.iter().map(|lane| label(lane, view)).collect();
    let longest = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let numbers: usize = widths.iter().sum();
    let gap = if longest + numbers + 8 <= columns { "  " } else { " " };
    let numbers = numbers + widths.len() * gap.len();
    let width = longest.min(columns.saturating_sub(numbers)).max(MIN_NAME_WIDTH);
    let line = |label: &str, row: &Row| {
        let padded = row.iter().zip(&widths).map(|(number, width)| format!("{gap}{number:>width$}"));
        cells(label, width) + &padded.collect::<String>()
    };
    let lines = order.iter().zip(&labels).zip(&rows).map(|((lane, label), row)| match lane.state {
        LaneState::Failed => format!("{}{:>numbers$}", cells(label, width), "failed"),
        _ => line(label, row),
    });
    (line("", &heads), lines.collect())
}

/// The name of a lane, with a mark if it is simulated and others are not.
fn label(lane: &LaneView, view: &View) -> String {
    let mark = if lane.simulated && words::is_mixed(view) { "*" } else { "" };
    format!("{mark}{}", model_name(&lane.card))
}

/// The numbers of a lane in their shortest form.
fn row(lane: &LaneView) -> Row {
    let dash = || "-".to_owned();
    let Some(numbers) = &lane.numbers else { return [dash(), dash(), dash(), dash()] };
    [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed].map(|number| {
        let number = clipped(number, MAX_NUMBER_LENGTH, Measure::Utf16);
        let number = number.replace(" min ", "m").replace(" s", "s").replace('`', "'");
        if number == "n/a" || number.is_empty() { dash() } else { number }
    })
}

/// The name of the file with all answers; `race` is a brief id.
pub(crate) fn file_name(race: &str) -> String {
    format!("race-{race}.md")
}

/// The whole race as Markdown. Texts of models are kept, except for characters that hide or reorder text.
pub(crate) fn markdown_file(race: &str, asker: &str, started_at: Timestamp, report: &Report) -> String {
    let mut out = format!("# Race {race}\n\nAsked by {}, {started_at:.0}\n\n", bare(asker, 80));
    out.push_str(&quoted(&report.prompt));
    for lane in report.order().into_iter().map(|i| &report.lanes[i]) {
        section(&mut out, lane);
    }
    out
}

fn bare(text: &str, limit: usize) -> String {
    clipped(&one_line(text), limit, Measure::Utf16)
}

fn section(out: &mut String, lane: &LaneReport) {
    let icon = bare(&lane.card.icon, 12);
    let size = bare(&lane.card.size, 24);
    let words =
        [icon.as_str(), &model_name(&lane.card), &size, if lane.simulated { "(simulated)" } else { "" }];
    let title = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let _ = write!(out, "\n## {title}\n\n{}\n\n", numbers(lane));
    let answer = plain(&lane.answer);
    let answer = answer.trim();
    out.push_str(if answer.is_empty() { "(no answer)" } else { answer });
    out.push('\n');
    if let Some(fence) = open_fence(answer) {
        out.push_str(fence.marker());
        out.push('\n');
    }
    if !lane.reasoning.trim().is_empty() {
        let _ = write!(out, "\n### Reasoning\n\n{}", quoted(&lane.reasoning));
    }
}

fn quoted(text: &str) -> String {
    plain(text.trim()).lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect()
}

/// The numbers in a line: "first token 0.21 s, total 1.60 s, 231 tokens, 143 tok/s", after the failure if the lane
/// did not finish.
pub(crate) fn numbers(lane: &LaneReport) -> String {
    let metrics = &lane.metrics;
    let mut parts = vec![];
    if !matches!(lane.status, Status::Finished(_)) {
        parts.push(lane.error.clone().unwrap_or_else(|| lane.status.as_str().to_owned()));
    }
    parts.extend(metrics.ttft.map(|time| format!("first token {}", seconds(time))));
    parts.extend(metrics.total.map(|time| format!("total {}", seconds(time))));
    parts.push(format!("{} tokens", tokens(metrics.output_tokens, metrics.token_count)));
    let shown = metrics.tokens_per_second.filter(|_| lane.status != Status::Failed);
    parts.extend(shown.map(|v| format!("{} tok/s", speed(Some(v), metrics.token_count))));
    parts.join(", ")
}
