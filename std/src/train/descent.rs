//! Mini-batch descent, whatever the model: shuffles, rates, the mean of the last iterates, and a state that can be saved.

use perturb_core::Real;
use perturb_lanes::{Kernel, run};

use super::optimizer::State;
use super::{RunState, TrainError, Training};
use crate::data::shuffle;

/// A descent between two steps.
pub(super) struct Descent<'a, T> {
    pub(super) training: &'a Training,
    /// What is learned; the first `learned` of it.
    pub(super) parameters: Vec<T>,
    learned: usize,
    mean: Vec<T>,
    averaged: usize,
    pub(super) gradient: Vec<T>,
    optimizer: State<T>,
    /// The rows of this epoch in their order.
    order: Vec<usize>,
    pub(super) epoch: usize,
    /// Batches done in this epoch.
    batches: usize,
    pub(super) step: usize,
    pub(super) steps: usize,
}

impl<'a, T: Real> Descent<'a, T> {
    /// From these parameters, of which the first `learned` change, on `rows` rows.
    pub(super) fn new(training: &'a Training, rows: usize, parameters: Vec<T>, learned: usize) -> Self {
        Self {
            training,
            learned,
            mean: vec![T::ZERO; parameters.len()],
            averaged: 0,
            gradient: vec![T::ZERO; parameters.len()],
            optimizer: State::new(training.optimizer, parameters.len()),
            parameters,
            order: order(training, rows, 0),
            epoch: 0,
            batches: 0,
            step: 0,
            steps: training.steps(rows),
        }
    }

    /// Rows of a step.
    pub(super) fn batch(&self) -> usize {
        self.training.batch.min(self.order.len())
    }

    /// Whether all steps are done.
    pub(super) fn is_done(&self) -> bool {
        self.step >= self.steps
    }

    /// The mean of the last iterates, or the last if there are none yet.
    pub(super) fn iterate(&self) -> &[T] {
        if self.averaged > 0 { &self.mean } else { &self.parameters }
    }

    /// The rows of the next step.
    pub(super) fn rows(&self) -> Vec<usize> {
        let batch = self.batch();
        self.order.iter().skip(self.batches * batch).take(batch).copied().collect()
    }

    /// Takes a step along `gradient`. Returns whether it was the last of an epoch.
    pub(super) fn advance(&mut self) -> bool {
        let progress = self.step as f64 / self.steps as f64;
        let rate = self.training.rate * self.training.schedule.factor(progress);
        let learned = self.learned;
        self.optimizer.step(&mut self.parameters[..learned], &self.gradient[..learned], rate);
        if progress >= 1.0 - self.training.averaging {
            self.averaged += 1;
            let share = T::from_f64(1.0 / self.averaged as f64);
            run(Average { mean: &mut self.mean, current: &self.parameters, share });
        }
        let batch = self.batch();
        self.step += 1;
        self.batches += 1;
        let ended = self.order.len() - self.batches * batch < batch;
        if ended || self.is_done() {
            self.epoch += 1;
            self.batches = 0;
            self.order = order(self.training, self.order.len(), self.epoch);
            return true;
        }
        false
    }

    /// The state from which [`restore`](Self::restore) continues.
    pub(super) fn state(&self) -> RunState {
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

    /// Takes up `state`.
    pub(super) fn restore(&mut self, state: RunState) -> Result<(), TrainError> {
        let refuse = |what, expected, found| Err(TrainError::State { what, expected, found });
        let per_epoch = self.order.len() / self.batch();
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
        self.order = order(self.training, self.order.len(), self.epoch);
        Ok(())
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
