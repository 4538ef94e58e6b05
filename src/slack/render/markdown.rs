//! A model's answer as Slack's `markdown` block may show it: its Markdown stays, what deceives does not.
//!
//! Headings become bold lines (Slack draws all of them as large as its own headers), lines across the text and tables
//! are drawn with letters: a block of ours must stay one block, and a message may hold one table alone. Must not know
//! limits of whole messages.

use super::{
    escape, inline,
    limits::{TEXT, length},
};
use crate::view::{
    fit::{self, Dialect},
    markdown::{Line, LineKind, RULE, rewritten},
    text::Measure,
};

/// Lists within lists that are told apart.
const DEPTH: usize = 8;

/// Slack's way of writing answers and counting them.
pub(super) struct Slack;

impl Dialect for Slack {
    const MEASURE: Measure = Measure::Bytes;
    const MAX_LENGTH: usize = TEXT;

    fn length(text: &str) -> usize {
        length(text)
    }

    fn escape(piece: &str) -> String {
        rewritten(piece, line, |code| escape::code(&code))
    }
}

/// An answer in bytes of JSON.
pub(super) type Answer = fit::AnswerText<Slack>;

/// One line outside code blocks.
fn line(out: &mut String, text: &str) {
    push(out, &text.replace('\t', " "), 0);
}

/// A line, or what stands in a point of a list, so many lists deep.
fn push(out: &mut String, text: &str, depth: usize) {
    if depth > DEPTH {
        // Behind this, nothing begins a block.
        out.push(escape::JOINER);
        return inline::push(out, text);
    }
    let line = Line::parse(text);
    // Four spaces would make code of it, except in lists.
    let most = if matches!(line.kind, LineKind::Item(_)) { 24 } else { 3 };
    out.extend(line.indent.chars().map(|_| ' ').take(most));
    out.push_str(if line.is_quoted { "> " } else { "" });
    match line.kind {
        LineKind::Rule => out.push_str(RULE),
        LineKind::Item(item) => {
            out.push_str("- ");
            push(out, item.trim(), depth + 1);
        }
        LineKind::Heading(bold) if bold.contains('*') => push(out, &bold, depth + 1),
        LineKind::Heading(bold) => {
            out.push_str("**");
            inline::push(out, &bold);
            out.push_str("**");
        }
        LineKind::Other(rest) => match numbered(rest) {
            Some(end) => {
                out.push_str(&rest[..end]);
                push(out, rest[end..].trim(), depth + 1);
            }
            None => words(out, rest),
        },
    }
}

/// Where the words of a point of a numbered list begin.
fn numbered(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marked = (1..=9).contains(&digits) && text[digits..].starts_with(['.', ')']);
    (marked && text[digits + 1..].starts_with(' ')).then_some(digits + 2)
}

/// The words of a line, so that their beginning makes neither a heading of them nor of the line before.
fn words(out: &mut String, text: &str) {
    let bare = text.trim();
    let only = |marks: &str| !bare.is_empty() && bare.chars().all(|c| marks.contains(c));
    if let Some(after) = text.strip_prefix('#') {
        out.push_str("&#35;");
        inline::push(out, after);
    } else if only("=") {
        out.push_str(&bare.replace('=', "&#61;"));
    } else if only("|:- ") && bare.contains('-') {
        out.push_str(&bare.replace('-', "─"));
    } else {
        inline::push(out, text);
    }
}
