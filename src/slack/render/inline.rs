//! One line of an answer outside code blocks: emphasis, code spans and bare addresses live, all else is text.
//!
//! Slack's `markdown` block reads the Markdown that models write, so little has to be done: masked links are shown with
//! their target, entities as they were typed, marks that could begin a block or leave a code span open are entities.
//! Must not know blocks.

use std::fmt::Write as _;

use super::escape::{self, push_joiner};
use crate::view::markdown::{closing_backticks, split_backticks};

/// Appends `text` to `out`, so that links, mentions and HTML are shown as text.
pub(super) fn push(out: &mut String, text: &str) {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (rest, before) = (&text[at..], out.chars().next_back());
        let length = match c {
            '`' => code_span(out, rest),
            '~' => tildes(out, rest),
            '\\' => escaped(out, rest, before),
            '<' if !matches!(before, Some('<' | ';')) && bracketed(rest).is_some() => {
                let address = bracketed(rest).unwrap_or_default();
                // without its bracket, what stands before it would be read as a part of it
                out.push_str(if before.is_some_and(joins) { " " } else { "" });
                push_apart(out, address);
                out.push(' ');
                address.len() + 2
            }
            ':' if rest.starts_with("://") && is_linked(&text[..at]) => address(out, rest),
            _ => {
                one(out, c, rest, before);
                c.len_utf8()
            }
        };
        at += length;
    }
}

/// One character that stands for itself.
fn one(out: &mut String, c: char, rest: &str, before: Option<char>) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' if is_entity(rest) => out.push_str("&amp;"),
        '(' | ':' => push_apart(out, c.encode_utf8(&mut [0; 4])),
        _ => out.push(c),
    }
    push_joiner(out, before, c, &rest[c.len_utf8()..]);
}

/// `text` with a space before it where it would make a link, or the target of one, of the bracket before it.
fn push_apart(out: &mut String, text: &str) {
    let apart = out.ends_with(']') && text.starts_with(['(', ':']);
    out.push_str(if apart { " " } else { "" });
    out.push_str(text);
}

/// A backslash and the mark that it takes its meaning from; and their bytes.
fn escaped(out: &mut String, rest: &str, before: Option<char>) -> usize {
    match rest[1..].chars().next() {
        Some('`') => out.push_str("&#96;"),
        Some(c @ ('<' | '>')) => one(out, c, &rest[1..], Some('\\')),
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

/// Whether `rest` begins with an entity, known or not.
fn is_entity(rest: &str) -> bool {
    let Some((name, _)) = rest[1..].split_once(';') else { return false };
    let number = name.strip_prefix('#');
    let word = number.unwrap_or(name);
    !word.is_empty() && word.len() <= 32 && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The inside of `<https://...>`, which may stand without its brackets: text and target are the same.
fn bracketed(rest: &str) -> Option<&str> {
    let (inside, _) = rest[1..].split_once('>')?;
    let sound = |c: char| c.is_ascii_graphic() && !"<`\\[]|\"@*_~;&".contains(c);
    let known = inside.starts_with("https://") || inside.starts_with("http://");
    (known && inside.chars().all(sound)).then_some(inside)
}

/// Whether `c` makes one word of itself and the address behind it.
fn joins(c: char) -> bool {
    c.is_alphanumeric() || "+.-@#".contains(c)
}

fn is_linked(before: &str) -> bool {
    let scheme = before.strip_suffix("https").or_else(|| before.strip_suffix("http"));
    scheme.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || "_\\]".contains(c)))
}

/// An address from its `://` on, and its bytes; a space ends it where something else stands behind it.
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

/// Tildes in a row: three could begin a code block.
fn tildes(out: &mut String, rest: &str) -> usize {
    let run = rest.len() - rest.trim_start_matches('~').len();
    out.push_str(&(if run > 2 { "&#126;" } else { "~" }).repeat(run));
    run
}

/// A code span, or its backticks as text where it is not closed on its line; and its bytes.
fn code_span(out: &mut String, rest: &str) -> usize {
    let run = rest.len() - rest.trim_start_matches('`').len();
    let Some(end) = closing_backticks(&rest[run..], run) else {
        out.push_str(&"&#96;".repeat(run));
        return run;
    };
    let inside = escape::code(rest[run..run + end].trim()).replace("](", "] (");
    match inside.as_str() {
        "" => out.push_str(&"&#96;".repeat(2 * run)),
        // Also behind another span: nobody shall see three backticks in a row.
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
