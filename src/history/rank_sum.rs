//! The one-sided Mann-Whitney test: how likely is it that the first sample is as low as this by chance?
//!
//! Without ties the probability is exact, as long as that is cheap; else it comes from the normal distribution with
//! corrections for ties and continuity. The function of `statrs` enumerates every choice of ranks, 10^10 of them for
//! windows of 10 and 40, and compares every pair of values, so only its distribution is used here. The tests compare
//! both.

use statrs::distribution::{ContinuousCDF as _, Normal};

/// The most steps that an exact probability may take: about a hundredth of a second.
const MAX_STEPS: usize = 8_000_000;

/// The probability that a sample as low as `low` against `high` comes about by chance; 1 if either is empty. Values must
/// not be NaN.
#[must_use]
pub fn p_less(low: &[f64], high: &[f64]) -> f64 {
    if low.is_empty() || high.is_empty() {
        return 1.0;
    }
    let mut values: Vec<(f64, bool)> = Vec::with_capacity(low.len() + high.len());
    values.extend(low.iter().map(|value| (*value, true)));
    values.extend(high.iter().map(|value| (*value, false)));
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0);
    for tied in values.chunk_by(|a, b| is_tied(a.0, b.0)) {
        let size = count(tied.len());
        let is_low = tied.iter().filter(|(_, is_low)| *is_low).count();
        rank_sum += count(is_low) * (count(before) + f64::midpoint(size, 1.0));
        ties += size * (size * size - 1.0);
        before += tied.len();
    }
    let (n, m) = (low.len(), high.len());
    let u = rank_sum - count(n) * (count(n) + 1.0) / 2.0;
    let exact = if ties == 0.0 { exact(u, n, m) } else { None };
    exact
        .unwrap_or_else(|| score(u, count(n), count(m), ties, 0.5).map_or(1.0, |z| Normal::standard().cdf(z)))
}

/// The standardised U of samples of `n` and `m` values, with this correction for continuity and a tie term of
/// the sum of t³ - t; `None` if all values are equal.
pub(super) fn score(u: f64, n: f64, m: f64, ties: f64, continuity: f64) -> Option<f64> {
    let all = n + m;
    let variance = n * m / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    (variance > 0.0).then(|| (u - n * m / 2.0 + continuity) / variance.sqrt())
}

/// The exact probability of a U of at most `u` without ties; `None` if it takes too many steps.
///
/// The numbers of arrangements with each U are the coefficients of a Gaussian binomial. Only those up to half of the
/// highest U are computed: there each step is free of cancellation, and the others mirror them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number between 0 and n m"
)]
fn exact(u: f64, n: usize, m: usize) -> Option<f64> {
    let (few, most) = (n.min(m), n.checked_mul(m)?);
    let u = u as usize;
    let is_upper = 2 * u >= most;
    let top = if is_upper {
        match most.checked_sub(u + 1) {
            Some(top) => top,
            None => return Some(1.0),
        }
    } else {
        u
    };
    if few.checked_mul(top)? > MAX_STEPS {
        return None;
    }
    let many = n.max(m);
    let mut ways = vec![0.0; top + 1];
    ways[0] = 1.0;
    let mut all = 1.0;
    for i in 1..=few {
        (i..=top).for_each(|k| ways[k] += ways[k - i]);
        (many + i..=top).rev().for_each(|k| ways[k] -= ways[k - many - i]);
        all *= count(many + i) / count(i);
    }
    let share = ways.iter().sum::<f64>() / all;
    Some(if is_upper { 1.0 - share } else { share })
}

/// Returns true if two values share their rank.
#[expect(clippy::float_cmp, reason = "ranks tell all different values apart")]
pub(super) fn is_tied(a: f64, b: f64) -> bool {
    a == b
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^52")]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use statrs::stats_tests::{
        Alternative,
        mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu},
    };

    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        recent: Vec<f64>,
        baseline: Vec<f64>,
        p_less: f64,
    }

    #[test]
    fn the_reference_values_are_met() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/fixtures/history/mann_whitney.json"))
                .expect("cases");
        assert_eq!(cases.len(), 3);
        for case in cases {
            let p = p_less(&case.recent, &case.baseline);
            assert!((p - case.p_less).abs() < 1e-9, "{p} instead of {}", case.p_less);
        }
    }

    /// Probabilities from counts of whole numbers without rounding.
    #[test]
    fn large_exact_probabilities_are_precise() {
        for (u, n, m, expected) in [
            (3.0, 5, 12, 0.001_131_221_719_457_014),
            (1_800.0, 40, 160, 6.242_449_599_994_228e-6),
            (9_000.0, 100, 300, 5.061_454_002_817_818e-10),
            (4_000.0, 40, 160, 0.992_951_430_623_622_6),
        ] {
            let p = exact(u, n, m).expect("cheap enough");
            assert!((p / expected - 1.0).abs() < 1e-12, "{u} of {n} x {m}: {p}");
        }
    }

    #[test]
    fn huge_samples_are_judged_without_enumeration() {
        let values = |n: u32, from: f64| (0..n).map(|i| from + f64::from(i)).collect::<Vec<_>>();
        assert!(p_less(&values(50_000, 0.0), &values(200_000, 60_000.5)) < 1e-12);
        for (low, high) in [(vec![], vec![1.0]), (vec![2.0; 9], vec![2.0; 20])] {
            assert!((p_less(&low, &high) - 1.0).abs() < 1e-9, "no values, or equal ones, say nothing");
        }
    }

    proptest! {
        #[test]
        fn statrs_agrees(
            mut values in proptest::collection::vec(0_i32..40, 8..16),
            split in 2_usize..6,
            has_ties in any::<bool>(),
        ) {
            if !has_ties {
                values.sort_unstable();
                values.dedup();
                let at = values.len() / 3;
                values.rotate_left(at);
            }
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let (low, high) = values.split_at(split.min(values.len() - 1));
            prop_assume!(values.iter().any(|value| !is_tied(*value, values[0])));
            let is_tied = values.iter().enumerate().any(|(i, a)| values[..i].contains(a));
            // with a first sample that is not the larger one, statrs 0.19.1 returns the complement of the exact value
            prop_assume!(low.len() != high.len());
            let method = if is_tied {
                MannWhitneyUMethod::AsymptoticInclContinuityCorrection
            } else {
                MannWhitneyUMethod::Exact
            };
            let theirs = if low.len() < high.len() {
                mannwhitneyu(high, low, method, Alternative::Greater)
            } else {
                mannwhitneyu(low, high, method, Alternative::Less)
            };
            let theirs = theirs.expect("comparable").1;
            prop_assert!((p_less(low, high) - theirs).abs() < 1e-9, "{} and {theirs}", p_less(low, high));
        }
    }
}
