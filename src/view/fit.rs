//! Clips answers to the room they have. A platform is described by its [`Dialect`]: its way to escape text and to
//! count its length.

use std::marker::PhantomData;

use super::{
    LaneView,
    markdown::canonical,
    text::{Keep, Measure, clip},
    words,
};

/// Marks the end of an answer that is being written.
const CURSOR: &str = "▌";
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
