//! Paths through graphs without cycles against the enumeration of their vertices, on random scores full of ties.

use perturb::{Const, DagPath, Dyn, Error, Graph, Oracle, Real, Shape};
use perturb_tests::naive_graphs::graph_paths;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::{assert_best, assert_ends, assert_refused};

/// Two layers and a shortcut, in topological order, with parallel edges.
pub(crate) const LAYERS: [(u32, u32); 10] =
    [(0, 1), (0, 2), (0, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 5), (4, 5), (0, 5)];

fn matches<T: Real>(nodes: impl Shape, edges: impl Shape, theta: &[f64]) {
    let graph = Graph::new(nodes, edges, &LAYERS).unwrap();
    let paths = graph_paths(&LAYERS, 0, 5);
    assert_best::<T, _>(&DagPath::new(graph, 0, 5).unwrap(), theta, &paths);
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn paths_match_the_enumeration(theta in vec(quarter(), 10)) {
        matches::<f32>(Const::<6>, Const::<10>, &theta);
        matches::<f64>(Const::<6>, Const::<10>, &theta);
        matches::<f32>(Dyn(6), Dyn(10), &theta);
        matches::<f64>(Dyn(6), Dyn(10), &theta);
    }
}

proptest! {
    #![proptest_config(config(1000, 72))]

    /// Edges in another order and between renamed nodes: the same paths.
    #[test]
    fn paths_in_any_order_match_the_enumeration(
        theta in vec(quarter(), 10),
        (places, names) in (
            Just((0..10).collect::<Vec<usize>>()).prop_shuffle(),
            Just((0..6).collect::<Vec<u32>>()).prop_shuffle(),
        ),
    ) {
        let edges: Vec<_> =
            places.iter().map(|&place| (names[LAYERS[place].0 as usize], names[LAYERS[place].1 as usize])).collect();
        let graph = Graph::new(Dyn(6), Dyn(10), &edges).unwrap();
        let oracle = DagPath::new(graph, names[0], names[5]).unwrap();
        let paths = graph_paths(&edges, names[0] as usize, names[5] as usize);
        assert_best::<f32, _>(&oracle, &theta, &paths);
        assert_best::<f64, _>(&oracle, &theta, &paths);
    }
}

/// A long chain backwards: the order is found in linear time.
#[test]
fn long_graphs_are_sorted() {
    let nodes = 200_000;
    let edges: Vec<(u32, u32)> = (1..nodes).rev().map(|node| (node - 1, node)).collect();
    let graph = Graph::new(Dyn(nodes as usize), Dyn(edges.len()), &edges).unwrap();
    let oracle = DagPath::new(graph, 0, nodes - 1).unwrap();
    let (theta, mut y) = (vec![1.0; edges.len()], vec![0.0f64; edges.len()]);
    let value = oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!(value, Ok(f64::from(nodes - 1)));
}

#[test]
fn other_points_are_no_vertices() {
    let dag = DagPath::new(Graph::new(Const::<6>, Const::<10>, &LAYERS).unwrap(), 0, 5).unwrap();
    let mut two = [0.0; 10];
    (two[9], two[0]) = (1.0, 1.0);
    assert_refused(&dag, &[&two, &[0.0; 10], &[0.5; 10]]);
}

#[test]
fn constructors_refuse_what_does_not_fit() {
    let (three, two) = (Const::<3>, Const::<2>);
    let backwards = Graph::new(three, two, &[(1, 2), (0, 1)]).unwrap();
    assert!(DagPath::new(backwards, 0, 2).is_ok());
    let cycle = Graph::new(three, three, &[(0, 1), (1, 2), (2, 1)]).unwrap();
    assert!(matches!(DagPath::new(cycle, 0, 2), Err(Error::Graph { index: 1 | 2, .. })));
    assert!(matches!(DagPath::new(backwards, 0, 3), Err(Error::OutOfRange { parameter: "sink", .. })));
    let split = Graph::new(Const::<4>, two, &[(0, 1), (2, 3)]).unwrap();
    assert!(matches!(DagPath::new(split, 0, 3), Err(Error::Graph { index: 3, .. })));
}

#[test]
fn infinite_scores_do_not_hang() {
    assert_ends(&DagPath::new(Graph::new(Const::<6>, Const::<10>, &LAYERS).unwrap(), 0, 5).unwrap());
}
