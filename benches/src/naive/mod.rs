//! Answers by the shortest program that finds them: what a fast one must equal, and is timed beside.
//!
//! Solvers write a decision and return its score, as [`Oracle::solve`](perturb::Oracle::solve) does; they allocate what
//! they need in every call.

mod estimate;
mod solvers;

pub use estimate::{expected_ranks, expected_ranks_vjp, jacobian, maximizer, softmax, value, vjp};
pub use solvers::{
    assignment, cell_path, edge_path, hypercube, knapsack, one_of_each, ranking, simplex, spanning_tree,
    top_k, tour,
};
