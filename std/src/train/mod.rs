//! Training by mini-batch gradient descent: of affine models on the rows of a [`Dataset`](crate::data::Dataset), and of one vector of
//! weights for all options on [`Decisions`](crate::decisions::Decisions).

mod descent;
mod fit;
mod judge;
mod loss;
mod minibatch;
mod model;
mod optimizer;
#[cfg(feature = "files")]
mod options;
mod products;
mod run;
mod schedule;
mod standardize;

pub use fit::{Best, EpochReport, Fitted, Patience, TrainError, Training};
pub use judge::{LabelScores, RankingScores};
pub use loss::{Loss, Objective, Workspace};
pub use model::LinearModel;
pub use optimizer::{Moments, Optimizer};
#[cfg(feature = "files")]
pub use options::OptionsRun;
pub use run::{Run, RunState};
pub use schedule::Schedule;
pub use standardize::Standardization;
