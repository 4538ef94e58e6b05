//! Short untrusted text (names, prompts, titles, error sentences) as Discord shows it letter by letter.
//!
//! The one place where text is escaped whole; answers, which keep their Markdown, are the business of
//! [`super::markdown`]. Must not know what the texts are.

use crate::view::text::{self, Measure, one_line};

/// One line, at most `limit` long before its marks are escaped (so at most twice as long after).
pub(super) fn short(text: &str, limit: usize) -> String {
    escape(&clipped(&one_line(text), limit))
}

/// [`short`] between two marks; nothing where the text is empty, for marks around nothing stay open.
pub(super) fn between(before: &str, text: &str, limit: usize, after: &str) -> String {
    let text = short(text, limit);
    if text.is_empty() { text } else { format!("{before}{text}{after}") }
}

/// One line for places without Markdown (titles of buttons, footers), at most `limit` long.
pub(super) fn bare(text: &str, limit: usize) -> String {
    clipped(&one_line(text), limit)
}

/// `text` with a backslash before everything that Discord could read as markup
/// (<https://support.discord.com/hc/en-us/articles/210298617>): emphasis, code, spoilers, links, mentions, emoji,
/// timestamps, and what makes a heading, a list or a quote at the beginning. An address is shown and not linked.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        let marks = match c {
            '\\' | '`' | '*' | '_' | '~' | '|' | '<' | '>' | '[' | ']' | '#' | '@' => true,
            '-' | '+' => at == 0,
            '.' | ')' => at == digits && digits > 0,
            ':' => text[at..].starts_with("://"),
            _ => false,
        };
        if marks {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `text` cut to `limit` UTF-16 units, with an ellipsis where it was longer.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    text::clipped(text, limit, Measure::Utf16)
}
