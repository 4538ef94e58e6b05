//! A model's answer for a `section` block in a container, which takes `mrkdwn` and no Markdown: bold, bullets and code blocks are
//! kept, everything else is shown as text.

use super::{
    blocks::length,
    escape::{self, entities},
};
use crate::view::{
    fit::{self, Dialect},
    markdown::{Line, LineKind, RULE, rewritten},
    text::Measure,
};

/// Bytes of an answer in a section, which has 3,000 characters for it and for our words beside it
/// (<https://docs.slack.dev/reference/block-kit/blocks/section-block>).
pub(super) const MAX_SECTION: usize = 2_900;

/// The markup of sections, and their measure.
pub(super) struct Mrkdwn;

impl Dialect for Mrkdwn {
    const MEASURE: Measure = Measure::Bytes;
    const MAX_LENGTH: usize = MAX_SECTION;

    fn length(text: &str) -> usize {
        length(text)
    }

    fn escape(piece: &str) -> String {
        without_languages(&rewritten(piece, line, |code| entities(&escape::code_without_calls(&code))))
    }
}

/// An answer in bytes of JSON.
pub(super) type Section = fit::AnswerText<Mrkdwn>;

/// Pushes one line outside code blocks.
fn line(out: &mut String, text: &str) {
    let line = Line::parse(text);
    let indent: String = line.indent.chars().map(|_| ' ').take(24).collect();
    let words = match line.kind {
        LineKind::Rule => RULE.to_owned(),
        LineKind::Item(item) => format!("• {}", inline(item)),
        LineKind::Heading(heading) => bold(&inline(&heading)),
        LineKind::Other(rest) => inline(rest),
    };
    // an empty quote would leave its mark to whatever follows a cut
    let is_empty = words.trim_matches([' ', '\u{2060}']).is_empty();
    out.push_str(&indent);
    out.push_str(if line.is_quoted && !is_empty { "> " } else { "" });
    out.push_str(&words);
}

fn bold(text: &str) -> String {
    let text = text.replace('*', "");
    if text.trim().is_empty() { text } else { format!("*{}*", text.trim()) }
}

/// The text of a line: bold runs are kept, other marks are text.
fn inline(text: &str) -> String {
    let parts: Vec<String> = text.split("**").map(|part| entities(&escape::harmless(part))).collect();
    if parts.len().is_multiple_of(2) {
        return parts.concat();
    }
    let marked = parts.iter().enumerate().map(|(i, part)| if i % 2 == 1 { bold(part) } else { part.clone() });
    marked.collect()
}

/// Fences without the names of languages, which `mrkdwn` would show.
fn without_languages(text: &str) -> String {
    let mut is_open = false;
    let lines = text.lines().map(|line| match line.strip_prefix("```") {
        Some(_) => {
            is_open = !is_open;
            "```"
        }
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_quote_leaves_no_mark() {
        for (text, shown) in [("> said", "> said"), ("> ", ""), ("> \u{2060}", "\u{2060}")] {
            let mut out = String::new();
            line(&mut out, text);
            assert_eq!(out, shown, "{text:?}");
        }
    }
}
