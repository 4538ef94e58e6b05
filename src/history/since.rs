//! The time of a change: the split of a window with the smallest rank-sum probability.

use super::{
    rank_sum::{count, is_tied, score},
    sample::{Sample, median, values},
};

/// The fewest samples on either side of a split.
const MIN_SIDE: usize = 3;

/// A window split at a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The time of the first sample after the change.
    pub at_ms: i64,
    /// The median before it.
    pub before: f64,
    /// The median after it.
    pub after: f64,
    /// The number of samples before it.
    pub count_before: usize,
    /// The number of samples after it.
    pub count_after: usize,
}

impl Split {
    /// The first day after the change.
    #[must_use]
    pub fn day(&self) -> i64 {
        Sample { at_ms: self.at_ms, value: 0.0 }.day()
    }
}

/// Finds the split of sorted `samples` whose second part is lowest against the first (highest if not
/// `lower_is_worse`); `None` if there are too few samples or all are equal.
#[must_use]
pub fn split(samples: &[Sample], lower_is_worse: bool) -> Option<Split> {
    let (ranks, ties) = ranks(samples);
    let sign = if lower_is_worse { 1.0 } else { -1.0 };
    let mut best: Option<(f64, usize)> = None;
    let mut rank_sum = ranks.iter().sum::<f64>();
    for at in 1..samples.len() {
        rank_sum -= ranks[at - 1];
        let is_between = samples[at - 1].at_ms < samples[at].at_ms;
        if !is_between || at < MIN_SIDE || samples.len() - at < MIN_SIDE {
            continue;
        }
        let (before, after) = (count(at), count(samples.len() - at));
        let u = rank_sum - after * (after + 1.0) / 2.0;
        let z = sign * score(u, after, before, ties, sign * 0.5)?;
        if best.is_none_or(|(least, _)| z < least) {
            best = Some((z, at));
        }
    }
    let (before, after) = samples.split_at(best?.1);
    Some(Split {
        at_ms: after[0].at_ms,
        before: median(&mut values(before))?,
        after: median(&mut values(after))?,
        count_before: before.len(),
        count_after: after.len(),
    })
}

/// The rank of each sample by value, ties sharing theirs, and the tie term.
fn ranks(samples: &[Sample]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_unstable_by(|&a, &b| samples[a].value.total_cmp(&samples[b].value));
    let (mut ranks, mut ties, mut below) = (vec![0.0; samples.len()], 0.0, 0);
    for tied in order.chunk_by(|&a, &b| is_tied(samples[a].value, samples[b].value)) {
        let size = count(tied.len());
        for &index in tied {
            ranks[index] = count(below) + f64::midpoint(size, 1.0);
        }
        ties += size * (size * size - 1.0);
        below += tied.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::DAY_MS;

    fn series(values: &[f64]) -> Vec<Sample> {
        (0_i64..).zip(values).map(|(day, value)| Sample { at_ms: day * DAY_MS, value: *value }).collect()
    }

    #[test]
    fn the_split_is_where_the_values_change() {
        let slower = series(&[9.0, 10.0, 9.5, 10.5, 9.2, 6.0, 6.2, 5.9, 6.1]);
        let found = split(&slower, true).expect("a split");
        assert_eq!((found.day(), found.count_before, found.count_after), (5, 5, 4));
        assert_eq!((found.before, found.after), (9.5, 6.05));
        let later: Vec<_> = slower.iter().map(|s| Sample { value: 1.0 / s.value, ..*s }).collect();
        assert_eq!(split(&later, false).expect("a split").day(), 5);
    }

    #[test]
    fn nothing_is_split_without_a_difference_or_enough_samples() {
        assert_eq!(split(&series(&[5.0; 20]), true), None);
        assert_eq!(split(&series(&[5.0, 1.0, 5.0, 1.0, 1.0]), true), None);
        assert_eq!(split(&[], true), None);
    }
}
