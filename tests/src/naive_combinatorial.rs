//! The vertices of combinatorial polytopes by enumeration: specifications, for small instances only.

use std::vec::Vec;

use crate::naive;

/// All packings: y in {0, 1}ᵈ with ⟨w, y⟩ ≤ capacity.
pub fn knapsack(weights: &[u32], capacity: u32) -> Vec<Vec<f64>> {
    let all = naive::hypercube(weights.len(), 0.0, 1.0).into_iter();
    let load = |y: &[f64]| weights.iter().zip(y).map(|(&w, y)| f64::from(w) * y).sum::<f64>();
    all.filter(|y| load(y) <= f64::from(capacity)).collect()
}

/// Asserts that `y` is one of `vertices` and that none has a larger ⟨y, θ⟩; sums must be exact.
///
/// # Panics
/// If not.
#[track_caller]
pub fn assert_best(vertices: &[Vec<f64>], theta: &[f64], (y, value): &(Vec<f64>, f64), what: &str) {
    assert!(vertices.contains(y), "{what}: {y:?} is no vertex");
    let best = vertices.iter().map(|y| naive::dot(y, theta)).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(*value, best, "{what}: {y:?} for {theta:?}");
}
