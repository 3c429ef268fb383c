#![cfg_attr(docsrs, feature(doc_cfg))]
//! The paper's experiments on layers of [`perturb`], as functions that return their results and functions that report them.
//!
//! With them come the data that they need, generated or read, networks to train, and pages of plots and tables. Feature `nn` has
//! the networks and the two experiments that train them.

pub mod asymptotics;
pub mod benchmark;
pub mod choice;
#[cfg(feature = "nn")]
pub mod classification;
pub mod data;
mod descent;
mod journal;
pub mod knapsack;
pub mod label_ranking;
#[cfg(feature = "nn")]
mod learn;
mod least_squares;
#[cfg(feature = "nn")]
pub mod nn;
pub mod report;
#[cfg(feature = "nn")]
pub mod shortest_path;
pub mod synthetic_ranking;
pub mod temperature;

pub use journal::{ExperimentError, Journal, Pieces, Watch};

/// Mean and standard deviation (divisor n − 1) of the scores; NaN without any.
#[must_use]
pub fn mean_and_deviation(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let square = scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>();
    (mean, (square / (n - 1.0).max(1.0)).sqrt())
}
