//! Untrusted text on Slack: what it takes that nobody is pinged and no link has another label than its target.
//!
//! Slack reads `<@U1>`, `<#C1>`, `<!channel>` and `<http://target|label>` within texts, whatever the markup
//! (<https://docs.slack.dev/messaging/formatting-message-text>). Entities for `<` and `>` end that; people who tried it
//! on a real workspace report that Slack does not read what it decoded again. That is not documented, so each such
//! sequence is broken too: by an invisible joiner in texts, by a space in code, which people copy. Must not know what
//! the texts are.

use std::fmt::Write as _;

use crate::view::text::{Measure, clipped, one_line, plain};

/// Takes no room and joins nothing that Slack knows; untrusted text never has one of its own.
pub(super) const JOINER: char = '\u{2060}';
/// What may stand behind `<!`.
const CALLS: [&str; 6] = ["channel", "here", "everyone", "group", "subteam", "date"];
/// Addresses that have no `//`.
const SCHEMES: [&str; 5] = ["mailto:", "tel:", "sms:", "data:", "javascript:"];

/// One line for places without markup, at most `limit` characters long before sequences are broken.
pub(super) fn bare(text: &str, limit: usize) -> String {
    harmless(&clipped(&one_line(text), limit, Measure::Chars))
}

/// [`bare`] for places that refuse more than `limit` characters, those of the escape included.
pub(super) fn tight(text: &str, limit: usize) -> String {
    let fitting = (1..=limit).rev().map(|shorter| bare(text, shorter));
    fitting.into_iter().find(|text| text.chars().count() <= limit).unwrap_or_default()
}

/// [`bare`] between two marks; nothing where the text is empty.
pub(super) fn between(before: &str, text: &str, limit: usize, after: &str) -> String {
    let text = bare(text, limit);
    if text.is_empty() { text } else { format!("{before}{text}{after}") }
}

/// Lines for places without markup, at most `limit` characters.
pub(super) fn lines(text: &str, limit: usize) -> String {
    harmless(&clipped(&plain(text), limit, Measure::Chars))
}

/// A sentence of ours in its parts, text and code in turn, at most `limit` characters together: code is what people
/// copy, so nothing invisible stands in it. Where a backtick has no other one, all is text.
pub(super) fn spans(sentence: &str, limit: usize) -> Vec<String> {
    let sentence = clipped(&plain(sentence), limit, Measure::Chars);
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return vec![harmless(&sentence)];
    }
    // a bare call is none in code, but a message may be read as plain text too
    let apart = |part: &str| {
        CALLS.iter().fold(code(part), |out, call| out.replace(&format!("@{call}"), &format!("@ {call}")))
    };
    let spans = parts.iter().enumerate();
    spans.map(|(i, part)| if i % 2 == 1 { apart(part) } else { harmless(part) }).collect()
}

/// One line for `mrkdwn`: the three characters that Slack reads, as it demands, and nothing that pings.
pub(super) fn mrkdwn(text: &str, limit: usize) -> String {
    bare(text, limit).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One line for a `markdown` block, letter by letter: what Markdown acts on is written as an entity.
pub(super) fn markdown(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in bare(text, limit).chars() {
        if "\\`*_~[]<>&".contains(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// `text` with a joiner in all that could ping or link.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for (at, c) in text.char_indices() {
        out.push(c);
        let rest = &text[at + c.len_utf8()..];
        if breaks(before, c, rest) {
            out.push(JOINER);
        }
        before = Some(c);
    }
    out
}

/// Pushes a joiner behind `c`, which `before` and `rest` stand around in the text that is read, where one is needed.
pub(super) fn push_joiner(out: &mut String, before: Option<char>, c: char, rest: &str) {
    if breaks(before, c, rest) {
        out.push(JOINER);
    }
}

fn breaks(before: Option<char>, c: char, rest: &str) -> bool {
    match c {
        '<' | ';' => begins(rest),
        '@' => {
            let apart = !before.is_some_and(char::is_alphanumeric);
            apart && rest.starts_with(char::is_alphanumeric)
        }
        _ => false,
    }
}

/// Code with a space in all that could ping or link.
pub(super) fn code(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for (at, c) in code.char_indices() {
        out.push(c);
        if matches!(c, '<' | ';') && begins(&code[at + 1..]) {
            out.push(' ');
        }
    }
    out
}

/// Whether what stands behind a `<`, or behind the end of an entity for it, makes Slack act. Markdown takes backslashes
/// away before anybody looks, so none of them is seen, wherever it stands.
fn begins(rest: &str) -> bool {
    let end = rest.find(|c: char| c.is_whitespace() || "<>&".contains(c)).unwrap_or(rest.len());
    let word = rest[..end].replace('\\', "");
    let mut chars = word.chars();
    match chars.next() {
        Some('@' | '#') => chars.next().is_some_and(char::is_alphanumeric),
        Some('!') => CALLS.iter().any(|call| starts(&word[1..], call)),
        Some(_) => is_address(&word) || (word.contains('|') && rest[end..].starts_with(['>', '&'])),
        None => false,
    }
}

fn starts(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

fn is_address(word: &str) -> bool {
    let scheme = word.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b)).count();
    (scheme > 0 && word[scheme..].starts_with("://")) || SCHEMES.iter().any(|scheme| starts(word, scheme))
}
