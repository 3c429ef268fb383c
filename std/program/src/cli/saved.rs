//! The state of a training between two steps.

use perturb::data::Dataset;
use perturb::train::{Best, Fitted, LinearModel, RunState};
use serde::{Deserialize, Serialize};

use super::report;
use super::scores::Scores;

/// What a checkpoint of `train` holds: the run, the best epoch, and the scores of all epochs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) run: RunState,
    pub(crate) best: Option<BestEpoch>,
    pub(crate) curve: Vec<(usize, Scores)>,
    /// For the report, if one is wanted.
    pub(crate) epochs: Vec<report::Epoch>,
}

/// The record that early stopping keeps.
#[derive(Serialize, Deserialize)]
pub(crate) struct BestEpoch {
    score: f64,
    epoch: usize,
    steps: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl BestEpoch {
    pub(crate) fn of(best: &Best<f32>) -> Option<Self> {
        let (score, fitted) = best.record.as_ref()?;
        let (weights, bias) = (fitted.model.weights().to_vec(), fitted.model.bias().to_vec());
        Some(Self { score: *score, epoch: fitted.epoch, steps: fitted.steps, weights, bias })
    }

    /// `None` if its sizes do not fit `data`.
    pub(crate) fn restore(self, data: &Dataset<f32>) -> Option<Best<f32>> {
        let model = LinearModel::from_parts(data.features(), self.weights, self.bias)?;
        let fitted = Fitted { model, epoch: self.epoch, steps: self.steps };
        (fitted.model.scores() == data.labels()).then_some(Best { record: Some((self.score, fitted)) })
    }
}
