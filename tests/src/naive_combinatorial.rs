//! The vertices of combinatorial polytopes by enumeration: specifications, for small instances only.

use std::vec;
use std::vec::Vec;

use crate::naive;

/// All packings: y in {0, 1}ᵈ with ⟨w, y⟩ ≤ capacity.
pub fn knapsack(weights: &[u32], capacity: u32) -> Vec<Vec<f64>> {
    let all = naive::hypercube(weights.len(), 0.0, 1.0).into_iter();
    let load = |y: &[f64]| weights.iter().zip(y).map(|(&w, y)| f64::from(w) * y).sum::<f64>();
    all.filter(|y| load(y) <= f64::from(capacity)).collect()
}

/// All spanning trees of a graph: V − 1 edges that connect every node.
pub fn spanning_trees(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<f64>> {
    naive::top_k(edges.len(), nodes - 1).into_iter().filter(|y| connected(nodes, edges, y)).collect()
}

/// Whether the edges marked by `y` lead from node 0 to every other node.
pub fn connected(nodes: usize, edges: &[(u32, u32)], y: &[f64]) -> bool {
    let mut reached = vec![false; nodes];
    reached[0] = true;
    for _ in 0..nodes {
        for (&(a, b), &y) in edges.iter().zip(y) {
            let (a, b) = (a as usize, b as usize);
            if y == 1.0 && (reached[a] || reached[b]) {
                (reached[a], reached[b]) = (true, true);
            }
        }
    }
    reached.into_iter().all(|reached| reached)
}

/// All picks of k with no more than `limits[g]` of the entries whose group is g.
pub fn group_top_k(groups: &[u32], limits: &[u32], k: usize) -> Vec<Vec<f64>> {
    let fits = |y: &Vec<f64>| {
        limits.iter().enumerate().all(|(group, &limit)| {
            let members = groups.iter().zip(y).filter(|&(&of, _)| of as usize == group);
            members.map(|(_, y)| y).sum::<f64>() <= f64::from(limit)
        })
    };
    naive::top_k(groups.len(), k).into_iter().filter(fits).collect()
}

/// All flows of `units` units from `source` to `sink` over edges of capacity 1.
pub fn flows(nodes: usize, edges: &[(u32, u32)], source: u32, sink: u32, units: i32) -> Vec<Vec<f64>> {
    let conserves = |y: &Vec<f64>| {
        let mut leaving = vec![0; nodes];
        for (&(tail, head), &y) in edges.iter().zip(y) {
            leaving[tail as usize] += i32::from(y == 1.0);
            leaving[head as usize] -= i32::from(y == 1.0);
        }
        leaving[source as usize] -= units;
        leaving[sink as usize] += units;
        leaving.iter().all(|&rest| rest == 0)
    };
    naive::hypercube(edges.len(), 0.0, 1.0).into_iter().filter(conserves).collect()
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
