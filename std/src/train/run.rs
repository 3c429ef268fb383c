//! A run in progress.

use std::fmt;
use std::ops::ControlFlow;

use perturb_core::{AnyNoise, Error, Method, Noise, Oracle, Real, Seed};
use serde::{Deserialize, Serialize};

use super::descent::Descent;
use super::minibatch::Minibatch;
use super::optimizer::Moments;
use super::products::{outer_products, scores};
use super::{Best, Fitted, LinearModel, Objective, Standardization, TrainError, Training, Workspace};
use crate::data::Dataset;
use crate::{AnyOracle, RowError, threads};

/// A run in progress: the scores and the descent of an affine model ([`AffineMut`](crate::AffineMut)) row after row, batch by
/// batch.
///
/// Use it to look at a training, to stop it or to save it between two steps; [`Training::fit`] runs to the end.
///
/// ```
/// # use perturb::data::Dataset;
/// # use perturb::train::{Loss, Objective, Training};
/// # use perturb::{Dyn, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// # let names = |n: usize| (0..n).map(|i| format!("{i}")).collect::<Vec<_>>();
/// # let data = Dataset::new("votes", names(1), names(2), vec![1.0f32, -1.0], vec![1.0, 2.0, 2.0, 1.0])?;
/// # let layer = Perturbed::new(Ranking::ascending(Dyn(2))?, Normal, 1.0)?;
/// # let how = MonteCarlo::new(1, Seed(0));
/// # let objective = Objective { layer, loss: Loss::FenchelYoung, how };
/// let training = Training { batch: 2, ..Training::default() };
/// let mut run = training.start(&objective, &data)?;
/// for _ in 0..100 {
///     run.step()?;
/// }
/// let state = run.state(); // to be written to a file, with serde
/// let mut again = training.resume(&objective, &data, state)?;
/// while !run.is_done() {
///     run.step()?;
///     again.step()?;
/// }
/// assert_eq!(run.model(), again.model()); // the same bits
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Run<'a, O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> {
    training: &'a Training,
    objective: &'a Objective<O, N, T, H>,
    data: &'a Dataset<T>,
    standardization: Standardization<T>,
    /// Of W column by column, then b.
    descent: Descent<'a, T>,
    batch: Minibatch<T>,
    workspace: Workspace<O, N, T, H>,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> fmt::Debug for Run<'_, O, N, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Descent { epoch, step, steps, .. } = &self.descent;
        let mut run = f.debug_struct("Run");
        run.field("epoch", epoch).field("step", step).field("steps", steps).finish_non_exhaustive()
    }
}

/// The state of a run. With the same training, objective and data, [`Training::resume`] continues from it with the bits of an
/// uninterrupted run.
///
/// Numbers are f64, which represents those of either type exactly. Arrays contain W column by column, then b.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The number of complete epochs.
    pub epoch: usize,
    /// Batches done in the epoch after those.
    pub batches: usize,
    /// Steps done in all.
    pub step: usize,
    /// The parameters, for standardised features.
    pub parameters: Vec<f64>,
    /// The mean of the last iterates, and how many they are.
    pub mean: Vec<f64>,
    /// See `mean`.
    pub averaged: usize,
    /// The optimizer's memory.
    pub moments: Moments,
}

impl<'a, O: Oracle<T> + Sync, N: Noise<T>, T: Real, H: Method<O, N, T>> Run<'a, O, N, T, H> {
    pub(super) fn new(
        training: &'a Training,
        objective: &'a Objective<O, N, T, H>,
        data: &'a Dataset<T>,
    ) -> Self {
        let standardization = if training.standardize {
            Standardization::of(data, training.intercept)
        } else {
            Standardization::identity(data.features())
        };
        let weights = data.features() * data.labels();
        let zeros = vec![T::ZERO; weights + data.labels()];
        let learned = if training.intercept { zeros.len() } else { weights };
        Self {
            training,
            objective,
            data,
            standardization,
            descent: Descent::new(training, data.len(), zeros, learned),
            batch: Minibatch::new(training.batch.min(data.len()), data),
            workspace: Workspace::default(),
        }
    }

    /// Takes up `state`.
    pub(super) fn restore(&mut self, state: RunState) -> Result<(), TrainError> {
        self.descent.restore(state)
    }

    /// The state from which [`Training::resume`] continues.
    #[must_use]
    pub fn state(&self) -> RunState {
        self.descent.state()
    }

    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.descent.step
    }
    /// All steps of the run.
    pub fn steps(&self) -> usize {
        self.descent.steps
    }
    /// The number of complete epochs; the last epoch of a run may be incomplete.
    pub fn epochs_done(&self) -> usize {
        self.descent.epoch
    }
    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.descent.is_done()
    }

    /// Goes to the end of the run, or until early stopping has waited long enough since the best epoch. `observe` is called after
    /// every step, with whether it was the last of an epoch; it may let [`Best::consider`] the [model](Self::fitted), and may
    /// break. All of this happens in a thread of rayon's.
    pub fn drive<E: From<TrainError> + Send>(
        mut self,
        mut best: Best<T>,
        mut observe: impl FnMut(&Self, bool, &mut Best<T>) -> Result<ControlFlow<()>, E> + Send,
    ) -> Result<Fitted<T>, E> {
        threads::within(|| {
            while !self.is_done() && !best.is_enough(self.epochs_done(), self.training.patience) {
                let ended = self.step()?;
                if observe(&self, ended, &mut best)?.is_break() {
                    break;
                }
            }
            Ok(self.finish(best)?)
        })
    }

    /// Takes a step on the next rows of the shuffled order, if one is left. Returns whether it was the last step of an epoch.
    pub fn step(&mut self) -> Result<bool, TrainError> {
        self.step_with(|Asked { objective, theta, data, rows, seed, gradients, workspace }| {
            objective.gradients_at(theta, |row| data.y(rows[row]), seed, gradients, workspace)
        })
    }

    fn step_with(
        &mut self,
        ask: impl FnOnce(Asked<'_, O, N, T, H>) -> Result<(), RowError>,
    ) -> Result<bool, TrainError> {
        if self.is_done() {
            return Ok(true);
        }
        let rows = self.descent.rows();
        self.gradient(&rows, ask)?;
        Ok(self.descent.advance())
    }

    /// Computes the mean gradient of `rows`.
    fn gradient(
        &mut self,
        rows: &[usize],
        ask: impl FnOnce(Asked<'_, O, N, T, H>) -> Result<(), RowError>,
    ) -> Result<(), TrainError> {
        self.batch.gather(self.data, rows, &self.standardization);
        let (weights, bias) = self.descent.parameters.split_at(self.weights());
        scores(weights, bias, &self.batch.x, &mut self.batch.theta);
        self.slopes(rows, ask).map_err(|RowError { row, source }| TrainError::Row {
            step: self.descent.step,
            row: rows[row],
            source,
        })?;
        let Minibatch { shares, slopes, .. } = &self.batch;
        outer_products(shares, slopes, self.data.labels(), &mut self.descent.gradient);
        Ok(())
    }

    /// The gradients of all rows in their scores.
    fn slopes(
        &mut self,
        rows: &[usize],
        ask: impl FnOnce(Asked<'_, O, N, T, H>) -> Result<(), RowError>,
    ) -> Result<(), RowError> {
        let (data, labels) = (self.data, self.data.labels());
        let overflow = self.batch.overflow().map(|place| place / labels);
        let Minibatch { theta, slopes, .. } = &mut self.batch;
        // A row that overflows is the last: what its gradient is refused for goes before.
        let end = overflow.map_or(theta.len(), |row| (row + 1) * labels);
        let seed = self.training.seed.fold(1).fold(self.descent.step as u64);
        let (theta, gradients) = (&theta[..end], &mut slopes[..end]);
        let (objective, workspace) = (self.objective, &mut self.workspace);
        ask(Asked { objective, theta, data, rows, seed, gradients, workspace })?;
        match overflow {
            None => Ok(()),
            Some(row) => Err(RowError { row, source: Error::Overflow { quantity: "a score Wx + b" } }),
        }
    }

    /// How many weights come before b.
    fn weights(&self) -> usize {
        self.data.features() * self.data.labels()
    }

    /// The current model, with its epoch and step.
    pub fn fitted(&self) -> Fitted<T> {
        Fitted { model: self.model(), epoch: self.descent.epoch, steps: self.descent.step }
    }

    /// The result of the run: the model of the best epoch with early stopping, otherwise the last model.
    pub fn finish(self, best: Best<T>) -> Result<Fitted<T>, TrainError> {
        let last = self.fitted();
        if last.model.weights().iter().chain(last.model.bias()).any(|w| !w.is_finite()) {
            return Err(TrainError::Layer(Error::Overflow { quantity: "a trained weight" }));
        }
        Ok(match (self.training.patience, best.record) {
            (Some(_), Some((_, best))) => best,
            _ => last,
        })
    }

    /// The current model, on raw features.
    pub fn model(&self) -> LinearModel<T> {
        let parameters = self.descent.iterate();
        let mut model = LinearModel::zeros(self.data.features(), self.data.labels());
        let (weights, bias) = model.parts_mut();
        weights.copy_from_slice(&parameters[..self.weights()]);
        bias.copy_from_slice(&parameters[self.weights()..]);
        self.standardization.fold_into(model)
    }
}

impl<T: Real, H: Method<AnyOracle<T>, AnyNoise, T>> Run<'_, AnyOracle<T>, AnyNoise, T, H> {
    /// The same step for a solver of many problems at once ([`AnyOracle::batched`]): it is called once for all rows and samples, on this
    /// thread, but for a loss whose second solve depends on the first ([`Loss::BlackBox`](super::Loss)), which calls it for each.
    pub fn step_at_once(&mut self) -> Result<bool, TrainError> {
        self.step_with(|Asked { objective, theta, data, rows, seed, gradients, workspace }| {
            objective.gradients_at_once(theta, |row| data.y(rows[row]), seed, gradients, workspace)
        })
    }
}

/// What is asked of a step: the gradients in the scores of its rows.
struct Asked<'s, O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> {
    objective: &'s Objective<O, N, T, H>,
    theta: &'s [T],
    data: &'s Dataset<T>,
    rows: &'s [usize],
    seed: Seed,
    gradients: &'s mut [T],
    workspace: &'s mut Workspace<O, N, T, H>,
}
