//! Slack's limits on a message, and what counts against them.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks>. The limit on a whole message is not documented: the API answers
//! `msg_blocks_too_long` from about 11,000 bytes on, and whether it counts texts or the JSON around them too is not
//! known. So both are counted: the texts in bytes, and the blocks as they are sent. Must not know what the texts say.

use serde_json::Value;

/// Blocks of a message.
pub(super) const BLOCKS: usize = 50;
/// Bytes of all texts of a message, below what was seen to be refused.
pub(super) const TEXT: usize = 9_000;
/// Bytes of all blocks of a message as JSON, below the same.
pub(super) const JSON: usize = 10_400;
/// Characters of a button's label, of an option and of its description
/// (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).
pub(super) const LABEL: usize = 75;
/// Characters of the fallback text, which notifications show.
pub(super) const FALLBACK: usize = 200;

/// The bytes of `text` within JSON, which are never fewer than its own.
pub(super) fn length(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

/// The bytes of a block as JSON, with the comma behind it.
pub(super) fn weight(block: &Value) -> usize {
    block.to_string().len() + 1
}

/// The bytes of the texts that `block` shows.
pub(super) fn words(block: &Value) -> usize {
    match block {
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(words).sum(),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "type" | "style" | "value"));
            shown.map(|(_, value)| words(value)).sum()
        }
        _ => 0,
    }
}

/// What may still be added to `blocks`, in bytes that hold for both limits.
pub(super) fn room(blocks: &[Value]) -> usize {
    let (json, text) = blocks.iter().fold((2, 0), |(json, text), b| (json + weight(b), text + words(b)));
    JSON.saturating_sub(json).min(TEXT.saturating_sub(FALLBACK + text))
}
