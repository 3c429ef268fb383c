//! The vertices of path and assignment problems by enumeration, as lists.

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
