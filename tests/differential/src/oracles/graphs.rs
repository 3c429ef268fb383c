//! Paths in graphs, against the enumeration of simple paths and against relaxation until nothing changes.

use perturb::{DagPath, Dyn, Graph, Oracle, Real, ShortestPath, oracle::NegativeCost};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, dot};

use super::finds_one;
use crate::Source;

type Edges = Vec<(u32, u32)>;

/// Edges in any direction, parallel ones among them, with a path from the first node to the last.
pub(super) fn network(source: &mut Source, nodes: usize, edges: usize) -> Edges {
    let mut list: Edges = (0..edges)
        .map(|_| {
            let tail = source.whole(0, nodes - 1);
            (tail as u32, ((tail + source.whole(1, nodes - 1)) % nodes) as u32)
        })
        .collect();
    let mut between: Vec<u32> = (1..nodes as u32 - 1).collect();
    source.shuffle(&mut between);
    between.truncate(source.whole(0, between.len()));
    // Ascending, so that it is a path of an acyclic graph, too.
    between.sort_unstable();
    let mut at = 0;
    for next in between.into_iter().chain([nodes as u32 - 1]) {
        list.push((at, next));
        at = next;
    }
    source.shuffle(&mut list);
    list
}

/// The same from lower to higher nodes, in topological order.
pub(super) fn acyclic(source: &mut Source, nodes: usize, edges: usize) -> Edges {
    let list = network(source, nodes, edges);
    let mut list: Edges = list.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
    list.sort_by_key(|edge| edge.0);
    list
}

fn graph(nodes: usize, edges: &Edges) -> Graph<Dyn, Dyn> {
    Graph::new(Dyn(nodes), Dyn(edges.len()), edges).unwrap()
}

pub(super) fn dag_path<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 6);
    let more = source.whole(0, 7);
    let edges = acyclic(source, nodes, more);
    let theta = source.scaled::<T>(edges.len());
    let oracle = DagPath::new(graph(nodes, &edges), 0, nodes as u32 - 1).unwrap();
    finds_one::<T, _>(&oracle, &theta, |each| vertices::graph_paths(&edges, 0, nodes - 1, each));
}

/// The largest sum of scores on a walk to each node: relaxation in rounds (Bellman 1958, Ford 1956).
fn relaxed(nodes: usize, edges: &Edges, theta: &[f64]) -> Vec<f64> {
    let mut best = vec![f64::NEG_INFINITY; nodes];
    best[0] = 0.0;
    for _ in 0..nodes {
        for (&(tail, head), &score) in edges.iter().zip(theta) {
            best[head as usize] = best[head as usize].max(best[tail as usize] + score);
        }
    }
    best
}

/// Asserts that the edges marked by `y` make one simple path from the first node to the last.
#[track_caller]
fn assert_path(nodes: usize, edges: &Edges, y: &[f64]) {
    let mut next = vec![None; nodes];
    for (&(tail, head), &y) in edges.iter().zip(y) {
        if y == 1.0 {
            assert!(next[tail as usize].replace(head).is_none(), "two ways from node {tail}");
        }
    }
    let (mut at, mut steps) = (0, 0.0);
    while at != nodes as u32 - 1 {
        at = next[at as usize].expect("the path ends before the sink");
        steps += 1.0;
        assert!(steps <= nodes as f64, "a cycle");
    }
    assert_eq!(y.iter().sum::<f64>(), steps, "edges beside the path");
}

pub(super) fn long_dag_path<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 40);
    let more = source.whole(0, 150);
    let edges = acyclic(source, nodes, more);
    let theta = source.scaled::<T>(edges.len());
    let oracle = DagPath::new(graph(nodes, &edges), 0, nodes as u32 - 1).unwrap();
    let (y, value) = solve::<T, _>(&oracle, &theta);
    assert_path(nodes, &edges, &y);
    assert_eq!(value, relaxed(nodes, &edges, &theta)[nodes - 1], "{edges:?} {theta:?}");
}

/// Scores of any sign, and how their costs are floored.
pub(super) fn floored<T: Real>(source: &mut Source, dim: usize) -> (Vec<f64>, f64, NegativeCost<T>) {
    let theta = source.exact(dim);
    match source.whole(0, 2) {
        0 => {
            let floor = vertices::relative_floor(&theta);
            (theta, floor, NegativeCost::default())
        }
        choice => {
            let floor = [0.5, 0.125][choice - 1];
            (theta, floor, NegativeCost::Floor(T::from_f64(floor)))
        }
    }
}

pub(super) fn floor(theta: &[f64], floor: f64) -> Vec<f64> {
    theta.iter().map(|theta| theta.min(-floor)).collect()
}

pub(super) fn shortest_path<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 5);
    let more = source.whole(0, 8);
    let edges = network(source, nodes, more);
    let (theta, least, negative) = floored::<T>(source, edges.len());
    let oracle = ShortestPath::new(graph(nodes, &edges), 0, nodes as u32 - 1).unwrap();
    let (y, _) = solve::<T, _>(&oracle.with_negative_costs(negative).unwrap(), &theta);
    let costs = floor(&theta, least);
    let all = |each: vertices::Each<'_>| vertices::graph_paths(&edges, 0, nodes - 1, each);
    assert!(vertices::contains(all, &y), "{y:?} is no path of {edges:?}");
    assert_eq!(dot(&y, &costs), vertices::most(all, &costs), "{edges:?} {theta:?}");
}

pub(super) fn long_shortest_path<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 40);
    let more = source.whole(0, 150);
    let edges = network(source, nodes, more);
    let (theta, least, negative) = floored::<T>(source, edges.len());
    let oracle = ShortestPath::new(graph(nodes, &edges), 0, nodes as u32 - 1).unwrap();
    let (y, _) = solve::<T, _>(&oracle.with_negative_costs(negative).unwrap(), &theta);
    assert_path(nodes, &edges, &y);
    let costs = floor(&theta, least);
    assert_eq!(dot(&y, &costs), relaxed(nodes, &edges, &costs)[nodes - 1], "{edges:?} {theta:?}");
}

/// Costs from 0 on are searched as they are, others refused.
pub(super) fn strict_path<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 12);
    let more = source.whole(0, 30);
    let edges = network(source, nodes, more);
    let mut theta = source.scaled::<T>(edges.len());
    if source.unit() < 0.8 {
        for theta in &mut theta {
            *theta = -theta.abs();
        }
    }
    let oracle = ShortestPath::new(graph(nodes, &edges), 0, nodes as u32 - 1).unwrap();
    let oracle = oracle.with_negative_costs(NegativeCost::<T>::Refuse).unwrap();
    if theta.iter().any(|&theta| theta > 0.0) {
        let (mut y, mut work) = (vec![T::ZERO; edges.len()], oracle.work());
        let solved = oracle.solve(&reals::<T>(&theta), &mut y, &mut work);
        assert!(solved.is_err(), "{theta:?} has a negative cost");
        return;
    }
    let (mut y, mut work) = (vec![T::ZERO; edges.len()], oracle.work());
    let value = oracle.solve(&reals::<T>(&theta), &mut y, &mut work).unwrap();
    assert_path(nodes, &edges, &perturb_tests::widened(&y));
    assert_eq!(value.to_f64(), relaxed(nodes, &edges, &theta)[nodes - 1], "{edges:?} {theta:?}");
}
