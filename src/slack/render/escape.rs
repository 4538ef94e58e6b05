//! Untrusted text on Slack, escaped so that it pings no one and no link hides its target; and the names of models.
//!
//! Slack reads `<@U1>`, `<#C1>`, `<!channel>` and `<http://target|label>` within texts, whatever the markup
//! (<https://docs.slack.dev/messaging/formatting-message-text>). Entities for `<` and `>` prevent that; tests on a real
//! workspace suggest that Slack does not read decoded entities again. That is not documented, so each such sequence is
//! broken as well: by an invisible joiner in texts, by a space in code, which users copy.

use std::fmt::Write as _;

pub(super) use crate::view::words::model_name as plain_name;
use crate::{
    model::ModelCard,
    view::{
        limits::{MAX_ICON, MAX_NAME, MAX_TITLE_NAME},
        text::{Measure, clipped, one_line, plain},
    },
};

/// Invisible, and not part of any sequence that Slack reads; untrusted text never has one of its own.
pub(super) const JOINER: char = '\u{2060}';
/// The words that Slack reads after `<!`.
const CALLS: [&str; 6] = ["channel", "here", "everyone", "group", "subteam", "date"];
/// Schemes of addresses without `//`.
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

/// Splits a sentence of ours into text and code in turn, at most `limit` characters together. Users copy code, so it
/// holds nothing invisible. If a backtick has no counterpart, all is text.
pub(super) fn spans(sentence: &str, limit: usize) -> Vec<String> {
    let sentence = clipped(&plain(sentence), limit, Measure::Chars);
    let parts: Vec<&str> = sentence.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return vec![harmless(&sentence)];
    }
    let spans = parts.iter().enumerate();
    spans.map(|(i, part)| if i % 2 == 1 { code_without_calls(part) } else { harmless(part) }).collect()
}

/// [`code`] with a space in every call to many people: harmless in code, but a client may show the message as plain text.
pub(super) fn code_without_calls(part: &str) -> String {
    CALLS.iter().fold(code(part), |out, call| out.replace(&format!("@{call}"), &format!("@ {call}")))
}

/// One line for `mrkdwn`, with the three entities that Slack demands.
pub(super) fn mrkdwn(text: &str, limit: usize) -> String {
    entities(&bare(text, limit))
}

/// `text` with the three entities that Slack demands.
pub(super) fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One line for a `markdown` block, with an entity for every character that Markdown acts on.
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

/// Adds a joiner to every sequence that could ping or link.
pub(super) fn harmless(text: &str) -> String {
    let (mut out, mut before) = (String::with_capacity(text.len()), None);
    for (at, c) in text.char_indices() {
        out.push(c);
        push_joiner(&mut out, before, c, &text[at + c.len_utf8()..]);
        before = Some(c);
    }
    out
}

/// Pushes a joiner after `c` if it needs one between `before` and `rest`.
pub(super) fn push_joiner(out: &mut String, before: Option<char>, c: char, rest: &str) {
    let needs_joiner = match c {
        '<' | ';' => begins(rest),
        '@' => !before.is_some_and(char::is_alphanumeric) && rest.starts_with(char::is_alphanumeric),
        _ => false,
    };
    if needs_joiner {
        out.push(JOINER);
    }
}

/// Adds a space to every sequence in code that could ping or link.
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

/// Returns true if `rest` after a `<`, or after the end of an entity for it, makes Slack act. Backslashes are ignored,
/// because Markdown removes them first.
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

/// A model's icon with a space, or nothing.
pub(super) fn icon(card: &ModelCard) -> String {
    between("", &card.icon, MAX_ICON, " ")
}

/// A model's name for places without markup.
pub(super) fn short_name(card: &ModelCard) -> String {
    bare(&plain_name(card), MAX_NAME)
}

/// Icon and name for places without markup, with a label if the model is simulated.
pub(super) fn full_name(card: &ModelCard) -> String {
    format!("{}{}{}", icon(card), short_name(card), if card.simulated { " (simulated)" } else { "" })
}

/// For a `markdown` block: icon and name in bold.
pub(super) fn title(card: &ModelCard) -> String {
    let icon = markdown(&card.icon, MAX_ICON);
    let gap = if icon.is_empty() { "" } else { " " };
    format!("**{icon}{gap}{}**", markdown(&plain_name(card), MAX_TITLE_NAME))
}
