//! Closed forms and samples.

pub mod closed_forms;
pub(crate) mod forbidden;
pub(crate) mod large_scores;
pub(crate) mod monte_carlo;
pub(crate) mod variance;
