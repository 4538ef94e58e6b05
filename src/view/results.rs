//! The results of a finished race as a Markdown file with every answer.

use std::fmt::Write as _;

use super::{
    View,
    text::{Measure, clipped, one_line, open_fence, plain},
    vote,
    words::{self, attached, model_name},
};
use crate::race::{
    figures::{seconds, speed, tokens},
    report::{LaneReport, Report, Status},
};
use jiff::Timestamp;

/// The name of the file with all answers; `race` is a brief id.
pub(crate) fn file_name(race: &str) -> String {
    format!("race-{race}.md")
}

/// The name of the file with the replay; `race` is a brief id.
pub(crate) fn replay_name(race: &str) -> String {
    format!("race-{race}.gif")
}

/// The name of the file with the share card; `race` is a brief id.
pub(crate) fn share_name(race: &str) -> String {
    format!("race-{race}-result.png")
}

/// The whole race as Markdown. Texts of models are kept, except for characters that hide or reorder text.
pub(crate) fn markdown_file(race: &str, asker: &str, started_at: Timestamp, report: &Report) -> String {
    let mut out = format!("# Race {race}\n\nAsked by {}, {started_at:.0}", bare(asker, 80));
    if let Some(quote) = &report.circumstances.quote {
        let _ = write!(out, ", {}", words::quoting(quote));
        out.extend(words::quoted_url(quote).map(|url| format!(" <{url}>")));
    }
    out.extend(
        report
            .circumstances
            .persona
            .as_ref()
            .map(|persona| format!(", persona: {}", words::persona_id(persona))),
    );
    out.push_str("\n\n");
    out.push_str(&quoted(&report.prompt));
    let view = View::over(asker, report);
    for line in attached(&view) {
        let _ = write!(out, "\n{line}\n");
    }
    if let Some(vote) = vote::sentence(&view) {
        let _ = write!(out, "\n{}\n", one_line(&vote));
    }
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
    let _ = write!(out, "\n## {title}\n\n");
    let numbers = numbers(lane);
    if !numbers.is_empty() {
        let _ = write!(out, "{numbers}\n\n");
    }
    out.push_str(&whole(lane));
    if !lane.reasoning.trim().is_empty() {
        let _ = write!(out, "\n### Reasoning\n\n{}", quoted(&lane.reasoning));
    }
}

/// The whole answer of a lane, with its code fences closed.
pub(crate) fn whole(lane: &LaneReport) -> String {
    let answer = plain(&lane.answer);
    let answer = answer.trim();
    let shown = if answer.is_empty() { "(no answer)" } else { answer };
    let fence = open_fence(answer).map(|fence| format!("{}\n", fence.marker())).unwrap_or_default();
    format!("{shown}\n{fence}")
}

fn quoted(text: &str) -> String {
    plain(text.trim()).lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect()
}

/// The numbers in a line: "first token 0.21 s, total 1.60 s, 231 tokens, 143 tok/s", after the failure if the lane
/// did not finish. Empty for an answer of an open vote, which has no numbers.
pub(crate) fn numbers(lane: &LaneReport) -> String {
    let metrics = &lane.metrics;
    let mut parts = vec![];
    if !matches!(lane.status, Status::Finished(_)) {
        parts.push(lane.error.clone().unwrap_or_else(|| lane.status.as_str().to_owned()));
    }
    parts.extend(metrics.ttft.map(|time| format!("first token {}", seconds(time))));
    parts.extend(metrics.total.map(|time| format!("total {}", seconds(time))));
    let is_measured = metrics.total.is_some() || metrics.output_tokens > 0;
    if is_measured || !lane.status.is_finished() {
        parts.push(format!("{} tokens", tokens(metrics.output_tokens, metrics.token_count)));
    }
    let shown = metrics.tokens_per_second.filter(|_| lane.status != Status::Failed);
    parts.extend(shown.map(|v| format!("{} tok/s", speed(Some(v), metrics.token_count))));
    parts.join(", ")
}
