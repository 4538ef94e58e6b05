//! The fit of strengths to ballots: Plackett-Luce with a normal prior, by Newton's method.
//!
//! A ballot "best b, second s" is two stages: b was chosen among the lanes, then s among the rest. Stages with equal
//! candidates are merged, so that the likelihood costs little however many ballots there are.

use std::collections::BTreeMap;

/// The standard deviation of the prior of a strength: a 2:1 preference is ordinary, 10:1 is rare.
pub(super) const PRIOR_SD: f64 = 0.8;

/// Newton's method needs about six steps.
const MAX_STEPS: usize = 50;
/// A step is halved at most this often.
const MAX_HALVINGS: i32 = 40;
/// The fit is found when no strength moves further than this.
const TOLERANCE: f64 = 1e-12;
/// The relative error of a log density.
const ROUNDING: f64 = 1e-12;

/// The posterior of the strengths, up to a constant.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    /// The weight of the stages that each contender won.
    wins: Vec<f64>,
    /// The candidates of a stage and the weight of all stages with these candidates.
    stages: Vec<(Vec<usize>, f64)>,
    /// The inverse of the prior's variance.
    precision: f64,
}

/// The most probable strengths, and the curvature of the posterior there.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    /// The most probable strengths.
    pub(super) mode: Vec<f64>,
    /// The Cholesky factor of the Hessian of the negative log posterior at the mode.
    pub(super) factor: Cholesky,
}

/// A choice among candidates.
pub(super) struct Stage {
    pub(super) winner: usize,
    /// The indices of the candidates in ascending order, the winner among them.
    pub(super) candidates: Vec<usize>,
    pub(super) weight: f64,
}

impl Posterior {
    /// Returns the posterior of `n` strengths after `stages`.
    pub(super) fn new(n: usize, stages: impl IntoIterator<Item = Stage>, prior_sd: f64) -> Self {
        let mut wins = vec![0.0; n];
        let mut merged: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for Stage { winner, candidates, weight } in stages {
            // a choice among one says nothing
            if candidates.len() > 1 {
                wins[winner] += weight;
                *merged.entry(candidates).or_default() += weight;
            }
        }
        Self { wins, stages: merged.into_iter().collect(), precision: prior_sd.powi(-2) }
    }

    /// The number of different stages.
    pub(super) fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Returns the logarithm of the density at `theta`, up to a constant. `exp` holds the exponentials of `theta`.
    pub(super) fn log_density(&self, theta: &[f64], exp: &[f64]) -> f64 {
        let linear: f64 = self.wins.iter().zip(theta).map(|(wins, theta)| wins * theta).sum();
        let prior: f64 = theta.iter().map(|theta| theta * theta).sum();
        let stages = self.stages.iter().map(|(candidates, weight)| weight * total(candidates, exp).ln());
        linear - stages.sum::<f64>() - 0.5 * self.precision * prior
    }

    /// Returns the gradient and the Hessian of the negative log density at `theta`.
    fn derivatives(&self, theta: &[f64]) -> (Vec<f64>, Matrix) {
        let (exp, n) = (exponentials(theta), theta.len());
        let mut gradient: Vec<f64> =
            theta.iter().zip(&self.wins).map(|(theta, wins)| self.precision * theta - wins).collect();
        let mut hessian = Matrix::zero(n);
        for i in 0..n {
            *hessian.at(i, i) = self.precision;
        }
        for (candidates, weight) in &self.stages {
            let total = total(candidates, &exp);
            for &i in candidates {
                let share = exp[i] / total;
                gradient[i] += weight * share;
                *hessian.at(i, i) += weight * share;
                for &j in candidates {
                    *hessian.at(i, j) -= weight * share * exp[j] / total;
                }
            }
        }
        (gradient, hessian)
    }

    /// Finds the mode. The negative log density is strictly convex, so there is one.
    pub(super) fn fit(&self) -> Fit {
        let mut mode = vec![0.0; self.wins.len()];
        let mut density = self.log_density(&mode, &exponentials(&mode));
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = self.derivatives(&mode);
            let step = Cholesky::of(hessian).solve(&gradient);
            // close to the mode rounding hides the difference
            let accepted = density - ROUNDING * (1.0 + density.abs());
            let halved = (0..MAX_HALVINGS).find_map(|halvings| {
                let moved: Vec<f64> =
                    mode.iter().zip(&step).map(|(at, step)| at - 0.5_f64.powi(halvings) * step).collect();
                let higher = self.log_density(&moved, &exponentials(&moved));
                (higher >= accepted).then_some((moved, higher))
            });
            let Some(moved) = halved else { break };
            (mode, density) = moved;
            if step.iter().all(|step| step.abs() < TOLERANCE) {
                break;
            }
        }
        let factor = Cholesky::of(self.derivatives(&mode).1);
        Fit { mode, factor }
    }
}

impl Fit {
    /// Returns the strengths minus their mean.
    pub(super) fn centred(&self) -> Vec<f64> {
        let mean = mean(&self.mode);
        self.mode.iter().map(|theta| theta - mean).collect()
    }

    /// Returns the standard errors of the centred strengths.
    pub(super) fn standard_errors(&self) -> Vec<f64> {
        let n = self.mode.len();
        // the deviation of strength i from the mean is c'θ with c = e_i - 1/n, and its variance c'H⁻¹c
        let variance = |i: usize| {
            let mut contrast = vec![-1.0 / count(n); n];
            contrast[i] += 1.0;
            let solved = self.factor.solve(&contrast);
            contrast.iter().zip(&solved).map(|(c, x)| c * x).sum::<f64>()
        };
        (0..n).map(|i| variance(i).max(0.0).sqrt()).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / count(values.len()) }
}

/// Converts a count to a number.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

fn exponentials(theta: &[f64]) -> Vec<f64> {
    theta.iter().map(|theta| theta.exp()).collect()
}

fn total(candidates: &[usize], exp: &[f64]) -> f64 {
    candidates.iter().map(|&i| exp[i]).sum()
}

/// Returns the probability with which each of all candidates is chosen.
pub(super) fn softmax(theta: &[f64]) -> Vec<f64> {
    let exp = exponentials(theta);
    let total: f64 = exp.iter().sum();
    exp.iter().map(|exp| exp / total).collect()
}

/// A square matrix, row by row.
#[derive(Clone, Debug)]
struct Matrix {
    n: usize,
    cells: Vec<f64>,
}

impl Matrix {
    fn zero(n: usize) -> Self {
        Self { n, cells: vec![0.0; n * n] }
    }

    fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.cells[row * self.n + column]
    }
}

/// The lower triangle L of a positive definite matrix LL'.
#[derive(Clone, Debug)]
pub(super) struct Cholesky(Matrix);

impl Cholesky {
    /// Factors `matrix`, which must be symmetric and positive definite.
    fn of(mut matrix: Matrix) -> Self {
        let n = matrix.n;
        for i in 0..n {
            for j in 0..=i {
                let rows = &matrix.cells;
                let inner: f64 = (0..j).map(|k| rows[i * n + k] * rows[j * n + k]).sum();
                let rest = rows[i * n + j] - inner;
                *matrix.at(i, j) = if i == j { rest.sqrt() } else { rest / matrix.cells[j * n + j] };
            }
        }
        Self(matrix)
    }

    /// Returns the solution x of LL'x = b.
    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (n, cells) = (self.0.n, &self.0.cells);
        let mut x = b.to_vec();
        for i in 0..n {
            let inner: f64 = (0..i).map(|k| cells[i * n + k] * x[k]).sum();
            x[i] = (x[i] - inner) / cells[i * n + i];
        }
        self.solve_transposed(&mut x);
        x
    }

    /// Replaces `x` by the solution of L'y = x. It turns independent normal numbers into ones whose covariance is the
    /// inverse of the matrix.
    pub(super) fn solve_transposed(&self, x: &mut [f64]) {
        let (n, cells) = (self.0.n, &self.0.cells);
        for i in (0..n).rev() {
            let inner: f64 = (i + 1..n).map(|k| cells[k * n + i] * x[k]).sum();
            x[i] = (x[i] - inner) / cells[i * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        data: Vec<(usize, Vec<usize>)>,
        n_items: usize,
        sigma: f64,
        theta: Vec<f64>,
    }

    /// The reference is choix's own test. Its `alpha` of 0.5 is a variance of 1, contrary to its documentation.
    #[test]
    fn strengths_agree_with_choix() {
        let reference = include_str!("../../tests/fixtures/board/choix_top1_sigma1.json");
        let reference: Reference = serde_json::from_str(reference).unwrap();
        let stages = reference.data.into_iter().map(|(winner, losers)| {
            let mut candidates = losers;
            candidates.push(winner);
            candidates.sort_unstable();
            Stage { winner, candidates, weight: 1.0 }
        });
        let fit = Posterior::new(reference.n_items, stages, reference.sigma).fit();
        for (theta, expected) in fit.mode.iter().zip(&reference.theta) {
            assert!((theta - expected).abs() < 1e-6, "{theta} {expected}");
        }
    }

    #[test]
    fn a_factor_solves_its_matrix() {
        let cells = vec![4.0, 2.0, 0.6, 2.0, 3.0, 0.4, 0.6, 0.4, 2.0];
        let factor = Cholesky::of(Matrix { n: 3, cells: cells.clone() });
        let x = factor.solve(&[1.0, -2.0, 3.0]);
        for (row, expected) in cells.chunks(3).zip([1.0, -2.0, 3.0]) {
            let found: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn heavy_and_one_sided_stages_converge() {
        let stage = |weight| Stage { winner: 0, candidates: vec![0, 1, 2], weight };
        for weight in [1e-3, 1.0, 1e3, 1e6] {
            let fit = Posterior::new(3, [stage(weight)], PRIOR_SD).fit();
            let gradient = Posterior::new(3, [stage(weight)], PRIOR_SD).derivatives(&fit.mode).0;
            assert!(gradient.iter().all(|g| g.abs() < 1e-8 * weight.max(1.0)), "{weight}: {gradient:?}");
            assert!(fit.mode[0] > fit.mode[1] && (fit.mode[1] - fit.mode[2]).abs() < 1e-9);
        }
    }
}
