//! An answer in the room that it has: the largest end of it whose form on a platform fits.
//!
//! Must not know whose answer it is, nor platforms: those are [`Dialect`]s.

use std::marker::PhantomData;

use super::{
    markdown::canonical,
    text::{Keep, Measure, clip},
};

/// Marks the end of an answer that is being written.
const CURSOR: &str = "▌";
/// Bytes of the ellipsis that marks a cut between lines.
const CUT: usize = "…\n".len();

/// How a platform writes answers and counts them.
pub(crate) trait Dialect {
    /// In what [`Dialect::length`] counts, as near as [`clip`] can.
    const MEASURE: Measure;
    /// The longest that any answer can be there.
    const MOST: usize;

    /// The length of `text` as the platform counts it.
    fn length(text: &str) -> usize;

    /// A piece of a canonical text, harmless there.
    fn defused(piece: &str) -> String;
}

/// An answer, ready to be cut to any room; no more of it than a platform ever shows.
pub(crate) struct Answer<D> {
    canonical: String,
    keep: Keep,
    whole: String,
    cut: bool,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Answer<D> {
    /// `text` in at most `lines` lines. The newest end is kept while it is `writing`, and a cursor shows it; else
    /// the beginning. `cut` says that `text` itself is only a part.
    pub(crate) fn new(text: &str, writing: bool, lines: usize, cut: bool) -> Self {
        let keep = if writing { Keep::Tail } else { Keep::Head };
        let (mut canonical, mut cut) = (canonical(text), cut);
        if let Some(limit) = bytes_of(&canonical, lines, keep) {
            canonical = clip(&canonical, limit, Measure::Bytes, keep);
            cut = true;
        }
        if D::length(&canonical) > D::MOST {
            canonical = clip(&canonical, D::MOST, D::MEASURE, keep);
            cut = true;
        }
        if writing {
            canonical.truncate(canonical.trim_end().len());
            let fenced = canonical.ends_with("```");
            canonical.push_str(if fenced { "\n" } else { "" });
            canonical.push_str(CURSOR);
        }
        Self { whole: D::defused(&canonical), canonical, keep, cut, dialect: PhantomData }
    }

    /// What the whole of it takes.
    pub(crate) fn demand(&self) -> usize {
        D::length(&self.whole)
    }

    /// As much as fits in `limit`; the second value tells whether something is left out.
    pub(crate) fn within(&self, limit: usize) -> (String, bool) {
        if self.demand() <= limit {
            return (self.whole.trim().to_owned(), self.cut);
        }
        let mut room = limit;
        loop {
            let piece = D::defused(&clip(&self.canonical, room, D::MEASURE, self.keep));
            let got = D::length(&piece);
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

/// `room` shared fairly among `demands`: nobody gets more than they ask for, and what the modest leave goes to
/// the others in equal parts. The sum is at most `room`.
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

/// The lines that each of several texts may have of `all` lines, each at least `least`.
pub(crate) fn heights<'a>(texts: impl Iterator<Item = &'a str>, all: usize, least: usize) -> Vec<usize> {
    let wanted: Vec<usize> = texts.map(|text| text.lines().count()).collect();
    shares(&wanted, all).into_iter().map(|height| height.max(least)).collect()
}
