//! Matchings, trees and flows.

use perturb::{Assignment, Dyn, DynRect, Flow, Graph, Real, SpanningTree, oracle::EdgeLabel};

use super::layer::{Case, any_noise};
use super::paths::{flows, graph};
use super::picks::marks;
use crate::input::Input;

/// Sampled estimates of matchings, trees and flows.
pub fn graphs(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    match input.any::<u8>() % 6 {
        0 => with_assignment::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        1 => with_assignment::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        2 => with_tree::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        3 => with_tree::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        4 => with_flow::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        _ => with_flow::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
    }
}

/// Shows matchings of rows with columns.
pub(super) fn with_assignment<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Assignment<DynRect>, T>, &mut Input<'_>),
) {
    let (rows, columns) = (input.size(0, 5), input.size(0, 5));
    let oracle = Assignment::new(DynRect { rows, columns });
    let oracle = if input.any() { oracle.map(Assignment::with_warm_start) } else { oracle };
    let Ok(oracle) = oracle else {
        assert!(rows == 0 || columns == 0);
        return;
    };
    let is_vertex = |y: &[T]| {
        let once = |line: &mut dyn Iterator<Item = T>| line.filter(|&y| y == T::ONE).count() <= 1;
        marks(y, rows.min(columns))
            && (0..rows).all(|row| once(&mut y[row * columns..(row + 1) * columns].iter().copied()))
            && (0..columns).all(|column| once(&mut y.iter().skip(column).step_by(columns).copied()))
    };
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}

/// The lowest node that each node is connected to by the marked edges.
fn parts<T: Real>(graph: &Graph<Dyn, Dyn>, y: &[T]) -> Vec<usize> {
    let mut lowest: Vec<usize> = (0..graph.nodes().0).collect();
    for _ in 0..lowest.len() {
        for (edge, _) in graph.edges().iter().zip(y).filter(|&(_, &y)| y == T::ONE) {
            let (a, b) = (edge.tail as usize, edge.head as usize);
            (lowest[a], lowest[b]) = (lowest[a].min(lowest[b]), lowest[a].min(lowest[b]));
        }
    }
    lowest
}

/// Whether the marked edges connect what the graph connects without a cycle.
fn spans<T: Real>(graph: &Graph<Dyn, Dyn>, y: &[T]) -> bool {
    let whole = parts(graph, &vec![T::ONE; y.len()]);
    let roots = whole.iter().enumerate().filter(|&(node, &lowest)| node == lowest).count();
    marks(y, whole.len() - roots) && parts(graph, y) == whole
}

/// Shows spanning trees, some of them with edges that have to be in or out.
pub(super) fn with_tree<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, SpanningTree<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let Ok(graph) = graph(input, false) else { return };
    let tree = SpanningTree::forest(graph.clone());
    let label = |input: &mut Input<'_>| match input.any::<u8>() % 8 {
        0 => EdgeLabel::In,
        1 => EdgeLabel::Out,
        _ => EdgeLabel::Free,
    };
    let labels: Vec<EdgeLabel> = graph.edges().iter().map(|_| label(input)).collect();
    let oracle = if input.any() { tree.constrained(&labels) } else { Ok(tree) };
    let Ok(oracle) = oracle else { return };
    let labels = oracle.labels().to_vec();
    let is_vertex = |y: &[T]| {
        spans(&graph, y)
            && labels.iter().zip(y).all(|(label, &y)| match label {
                EdgeLabel::In => y == T::ONE,
                EdgeLabel::Out => y == T::ZERO,
                EdgeLabel::Free => true,
            })
    };
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}

/// Shows flows.
pub(super) fn with_flow<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Flow<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let Ok(graph) = graph(input, false) else { return };
    let ends = (input.size(0, 6) as u32, input.size(0, 6) as u32);
    let oracle = match input.size(0, 3) {
        0 => Flow::maximum(graph.clone(), ends.0, ends.1),
        units => Flow::new(graph.clone(), ends.0, ends.1, units),
    };
    let Ok(oracle) = oracle else { return };
    let units = oracle.units() as i64;
    let is_vertex = |y: &[T]| flows(&graph, ends, units, y);
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}
