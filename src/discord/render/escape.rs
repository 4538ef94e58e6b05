//! Short untrusted text (names, prompts, titles, error sentences) as Discord shows it letter by letter, and the names of
//! models made of it.
//!
//! Text is escaped completely only here; answers, which keep their Markdown, belong to [`super::markdown`].

use crate::{
    model::{Color, ModelCard},
    view::{
        View,
        limits::{MAX_ICON, MAX_NAME, MAX_SIZE, MAX_TITLE_NAME},
        scoreboard,
        text::{self, Measure, one_line},
        words::{self, model_name, size},
    },
};

/// One line, at most `limit` long before its marks are escaped (so at most twice as long after).
pub(super) fn short(text: &str, limit: usize) -> String {
    escape(&bare(text, limit))
}

/// [`short`] between two marks; empty if the text is, because marks around nothing stay open.
pub(super) fn between(before: &str, text: &str, limit: usize, after: &str) -> String {
    let text = short(text, limit);
    if text.is_empty() { text } else { format!("{before}{text}{after}") }
}

/// One line for places without Markdown (titles of buttons, footers), at most `limit` long.
pub(super) fn bare(text: &str, limit: usize) -> String {
    clipped(&one_line(text), limit)
}

/// The line about the asker, at most `limit` long before its marks are escaped, with a link to the quoted message.
pub(super) fn byline(view: &View, limit: usize) -> String {
    let url = view.circumstances.quote.as_ref().and_then(words::quoted_url);
    let link = url.map(|url| format!(" · [message]({url})")).unwrap_or_default();
    short(&scoreboard::byline(view), limit) + &link
}

/// `text` with a backslash before everything that Discord could read as markup
/// (<https://support.discord.com/hc/en-us/articles/210298617>): emphasis, code, spoilers, links, mentions, emoji,
/// timestamps, and the beginning of a heading, a list or a quote. An address is shown but not linked.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        let is_mark = match c {
            '\\' | '`' | '*' | '_' | '~' | '|' | '<' | '>' | '[' | ']' | '#' | '@' => true,
            '-' | '+' => at == 0,
            '.' | ')' => at == digits && digits > 0,
            ':' => text[at..].starts_with("://"),
            _ => false,
        };
        out.extend(is_mark.then_some('\\'));
        out.push(c);
    }
    out
}

/// `text` cut to `limit` UTF-16 units, with an ellipsis where it was longer.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    text::clipped(text, limit, Measure::Utf16)
}

/// A model in a line of text: icon and bold name.
pub(super) fn bold(card: &ModelCard, simulated: bool) -> String {
    let label = if simulated { " (simulated)" } else { "" };
    format!("{}**{}**{label}", icon(card), short(&model_name(card), MAX_NAME))
}

/// A model in a title: icon and name.
pub(super) fn title(card: &ModelCard) -> String {
    format!("{}{}", icon(card), short(&model_name(card), MAX_TITLE_NAME))
}

/// A model in the line-up: icon, name, size unless the name has it, and a label if it is simulated.
pub(super) fn full_title(card: &ModelCard) -> String {
    let simulated = if card.simulated { " · simulated" } else { "" };
    format!("{}{}{simulated}", title(card), between(" · ", size(card), MAX_SIZE, ""))
}

/// A model's colour as an embed takes it: `0xRRGGBB`.
pub(super) fn color(card: &ModelCard) -> u32 {
    let Color { r, g, b } = card.color;
    u32::from_be_bytes([0, r, g, b])
}

/// The icon followed by a space, or nothing.
pub(super) fn icon(card: &ModelCard) -> String {
    between("", &card.icon, MAX_ICON, " ")
}
