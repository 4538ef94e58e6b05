//! A model's answer for Slack's `markdown` block: its Markdown is kept, and nothing in it pings or deceives.
//!
//! Headings become bold lines (Slack draws all of them as large as its own headers); rules and tables are drawn with
//! characters, because a message may hold one table only. Within a line, emphasis, code spans and bare addresses are
//! kept; masked links are shown with their target, entities as they were typed, and marks that could begin a block or
//! leave a code span open are entities.

use std::fmt::Write as _;

use super::{
    blocks::{MAX_TEXT, length},
    escape::{self, push_joiner},
};
use crate::view::{
    fit::{self, Dialect},
    markdown::{Line, LineKind, RULE, bracketed_url, closing_backticks, rewritten, split_backticks},
    text::Measure,
};

/// Lists nested deeper are shown as text.
const MAX_DEPTH: usize = 8;

/// Slack's markup and measure of answers.
pub(in crate::slack) struct Slack;

impl Dialect for Slack {
    const MEASURE: Measure = Measure::Bytes;
    const MAX_LENGTH: usize = MAX_TEXT;

    fn length(text: &str) -> usize {
        length(text)
    }

    fn escape(piece: &str) -> String {
        rewritten(piece, line, |code| escape::code(&code))
    }
}

/// An answer in bytes of JSON.
pub(in crate::slack) type Answer = fit::AnswerText<Slack>;

/// One line outside code blocks.
fn line(out: &mut String, text: &str) {
    push(out, &text.replace('\t', " "), 0);
}

/// Pushes a line, or the content of a list item at this depth.
fn push(out: &mut String, text: &str, depth: usize) {
    if depth > MAX_DEPTH {
        // after a joiner, nothing begins a block
        out.push(escape::JOINER);
        return push_inline(out, text);
    }
    let line = Line::parse(text);
    // four spaces would make it code, except in lists
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
            push_inline(out, &bold);
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

/// Returns the start of the words of a numbered list item.
fn numbered(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marked = (1..=9).contains(&digits) && text[digits..].starts_with(['.', ')']);
    (marked && text[digits + 1..].starts_with(' ')).then_some(digits + 2)
}

/// Pushes the words of a line so that they make neither themselves nor the line before a heading.
fn words(out: &mut String, text: &str) {
    let bare = text.trim();
    let only = |marks: &str| !bare.is_empty() && bare.chars().all(|c| marks.contains(c));
    if let Some(after) = text.strip_prefix('#') {
        out.push_str("&#35;");
        push_inline(out, after);
    } else if only("=") {
        out.push_str(&bare.replace('=', "&#61;"));
    } else if only("|:- ") && bare.contains('-') {
        out.push_str(&bare.replace('-', "─"));
    } else {
        push_inline(out, text);
    }
}

/// Appends `text` to `out` with links, mentions and HTML as text.
fn push_inline(out: &mut String, text: &str) {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (rest, before) = (&text[at..], out.chars().next_back());
        let length = match c {
            '`' => code_span(out, rest),
            '~' => tildes(out, rest),
            '\\' => escaped(out, rest, before),
            '<' if !matches!(before, Some('<' | ';')) && bracketed(rest).is_some() => {
                let address = bracketed(rest).unwrap_or_default();
                // without its bracket, the text before it would be read as a part of it
                out.push_str(if before.is_some_and(joins) { " " } else { "" });
                push_apart(out, address);
                out.push(' ');
                address.len() + 2
            }
            ':' if rest.starts_with("://") && is_linked(&text[..at]) => address(out, rest),
            _ => {
                push_char(out, c, rest, before);
                c.len_utf8()
            }
        };
        at += length;
    }
}

/// Pushes a character as text.
fn push_char(out: &mut String, c: char, rest: &str, before: Option<char>) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' if is_entity(rest) => out.push_str("&amp;"),
        '(' | ':' => push_apart(out, c.encode_utf8(&mut [0; 4])),
        _ => out.push(c),
    }
    push_joiner(out, before, c, &rest[c.len_utf8()..]);
}

/// Pushes `text`, after a space if it would turn the bracket before it into a link or the target of one.
fn push_apart(out: &mut String, text: &str) {
    let apart = out.ends_with(']') && text.starts_with(['(', ':']);
    out.push_str(if apart { " " } else { "" });
    out.push_str(text);
}

/// Pushes a backslash and the mark that it escapes, and returns their bytes.
fn escaped(out: &mut String, rest: &str, before: Option<char>) -> usize {
    match rest[1..].chars().next() {
        Some('`') => out.push_str("&#96;"),
        Some(c @ ('<' | '>')) => push_char(out, c, &rest[1..], Some('\\')),
        Some('&') => out.push_str("&amp;"),
        Some('@') => {
            out.push('@');
            push_joiner(out, before, '@', &rest[2..]);
        }
        Some(c) if c.is_ascii_punctuation() => {
            out.push('\\');
            out.push(c);
            push_joiner(out, Some('\\'), c, &rest[2..]);
        }
        _ => {
            out.push('\\');
            return 1;
        }
    }
    2
}

/// Returns true if `rest` begins with an entity, known or not.
fn is_entity(rest: &str) -> bool {
    let Some((name, _)) = rest[1..].split_once(';') else { return false };
    let number = name.strip_prefix('#');
    let word = number.unwrap_or(name);
    !word.is_empty() && word.len() <= 32 && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Returns the inside of `<https://...>`, which needs no brackets.
fn bracketed(rest: &str) -> Option<&str> {
    bracketed_url(rest, "<`\\[]|\"@*_~;&")
}

/// Returns true if `c` forms one word with an address after it.
fn joins(c: char) -> bool {
    c.is_alphanumeric() || "+.-@#".contains(c)
}

fn is_linked(before: &str) -> bool {
    let scheme = before.strip_suffix("https").or_else(|| before.strip_suffix("http"));
    scheme.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || "_\\]".contains(c)))
}

/// Pushes an address from its `://` on, followed by a space before other text, and returns its bytes.
fn address(out: &mut String, rest: &str) -> usize {
    let end = rest.find(|c: char| c.is_whitespace() || "<>[]`\\|\"".contains(c)).unwrap_or(rest.len());
    let mut before = None;
    for (at, c) in rest[..end].char_indices() {
        out.push(c);
        if before != Some('/') || c == ';' {
            push_joiner(out, before, c, &rest[at + c.len_utf8()..]);
        }
        before = Some(c);
    }
    let apart = rest[end..].starts_with(|c: char| !c.is_whitespace());
    out.push_str(if apart { " " } else { "" });
    end
}

/// Pushes a run of tildes, of which three could begin a code block, and returns its bytes.
fn tildes(out: &mut String, rest: &str) -> usize {
    let run = rest.len() - rest.trim_start_matches('~').len();
    out.push_str(&(if run > 2 { "&#126;" } else { "~" }).repeat(run));
    run
}

/// Pushes a code span, or its backticks as text if it is not closed on its line, and returns its bytes.
fn code_span(out: &mut String, rest: &str) -> usize {
    let run = rest.len() - rest.trim_start_matches('`').len();
    let Some(end) = closing_backticks(&rest[run..], run) else {
        out.push_str(&"&#96;".repeat(run));
        return run;
    };
    let inside = escape::code(rest[run..run + end].trim()).replace("](", "] (");
    match inside.as_str() {
        "" => out.push_str(&"&#96;".repeat(2 * run)),
        // apart from a span before it: three backticks in a row could begin a code block
        code => {
            out.push_str(if out.ends_with('`') { " " } else { "" });
            let wide = code.contains('`');
            let _ = if wide {
                write!(out, "`` {} ``", split_backticks(code, 1))
            } else {
                write!(out, "`{code}`")
            };
        }
    }
    run + end + run
}
