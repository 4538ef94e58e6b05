//! Other answers to the same prompt: has a model been exchanged behind its name?
//!
//! After each run of a canary, the features of its last 20 answers are compared with those of the 60 before, by their
//! energy distance (<https://doi.org/10.1016/j.jspi.2013.03.018>) and its rank among random exchanges of the answers. A
//! difference that lasts for some runs in a row and some hours is a change: a single run may differ by chance, and all runs
//! of some hours may differ for a passing cause.

use std::ops::{Range, RangeInclusive};

use super::features::Features;

/// The recent answers.
const RECENT: usize = 20;
/// The answers before them.
const BEFORE: usize = 60;
/// The fewest new answers.
const MIN_NEW: usize = 3;
/// The fewest of them for a comparison.
const MIN_BEFORE: usize = 40;
/// The answers that are read for the newest change: those of the last 40 comparisons, of which 20 may lead to a change.
pub const NEWEST_ANSWERS: usize = BEFORE + 3 * RECENT;
/// The random exchanges.
const PERMUTATIONS: usize = 999;
/// The share of each of them, and of the observed order, in the probability.
const PERMUTATION_SHARE: f64 = 0.001;
/// A difference is less likely than this by chance.
const MAX_P: f64 = 0.005;
/// The fewest runs in a row that show a difference that lasts.
const MIN_LASTING: usize = 4;
/// The shortest time from the first to the last of them.
const MIN_LASTING_MS: i64 = 10 * 3_600_000;
/// The runs in a row that are enough in a shorter time.
const MAX_LASTING: usize = RECENT;

/// An answer to a canary's prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its time, as in [`super::Sample`].
    pub at_ms: i64,
    /// Its features.
    pub features: Features,
}

/// A change of a model's answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BehaviourChange {
    /// The index of the answer with which it was certain.
    pub index: usize,
    /// The probability of the difference by chance.
    pub p: f64,
}

/// The newest change of a model's answers, with the answers that show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewestChange {
    /// The change.
    pub change: BehaviourChange,
    /// The index of the first of the new answers.
    pub first: usize,
    /// The index of the most typical answer before.
    pub before: usize,
    /// The index of the most typical answer since then.
    pub now: usize,
}

/// Returns the change that became certain with one of the last 20 of the sorted `answers`, of which at most
/// [`NEWEST_ANSWERS`] are read. It stays the same change while those pass.
#[must_use]
pub fn newest_change(answers: &[Answer], seed: u64) -> Option<NewestChange> {
    let offset = answers.len().saturating_sub(NEWEST_ANSWERS);
    // an answer is judged alike whichever answers are read with it
    let first = if offset > 0 { RECENT + BEFORE } else { RECENT + MIN_BEFORE };
    let of_answer = |at: usize| seed ^ answers[offset + at].at_ms.unsigned_abs();
    let change = judge(&answers[offset..], first, of_answer).pop()?;
    let change = BehaviourChange { index: change.index + offset, ..change };
    if change.index + RECENT < answers.len() {
        return None;
    }
    let start = (change.index + 1).saturating_sub(RECENT + BEFORE);
    let window = &answers[start..=change.index];
    let distances =
        Distances::of(&vectors(&window.iter().map(|answer| &answer.features).collect::<Vec<_>>()));
    let first = distances.split(window.len() - RECENT..=window.len() - MIN_NEW);
    Some(NewestChange {
        change,
        first: start + first,
        before: start + distances.most_typical(0..first),
        now: start + distances.most_typical(first..window.len()),
    })
}

/// Judges the sorted `answers` to one prompt after each of them. Equal answers and an equal `seed` give equal results.
#[must_use]
pub fn judge_behaviour(answers: &[Answer], seed: u64) -> Vec<BehaviourChange> {
    judge(answers, RECENT + MIN_BEFORE, |newest| seed.wrapping_add(newest as u64 + 1))
}

/// Judges the sorted `answers` after each of them once there are `first`, with a seed for the index of the newest one.
fn judge(answers: &[Answer], first: usize, seed: impl Fn(usize) -> u64) -> Vec<BehaviourChange> {
    let (mut changes, mut start, mut differs_since) = (vec![], 0, None::<usize>);
    let mut index = first;
    while index <= answers.len() {
        let (recent, before) =
            (index - RECENT..index, index.saturating_sub(RECENT + BEFORE).max(start)..index - RECENT);
        let pooled: Vec<&Features> =
            answers[recent].iter().chain(&answers[before]).map(|answer| &answer.features).collect();
        let p = p_of_difference(&pooled, RECENT, seed(index - 1));
        differs_since = p.and(differs_since.or(Some(index - 1)));
        if let Some(p) = p.filter(|_| differs_since.is_some_and(|since| lasts(&answers[since..index]))) {
            changes.push(BehaviourChange { index: index - 1, p });
            // the new answers become the usual ones
            (start, differs_since) = (index - RECENT, None);
            index = start + RECENT + MIN_BEFORE;
        } else {
            index += 1;
        }
    }
    changes
}

/// Returns true if answers in a row that differ are enough for a change.
fn lasts(differing: &[Answer]) -> bool {
    let time_ms = differing.last().map_or(0, |last| last.at_ms - differing[0].at_ms);
    differing.len() >= MAX_LASTING || (differing.len() >= MIN_LASTING && time_ms >= MIN_LASTING_MS)
}

/// The probability by chance of an energy distance as large as that between the first `recent` of `pooled` and the rest;
/// `None` once it cannot be below [`MAX_P`] any more.
fn p_of_difference(pooled: &[&Features], recent: usize, seed: u64) -> Option<f64> {
    let distances = Distances::of(&vectors(pooled));
    let mut order: Vec<usize> = (0..pooled.len()).collect();
    let observed = distances.energy(&order[..recent]);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut p = PERMUTATION_SHARE;
    for _ in 0..PERMUTATIONS {
        for at in 0..recent {
            order.swap(at, random.usize(at..pooled.len()));
        }
        // equal distances may differ in their last bits
        if distances.energy(&order[..recent]) >= observed - 1e-9 {
            p += PERMUTATION_SHARE;
        }
        if p >= MAX_P {
            return None;
        }
    }
    Some(p)
}

/// The features as vectors in which each counts alike, whatever its unit.
fn vectors(pooled: &[&Features]) -> Vec<Vec<f64>> {
    let most_common = most_common(pooled);
    let mut vectors: Vec<Vec<f64>> = pooled.iter().map(|features| features.vector(most_common)).collect();
    let count = super::rank_sum::count(vectors.len());
    for at in 0..vectors.first().map_or(0, Vec::len) {
        let mean = vectors.iter().map(|vector| vector[at]).sum::<f64>() / count;
        let variance = vectors.iter().map(|vector| (vector[at] - mean).powi(2)).sum::<f64>() / count;
        let scale = if variance > 1e-12 { Features::weight(at) / variance.sqrt() } else { 0.0 };
        for vector in &mut vectors {
            vector[at] = (vector[at] - mean) * scale;
        }
    }
    vectors
}

/// The fingerprint that most answers have; of equally common ones the smallest.
fn most_common(pooled: &[&Features]) -> u64 {
    let mut prints: Vec<u64> = pooled.iter().map(|features| features.fingerprint).collect();
    prints.sort_unstable();
    let groups = prints.chunk_by(|a, b| a == b);
    groups.rev().max_by_key(|group| group.len()).map_or(0, |group| group[0])
}

/// The distances between all pairs of vectors.
struct Distances {
    size: usize,
    pairs: Vec<f64>,
    /// The sum of the distances of each vector from all others.
    sums: Vec<f64>,
}

impl Distances {
    fn of(vectors: &[Vec<f64>]) -> Self {
        let between =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        let pairs: Vec<f64> =
            vectors.iter().flat_map(|a| vectors.iter().map(move |b| between(a, b))).collect();
        let sums = pairs.chunks(vectors.len().max(1)).map(|row| row.iter().sum()).collect();
        Self { size: vectors.len(), pairs, sums }
    }

    /// The place from which on the vectors differ most from those before it.
    fn split(&self, places: RangeInclusive<usize>) -> usize {
        let weighted = |place: usize| {
            let later: Vec<usize> = (place..self.size).collect();
            let (n, m) = (super::rank_sum::count(later.len()), super::rank_sum::count(place));
            self.energy(&later) * n * m / (n + m)
        };
        let (first, weighted) = (*places.start(), places.map(|place| (place, weighted(place))));
        weighted.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(first, |(place, _)| place)
    }

    /// The vector that is nearest to all others of `range`.
    fn most_typical(&self, range: Range<usize>) -> usize {
        let distance = |at: usize| range.clone().map(|other| self.pairs[at * self.size + other]).sum::<f64>();
        let distances = range.clone().map(|at| (at, distance(at)));
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(range.start, |(at, _)| at)
    }

    /// The energy distance between the vectors at `chosen` and all others.
    fn energy(&self, chosen: &[usize]) -> f64 {
        let row = |a: usize| &self.pairs[a * self.size..(a + 1) * self.size];
        let inside: f64 = chosen.iter().map(|&a| chosen.iter().map(|&b| row(a)[b]).sum::<f64>()).sum();
        let across = chosen.iter().map(|&a| self.sums[a]).sum::<f64>() - inside;
        let outside = self.sums.iter().sum::<f64>() - 2.0 * across - inside;
        let (n, m) = (super::rank_sum::count(chosen.len()), super::rank_sum::count(self.size - chosen.len()));
        2.0 * across / (n * m) - inside / (n * n) - outside / (m * m)
    }
}

#[cfg(test)]
mod tests;
