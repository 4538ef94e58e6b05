//! The body of a message, the blocks that it is made of, and Slack's limits on them.
//!
//! The blocks are the types of slack-morphism, of which all other parts of `render` are built by the functions here
//! (<https://docs.slack.dev/reference/block-kit/blocks>). They have no ids: an edit would need new ones. Slack refuses
//! empty texts, so empty parts are left out.
//!
//! The limit on a whole message is not documented: the API answers `msg_blocks_too_long` from about 11,000 bytes on, and
//! it is unknown whether it counts texts or the JSON around them too. So both are counted.

use std::iter;

use serde::Serialize;
use serde_json::{Number, Value};
use slack_morphism::blocks::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockMarkDownText, SlackBlockPlainText,
    SlackContainerBlock, SlackContextBlock, SlackDataTableBlock, SlackDataTableCell,
    SlackDataTableRawNumberCell, SlackMarkdownBlock, SlackRichTextBlock, SlackRichTextElement,
    SlackRichTextInlineElement, SlackRichTextLink, SlackRichTextPreformatted, SlackRichTextQuote,
    SlackRichTextSection, SlackRichTextText, SlackSectionBlock,
};

use super::buttons::seal;
use crate::platform::seal::Sealer;

/// Blocks of a message.
pub(super) const MAX_BLOCKS: usize = 50;
/// Blocks within a container.
pub(super) const MAX_CHILDREN: usize = 10;
/// Rows that a table shows at once.
const MAX_TABLE_PAGE: u32 = 20;
/// Bytes of all texts of a message, below what was seen to be refused.
pub(super) const MAX_TEXT: usize = 9_000;
/// Bytes of all blocks of a message as JSON, below what was seen to be refused.
const MAX_JSON: usize = 10_400;
/// Characters of the fallback text of most messages, which notifications show and screen readers read.
const MAX_FALLBACK: usize = 200;

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Body {
    /// Shown in notifications, and instead of blocks where they cannot be shown. Our words, with the asker escaped.
    pub(crate) text: String,
    /// At most 50, within [`room`].
    pub(crate) blocks: Vec<SlackBlock>,
}

impl Body {
    /// Returns this message with every button bound to `place`.
    pub(crate) fn sealed(mut self, sealer: &Sealer, place: &str) -> Self {
        for block in &mut self.blocks {
            if let SlackBlock::Actions(row) = block {
                row.elements.iter_mut().for_each(|element| seal(element, sealer, place));
            }
        }
        self
    }
}

/// A run of text in one style.
pub(super) type Inline = SlackRichTextInlineElement;

pub(super) fn text(text: &str) -> Inline {
    text.into()
}

pub(super) fn bold(text: &str) -> Inline {
    SlackRichTextText::new(text.into()).bold().into()
}

pub(super) fn italic(text: &str) -> Inline {
    SlackRichTextText::new(text.into()).italic().into()
}

pub(super) fn code(text: &str) -> Inline {
    SlackRichTextText::new(text.into()).code().into()
}

/// A link of ours.
pub(super) fn link(url: &str, label: &str) -> Inline {
    SlackRichTextLink::new(url.to_owned().into()).with_text(label.into()).into()
}

/// A block whose texts are shown letter by letter
/// (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>).
pub(super) fn rich(parts: Vec<SlackRichTextElement>) -> SlackBlock {
    SlackRichTextBlock::new(parts).into()
}

/// A part of a [`rich`] block, without those of `texts` that are empty.
pub(super) fn section(texts: impl IntoIterator<Item = Inline>) -> SlackRichTextElement {
    let is_shown = |inline: &Inline| !matches!(inline, Inline::Text(text) if text.text.is_empty());
    SlackRichTextSection::new(texts.into_iter().filter(is_shown).collect()).into()
}

/// A block of one [`section`].
pub(super) fn paragraph(texts: impl IntoIterator<Item = Inline>) -> SlackBlock {
    rich(vec![section(texts)])
}

/// A part of a [`rich`] block.
pub(super) fn quote(quoted: &str) -> SlackRichTextElement {
    quote_of(vec![text(quoted)])
}

/// A [`quote`] of several texts.
pub(super) fn quote_of(quoted: Vec<Inline>) -> SlackRichTextElement {
    SlackRichTextQuote::new(quoted).into()
}

/// A block in a fixed-width font.
pub(super) fn preformatted(lines: &str) -> SlackBlock {
    rich(vec![SlackRichTextPreformatted::new(vec![text(lines)]).into()])
}

/// A block of Markdown, escaped by the caller. All of a message may have 12,000 characters, which its other limits keep
/// (<https://docs.slack.dev/reference/block-kit/blocks/markdown-block>).
pub(super) fn markdown(text: &str) -> SlackBlock {
    SlackMarkdownBlock::new(text.into()).into()
}

/// Text without markup.
pub(super) fn plain(text: &str) -> SlackBlockPlainText {
    SlackBlockPlainText::new(text.into()).with_emoji(false)
}

/// Text without markup in which names of emoji, as in `:smile:`, are drawn.
pub(super) fn with_emoji(text: &str) -> SlackBlockPlainText {
    SlackBlockPlainText::new(text.into()).with_emoji(true)
}

/// A block of small text without markup.
pub(super) fn context(text: &str) -> SlackBlock {
    SlackContextBlock::new(vec![plain(text).into()]).into()
}

/// A block that a reader unfolds: a title and a subtitle without markup, and sections of `mrkdwn` below them. Sections are among
/// the few blocks that both Slack's documentation and its validator allow in it
/// (<https://docs.slack.dev/reference/block-kit/blocks/container-block>).
pub(super) fn container(title: &str, subtitle: &str, sections: &[String]) -> SlackBlock {
    let section = |text: &String| {
        SlackSectionBlock::new()
            .with_text(SlackBlockMarkDownText::new(text.clone()).into())
            .with_expand(true)
            .into()
    };
    let sections = sections.iter().take(MAX_CHILDREN).map(section).collect();
    let subtitle = Some(plain(subtitle)).filter(|subtitle| !subtitle.text.is_empty());
    SlackContainerBlock::new(sections)
        .with_title(with_emoji(title).into())
        .opt_subtitle(subtitle.map(Into::into))
        .with_is_collapsible(true)
        .with_default_collapsed(true)
        .into()
}

/// A table that readers sort, with the names of its rows in the second column. A column whose cells are all numbers is sorted
/// by them (<https://docs.slack.dev/reference/block-kit/blocks/data-table-block>).
pub(super) fn data_table(
    caption: &str,
    headings: &[&str],
    rows: &[Vec<(String, Option<f64>)>],
) -> SlackBlock {
    let cell = |(text, value): &(String, Option<f64>)| match value.and_then(Number::from_f64) {
        Some(value) => SlackDataTableCell::RawNumber(SlackDataTableRawNumberCell::new(value, text.clone())),
        None => text.as_str().into(),
    };
    let head = headings.iter().map(|heading| (*heading).into()).collect();
    let page = u32::try_from(rows.len()).unwrap_or(u32::MAX).clamp(1, MAX_TABLE_PAGE);
    let rows = rows.iter().map(|row| row.iter().map(cell).collect());
    SlackDataTableBlock::new(caption.into(), iter::once(head).chain(rows).collect())
        .with_page_size(page)
        .with_row_header_column_index(1)
        .into()
}

/// A row of buttons and menus; `None` if there are none.
pub(super) fn actions<E>(elements: impl IntoIterator<Item = E>) -> Option<SlackBlock>
where
    E: Into<SlackActionBlockElement>,
{
    let elements: Vec<SlackActionBlockElement> = elements.into_iter().map(Into::into).collect();
    (!elements.is_empty()).then(|| SlackActionsBlock::new(elements).into())
}

/// The bytes of `text` within JSON, never fewer than its own.
pub(super) fn length(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

/// The bytes of a block or a part of one as JSON, with a comma.
pub(super) fn weight(block: &impl Serialize) -> usize {
    serde_json::to_string(block).map_or(0, |json| json.len()) + 1
}

/// The bytes of the texts that `block` shows.
fn shown(block: &SlackBlock) -> usize {
    fn within(json: &Value) -> usize {
        match json {
            Value::String(text) => text.len(),
            Value::Array(all) => all.iter().map(within).sum(),
            Value::Object(fields) => {
                let texts =
                    fields.iter().filter(|(key, _)| !matches!(key.as_str(), "type" | "style" | "value"));
                texts.map(|(_, json)| within(json)).sum()
            }
            _ => 0,
        }
    }
    serde_json::to_value(block).as_ref().map_or(0, within)
}

/// The bytes that may still be added to `blocks` under both limits.
pub(super) fn room(blocks: &[SlackBlock]) -> usize {
    let (json, text) = blocks.iter().fold((2, 0), |(json, text), b| (json + weight(b), text + shown(b)));
    MAX_JSON.saturating_sub(json).min(MAX_TEXT.saturating_sub(MAX_FALLBACK + text))
}

/// Appends as many of `parts` as a message holds, each whole, keeps `reserve` bytes free, and returns the number of
/// those left out.
pub(super) fn fill<P>(
    blocks: &mut Vec<SlackBlock>,
    parts: impl IntoIterator<Item = P>,
    reserve: usize,
) -> usize
where
    P: IntoIterator<Item = SlackBlock>,
{
    let mut left_out = 0;
    for part in parts {
        let part: Vec<SlackBlock> = part.into_iter().collect();
        let takes = part.iter().map(|block| weight(block).max(shown(block))).sum::<usize>();
        let fits = blocks.len() + part.len() < MAX_BLOCKS && takes + reserve <= room(blocks);
        if left_out > 0 || !fits {
            left_out += 1;
        } else {
            blocks.extend(part);
        }
    }
    left_out
}
