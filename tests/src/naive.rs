//! Linear maximisation by enumeration: the specification that fast oracles are compared with.

use std::vec;
use std::vec::Vec;

/// How a tie between vertices is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// In favour of the lower indices: the first in descending lexicographic order.
    LowestIndex,
    /// Against every tied entry: the first in ascending lexicographic order.
    Low,
}

/// The d unit vectors.
pub fn simplex(d: usize) -> Vec<Vec<f64>> {
    top_k(d, 1)
}

/// All vectors of {0, 1}ᵈ with k ones.
pub fn top_k(d: usize, k: usize) -> Vec<Vec<f64>> {
    let all = hypercube(d, 0.0, 1.0).into_iter();
    all.filter(|y| y.iter().sum::<f64>() == k as f64).collect()
}

/// All vectors of {low, high}ᵈ.
pub fn hypercube(d: usize, low: f64, high: f64) -> Vec<Vec<f64>> {
    let vertex = |bits: u32| (0..d).map(|i| if bits >> i & 1 == 1 { high } else { low }).collect();
    (0..1 << d).map(vertex).collect()
}

/// All permutations of `v`.
pub fn permutahedron(v: &[f64]) -> Vec<Vec<f64>> {
    if v.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, &first) in v.iter().enumerate() {
        let rest: Vec<f64> = v.iter().enumerate().filter(|&(j, _)| j != i).map(|(_, &v)| v).collect();
        for mut tail in permutahedron(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

/// ⟨y, θ⟩ from the first entry to the last.
pub fn dot(y: &[f64], theta: &[f64]) -> f64 {
    y.iter().zip(theta).map(|(y, theta)| y * theta).sum()
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
