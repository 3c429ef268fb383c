//! Predict prices, then pack: energy prices of a day's half-hours are predicted by an affine model and decided by a
//! knapsack. Judged by regret, what deciding by predictions costs against hindsight.
//!
//! One affine map θ_i = ⟨w, x_i⟩ + b, shared by all items, is trained by three losses: squared on the prices, which
//! ignores the decision; SPO+ (Elmachtoub and Grigas 2022), which knows prices and decision; and the perturbed
//! Fenchel–Young loss with one sample, which sees only the best decision of each day, never a price. Each loss chooses
//! its learning rate by the regret on the last fifth of the training days, then learns from all of them. With plain
//! gradient descent from 0 a temperature other than 1 only rescales the rate (Proposition 2.2).

mod data;
mod report;

use perturb::loss::SpoPlus;
use perturb::train::LinearModel;
use perturb::{Dyn, Error, Knapsack, Normal, Perturbed, Seed};
use rayon::prelude::*;

use super::descent::{Descent, choose};
use super::{ExperimentError, Journal};

pub use data::{Day, Days};
pub use report::{csv, json, page, table};

/// The losses, in the order of results.
pub const LOSSES: [&str; 3] = ["squared", "spo+", "fenchel-young"];

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Knapsack capacities W.
    pub capacities: Vec<u32>,
    /// Steps of gradient descent on batches of days.
    pub steps: usize,
    /// Days in a batch.
    pub batch: usize,
    /// Learning rates to choose from, per loss in the order of [`LOSSES`].
    pub rates: [Vec<f64>; 3],
    /// Training runs that differ in shuffles and noise.
    pub runs: usize,
    /// Names shuffles and noise.
    pub seed: Seed,
}

impl Setting {
    /// The capacities of Mandi et al. (2020), five runs.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            capacities: vec![60, 120, 180],
            steps: 2000,
            batch: 32,
            rates: [vec![1e-4, 1e-3, 3e-3], vec![1e-4, 1e-3, 1e-2], vec![1e-4, 1e-3, 1e-2, 1e-1]],
            runs: 5,
            seed,
        }
    }

    /// Training runs in all.
    #[must_use]
    pub fn fits(&self) -> u64 {
        let rates: usize = self.rates.iter().map(|rates| rates.len() + 1).sum();
        (self.capacities.len() * self.runs * rates) as u64
    }
}

/// The result of one loss at one capacity in one run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// W.
    pub capacity: u32,
    /// The run's number.
    pub run: usize,
    /// Index into [`LOSSES`].
    pub loss: usize,
    /// The chosen learning rate.
    pub rate: f64,
    /// Regret of each test day, in units of the mean magnitude of training prices.
    pub regrets: Vec<f64>,
    /// The value of the best decision of each test day, in the same units.
    pub best: Vec<f64>,
}

impl Outcome {
    /// Σ⟨t, y*(t) − y*(θ)⟩/Σ⟨t, y*(t)⟩ over the test days.
    #[must_use]
    pub fn normalized_regret(&self) -> f64 {
        self.regrets.iter().sum::<f64>() / self.best.iter().sum::<f64>()
    }
}

/// The decision problem at one capacity, every day's truth solved once.
struct Task<'a> {
    days: &'a Days,
    layer: Perturbed<Knapsack<Dyn, Dyn>, Normal, f64>,
    train: Vec<SpoPlus<f64, Dyn>>,
    test: Vec<SpoPlus<f64, Dyn>>,
}

impl Setting {
    /// All losses at all capacities; `progress` is called after each training run.
    pub fn run(&self, mut days: Days, journal: &Journal<'_>) -> Result<Vec<Outcome>, ExperimentError> {
        if days.features == 0 || days.train.is_empty() {
            let found = days.features.min(days.train.len());
            let parameter = "training days and features";
            return Err(Error::OutOfRange { parameter, least: 1, greatest: usize::MAX, found }.into());
        }
        days.standardize();
        let tasks: Vec<(u32, Task)> = self
            .capacities
            .par_iter()
            .map(|&capacity| Ok((capacity, Task::new(&days, capacity)?)))
            .collect::<Result<_, Error>>()?;
        let mut jobs = Vec::new();
        for (capacity, task) in &tasks {
            for run in 0..self.runs {
                jobs.extend((0..LOSSES.len()).map(|loss| (*capacity, task, run, loss)));
            }
        }
        jobs.into_par_iter()
            .map(|(capacity, task, run, loss)| {
                let name = format!("{} at {capacity}, run {run}", LOSSES[loss]);
                let (rate, regrets) = journal.piece(name, self.rates[loss].len() as u64 + 1, || {
                    let seed = self.seed.fold(run as u64);
                    let rate = self.choose(task, loss, seed, journal)?;
                    let model = self.fit(task, loss, rate, task.train.len(), seed, journal)?;
                    Ok((rate, task.regrets(&model, &days.test, &task.test)?))
                })?;
                let best = task.test.iter().map(SpoPlus::value).collect();
                Ok(Outcome { capacity, run, loss, rate, regrets, best })
            })
            .collect()
    }

    /// The rate with the least regret on the last fifth of the training days.
    fn choose(
        &self,
        task: &Task<'_>,
        loss: usize,
        seed: Seed,
        journal: &Journal<'_>,
    ) -> Result<f64, ExperimentError> {
        let kept = task.train.len() - task.train.len() / 5;
        let (_, days) = task.days.train.split_at(kept);
        let (_, truths) = task.train.split_at(kept);
        choose(&self.rates[loss], |rate| {
            let model = self.fit(task, loss, rate, kept, seed, journal)?;
            Ok(task.regrets(&model, days, truths)?.iter().sum())
        })
    }

    /// Gradient descent on the first `rows` training days.
    fn fit(
        &self,
        task: &Task<'_>,
        loss: usize,
        rate: f64,
        rows: usize,
        seed: Seed,
        journal: &Journal<'_>,
    ) -> Result<LinearModel<f64>, ExperimentError> {
        let features = task.days.features;
        let descent = Descent { steps: self.steps, batch: self.batch };
        let zero = LinearModel::zeros(features, 1);
        descent.fit(&zero, rows, rate, seed, journal, |model, day, seed, total, share| {
            let theta = task.scores(model, &task.days.train[day]);
            let gradient = task.gradient(loss, day, &theta, seed)?;
            for (x, g) in task.days.train[day].x.chunks_exact(features).zip(gradient) {
                total.descend(x, &[g], -share);
            }
            Ok(())
        })
    }
}

impl<'a> Task<'a> {
    fn new(days: &'a Days, capacity: u32) -> Result<Self, Error> {
        // More room than all items need is never used, nor is its memory.
        let total = days.weights.iter().fold(0u32, |total, &weight| total.saturating_add(weight));
        let capacity = capacity.min(total);
        let layer = Perturbed::new(
            Knapsack::new(Dyn(days.weights.len()), Dyn(capacity as usize + 1), &days.weights, capacity)?,
            Normal,
            1.0,
        )?;
        let truths = |days: &[Day]| -> Result<Vec<_>, Error> {
            days.iter().map(|day| SpoPlus::new(layer.oracle(), &day.prices)).collect()
        };
        let (train, test) = (truths(&days.train)?, truths(&days.test)?);
        Ok(Self { days, layer, train, test })
    }

    /// θ of a day's items.
    fn scores(&self, model: &LinearModel<f64>, day: &Day) -> Vec<f64> {
        let mut theta = [0.0];
        let rows = day.x.chunks_exact(self.days.features);
        rows.map(|x| {
            model.score(x, &mut theta);
            theta[0]
        })
        .collect()
    }

    /// The gradient in θ of a loss on a training day.
    fn gradient(&self, loss: usize, day: usize, theta: &[f64], seed: Seed) -> Result<Vec<f64>, Error> {
        let truth = &self.train[day];
        match loss {
            0 => Ok(theta.iter().zip(&self.days.train[day].prices).map(|(theta, t)| theta - t).collect()),
            1 => Ok(truth.loss(self.layer.oracle(), theta)?.gradient),
            _ => {
                let y = self.layer.sample(theta, seed, day as u64)?;
                Ok(y.iter().zip(truth.best()).map(|(y, best)| y - best).collect())
            }
        }
    }

    fn regrets(
        &self,
        model: &LinearModel<f64>,
        days: &[Day],
        truths: &[SpoPlus<f64, Dyn>],
    ) -> Result<Vec<f64>, Error> {
        let pairs = days.iter().zip(truths);
        pairs.map(|(day, truth)| truth.regret(self.layer.oracle(), &self.scores(model, day))).collect()
    }
}
