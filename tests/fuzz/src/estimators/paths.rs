//! Paths: over grids, along edges of positive costs, along edges of acyclic graphs.

use perturb::{
    DagPath, Dyn, DynRect, Error, Graph, GridPath, Real, ShortestPath,
    oracle::{NegativeCost, Neighbours},
};

use super::layer::{Case, any_noise};
use crate::input::Input;

/// Sampled estimates of paths.
pub fn paths(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    match input.any::<u8>() % 6 {
        0 => with_grid::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        1 => with_grid::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        2 => with_edges::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        3 => with_edges::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        4 => with_dag::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        _ => with_dag::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
    }
}

/// What is done about negative costs, if that is allowed.
fn negative<T: Real>(input: &mut Input<'_>) -> NegativeCost<T> {
    match input.any::<u8>() % 8 {
        0 => NegativeCost::Refuse,
        1 => NegativeCost::Floor(input.positive()),
        _ => NegativeCost::default(),
    }
}

/// Shows paths over a grid.
pub(super) fn with_grid<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, GridPath<T, DynRect>, T>, &mut Input<'_>),
) {
    let (rows, columns) = (input.size(0, 6), input.size(0, 6));
    let neighbours = input.one_of(&[Neighbours::Four, Neighbours::Eight]);
    let plane = DynRect { rows, columns };
    let (mut start, mut goal) = ((0, 0), (rows.saturating_sub(1), columns.saturating_sub(1)));
    let oracle = if input.any() {
        (start, goal) = ((input.size(0, 6), input.size(0, 6)), (input.size(0, 6), input.size(0, 6)));
        GridPath::<T, _>::between(plane, neighbours, start, goal)
    } else {
        GridPath::<T, _>::new(plane, neighbours)
    };
    let negative = negative(input);
    let total = matches!(negative, NegativeCost::Floor(_));
    let Ok(oracle) = oracle.and_then(|oracle| oracle.with_negative_costs(negative)) else { return };
    let is_vertex = |y: &[T]| {
        let marked = |row: usize, column: usize| y[row * columns + column] == T::ONE;
        let mut reached = vec![start];
        let mut next = 0;
        while let Some(&(row, column)) = reached.get(next) {
            next += 1;
            for other in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let (down, right) = (row.abs_diff(other.0), column.abs_diff(other.1));
                let steps = if neighbours == Neighbours::Eight { down.max(right) } else { down + right };
                if steps == 1 && marked(other.0, other.1) && !reached.contains(&other) {
                    reached.push(other);
                }
            }
        }
        let count = y.iter().filter(|&&y| y == T::ONE).count();
        let binary = y.iter().all(|&y| y == T::ZERO || y == T::ONE);
        binary && marked(start.0, start.1) && reached.contains(&goal) && reached.len() == count
    };
    show(Case { oracle, is_vertex: &is_vertex, total }, input);
}

/// A graph of up to six nodes and twelve edges, at times one that is none.
pub(super) fn graph(input: &mut Input<'_>, acyclic: bool) -> Result<Graph<Dyn, Dyn>, Error> {
    let (nodes, count) = (input.size(0, 6), input.size(0, 12));
    let slips = input.any::<u8>() == 255;
    let most = if slips { nodes } else { nodes.saturating_sub(1) };
    let edges: Vec<(u32, u32)> = (0..count)
        .map(|_| {
            let (a, b) = (input.size(0, most) as u32, input.size(0, most) as u32);
            if acyclic && !slips { (a.min(b), a.max(b)) } else { (a, b) }
        })
        .collect();
    let listed = if input.any::<u8>() == 255 { count + 1 } else { count };
    Graph::new(Dyn(nodes), Dyn(listed), &edges)
}

/// Whether `y` marks edges of which at every node as many leave as enter, but for `units` from source to sink.
pub(super) fn flows<T: Real>(
    graph: &Graph<Dyn, Dyn>,
    (source, sink): (u32, u32),
    units: i64,
    y: &[T],
) -> bool {
    let mut surplus = vec![0i64; graph.nodes().0];
    for (edge, &y) in graph.edges().iter().zip(y) {
        if y == T::ONE {
            surplus[edge.tail as usize] += 1;
            surplus[edge.head as usize] -= 1;
        }
    }
    surplus[source as usize] -= units;
    surplus[sink as usize] += units;
    y.iter().all(|&y| y == T::ZERO || y == T::ONE) && surplus.iter().all(|&rest| rest == 0)
}

/// Shows shortest paths.
pub(super) fn with_edges<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, ShortestPath<T, Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let Ok(graph) = graph(input, false) else { return };
    let ends = (input.size(0, 6) as u32, input.size(0, 6) as u32);
    let negative = negative(input);
    let total = matches!(negative, NegativeCost::Floor(_));
    let oracle = ShortestPath::<T, _, _>::new(graph.clone(), ends.0, ends.1)
        .and_then(|oracle| oracle.with_negative_costs(negative));
    let Ok(oracle) = oracle else { return };
    let is_vertex = |y: &[T]| flows(&graph, ends, 1, y);
    show(Case { oracle, is_vertex: &is_vertex, total }, input);
}

/// Shows paths in acyclic graphs.
pub(super) fn with_dag<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, DagPath<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let Ok(graph) = graph(input, true) else { return };
    let ends = (input.size(0, 6) as u32, input.size(0, 6) as u32);
    let Ok(oracle) = DagPath::new(graph.clone(), ends.0, ends.1) else { return };
    let is_vertex = |y: &[T]| flows(&graph, ends, 1, y);
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}
