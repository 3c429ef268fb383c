//! Vertices of path and assignment problems by enumeration.

use std::vec;
use std::vec::Vec;

/// A way through a graph: does it end at `goal`?
fn extend(
    steps: &dyn Fn(usize) -> Vec<(usize, usize)>,
    node: usize,
    goal: usize,
    visited: &mut [bool],
    y: &mut Vec<f64>,
    marks_nodes: bool,
    all: &mut Vec<Vec<f64>>,
) {
    if node == goal {
        all.push(y.clone());
        return;
    }
    for (next, mark) in steps(node) {
        if !visited[next] {
            visited[next] = true;
            y[if marks_nodes { next } else { mark }] = 1.0;
            extend(steps, next, goal, visited, y, marks_nodes, all);
            y[if marks_nodes { next } else { mark }] = 0.0;
            visited[next] = false;
        }
    }
}

/// The cells of every simple path between two cells (row, column) of a grid.
#[must_use]
pub fn grid_paths(
    (rows, columns): (usize, usize),
    diagonal: bool,
    start: (usize, usize),
    goal: (usize, usize),
) -> Vec<Vec<f64>> {
    let steps = |cell: usize| {
        let (row, column) = (cell / columns, cell % columns);
        let near = |other: usize| {
            let (down, right) = (row.abs_diff(other / columns), column.abs_diff(other % columns));
            down.max(right) == 1 && (diagonal || down + right == 1)
        };
        (0..rows * columns).filter(|&other| near(other)).map(|other| (other, other)).collect()
    };
    let index = |(row, column): (usize, usize)| row * columns + column;
    let (mut visited, mut y, mut all) = (vec![false; rows * columns], vec![0.0; rows * columns], Vec::new());
    visited[index(start)] = true;
    y[index(start)] = 1.0;
    extend(&steps, index(start), index(goal), &mut visited, &mut y, true, &mut all);
    all
}

/// The edges of every simple path between two nodes of a directed graph.
#[must_use]
pub fn graph_paths(nodes: usize, edges: &[(u32, u32)], source: usize, sink: usize) -> Vec<Vec<f64>> {
    let steps = |node: usize| {
        let leaving = edges.iter().enumerate().filter(|(_, edge)| edge.0 as usize == node);
        leaving.map(|(index, edge)| (edge.1 as usize, index)).collect()
    };
    let (mut visited, mut all) = (vec![false; nodes], Vec::new());
    visited[source] = true;
    extend(&steps, source, sink, &mut visited, &mut vec![0.0; edges.len()], false, &mut all);
    all
}

/// Every matching of all of the shorter side, as a matrix row by row.
#[must_use]
pub fn assignments(rows: usize, columns: usize) -> Vec<Vec<f64>> {
    if rows > columns {
        let transpose =
            |y: Vec<f64>| (0..rows * columns).map(|i| y[i % columns * rows + i / columns]).collect();
        return assignments(columns, rows).into_iter().map(transpose).collect();
    }
    let mut all = vec![vec![0.0; rows * columns]];
    for row in 0..rows {
        let extended = all.iter().flat_map(|y| {
            let free = (0..columns).filter(|column| (0..row).all(|r| y[r * columns + column] == 0.0));
            free.map(|column| {
                let mut y = y.clone();
                y[row * columns + column] = 1.0;
                y
            })
        });
        all = extended.collect();
    }
    all
}
