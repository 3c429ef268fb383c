//! A run in progress.

use perturb_core::{ClosedForm, Error, Noise, Real};
use perturb_lanes::{Kernel, run};

use super::minibatch::Minibatch;
use super::optimizer::State;
use super::products::{outer_products, scores};
use super::{LinearModel, Objective, Standardization, TrainError, Training, Workspace};
use crate::RowError;
use crate::data::{Dataset, shuffle};

/// A run in progress: the steps of [`perturb_core::scores`] and [`perturb_core::descend`] row after row, batch by batch.
pub(super) struct Run<'a, O: ClosedForm<T, N>, N: Noise<T>, T: Real> {
    training: &'a Training,
    objective: &'a Objective<O, N, T>,
    data: &'a Dataset<T>,
    standardization: Standardization<T>,
    /// W column by column, then b.
    parameters: Vec<T>,
    mean: Vec<T>,
    averaged: usize,
    gradient: Vec<T>,
    optimizer: State<T>,
    batch: Minibatch<T>,
    workspace: Workspace<O, N, T>,
    step: usize,
    steps: usize,
}

impl<'a, O: ClosedForm<T, N>, N: Noise<T>, T: Real> Run<'a, O, N, T> {
    pub(super) fn new(
        training: &'a Training,
        objective: &'a Objective<O, N, T>,
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
            workspace: objective.workspace(),
            step: 0,
            steps: training.steps(data.len()),
        }
    }

    /// Steps done.
    pub(super) fn step(&self) -> usize {
        self.step
    }
    /// All steps of the run.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// One pass over the shuffled rows.
    pub(super) fn epoch(&mut self, epoch: usize) -> Result<(), TrainError> {
        let order = shuffle(self.training.seed.fold(0).fold(epoch as u64), self.data.len());
        let batch = self.training.batch.min(order.len());
        for rows in order.chunks_exact(batch) {
            if self.step == self.steps {
                break;
            }
            self.descend(rows)?;
            self.step += 1;
        }
        Ok(())
    }

    /// One step on the mean gradient of `rows`.
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

    /// The model as it stands, on raw features.
    pub(super) fn model(&self) -> LinearModel<T> {
        let parameters = if self.averaged > 0 { &self.mean } else { &self.parameters };
        let mut model = LinearModel::zeros(self.data.features(), self.data.labels());
        let (weights, bias) = model.parts_mut();
        weights.copy_from_slice(&parameters[..self.weights()]);
        bias.copy_from_slice(&parameters[self.weights()..]);
        self.standardization.fold_into(model)
    }
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
