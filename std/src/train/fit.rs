use std::ops::ControlFlow;

use perturb_core::{Error, Method, Noise, Oracle, Real, Seed, Shape};

use super::{LinearModel, Loss, Objective, Optimizer, Run, RunState, Schedule};
use crate::data::{DataError, Dataset, text};

/// How an affine model is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Passes over the training rows.
    pub epochs: usize,
    /// At least this many steps: small data sets make more passes.
    pub least_steps: usize,
    /// Rows per step. Rows that do not fill the last batch of an epoch wait for the next shuffle.
    pub batch: usize,
    /// The learning rate at the start; a step descends the mean gradient of its rows.
    pub rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    /// The model is the mean of the iterates over this last share of the steps (Polyak and Juditsky 1992);
    /// 0 takes the last iterate.
    pub averaging: f64,
    /// Whether features are standardised on the training rows (and folded back into the model); without an
    /// intercept they are scaled but not centred.
    pub standardize: bool,
    /// Whether there is an intercept b.
    pub intercept: bool,
    /// Early stopping, if validation rows are given.
    pub patience: Option<Patience>,
    /// Names the shuffles and the noise.
    pub seed: Seed,
}

impl Default for Training {
    /// Batches of 32, plain gradient descent at rate 0.1 decaying linearly to 0, at least 1000 steps, the mean
    /// of the second half of the iterates: the recipe of the label-ranking experiment.
    fn default() -> Self {
        Self {
            epochs: 2,
            least_steps: 1000,
            batch: 32,
            rate: 0.1,
            schedule: Schedule::Linear,
            optimizer: Optimizer::Sgd { momentum: 0.0 },
            averaging: 0.5,
            standardize: true,
            intercept: true,
            patience: None,
            seed: Seed(0),
        }
    }
}

/// When to stop before the last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Stop after this many epochs without a better validation score; the best epoch's model is kept.
    pub epochs: usize,
}

/// The error of a training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The data are too few or otherwise unfit.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The layer refuses its configuration.
    #[error(transparent)]
    Layer(#[from] Error),
    /// A setting is out of range.
    #[error("{parameter} is {}; expected {expected}", text::shown(*found))]
    Setting {
        /// The setting's name.
        parameter: &'static str,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The data do not fit the oracle.
    #[error("the data have {found} labels, the oracle {expected} entries")]
    Labels {
        /// Entries of the oracle.
        expected: usize,
        /// Labels of the data.
        found: usize,
    },
    /// A row's gradient could not be computed; usually training diverged.
    #[error("step {step}, row {row}: {source}; a smaller learning rate may help")]
    Row {
        /// The step, counted from 0.
        step: usize,
        /// The row of the data, counted from 0.
        row: usize,
        /// The reason.
        source: Error,
    },
    /// A saved state is not one of this run.
    #[error("the saved state has {found} {what}; expected {expected}")]
    State {
        /// The part of the state.
        what: &'static str,
        /// The number in this run.
        expected: usize,
        /// The number in the state.
        found: usize,
    },
}

impl TrainError {
    /// Whether the steps were too large: scores or weights left the range of the number type.
    #[must_use]
    pub fn diverged(&self) -> bool {
        matches!(self, Self::Row { .. } | Self::Layer(Error::Overflow { .. }))
    }
}

/// The state after an epoch, for progress and learning curves.
#[derive(Debug)]
#[non_exhaustive]
pub struct EpochReport<'a, T> {
    /// Epochs done, from 1.
    pub epoch: usize,
    /// Steps done.
    pub step: usize,
    /// All steps of the run.
    pub steps: usize,
    /// The model as it would be returned now, on raw features.
    pub model: &'a LinearModel<T>,
}

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted<T> {
    /// The model on raw features.
    pub model: LinearModel<T>,
    /// The epoch it stems from.
    pub epoch: usize,
    /// Steps made in all.
    pub steps: usize,
}

/// The best epoch so far, as early stopping sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Best<T> {
    /// The best score and its model.
    pub record: Option<(f64, Fitted<T>)>,
}

impl<T> Best<T> {
    /// Keeps the model of an epoch if its score is higher than all before; NaN never is.
    pub fn consider(&mut self, score: Option<f64>, fitted: Fitted<T>) {
        let Some(score) = score.filter(|score| !score.is_nan()) else { return };
        if self.record.as_ref().is_none_or(|(record, _)| score > *record) {
            self.record = Some((score, fitted));
        }
    }

    /// Whether `patience` has ended after `epochs` epochs.
    #[must_use]
    pub fn is_enough(&self, epochs: usize, patience: Option<Patience>) -> bool {
        let waited = self.record.as_ref().map_or(0, |(_, fitted)| epochs - fitted.epoch.min(epochs));
        epochs > 0 && patience.is_some_and(|patience| waited >= patience.epochs)
    }
}

impl Training {
    /// Trains on all rows of `data`.
    pub fn fit<O, N, T, H>(
        &self,
        objective: &Objective<O, N, T, H>,
        data: &Dataset<T>,
    ) -> Result<Fitted<T>, TrainError>
    where
        O: Oracle<T> + Sync,
        N: Noise<T>,
        T: Real,
        H: Method<O, N, T>,
    {
        self.start(objective, data)?.drive(Best::default(), |_, _, _| Ok(ControlFlow::Continue(())))
    }

    /// Trains on all rows of `data`, calling `observe`, in a thread of rayon's, after each epoch. It may return a score to maximise,
    /// which early stopping watches, or break.
    pub fn fit_observed<O, N, T, H>(
        &self,
        objective: &Objective<O, N, T, H>,
        data: &Dataset<T>,
        mut observe: impl FnMut(&EpochReport<'_, T>) -> ControlFlow<(), Option<f64>> + Send,
    ) -> Result<Fitted<T>, TrainError>
    where
        O: Oracle<T> + Sync,
        N: Noise<T>,
        T: Real,
        H: Method<O, N, T>,
    {
        self.start(objective, data)?.drive(Best::default(), |run, ended, best| {
            if !ended {
                return Ok(ControlFlow::Continue(()));
            }
            let fitted = run.fitted();
            let (epoch, step, steps) = (fitted.epoch, fitted.steps, run.steps());
            Ok(match observe(&EpochReport { epoch, step, steps, model: &fitted.model }) {
                ControlFlow::Break(()) => ControlFlow::Break(()),
                ControlFlow::Continue(score) => {
                    best.consider(score, fitted);
                    ControlFlow::Continue(())
                }
            })
        })
    }

    /// A run before its first step.
    pub fn start<'a, O, N, T, H>(
        &'a self,
        objective: &'a Objective<O, N, T, H>,
        data: &'a Dataset<T>,
    ) -> Result<Run<'a, O, N, T, H>, TrainError>
    where
        O: Oracle<T> + Sync,
        N: Noise<T>,
        T: Real,
        H: Method<O, N, T>,
    {
        self.check(objective.layer.oracle().shape().dim(), data)?;
        self.check_loss(&objective.loss)?;
        if let Loss::SpoPlus = objective.loss {
            let expected = "one whose targets are decisions, as those of a Dataset are";
            return Err(DataError::parameter("loss", expected, objective.loss.name()).into());
        }
        Ok(Run::new(self, objective, data))
    }

    /// A run that resumes from `state`, with the bits of an uninterrupted run if training, objective and
    /// data. Refuses states of other sizes; that the rest is the same is for the caller to know.
    pub fn resume<'a, O, N, T, H>(
        &'a self,
        objective: &'a Objective<O, N, T, H>,
        data: &'a Dataset<T>,
        state: RunState,
    ) -> Result<Run<'a, O, N, T, H>, TrainError>
    where
        O: Oracle<T> + Sync,
        N: Noise<T>,
        T: Real,
        H: Method<O, N, T>,
    {
        let mut run = self.start(objective, data)?;
        run.restore(state)?;
        Ok(run)
    }

    /// Steps of a run on `rows` rows.
    #[must_use]
    pub fn steps(&self, rows: usize) -> usize {
        let per_epoch = (rows / self.batch.max(1)).max(1);
        self.epochs.saturating_mul(per_epoch).max(self.least_steps)
    }

    /// What the number type must hold.
    pub(super) fn check_loss<T: Real>(&self, loss: &Loss<T>) -> Result<(), TrainError> {
        let refuse = |parameter, expected, found| Err(TrainError::Setting { parameter, expected, found });
        if !T::from_f64(self.rate).is_finite() {
            return refuse("rate", "a number within the range of the number type", self.rate);
        }
        match (self.optimizer, loss) {
            (Optimizer::Sgd { momentum }, _) if !(0.0..1.0).contains(&momentum) => {
                refuse("momentum", "0 to less than 1", momentum)
            }
            (_, Loss::BlackBox { lambda }) if !(*lambda > T::ZERO && lambda.is_finite()) => {
                refuse("lambda", "a finite number above 0", lambda.to_f64())
            }
            _ => Ok(()),
        }
    }

    /// Of a training on so many rows.
    pub(super) fn check_settings(&self, rows: usize) -> Result<(), TrainError> {
        let setting = |ok: bool, parameter, expected, found| {
            if ok { Ok(()) } else { Err(TrainError::Setting { parameter, expected, found }) }
        };
        setting(rows > 0, "the number of training rows", "at least 1", 0.0)?;
        setting(self.steps(rows) > 0, "epochs", "at least 1, or least_steps", 0.0)?;
        setting(self.batch > 0, "batch", "at least 1", 0.0)?;
        setting(self.rate > 0.0 && self.rate.is_finite(), "rate", "a finite number above 0", self.rate)?;
        setting((0.0..=1.0).contains(&self.averaging), "averaging", "0 to 1", self.averaging)
    }

    fn check<T: Real>(&self, dim: usize, data: &Dataset<T>) -> Result<(), TrainError> {
        self.check_settings(data.len())?;
        if dim == data.labels() {
            Ok(())
        } else {
            Err(TrainError::Labels { expected: dim, found: data.labels() })
        }
    }
}
