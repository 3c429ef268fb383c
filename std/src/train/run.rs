//! A run in progress.

use std::fmt;
use std::ops::ControlFlow;

use perturb_core::{Error, Method, Noise, Oracle, Real};
use perturb_lanes::{Kernel, run};
use serde::{Deserialize, Serialize};

use super::minibatch::Minibatch;
use super::optimizer::{Moments, State};
use super::products::{outer_products, scores};
use super::{Best, Fitted, LinearModel, Objective, Standardization, TrainError, Training, Workspace};
use crate::RowError;
use crate::data::{Dataset, shuffle};

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
    /// W column by column, then b.
    parameters: Vec<T>,
    mean: Vec<T>,
    averaged: usize,
    gradient: Vec<T>,
    optimizer: State<T>,
    batch: Minibatch<T>,
    workspace: Workspace<O, N, T, H>,
    /// The rows of this epoch in their order.
    order: Vec<usize>,
    epoch: usize,
    /// Batches done in this epoch.
    batches: usize,
    step: usize,
    steps: usize,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real, H: Method<O, N, T>> fmt::Debug for Run<'_, O, N, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, step, steps, .. } = self;
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
        let zeros = vec![T::ZERO; (data.features() + 1) * data.labels()];
        Self {
            training,
            objective,
            data,
            standardization,
            mean: zeros.clone(),
            averaged: 0,
            gradient: zeros.clone(),
            optimizer: State::new(training.optimizer, zeros.len()),
            parameters: zeros,
            batch: Minibatch::new(training.batch.min(data.len()), data),
            workspace: Workspace::default(),
            order: order(training, data.len(), 0),
            epoch: 0,
            batches: 0,
            step: 0,
            steps: training.steps(data.len()),
        }
    }

    /// Takes up `state`.
    pub(super) fn restore(&mut self, state: RunState) -> Result<(), TrainError> {
        let refuse = |what, expected, found| Err(TrainError::State { what, expected, found });
        let per_epoch = self.order.len() / self.training.batch.min(self.order.len());
        if state.step > self.steps {
            return refuse("steps", self.steps, state.step);
        }
        if state.batches >= per_epoch {
            return refuse("batches of an epoch", per_epoch - 1, state.batches);
        }
        let expected = state.epoch.checked_mul(per_epoch).and_then(|steps| steps.checked_add(state.batches));
        if expected != Some(state.step) && state.step != self.steps {
            return refuse("steps in whole epochs", expected.unwrap_or(usize::MAX), state.step);
        }
        if state.averaged > state.step {
            return refuse("averaged steps", state.step, state.averaged);
        }
        for (numbers, found, what) in
            [(&mut self.parameters, state.parameters, "parameters"), (&mut self.mean, state.mean, "means")]
        {
            if found.len() != numbers.len() {
                return refuse(what, numbers.len(), found.len());
            }
            for (number, found) in numbers.iter_mut().zip(found) {
                *number = T::from_f64(found);
            }
        }
        if let Err((expected, found)) = self.optimizer.restore(&state.moments) {
            return refuse("the optimizer's moments", expected, found);
        }
        (self.averaged, self.step) = (state.averaged, state.step);
        (self.epoch, self.batches) = (state.epoch, state.batches);
        self.order = order(self.training, self.data.len(), self.epoch);
        Ok(())
    }

    /// The state from which [`Training::resume`] continues.
    #[must_use]
    pub fn state(&self) -> RunState {
        let widened = |numbers: &[T]| numbers.iter().map(|x| x.to_f64()).collect();
        RunState {
            epoch: self.epoch,
            batches: self.batches,
            step: self.step,
            parameters: widened(&self.parameters),
            mean: widened(&self.mean),
            averaged: self.averaged,
            moments: self.optimizer.moments(),
        }
    }

    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.step
    }
    /// All steps of the run.
    pub fn steps(&self) -> usize {
        self.steps
    }
    /// The number of complete epochs; the last epoch of a run may be incomplete.
    pub fn epochs_done(&self) -> usize {
        self.epoch
    }
    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.step >= self.steps
    }

    /// Goes to the end of the run, or until early stopping has waited long enough since the best epoch. `observe` is called after
    /// every step, with whether it was the last of an epoch; it may let [`Best::consider`] the [model](Self::fitted), and may
    /// break.
    pub fn drive<E: From<TrainError>>(
        mut self,
        mut best: Best<T>,
        mut observe: impl FnMut(&Self, bool, &mut Best<T>) -> Result<ControlFlow<()>, E>,
    ) -> Result<Fitted<T>, E> {
        while !self.is_done() && !best.is_enough(self.epochs_done(), self.training.patience) {
            let ended = self.step()?;
            if observe(&self, ended, &mut best)?.is_break() {
                break;
            }
        }
        Ok(self.finish(best)?)
    }

    /// Takes a step on the next rows of the shuffled order, if one is left. Returns whether it was the last step of an epoch.
    pub fn step(&mut self) -> Result<bool, TrainError> {
        if self.is_done() {
            return Ok(true);
        }
        let batch = self.training.batch.min(self.order.len());
        let start = self.batches * batch;
        let rows = std::mem::take(&mut self.order);
        let done = self.descend(&rows[start..start + batch]);
        self.order = rows;
        done?;
        self.step += 1;
        self.batches += 1;
        let ended = self.order.len() - self.batches * batch < batch;
        if ended || self.is_done() {
            self.epoch += 1;
            self.batches = 0;
            self.order = order(self.training, self.data.len(), self.epoch);
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes a step along the mean gradient of `rows`.
    fn descend(&mut self, rows: &[usize]) -> Result<(), TrainError> {
        self.batch.gather(self.data, rows, &self.standardization);
        let (weights, bias) = self.parameters.split_at(self.weights());
        scores(weights, bias, &self.batch.x, &mut self.batch.theta);
        self.slopes().map_err(|RowError { row, source }| TrainError::Row {
            step: self.step,
            row: rows[row],
            source,
        })?;
        outer_products(&self.batch.shares, &self.batch.slopes, self.data.labels(), &mut self.gradient);
        let progress = self.step as f64 / self.steps as f64;
        let rate = self.training.rate * self.training.schedule.factor(progress);
        let learned = if self.training.intercept { self.parameters.len() } else { self.weights() };
        self.optimizer.step(&mut self.parameters[..learned], &self.gradient[..learned], rate);
        if progress >= 1.0 - self.training.averaging {
            self.averaged += 1;
            let share = T::from_f64(1.0 / self.averaged as f64);
            run(Average { mean: &mut self.mean, current: &self.parameters, share });
        }
        Ok(())
    }

    /// The gradients of all rows in their scores.
    fn slopes(&mut self) -> Result<(), RowError> {
        let labels = self.data.labels();
        let overflow = self.batch.overflow().map(|place| place / labels);
        let Minibatch { theta, targets, slopes, .. } = &mut self.batch;
        // A row that overflows is the last: what its gradient is refused for goes before.
        let end = overflow.map_or(theta.len(), |row| (row + 1) * labels);
        let seed = self.training.seed.fold(1).fold(self.step as u64);
        let (theta, targets, slopes) = (&theta[..end], &targets[..end], &mut slopes[..end]);
        self.objective.gradients(theta, targets, seed, slopes, &mut self.workspace)?;
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
        Fitted { model: self.model(), epoch: self.epoch, steps: self.step }
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
        let parameters = if self.averaged > 0 { &self.mean } else { &self.parameters };
        let mut model = LinearModel::zeros(self.data.features(), self.data.labels());
        let (weights, bias) = model.parts_mut();
        weights.copy_from_slice(&parameters[..self.weights()]);
        bias.copy_from_slice(&parameters[self.weights()..]);
        self.standardization.fold_into(model)
    }
}

/// The order of the rows in epoch `epoch`.
fn order(training: &Training, rows: usize, epoch: usize) -> Vec<usize> {
    shuffle(training.seed.fold(0).fold(epoch as u64), rows)
}

/// mean += (current − mean)·share.
struct Average<'a, T> {
    mean: &'a mut [T],
    current: &'a [T],
    share: T,
}

impl<T: Real> Kernel for Average<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (mean, &current) in self.mean.iter_mut().zip(self.current) {
            *mean += (current - *mean) * self.share;
        }
    }
}
