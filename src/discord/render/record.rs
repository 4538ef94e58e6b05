//! What a race leaves behind: every answer whole, as a file, and what the race shows.
//!
//! Must not know where the file is sent.

use super::{
    body::{Attachment, Body, Embed},
    escape::short,
    headline::COLOR,
    limits::{DESCRIPTION, fitting, length},
    name,
};
use crate::{
    race::{RaceId, Record, figures::tokens, lesson, report::LaneReport},
    view::results::{file_name, markdown_file},
};

/// Ends a file that had to be cut.
const CUT: &str = "\n\n[Cut here: this chat takes no larger file.]\n";

/// The name of the file with the answers of `race`.
pub(crate) fn answers_file(race: RaceId) -> String {
    file_name(&race.brief())
}

/// The message that says what the file holds, and the file: Markdown, UTF-8, at most `file_limit` bytes. It must be
/// the first file of the request, under the name of [`answers_file`].
pub(crate) fn answers(record: &Record, file_limit: usize) -> (Body, Vec<u8>) {
    let whole = markdown_file(&record.id.to_string(), &record.asker.name, record.started_at, &record.report);
    let cut = whole.len() > file_limit;
    let file = if cut { cut_to(&whole, file_limit) } else { whole };
    let report = &record.report;
    let mut lines = vec![
        "Every answer of this race, whole, with its numbers; reasoning stands below its answer.".to_owned(),
    ];
    lines.extend(cut.then(|| "⚠️ It is longer than a file here may be, so its end is missing.".to_owned()));
    lines.extend(report.order().into_iter().map(|i| line(&report.lanes[i])));
    let description = fitting(lines.into_iter(), "\n", "");
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
