//! Clips answers to the room they have. A platform is described by its [`Dialect`]: its way to escape text and to
//! count its length.

use std::marker::PhantomData;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    LaneView,
    markdown::canonical,
    text::{Keep, Measure, clip, open_fence},
    words,
};

/// Marks the end of an answer that is being written.
const CURSOR: &str = "▌";
/// The bytes of text that a unit of room on a page can hold at most, once marks are dropped.
const MAX_BYTES: usize = 8;
/// The length in bytes of the ellipsis that marks a cut between lines.
const CUT_BYTES: usize = "…\n".len();

/// A platform's way to escape answers and to count their length.
pub(crate) trait Dialect {
    /// The [`Measure`] closest to [`Dialect::length`].
    const MEASURE: Measure;
    /// The length of the longest possible answer.
    const MAX_LENGTH: usize;

    /// The length of `text` as the platform counts it.
    fn length(text: &str) -> usize;

    /// Escapes a piece of a canonical text.
    fn escape(piece: &str) -> String;
}

/// An answer that can be clipped to any length; holds no more than the platform can show.
pub(crate) struct AnswerText<D> {
    canonical: String,
    keep: Keep,
    whole: String,
    cut: bool,
    dialect: PhantomData<D>,
}

impl<D: Dialect> AnswerText<D> {
    /// Takes at most `lines` lines of `text`: the newest end with a cursor while it is `writing`, otherwise the
    /// beginning. `cut` is true if `text` is itself only a part of the answer.
    pub(crate) fn new(text: &str, writing: bool, lines: usize, cut: bool) -> Self {
        let keep = if writing { Keep::Tail } else { Keep::Head };
        let (mut canonical, mut cut) = (canonical(text), cut);
        if let Some(limit) = bytes_of(&canonical, lines, keep) {
            canonical = clip(&canonical, limit, Measure::Bytes, keep);
            cut = true;
        }
        if D::length(&canonical) > D::MAX_LENGTH {
            canonical = clip(&canonical, D::MAX_LENGTH, D::MEASURE, keep);
            cut = true;
        }
        if writing {
            canonical.truncate(canonical.trim_end().len());
            let fenced = canonical.ends_with("```");
            canonical.push_str(if fenced { "\n" } else { "" });
            canonical.push_str(CURSOR);
        }
        Self { whole: D::escape(&canonical), canonical, keep, cut, dialect: PhantomData }
    }

    /// Takes at most `lines` lines of the answer of `lane`; `None` if there is none yet.
    pub(crate) fn of(lane: &LaneView, lines: usize) -> Option<Self> {
        let has_answer = !lane.answer.trim().is_empty();
        has_answer.then(|| Self::new(&lane.answer, words::is_writing(lane), lines, lane.clipped))
    }

    /// The length of the whole text.
    pub(crate) fn demand(&self) -> usize {
        D::length(&self.whole)
    }

    /// Returns as much as fits in `limit`, and true if anything is left out.
    pub(crate) fn within(&self, limit: usize) -> (String, bool) {
        if self.demand() <= limit {
            return (self.whole.trim().to_owned(), self.cut);
        }
        let mut room = limit;
        loop {
            let piece = D::escape(&clip(&self.canonical, room, D::MEASURE, self.keep));
            let got = D::length(&piece);
            if got <= limit {
                return (piece.trim().to_owned(), true);
            }
            room = (room * limit / got).min(room - room / 64 - 1);
        }
    }
}

/// Splits an answer into pages, none of them empty and each at most `limit` of its index long. A code block across two pages is closed on the first and
/// reopened on the second; pages end between lines, or between words where one line is longer than a page.
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

/// The bytes of the first or last `lines` lines and of the mark of the cut; `None` if there are no more lines.
fn bytes_of(text: &str, lines: usize, keep: Keep) -> Option<usize> {
    let text = text.trim_end_matches('\n');
    let end = text.len();
    let kept = match keep {
        Keep::Head => text.match_indices('\n').nth(lines - 1).map(|(at, _)| at),
        Keep::Tail => text.rmatch_indices('\n').nth(lines - 1).map(|(at, _)| end - at),
    };
    kept.map(|bytes| bytes + CUT_BYTES)
}

/// Shares `room` fairly among `demands` (max-min fairness): small demands are met in full, and the rest is divided
/// equally among the others. The sum is at most `room`.
pub(crate) fn shares(demands: &[usize], room: usize) -> Vec<usize> {
    let mut by_demand: Vec<usize> = (0..demands.len()).collect();
    by_demand.sort_by_key(|&i| demands[i]);
    let (mut shares, mut left) = (vec![0; demands.len()], room);
    for (served, i) in by_demand.into_iter().enumerate() {
        shares[i] = demands[i].min(left / (demands.len() - served));
        left -= shares[i];
    }
    shares
}
