//! Draws from the posterior: the probability of being best, intervals of the pick rate, tiers.
//!
//! Draws come from a multivariate t distribution at the mode and are weighted by the true posterior, so that the result
//! is exact up to the noise of the draws. The seed is fixed: equal ballots give equal boards.

use std::cmp::Ordering;

use super::fit::{Fit, Posterior, count};

/// The number of draws. Each is used with its mirror image at the mode, which cancels much of the noise.
pub(super) const DRAWS: usize = 20_000;
/// The fewest draws of a board whose races had very many different line-ups.
const MIN_DRAWS: usize = 5_000;
/// The stages that all draws together evaluate at most, if there are more than [`MIN_DRAWS`].
const MAX_EVALUATIONS: usize = 6_000_000;
const SEED: u64 = 0x0062_6c69_6e64;
/// The degrees of freedom of the t distribution, whose tails must be heavier than the posterior's.
const FREEDOM: f64 = 8.0;
/// The probability with which every contender of a tier is better than the first one of the next tier.
const TIER_CONFIDENCE: f64 = 0.95;
/// The probability beyond each end of a 95 % interval.
const TAIL: f64 = 0.025;

/// Weighted draws from the posterior.
pub(super) struct Draws {
    n: usize,
    /// The strengths, draw by draw; each is followed by its mirror image.
    theta: Vec<f64>,
    /// The pick rates, draw by draw.
    rates: Vec<f64>,
    /// The weights, which sum to 1.
    weights: Vec<f64>,
}

impl Draws {
    /// Takes at most `size` draws from `posterior`.
    pub(super) fn of(posterior: &Posterior, fit: &Fit, size: usize) -> Self {
        let n = fit.mode.len();
        let size = size.min((MAX_EVALUATIONS / posterior.stages().max(1)).max(MIN_DRAWS));
        let mut rng = fastrand::Rng::with_seed(SEED);
        let mut draws = Self {
            n,
            theta: Vec::with_capacity(2 * size * n),
            rates: Vec::with_capacity(2 * size * n),
            weights: Vec::with_capacity(2 * size),
        };
        let mut step = vec![0.0; n];
        for _ in 0..size {
            fill_normal(&mut step, &mut rng);
            let square: f64 = step.iter().map(|x| x * x).sum();
            let spread = (FREEDOM / chi_square_8(&mut rng)).sqrt();
            let log_proposal = -0.5 * (FREEDOM + count(n)) * (spread * spread * square / FREEDOM).ln_1p();
            fit.factor.solve_transposed(&mut step);
            for side in [spread, -spread] {
                let theta: Vec<f64> = fit.mode.iter().zip(&step).map(|(at, step)| at + side * step).collect();
                draws.push(posterior, &theta, log_proposal);
            }
        }
        draws.normalise();
        draws
    }

    /// Adds a draw with the logarithm of its weight.
    fn push(&mut self, posterior: &Posterior, theta: &[f64], log_proposal: f64) {
        let first = self.rates.len();
        self.theta.extend_from_slice(theta);
        self.rates.extend(theta.iter().map(|theta| theta.exp()));
        let exp = &mut self.rates[first..];
        self.weights.push(posterior.log_density(theta, exp) - log_proposal);
        let total: f64 = exp.iter().sum();
        for exp in exp {
            *exp /= total;
        }
    }

    /// Turns the logarithms of the weights into weights that sum to 1.
    fn normalise(&mut self) {
        let highest = self.weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for weight in &mut self.weights {
            *weight = (*weight - highest).exp();
        }
        let total: f64 = self.weights.iter().sum();
        for weight in &mut self.weights {
            *weight /= total;
        }
    }

    /// Every draw with its weight.
    fn weighted(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.theta.chunks_exact(self.n.max(1)).zip(self.weights.iter().copied())
    }

    /// Returns the probability of each contender to be the best.
    pub(super) fn p_best(&self) -> Vec<f64> {
        let mut p_best = vec![0.0; self.n];
        for (theta, weight) in self.weighted() {
            let best = (1..self.n).fold(0, |best, i| if theta[i] > theta[best] { i } else { best });
            p_best[best] += weight;
        }
        p_best
    }

    /// Returns the 95 % interval of the pick rate of contender `i`.
    pub(super) fn interval(&self, i: usize) -> [f64; 2] {
        let rates = self.rates.chunks_exact(self.n).map(|rates| rates[i]);
        let mut draws: Vec<(f64, f64)> = rates.zip(self.weights.iter().copied()).collect();
        [
            tail_quantile(&mut draws, |a, b| a.0.total_cmp(&b.0)),
            tail_quantile(&mut draws, |a, b| b.0.total_cmp(&a.0)),
        ]
    }

    /// Returns the tier of each contender of `order`, from 1. A tier begins at the first contender that all of the tier
    /// above beat with a probability of [`TIER_CONFIDENCE`].
    pub(super) fn tiers(&self, order: &[usize]) -> Vec<usize> {
        let (mut tiers, mut tier, mut first) = (Vec::with_capacity(order.len()), 1, 0);
        for at in 0..order.len() {
            let above = &order[first..at];
            let is_beaten = |above: &usize| self.p_better(*above, order[at]) >= TIER_CONFIDENCE;
            if !above.is_empty() && above.iter().all(is_beaten) {
                (tier, first) = (tier + 1, at);
            }
            tiers.push(tier);
        }
        tiers
    }

    fn p_better(&self, a: usize, b: usize) -> f64 {
        self.weighted().filter(|(theta, _)| theta[a] > theta[b]).map(|(_, weight)| weight).sum()
    }

    /// The number of equally weighted draws that would be as precise, as a share of all.
    #[cfg(test)]
    fn efficiency(&self) -> f64 {
        let squares: f64 = self.weights.iter().map(|weight| weight * weight).sum();
        1.0 / (squares * count(self.weights.len()))
    }
}

/// Returns the value at which the draws that come first in `order` have a weight of [`TAIL`]. Sorts an eighth of the draws,
/// which nearly always suffices.
fn tail_quantile(
    draws: &mut [(f64, f64)],
    order: impl Fn(&(f64, f64), &(f64, f64)) -> Ordering + Copy,
) -> f64 {
    for part in [draws.len() / 8, draws.len()] {
        if part < draws.len() {
            draws.select_nth_unstable_by(part, order);
        }
        draws[..part].sort_unstable_by(order);
        let mut before = 0.0;
        let reached = draws[..part].iter().find(|(_, weight)| {
            before += weight;
            before >= TAIL
        });
        if let Some((value, _)) = reached {
            return *value;
        }
    }
    draws.last().map_or(0.0, |(value, _)| *value)
}

/// Fills `numbers` with independent normal numbers (Box and Muller).
fn fill_normal(numbers: &mut [f64], rng: &mut fastrand::Rng) {
    for pair in numbers.chunks_mut(2) {
        let radius = (-2.0 * uniform(rng).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * rng.f64()).sin_cos();
        pair[0] = radius * cos;
        if let Some(second) = pair.get_mut(1) {
            *second = radius * sin;
        }
    }
}

/// Draws the sum of the squares of eight normal numbers.
fn chi_square_8(rng: &mut fastrand::Rng) -> f64 {
    let product: f64 = (0..4).map(|_| uniform(rng)).product();
    -2.0 * product.ln()
}

/// Draws a number above 0 and up to 1, whose logarithm is finite.
fn uniform(rng: &mut fastrand::Rng) -> f64 {
    1.0 - rng.f64()
}

#[cfg(test)]
mod tests {
    use super::{
        super::fit::{PRIOR_SD, Stage},
        *,
    };

    fn draws(n: usize, stages: Vec<Stage>) -> Draws {
        let posterior = Posterior::new(n, stages, PRIOR_SD);
        Draws::of(&posterior, &posterior.fit(), DRAWS)
    }

    fn wins(winner: usize, loser: usize, weight: f64) -> Stage {
        let (low, high) = (winner.min(loser), winner.max(loser));
        Stage { winner, candidates: vec![low, high], weight }
    }

    #[test]
    fn without_ballots_the_draws_are_the_prior() {
        let draws = draws(4, vec![]);
        assert!(draws.efficiency() > 0.8, "{}", draws.efficiency());
        for p in draws.p_best() {
            assert!((p - 0.25).abs() < 0.01, "{p}");
        }
        let variance: f64 = draws.weighted().map(|(theta, weight)| weight * theta[2] * theta[2]).sum();
        assert!((variance - PRIOR_SD * PRIOR_SD).abs() < 0.02, "{variance}");
        assert_eq!(draws.tiers(&[0, 1, 2, 3]), [1, 1, 1, 1]);
    }

    #[test]
    fn a_new_tier_begins_below_all_of_the_tier_above() {
        let draws = draws(3, vec![wins(0, 2, 12.0), wins(1, 2, 12.0)]);
        assert_eq!(draws.tiers(&[0, 1, 2]), [1, 1, 2]);
    }

    #[test]
    fn sixty_four_contenders_keep_enough_draws() {
        let draws = draws(64, (1..64).map(|loser| wins(0, loser, 1.0)).collect());
        assert!(draws.efficiency() > 0.1, "{}", draws.efficiency());
    }
}
