//! Linear maximisation by enumeration, as lists: the specification that fast oracles are compared with.

use std::vec::Vec;

use crate::vertices;

pub use crate::vertices::{Tie, dot};

/// What an enumeration shows.
pub fn list(enumerate: impl FnOnce(vertices::Each<'_>)) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    enumerate(&mut |y| all.push(y.to_vec()));
    all
}

/// The d unit vectors.
pub fn simplex(d: usize) -> Vec<Vec<f64>> {
    top_k(d, 1)
}

/// All vectors of {0, 1}ᵈ with k ones.
pub fn top_k(d: usize, k: usize) -> Vec<Vec<f64>> {
    list(|each| vertices::top_k(d, k, each))
}

/// All vectors of {low, high}ᵈ.
pub fn hypercube(d: usize, low: f64, high: f64) -> Vec<Vec<f64>> {
    list(|each| vertices::hypercube(d, low, high, each))
}

/// All permutations of `v`.
pub fn permutahedron(v: &[f64]) -> Vec<Vec<f64>> {
    list(|each| vertices::permutahedron(v, each))
}

/// The best vertex and its value. Sums of dyadic entries are exact, and so are then ties.
pub fn best(vertices: &[Vec<f64>], theta: &[f64], tie: Tie) -> (Vec<f64>, f64) {
    let better = |a: &&Vec<f64>, b: &&Vec<f64>| {
        let value = dot(a, theta).partial_cmp(&dot(b, theta)).expect("no NaN");
        let lexicographic = a.partial_cmp(b).expect("no NaN");
        value.then(if tie == Tie::LowestIndex { lexicographic } else { lexicographic.reverse() })
    };
    let y = vertices.iter().max_by(better).expect("a polytope has vertices");
    (y.clone(), dot(y, theta))
}

/// Entries in order of rank: the largest score first, equal scores by index, −0 equal to +0.
pub fn order(theta: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..theta.len()).collect();
    order.sort_by(|&i, &j| theta[j].partial_cmp(&theta[i]).expect("no NaN"));
    order
}
