//! What a race leaves behind: every answer whole, as a file, and what the race shows.
//!
//! Must not know where the file is sent.

use std::fmt::Write as _;

use super::{
    body::{Attachment, Body, Embed},
    escape::{bare, short},
    headline::{COLOR, brief},
    limits::{DESCRIPTION, length},
    name,
};
use crate::{
    arena::{RaceId, Record},
    race::{
        figures::{seconds, speed, tokens},
        lesson,
        report::{LaneReport, Status},
    },
    view::text::{open_fence, plain},
};

/// Ends a file that had to be cut.
const CUT: &str = "\n\n[Cut here: this chat takes no larger file.]\n";

/// The name of the file with the answers of `race`.
pub(crate) fn answers_file(race: RaceId) -> String {
    format!("race-{}.md", brief(race))
}

/// The message that says what the file holds, and the file: Markdown, UTF-8, at most `file_limit` bytes. It must be
/// the first file of the request, under the name of [`answers_file`].
pub(crate) fn answers(record: &Record, file_limit: usize) -> (Body, Vec<u8>) {
    let whole = markdown(record);
    let cut = whole.len() > file_limit;
    let file = if cut { cut_to(&whole, file_limit) } else { whole };
    let report = &record.report;
    let mut lines = vec![
        "Every answer of this race, whole, with its numbers; reasoning stands below its answer.".to_owned(),
    ];
    lines.extend(cut.then(|| "⚠️ It is longer than a file here may be, so its end is missing.".to_owned()));
    lines.extend(report.order().into_iter().take(25).map(|i| line(&report.lanes[i])));
    let description = lines.join("\n");
    let attachment = Attachment {
        id: 0,
        filename: answers_file(record.id),
        description: "The answers of the race as Markdown".to_owned(),
    };
    let body = Body {
        content: "📄 **Arena** · full answers".to_owned(),
        embeds: vec![Embed { description, color: COLOR, ..Embed::default() }],
        attachments: vec![attachment],
        ..Body::default()
    };
    (body, file.into_bytes())
}

fn line(lane: &LaneReport) -> String {
    let tokens = format!("{} tokens", tokens(lane.metrics.output_tokens, lane.metrics.token_count));
    let said = lane.error.as_deref().map_or_else(String::new, |error| format!(" · {}", short(error, 80)));
    format!("{} · {tokens}{said}", name::bold(&lane.card, lane.simulated))
}

fn cut_to(text: &str, limit: usize) -> String {
    let room = limit.saturating_sub(CUT.len());
    let mut out = text[..text.floor_char_boundary(room)].to_owned();
    out.push_str(CUT);
    out.truncate(out.floor_char_boundary(limit));
    out
}

/// All of a race as Markdown. Texts of models stand as they came, without characters that hide or reorder text.
fn markdown(record: &Record) -> String {
    let report = &record.report;
    let asker = bare(&record.asker.name, 80);
    let mut out = format!("# Race {}\n\nAsked by {asker}, {:.0}\n\n", record.id, record.started_at);
    out.push_str(&quoted(&report.prompt));
    for lane in report.order().into_iter().map(|i| &report.lanes[i]) {
        section(&mut out, lane);
    }
    out
}

fn section(out: &mut String, lane: &LaneReport) {
    let icon = bare(&lane.card.icon, 12);
    let size = bare(&lane.card.size, 24);
    let words =
        [icon.as_str(), &name::plain(&lane.card), &size, if lane.simulated { "(simulated)" } else { "" }];
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

/// "first token 0.21 s, total 1.60 s, 231 tokens, 143 tok/s", after how it ended where it did not finish.
fn numbers(lane: &LaneReport) -> String {
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

/// What the race shows, at length.
pub(crate) fn explanation(record: &Record) -> Body {
    let mut description = String::new();
    for paragraph in lesson::explanation(&record.report) {
        let left = DESCRIPTION.saturating_sub(length(&description) + 2);
        // Escaped marks may double a paragraph, which ours hardly do.
        let text = short(&paragraph, left.min(1_500));
        if length(&text) > left {
            break;
        }
        description.push_str(if description.is_empty() { "" } else { "\n\n" });
        description.push_str(&text);
    }
    Body {
        content: "💡 **Arena** · what this race shows".to_owned(),
        embeds: vec![Embed { description, color: COLOR, ..Embed::default() }],
        ..Body::default()
    }
}
