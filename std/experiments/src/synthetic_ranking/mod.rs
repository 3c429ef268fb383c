//! Ranking of 100 labels from synthetic data (Section 5.2, Appendix C.2): Figures 4, 7 and 8.
//!
//! The paper gives features, labels, batch size and epochs; numbers of rows, learning rates, temperature and
//! whether test labels are noisy are not given. Here training labels carry the noise σ, validation and test
//! labels are free of it: with noisy test labels even the true model would rank almost no instance perfectly
//! from σ ≈ 0.1 on. Every loss chooses its learning rate by partial ranks on the validation rows.

mod report;

use std::ops::ControlFlow;

use perturb::data::Dataset;
use perturb::train::{Best, LinearModel, Loss, Objective, RankingScores, Schedule, TrainError, Training};
use perturb::{Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use rayon::prelude::*;

use super::{ExperimentError, Journal};
use crate::data::generate::SyntheticRanking;

pub use report::{csv, json, page, tables};

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Training, validation and test rows.
    pub rows: [usize; 3],
    /// Features: 50.
    pub features: usize,
    /// Labels: 100.
    pub labels: usize,
    /// Noise levels σ.
    pub sigmas: Vec<f64>,
    /// Data sets per σ.
    pub runs: usize,
    /// Passes over the training rows.
    pub epochs: usize,
    /// The temperature ε; with plain gradient descent from 0 only rate/ε matters.
    pub epsilon: f64,
    /// λ of the blackbox loss.
    pub lambda: f64,
    /// Learning rates to choose from, per loss in the order of [`LOSSES`].
    pub rates: [Vec<f64>; 4],
    /// Names data, shuffles and noise.
    pub seed: Seed,
}

/// The losses, in the order of results.
pub const LOSSES: [&str; 4] = super::label_ranking::LOSSES;

impl Setting {
    /// Minutes: ten noise levels, one data set each, 16 epochs.
    #[must_use]
    pub fn quick(seed: Seed) -> Self {
        let indices = [0, 3, 6, 9, 12, 15, 18, 24, 32, 40];
        Self { sigmas: indices.map(noise_level).to_vec(), runs: 1, ..Self::full(seed, 16) }
    }

    /// The paper's size: 41 noise levels, three data sets each; the paper ran 2000 epochs.
    #[must_use]
    pub fn full(seed: Seed, epochs: usize) -> Self {
        Self {
            rows: [10_000, 1000, 2000],
            features: 50,
            labels: 100,
            sigmas: (0..=40).map(noise_level).collect(),
            runs: 3,
            epochs,
            epsilon: 1.0,
            lambda: 0.1,
            rates: [vec![0.1, 1.0, 10.0], vec![0.01, 0.03, 0.1], vec![0.003, 0.03], vec![0.003, 0.01, 0.03]],
            seed,
        }
    }

    /// Training runs in all.
    #[must_use]
    pub fn fits(&self) -> u64 {
        let rates: usize = self.rates.iter().map(Vec::len).sum();
        (self.sigmas.len() * self.runs * rates) as u64
    }
}

/// Level `index` of 41 noise levels spaced evenly in the logarithm from 10⁻² to 10³; 9 is 0.1334.
#[must_use]
pub fn noise_level(index: u32) -> f64 {
    libm::pow(10.0, -2.0 + f64::from(index) / 8.0)
}

/// The result of one loss on one data set.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The noise level σ.
    pub sigma: f64,
    /// The data set's number.
    pub run: usize,
    /// Index into [`LOSSES`].
    pub loss: usize,
    /// The chosen learning rate.
    pub rate: f64,
    /// On the test rows.
    pub scores: RankingScores,
}

/// Test scores after each epoch.
pub type Curve = Vec<(usize, RankingScores)>;

/// One data set: training rows with noise, validation and test rows without.
struct Task {
    train: Dataset<f32>,
    validation: Dataset<f32>,
    test: Dataset<f32>,
}

impl Setting {
    /// All losses at all noise levels. The journal's units are training runs, its pieces a loss on a data set.
    pub fn run(&self, journal: &Journal<'_>) -> Result<Vec<Outcome>, ExperimentError> {
        let pairs: Vec<(f64, usize)> =
            self.sigmas.iter().flat_map(|&sigma| (0..self.runs).map(move |run| (sigma, run))).collect();
        let outcomes: Vec<Vec<Outcome>> = pairs
            .par_iter()
            .map(|&(sigma, run)| {
                let task = self.task(sigma, run)?;
                (0..LOSSES.len())
                    .into_par_iter()
                    .map(|loss| {
                        let name = format!("{} at {sigma}, run {run}", LOSSES[loss]);
                        let (rate, scores) = journal.piece(name, self.rates[loss].len() as u64, || {
                            let (rate, model) = self.choose(loss, &task, journal)?;
                            Ok((rate, RankingScores::of(&model, &task.test)))
                        })?;
                        Ok(Outcome { sigma, run, loss, rate, scores })
                    })
                    .collect()
            })
            .collect::<Result<_, ExperimentError>>()?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// Test scores after every epoch at one noise level, per loss (Figure 8): of the mean of all iterates so far, at
    /// the rates that validation chooses, kept constant.
    pub fn curves(&self, sigma: f64, journal: &Journal<'_>) -> Result<Vec<Curve>, ExperimentError> {
        let task = self.task(sigma, 0)?;
        (0..LOSSES.len())
            .into_par_iter()
            .map(|loss| {
                let name = format!("curve of {} at {sigma}", LOSSES[loss]);
                journal.piece(name, self.rates[loss].len() as u64 + 1, || self.curve(loss, &task, journal))
            })
            .collect()
    }

    fn curve(&self, loss: usize, task: &Task, journal: &Journal<'_>) -> Result<Curve, ExperimentError> {
        let (rate, _) = self.choose(loss, task, journal)?;
        let training = Training { averaging: 1.0, schedule: Schedule::Constant, ..self.training(rate) };
        let objective = self.objective(loss)?;
        let mut curve = Vec::new();
        training.start(&objective, &task.train)?.drive(Best::default(), |run, ended, _| {
            journal.go_on()?;
            if ended {
                curve.push((run.epochs_done(), RankingScores::of(&run.model(), &task.test)));
            }
            Ok::<_, ExperimentError>(ControlFlow::Continue(()))
        })?;
        journal.advance(1);
        Ok(curve)
    }

    fn task(&self, sigma: f64, run: usize) -> Result<Task, TrainError> {
        let seed = self.seed.fold(run as u64);
        let task = SyntheticRanking::new(self.features, self.labels, seed.fold(0))?;
        Ok(Task {
            train: task.sample(self.rows[0], sigma, seed.fold(1))?,
            validation: task.sample(self.rows[1], 0.0, seed.fold(2))?,
            test: task.sample(self.rows[2], 0.0, seed.fold(3))?,
        })
    }

    fn training(&self, rate: f64) -> Training {
        Training {
            epochs: self.epochs,
            least_steps: 0,
            rate,
            schedule: Schedule::Linear,
            standardize: false,
            intercept: false,
            seed: self.seed.fold(u64::MAX),
            ..Training::default()
        }
    }

    fn objective(&self, loss: usize) -> Result<Objective<Ranking<f32, Dyn>, Normal, f32>, TrainError> {
        let layer = Perturbed::new(Ranking::ascending(Dyn(self.labels))?, Normal, self.epsilon as f32)?;
        let one = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
        Ok(match loss {
            0 => Objective { layer, loss: Loss::FenchelYoung, how: one },
            1 => Objective { layer, loss: Loss::PerturbedSquared, how: How::Exact },
            2 => Objective { layer, loss: Loss::Squared, how: How::Exact },
            _ => Objective { layer, loss: Loss::BlackBox { lambda: self.lambda as f32 }, how: one },
        })
    }

    /// The learning rate with the best partial ranks on the validation rows, and its model.
    fn choose(
        &self,
        loss: usize,
        task: &Task,
        journal: &Journal<'_>,
    ) -> Result<(f64, LinearModel<f32>), ExperimentError> {
        let mut best: Option<(f64, f64, LinearModel<f32>)> = None;
        for &rate in &self.rates[loss] {
            let fitted = match journal.fit(&self.training(rate), &self.objective(loss)?, &task.train) {
                // A rate that is too large loses against the others.
                Err(error) if error.diverged() && self.rates[loss].len() > 1 => {
                    journal.advance(1);
                    continue;
                }
                fitted => fitted?,
            };
            let score = RankingScores::of(&fitted.model, &task.validation).partial_ranks;
            journal.advance(1);
            if best.as_ref().is_none_or(|(record, ..)| score > *record) {
                best = Some((score, rate, fitted.model));
            }
        }
        let none = TrainError::Setting {
            parameter: "rates",
            expected: "at least one learning rate per loss",
            found: 0.0,
        };
        best.map(|(_, rate, model)| (rate, model)).ok_or(none.into())
    }
}
