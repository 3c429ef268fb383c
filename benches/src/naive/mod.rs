//! Answers by the shortest program that finds them: what a fast one must equal, and is timed beside.
//!
//! Solvers write a decision and return its score, as [`Oracle::solve`](perturb::Oracle::solve) does; they allocate what
//! they need in every call.

mod assignment;
mod estimate;
mod exact;
mod knapsack;
mod path;
mod select;
mod tour;
mod tree;

pub use assignment::assignment;
pub use estimate::{jacobian, maximizer, value, vjp};
pub use exact::{expected_ranks, expected_ranks_vjp, softmax};
pub use knapsack::knapsack;
pub use path::{cell_path, edge_path};
pub use select::{hypercube, one_of_each, ranking, simplex, top_k};
pub use tour::tour;
pub use tree::spanning_tree;

/// The score of a decision.
fn total(theta: &[f32], y: &[f32]) -> f32 {
    theta.iter().zip(y).map(|(theta, y)| theta * y).sum()
}
