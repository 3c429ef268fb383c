//! The benchmarks of decision-focused learning: costs that no affine model can represent are predicted by one, and decided by.
//!
//! Costs of features follow a polynomial kernel of growing degree (Elmachtoub and Grigas 2022, *Smart "Predict, then Optimize"*,
//! Management Science 68; in the units of Tang and Khalil's PyEPO, arXiv 2206.14234). Affine models are trained by least squares on
//! the costs, which ignores the decision, by SPO+, blackbox interpolation and I-MLE, which know costs and decision, and by the
//! perturbed Fenchel–Young loss, which sees only the best decision of each row, never a cost. Each loss but least squares chooses its
//! learning rate by the regret on held-out training rows, then learns from all of them. With plain gradient descent from 0 neither
//! the temperature of the Fenchel–Young loss nor the λ of the interpolation is another parameter: they only rescale the rate. The λ
//! of I-MLE was chosen on data of another seed.

mod data;
mod report;

use nalgebra::DMatrix;
use perturb::data::{Fold, folds};
use perturb::loss::{SpoPlus, imle_gradient, interpolation_gradient};
use perturb::train::LinearModel;
use perturb::{DagPath, Dyn, Error, Knapsack, MonteCarlo, Normal, Oracle, Perturbed, Seed, TopK};
use rayon::prelude::*;

use super::descent::{Descent, choose};
use super::{ExperimentError, Journal, least_squares};

pub use data::{Kernel, Rows};
pub use report::{csv, json, page, tables};

/// The losses, in the order of results. The last is none: decisions by the expectation of the costs, which no model can beat.
pub const LOSSES: [&str; 6] =
    ["least squares", "SPO+", "Fenchel–Young", "blackbox", "I-MLE", "expected costs"];

/// A decision problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The path of the least cost through a grid of 5 × 5 nodes, from corner to corner, by 40 edges right and down.
    ShortestPath,
    /// The most valuable of 32 items of weights 3, 4, 5, 6, 7, 3, …, of which 20 fit.
    Knapsack,
    /// The five most valuable of 50 items.
    Subset,
}

impl Problem {
    /// All problems.
    pub const ALL: [Self; 3] = [Self::ShortestPath, Self::Knapsack, Self::Subset];

    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ShortestPath => "shortest-path",
            Self::Knapsack => "knapsack",
            Self::Subset => "subset",
        }
    }
}

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The decision problems.
    pub problems: Vec<Problem>,
    /// Degrees of the kernel.
    pub degrees: Vec<u32>,
    /// Numbers of training rows, at least five.
    pub rows: Vec<usize>,
    /// Runs that differ in B and all rows.
    pub runs: usize,
    /// The features p.
    pub features: usize,
    /// Half of the width of the noise's factors.
    pub noise: f64,
    /// Test rows.
    pub test: usize,
    /// Steps of gradient descent on batches of rows.
    pub steps: usize,
    /// Rows in a batch.
    pub batch: usize,
    /// Learning rates to choose from, the same for all losses.
    pub rates: Vec<f64>,
    /// λ of I-MLE, whose noise is normal with ε = 1.
    pub lambda: f64,
    /// Names all randomness.
    pub seed: Seed,
}

impl Setting {
    /// Elmachtoub and Grigas' degrees with their greater noise, ten runs.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            problems: Problem::ALL.to_vec(),
            degrees: vec![1, 2, 4, 6, 8],
            rows: vec![100, 1000],
            runs: 10,
            features: 5,
            noise: 0.5,
            test: 10_000,
            steps: 1000,
            batch: 32,
            rates: vec![0.003, 0.03, 0.3, 3.0],
            lambda: 3.0,
            seed,
        }
    }

    /// Training runs in all.
    #[must_use]
    pub fn fits(&self) -> u64 {
        let each: u64 = self.rows.iter().map(|&rows| self.fits_of(rows)).sum();
        (self.problems.len() * self.degrees.len() * self.runs) as u64 * each
    }

    /// Training runs of all losses on one data set.
    fn fits_of(&self, rows: usize) -> u64 {
        (TRAINED * (self.rates.len() * held_out(rows) + 1)) as u64
    }
}

/// The result of one loss on one data set.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The decision problem.
    pub problem: Problem,
    /// The degree of the kernel.
    pub degree: u32,
    /// Training rows.
    pub rows: usize,
    /// The run's number.
    pub run: usize,
    /// Index into [`LOSSES`].
    pub loss: usize,
    /// The chosen learning rate; 0 where there is none to choose.
    pub rate: f64,
    /// Σ(⟨c, y*(ĉ)⟩ − ⟨c, y*(c)⟩)/Σ⟨c, y*(c)⟩ over the test rows, with costs c as they came, noise and all; of values, that which
    /// is lost.
    pub regret: f64,
}

/// Losses whose models are trained step by step.
const TRAINED: usize = 4;
const FOLDS: usize = 5;

/// How many fifths are held out in turn: as many as together have a hundred rows.
fn held_out(rows: usize) -> usize {
    (100 * FOLDS).div_ceil(rows.max(1)).clamp(1, FOLDS)
}

impl Setting {
    /// All losses on all data sets. The journal's units are training runs, its pieces data sets.
    pub fn run(&self, journal: &Journal<'_>) -> Result<Vec<Outcome>, ExperimentError> {
        if self.features == 0 || self.test == 0 {
            let (parameter, found) = ("features and test rows", 0);
            return Err(Error::OutOfRange { parameter, least: 1, greatest: usize::MAX, found }.into());
        }
        let mut jobs = Vec::new();
        for &problem in &self.problems {
            for &degree in &self.degrees {
                for &rows in &self.rows {
                    jobs.extend((0..self.runs).map(|run| (problem, degree, rows, run)));
                }
            }
        }
        let outcomes: Vec<Vec<Outcome>> = jobs
            .into_par_iter()
            .map(|(problem, degree, rows, run)| {
                let name = format!("{} of degree {degree}, {rows} rows, run {run}", problem.name());
                let results = journal.piece(name, self.fits_of(rows), || {
                    let how = (degree, rows, self.seed.fold(run as u64), journal);
                    match problem {
                        Problem::ShortestPath => {
                            let grid = data::grid(5)?;
                            self.judge(DagPath::new(grid, 0, 24)?, -1.0, how)
                        }
                        Problem::Knapsack => {
                            let weights: Vec<u32> = (0..32).map(|item| 3 + item % 5).collect();
                            self.judge(Knapsack::new(Dyn(32), Dyn(21), &weights, 20)?, 1.0, how)
                        }
                        Problem::Subset => self.judge(TopK::new(Dyn(50), 5)?, 1.0, how),
                    }
                })?;
                let outcome =
                    |(loss, (rate, regret))| Outcome { problem, degree, rows, run, loss, rate, regret };
                Ok(results.into_iter().enumerate().map(outcome).collect())
            })
            .collect::<Result<_, ExperimentError>>()?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// Learning rate and normalised regret of all losses on one data set, where scores are costs times `sign`.
    fn judge<O: Oracle<f64, Shape = Dyn> + Sync>(
        &self,
        oracle: O,
        sign: f64,
        (degree, rows, seed, journal): (u32, usize, Seed, &Journal<'_>),
    ) -> Result<Vec<(f64, f64)>, ExperimentError> {
        let kernel = Kernel::new([self.features, oracle.shape().0], degree, self.noise, seed.fold(0));
        let layer = Perturbed::new(oracle, Normal, 1.0)?;
        let part = |rows, seed| Part::new(kernel.sample(rows, seed), self.features, sign, layer.oracle());
        let (train, test) = (part(rows, seed.fold(1))?, part(self.test, seed.fold(2))?);
        let task = Task { setting: self, layer: &layer, train: &train, seed: seed.fold(3), journal };
        let folds = folds(rows, FOLDS, seed.fold(4))?;
        let best: f64 = test.truths.iter().map(|truth| truth.value().abs()).sum();
        let of = |regret: f64| regret / best;

        let mut results = Vec::new();
        let model = train.least_squares();
        let all: Vec<usize> = (0..self.test).collect();
        results.push((0.0, of(test.regret(layer.oracle(), &all, |x, theta| model.score(x, theta))?)));
        for loss in 0..TRAINED {
            let rate = choose(&self.rates, |rate| task.held_out(loss, rate, &folds))?;
            let model = task.fit(loss, rate, &(0..rows).collect::<Vec<_>>())?;
            results.push((rate, of(test.regret(layer.oracle(), &all, |x, theta| model.score(x, theta))?)));
        }
        let expected = |x: &[f64], theta: &mut [f64]| {
            theta.iter_mut().zip(kernel.expected(x)).for_each(|(theta, cost)| *theta = sign * cost);
        };
        results.push((0.0, of(test.regret(layer.oracle(), &all, expected)?)));
        Ok(results)
    }
}

/// Rows with their true scores, every one solved once.
struct Part {
    features: usize,
    x: Vec<f64>,
    /// The costs times the sign of the problem.
    scores: Vec<f64>,
    truths: Vec<SpoPlus<f64, Dyn>>,
}

impl Part {
    fn new<O: Oracle<f64, Shape = Dyn>>(
        rows: Rows,
        features: usize,
        sign: f64,
        oracle: &O,
    ) -> Result<Self, Error> {
        let Rows { x, costs: mut scores } = rows;
        for score in &mut scores {
            *score *= sign;
        }
        let truths = scores.chunks_exact(oracle.shape().0).map(|truth| SpoPlus::new(oracle, truth));
        let truths = truths.collect::<Result<_, _>>()?;
        Ok(Self { features, x, scores, truths })
    }

    fn x(&self, row: usize) -> &[f64] {
        &self.x[row * self.features..(row + 1) * self.features]
    }

    fn scores(&self, row: usize) -> &[f64] {
        let width = self.scores.len() / self.truths.len();
        &self.scores[row * width..(row + 1) * width]
    }

    /// The affine model of the least squared error of all scores.
    fn least_squares(&self) -> LinearModel<f64> {
        let (rows, width) = (self.truths.len(), self.scores.len() / self.truths.len());
        // The last feature is 1: its weights are the intercept.
        let with_one = (0..rows).flat_map(|row| self.x(row).iter().copied().chain([1.0]));
        let x = DMatrix::from_row_iterator(rows, self.features + 1, with_one);
        let solution = least_squares::solve(x, &DMatrix::from_row_slice(rows, width, &self.scores));
        let mut weights: Vec<f64> = solution.transpose().iter().copied().collect();
        let bias = weights.split_off(self.features * width);
        LinearModel::from_parts(self.features, weights, bias)
            .unwrap_or_else(|| LinearModel::zeros(self.features, width))
    }

    /// What deciding by `scores` costs in these rows, summed.
    fn regret<O: Oracle<f64, Shape = Dyn>>(
        &self,
        oracle: &O,
        rows: &[usize],
        scores: impl Fn(&[f64], &mut [f64]),
    ) -> Result<f64, Error> {
        let mut theta = vec![0.0; oracle.shape().0];
        rows.iter().try_fold(0.0, |sum, &row| {
            scores(self.x(row), &mut theta);
            Ok(sum + self.truths[row].regret(oracle, &theta)?)
        })
    }
}

/// Training on one data set.
struct Task<'a, O> {
    setting: &'a Setting,
    layer: &'a Perturbed<O, Normal, f64>,
    train: &'a Part,
    seed: Seed,
    journal: &'a Journal<'a>,
}

impl<O: Oracle<f64, Shape = Dyn>> Task<'_, O> {
    /// The regret on the first folds of models that were trained without them.
    fn held_out(&self, loss: usize, rate: f64, folds: &[Fold]) -> Result<f64, ExperimentError> {
        folds.iter().take(held_out(self.train.truths.len())).try_fold(0.0, |sum, fold| {
            let model = self.fit(loss, rate, &fold.train)?;
            let scores = |x: &[f64], theta: &mut [f64]| model.score(x, theta);
            Ok(sum + self.train.regret(self.layer.oracle(), &fold.test, scores)?)
        })
    }

    /// Gradient descent on these rows.
    fn fit(&self, loss: usize, rate: f64, rows: &[usize]) -> Result<LinearModel<f64>, ExperimentError> {
        let Setting { steps, batch, .. } = *self.setting;
        let width = self.layer.oracle().shape().0;
        let zero = LinearModel::zeros(self.train.features, width);
        let mut theta = vec![0.0; width];
        Descent { steps, batch }.fit(
            &zero,
            rows.len(),
            rate,
            self.seed,
            self.journal,
            |model, row, seed, total, share| {
                let row = rows[row];
                model.score(self.train.x(row), &mut theta);
                let gradient = self.gradient(loss, row, &theta, seed)?;
                total.descend(self.train.x(row), &gradient, -share);
                Ok(())
            },
        )
    }

    /// The gradient of a loss in the scores of a row.
    fn gradient(&self, loss: usize, row: usize, theta: &[f64], seed: Seed) -> Result<Vec<f64>, Error> {
        let (layer, truth) = (self.layer, &self.train.truths[row]);
        // A decision's regret has the gradient −t in it.
        let cotangent = || self.train.scores(row).iter().map(|score| -score).collect::<Vec<f64>>();
        match loss {
            0 => Ok(truth.loss(layer.oracle(), theta)?.gradient),
            1 => {
                let y = layer.sample(theta, seed, row as u64)?;
                Ok(y.iter().zip(truth.best()).map(|(y, best)| y - best).collect())
            }
            2 => interpolation_gradient(layer.oracle(), theta, &cotangent(), 1.0),
            _ => {
                let one = MonteCarlo::new(1, seed.fold(row as u64));
                imle_gradient(layer, theta, &cotangent(), self.setting.lambda, one)
            }
        }
    }
}
