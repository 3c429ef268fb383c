//! Layers with scores.

use perturb::{
    Assignment, Dyn, DynRect, GridPath, Gumbel, Normal, Perturbed, Ranking, Real, Simplex, TopK,
    oracle::Neighbours,
};

use crate::{normals, problem};

/// A layer and its scores.
pub type Layer<O, N, T> = (Perturbed<O, N, T>, Vec<T>);

/// Pick one of `dim`, under Gumbel noise.
pub fn argmax<T: Real>(dim: usize) -> Layer<Simplex<Dyn>, Gumbel, T> {
    let oracle = Simplex::new(Dyn(dim)).expect("d > 0");
    (Perturbed::new(oracle, Gumbel, T::ONE).expect("a temperature"), normals(dim))
}

/// Pick `k` of `dim`.
pub fn top_k<T: Real>(dim: usize, k: usize) -> Layer<TopK<Dyn>, Normal, T> {
    let oracle = TopK::new(Dyn(dim), k).expect("0 < k <= d");
    (Perturbed::new(oracle, Normal, T::ONE).expect("a temperature"), normals(dim))
}

/// Rank `dim` things.
pub fn ranking<T: Real>(dim: usize) -> Layer<Ranking<T, Dyn>, Normal, T> {
    let oracle = Ranking::ascending(Dyn(dim)).expect("d > 0");
    (Perturbed::new(oracle, Normal, T::ONE).expect("a temperature"), normals(dim))
}

/// Cross a square of cells with 8 neighbours each.
pub fn grid_path(side: usize) -> Layer<GridPath<f32, DynRect>, Normal, f32> {
    let problem = problem::grid_path(side, Neighbours::Eight);
    (Perturbed::new(problem.oracle, Normal, 0.1).expect("a temperature"), problem.theta)
}

/// Match n rows with n columns.
pub fn assignment(n: usize) -> Layer<Assignment<DynRect>, Normal, f32> {
    let problem = problem::assignment(n);
    (Perturbed::new(problem.oracle, Normal, 0.1).expect("a temperature"), problem.theta)
}
