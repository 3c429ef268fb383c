//! One step of training.

use perturb::data::Dataset;
use perturb::train::{LinearModel, Loss, Objective, Training};
use perturb::{Dyn, Exact, How, MonteCarlo, Normal, Ranking, Seed};
use perturb_experiments::data::generate::synthetic_ranking;

use crate::layer;

/// A run of one step on one batch, that of the paper's synthetic ranking: a Fenchel–Young loss, one sample a row.
#[derive(Debug)]
pub struct Step {
    training: Training,
    objective: Objective<Ranking<f32, Dyn>, Normal, f32>,
    data: Dataset<f32>,
}

impl Step {
    /// A step on `batch` rows for a model from `features` to the ranks of `labels`.
    pub fn new(batch: usize, features: usize, labels: usize) -> Self {
        let how = How::MonteCarlo(MonteCarlo::new(1, Seed(2)));
        Self {
            training: Training {
                epochs: 1,
                least_steps: 1,
                batch,
                rate: 1.0 / (labels * labels) as f64,
                standardize: false,
                ..Training::default()
            },
            objective: Objective { layer: layer::ranking(labels).0, loss: Loss::FenchelYoung, how },
            data: synthetic_ranking(batch, features, labels, 0.1, Seed(1)).expect("valid sizes"),
        }
    }

    /// The model after the step.
    pub fn run(&self) -> LinearModel<f32> {
        self.training.fit(&self.objective, &self.data).expect("valid data").model
    }

    /// Asserts that the step lowers the loss, which is known in closed form.
    pub fn check(&self) {
        let model = self.run();
        let loss = |model: &LinearModel<f32>| -> f32 {
            let mut theta = vec![0.0; model.scores()];
            let rows = (0..self.data.len()).map(|row| {
                model.score(self.data.x(row), &mut theta);
                self.objective.layer.fenchel_young(&theta, self.data.y(row), Exact).expect("scores").loss
            });
            rows.sum()
        };
        let (before, after) = (loss(&LinearModel::zeros(model.features(), model.scores())), loss(&model));
        assert!(after < before, "the loss goes from {before} to {after}");
    }
}
