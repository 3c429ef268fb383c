//! Training of affine models by mini-batch gradient descent.

mod fit;
mod judge;
mod loss;
mod minibatch;
mod model;
mod optimizer;
mod products;
mod run;
mod schedule;
mod standardize;

pub use fit::{Best, EpochReport, Fitted, Patience, TrainError, Training};
pub use judge::{LabelScores, RankingScores};
pub use loss::{Loss, Objective, Workspace};
pub use model::LinearModel;
pub use optimizer::{Moments, Optimizer};
pub use run::{Run, RunState};
pub use schedule::Schedule;
pub use standardize::Standardization;
