//! One answer of a finished race, page by page.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Control, fit::Dialect, markdown::canonical, text::open_fence};
use crate::{
    button::{Button, Page, Part},
    race::{Record, report::LaneReport},
};

/// The bytes of text that a unit of room on a page can hold at most, once marks are dropped.
const MAX_BYTES: usize = 8;

/// A page of an answer or of its reasoning, for one reader.
pub(crate) struct PageView<'a> {
    /// The index of the lane in the race.
    pub(crate) index: usize,
    /// The lane.
    pub(crate) lane: &'a LaneReport,
    /// The part that follows the name of the model: " · reasoning" or nothing.
    pub(crate) suffix: &'static str,
    /// The escaped text; `None` if nothing was written.
    pub(crate) text: Option<String>,
    /// The number of the page, as in "page 2 of 3"; empty if there is only one.
    pub(crate) position: String,
    /// The buttons that turn the page, and the one that switches between answer and reasoning.
    pub(crate) buttons: Vec<Control>,
}

impl<'a> PageView<'a> {
    /// The page of `record` with at most `limit` of text; an index beyond the last page means the last one. `None` if the
    /// race has no such answer.
    pub(crate) fn of<D: Dialect>(record: &'a Record, page: Page, limit: usize) -> Option<Self> {
        let (index, lane) = record.report.lane_at(page.answer)?;
        let (text, suffix, other) = match page.part {
            Part::Answer => (&lane.answer, "", (Part::Reasoning, "🧠", "Reasoning")),
            Part::Reasoning => (&lane.reasoning, " · reasoning", (Part::Answer, "📄", "Answer")),
        };
        let pages = pages::<D>(text, |_| limit);
        let last = pages.len().saturating_sub(1);
        let current = page.index.min(last);
        let turn = |index, emoji, label| (Button::Read(Page { index, ..page }), emoji, label);
        let mut buttons = vec![];
        buttons.extend((current > 0).then(|| turn(current.saturating_sub(1), "◀️", "Back")));
        buttons.extend((current < last).then(|| turn(current + 1, "▶️", "Next")));
        let (part, emoji, label) = other;
        let has_reasoning = !lane.reasoning.trim().is_empty();
        let switch = (Button::Read(Page { part, index: 0, ..page }), emoji, label);
        buttons.extend(has_reasoning.then_some(switch));
        let position = if last > 0 { format!("page {} of {}", current + 1, last + 1) } else { String::new() };
        Some(Self { index, lane, suffix, text: pages.into_iter().nth(current), position, buttons })
    }
}

/// Splits an answer into pages, none of them empty and each at most `limit` of its index long. A code block across two
/// pages is closed on the first and reopened on the second; pages end between lines, or between words where one line is
/// longer than a page.
pub(crate) fn pages<D: Dialect>(answer: &str, limit: impl Fn(usize) -> usize) -> Vec<String> {
    let canonical = canonical(answer);
    let mut pages: Vec<String> = vec![];
    let mut rest = canonical.trim().to_owned();
    while !rest.is_empty() {
        let end = page_end::<D>(&rest, limit(pages.len()));
        let (page, after) = rest.split_at(end);
        let fence = open_fence(page);
        let shown = D::escape(page);
        pages.extend((!shown.trim().is_empty()).then(|| shown.trim().to_owned()));
        let opening = fence.map(|fence| format!("{}\n", fence.opening)).unwrap_or_default();
        let after = if opening.is_empty() { after.trim_start_matches('\n') } else { after };
        rest = if after.trim().is_empty() { String::new() } else { opening + after };
    }
    pages
}

/// The bytes of `text` that fit on a page: whole lines if at least one fits, else whole words, else graphemes.
fn page_end<D: Dialect>(text: &str, limit: usize) -> usize {
    let fits = |end: &usize| D::length(&D::escape(&text[..*end])) <= limit;
    // no escaped text is so much shorter, so what lies behind need not be looked at
    let whole = text;
    let text = &text[..text.floor_char_boundary(limit.saturating_mul(MAX_BYTES))];
    if text.len() == whole.len() && fits(&text.len()) {
        return text.len();
    }
    // a reopened code block needs a line of its own code
    let first =
        open_fence(text.lines().next().unwrap_or_default()).map_or(0, |fence| fence.opening.len() + 1);
    let last = |ends: &mut dyn Iterator<Item = usize>| {
        let ends: Vec<usize> = ends.filter(|end| *end > first && *end < whole.len()).collect();
        let fitting = ends.partition_point(fits);
        // a longer text may be shorter once escaped, by a mark or two
        ends[..fitting].iter().rev().copied().find(fits)
    };
    last(&mut text.match_indices('\n').map(|(at, _)| at + 1))
        .or_else(|| last(&mut text.match_indices(' ').map(|(at, _)| at + 1)))
        .or_else(|| last(&mut text.grapheme_indices(true).map(|(at, _)| at)))
        .unwrap_or(whole.len())
}
