//! An answer in the room that it has: the largest end of it whose Discord form fits.
//!
//! Must not know whose answer it is.

use super::{
    limits::{DESCRIPTION, length},
    markdown::{canonical, defused},
};
use crate::view::text::{Keep, Measure, clip};

/// Marks the end of an answer that is being written.
const CURSOR: &str = "▌";
/// Bytes of the ellipsis that marks a cut between lines.
const CUT: usize = "…\n".len();

/// An answer, ready to be cut to any room; no more of it than any embed holds.
pub(super) struct Answer {
    canonical: String,
    keep: Keep,
    whole: String,
    cut: bool,
}

impl Answer {
    /// `text` in at most `lines` lines. The newest end is kept while it is `writing`, and a cursor shows it; else
    /// the beginning. `cut` says that `text` itself is only a part.
    pub(super) fn new(text: &str, writing: bool, lines: usize, cut: bool) -> Self {
        let keep = if writing { Keep::Tail } else { Keep::Head };
        let (mut canonical, mut cut) = (canonical(text), cut);
        if let Some(limit) = bytes_of(&canonical, lines, keep) {
            canonical = clip(&canonical, limit, Measure::Bytes, keep);
            cut = true;
        }
        if length(&canonical) > DESCRIPTION {
            canonical = clip(&canonical, DESCRIPTION, Measure::Utf16, keep);
            cut = true;
        }
        if writing {
            canonical.truncate(canonical.trim_end().len());
            let fenced = canonical.ends_with("```");
            canonical.push_str(if fenced { "\n" } else { "" });
            canonical.push_str(CURSOR);
        }
        Self { whole: defused(&canonical), canonical, keep, cut }
    }

    /// What the whole of it takes.
    pub(super) fn demand(&self) -> usize {
        length(&self.whole)
    }

    /// As much as fits in `limit` UTF-16 units; the second value tells whether something is left out.
    pub(super) fn within(&self, limit: usize) -> (String, bool) {
        if self.demand() <= limit {
            return (self.whole.trim().to_owned(), self.cut);
        }
        let mut room = limit;
        loop {
            let piece = defused(&clip(&self.canonical, room, Measure::Utf16, self.keep));
            let got = length(&piece);
            if got <= limit {
                return (piece.trim().to_owned(), true);
            }
            room = (room * limit / got).min(room - room / 64 - 1);
        }
    }
}

/// The bytes of the first or last `lines` lines and of what marks the cut; `None` where there are no more.
fn bytes_of(text: &str, lines: usize, keep: Keep) -> Option<usize> {
    let text = text.trim_end_matches('\n');
    let end = text.len();
    let kept = match keep {
        Keep::Head => text.match_indices('\n').nth(lines - 1).map(|(at, _)| at),
        Keep::Tail => text.rmatch_indices('\n').nth(lines - 1).map(|(at, _)| end - at),
    };
    kept.map(|bytes| bytes + CUT)
}
