//! The vertices of path and assignment problems by enumeration, as lists, and the value of larger assignments.

use std::vec;
use std::vec::Vec;

use crate::naive::list;
use crate::vertices;

/// The cells of every simple path between two cells (row, column) of a grid.
#[must_use]
pub fn grid_paths(
    size: (usize, usize),
    diagonal: bool,
    start: (usize, usize),
    goal: (usize, usize),
) -> Vec<Vec<f64>> {
    list(|each| vertices::grid_paths(size, diagonal, start, goal, each))
}

/// The edges of every simple path between two nodes of a directed graph.
#[must_use]
pub fn graph_paths(edges: &[(u32, u32)], source: usize, sink: usize) -> Vec<Vec<f64>> {
    list(|each| vertices::graph_paths(edges, source, sink, each))
}

/// Every matching of all of the shorter side, as a matrix row by row.
#[must_use]
pub fn assignments(rows: usize, columns: usize) -> Vec<Vec<f64>> {
    list(|each| vertices::assignments(rows, columns, each))
}

/// The largest assignment value by potentials and alternating trees, one row at a time (Kuhn 1955, Munkres 1957).
///
/// # Panics
/// Never: every column is reached before all are used up.
#[must_use]
pub fn hungarian(n: usize, m: usize, theta: &[f64]) -> f64 {
    if n > m {
        let transposed: Vec<f64> = (0..n * m).map(|i| theta[i % n * m + i / n]).collect();
        return hungarian(m, n, &transposed);
    }
    let (mut u, mut v) = (vec![0.0; n], vec![0.0; m]);
    let mut row_of: Vec<Option<usize>> = vec![None; m];
    for root in 0..n {
        let (mut slack, mut from) = (vec![f64::INFINITY; m], vec![None; m]);
        let mut in_tree = vec![false; m];
        let (mut row, mut column) = (root, None);
        loop {
            for j in (0..m).filter(|&j| !in_tree[j]) {
                let reduced = -theta[row * m + j] - u[row] - v[j];
                if reduced < slack[j] {
                    (slack[j], from[j]) = (reduced, column);
                }
            }
            let next = (0..m)
                .filter(|&j| !in_tree[j])
                .min_by(|&a, &b| slack[a].total_cmp(&slack[b]))
                .expect("a column, or the row that has it");
            let delta = slack[next];
            u[root] += delta;
            for j in 0..m {
                if in_tree[j] {
                    u[row_of[j].expect("a column, or the row that has it")] += delta;
                    v[j] -= delta;
                } else {
                    slack[j] -= delta;
                }
            }
            in_tree[next] = true;
            column = Some(next);
            match row_of[next] {
                Some(taken) => row = taken,
                None => break,
            }
        }
        while let Some(j) = column {
            row_of[j] = Some(
                from[j]
                    .map_or(root, |before: usize| row_of[before].expect("a column, or the row that has it")),
            );
            column = from[j];
        }
    }
    (0..m).filter_map(|j| row_of[j].map(|i| theta[i * m + j])).sum()
}
