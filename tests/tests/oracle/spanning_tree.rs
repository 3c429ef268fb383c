//! Spanning trees, free and under labels, against the enumeration of vertices, on random small instances full of ties.

use perturb::quantity::Maximizer;
use perturb::{
    Const, Dyn, Error, Graph, MonteCarlo, Normal, Oracle, Perturbed, Real, Seed, Shape, SpanningTree,
    oracle::EdgeLabel,
};
use perturb_tests::naive::{self as linear, Tie};
use perturb_tests::naive_combinatorial as naive;
use perturb_tests::reals;
use perturb_tests::reference::TRIANGLE_NORMAL;
use perturb_tests::solve::solve;
use perturb_tests::statistics::spread;
use perturb_tests::vertices;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::{assert_best, assert_ends, assert_refused};

/// Connected graphs of up to 6 nodes and 10 edges, parallel ones among them.
fn connected_graph() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (2u32..=6).prop_flat_map(|nodes| {
        let tree: Vec<_> = (1..nodes).map(|node| (0..node).prop_map(move |other| (other, node))).collect();
        let pair = (0..nodes, 1..nodes).prop_map(move |(a, step)| (a, (a + step) % nodes));
        let more = vec(pair, 0..=11 - nodes as usize);
        (tree, more).prop_flat_map(move |(mut edges, more)| {
            edges.extend(more);
            (Just(nodes as usize), Just(edges).prop_shuffle())
        })
    })
}

fn trees<T: Real>(
    nodes: impl Shape,
    shape: impl Shape,
    edges: &[(u32, u32)],
    theta: &[f64],
    labels: &[EdgeLabel],
) {
    let graph = Graph::new(nodes, shape, edges).unwrap();
    let all = naive::spanning_trees(nodes.dim(), edges);
    let oracle = SpanningTree::new(graph).unwrap();
    assert_eq!(solve::<T, _>(&oracle, theta), linear::best(&all, theta, Tie::LowestIndex), "{edges:?}");

    let agrees = |y: &[f64]| {
        y.iter().zip(labels).all(|(&y, &label)| match label {
            EdgeLabel::Free => true,
            EdgeLabel::In => y == 1.0,
            EdgeLabel::Out => y == 0.0,
        })
    };
    let some: Vec<_> = all.into_iter().filter(|y| agrees(y)).collect();
    match oracle.constrained(labels) {
        Ok(oracle) => {
            let best = linear::best(&some, theta, Tie::LowestIndex);
            assert_eq!(solve::<T, _>(&oracle, theta), best, "{edges:?} {labels:?}");
            assert_eq!(oracle.labels(), labels);
        }
        Err(Error::Graph { .. }) => assert!(some.is_empty(), "{edges:?} {labels:?}"),
        Err(error) => panic!("{error}"),
    }
}

fn label() -> impl Strategy<Value = EdgeLabel> {
    prop_oneof![4 => Just(EdgeLabel::Free), 1 => Just(EdgeLabel::In), 1 => Just(EdgeLabel::Out)]
}

proptest! {
    #![proptest_config(config(3000, 71))]

    #[test]
    fn spanning_trees_match_the_enumeration(
        ((nodes, edges), theta, labels) in connected_graph().prop_flat_map(|graph| {
            let count = graph.1.len();
            (Just(graph), vec(quarter(), count), vec(label(), count))
        })
    ) {
        trees::<f32>(Dyn(nodes), Dyn(edges.len()), &edges, &theta, &labels);
        trees::<f64>(Dyn(nodes), Dyn(edges.len()), &edges, &theta, &labels);
    }

    /// The complete graph of five nodes.
    #[test]
    fn fixed_spanning_trees_match_the_enumeration(theta in vec(quarter(), 10), labels in vec(label(), 10)) {
        let edges: Vec<_> = (0..5u32).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
        trees::<f32>(Const::<5>, Const::<10>, &edges, &theta, &labels);
        trees::<f64>(Const::<5>, Const::<10>, &edges, &theta, &labels);
    }
}

/// A connected graph of five nodes with parallel edges.
const MESH: [(u32, u32); 9] = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 0), (1, 3), (0, 1), (4, 2)];

fn mesh<T: Real>(nodes: impl Shape, edges: impl Shape, theta: &[f64]) {
    let graph = Graph::new(nodes, edges, &MESH).unwrap();
    let trees = naive::spanning_trees(5, &MESH);
    assert_best::<T, _>(&SpanningTree::new(graph).unwrap(), theta, &trees);
}

/// Graphs of up to 6 nodes and 8 edges, connected or not.
fn any_graph() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (2u32..=6).prop_flat_map(|nodes| {
        let pair = (0..nodes, 1..nodes).prop_map(move |(a, step)| (a, (a + step) % nodes));
        (Just(nodes as usize), vec(pair, 1..=8))
    })
}

proptest! {
    #![proptest_config(config(1000, 71))]

    /// Forests, free and under labels, against the enumeration.
    #[test]
    fn forests_match_the_enumeration(
        ((nodes, edges), theta, labels) in (any_graph(), vec(quarter(), 8), vec(label(), 8))
    ) {
        let (theta, labels) = (&theta[..edges.len()], &labels[..edges.len()]);
        let oracle = SpanningTree::forest(Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).unwrap());
        let mut all = Vec::new();
        vertices::spanning_trees(nodes, &edges, &mut |y| all.push(y.to_vec()));
        prop_assert_eq!(solve::<f64, _>(&oracle, theta), linear::best(&all, theta, Tie::LowestIndex));
        let agrees = |y: &Vec<f64>| y.iter().zip(labels).all(|(&y, &label)| match label {
            EdgeLabel::Free => true,
            EdgeLabel::In => y == 1.0,
            EdgeLabel::Out => y == 0.0,
        });
        let connected = SpanningTree::new(oracle.graph().clone()).is_ok();
        prop_assert_eq!(connected, all[0].iter().sum::<f64>() == (nodes - 1) as f64);
        all.retain(agrees);
        match oracle.constrained(labels) {
            Ok(some) => prop_assert_eq!(solve::<f32, _>(&some, theta), linear::best(&all, theta, Tie::LowestIndex)),
            Err(_) => prop_assert!(all.is_empty()),
        }
    }

    #[test]
    fn trees_of_a_mesh_match_the_enumeration(theta in vec(quarter(), 9)) {
        mesh::<f32>(Const::<5>, Const::<9>, &theta);
        mesh::<f64>(Const::<5>, Const::<9>, &theta);
        mesh::<f32>(Dyn(5), Dyn(9), &theta);
        mesh::<f64>(Dyn(5), Dyn(9), &theta);
    }

    /// Trees under labels: the enumeration without those that disagree.
    #[test]
    fn labelled_trees_match_the_enumeration(theta in vec(quarter(), 9), labels in vec(0u8..6, 9)) {
        let labels: Vec<EdgeLabel> = labels.iter().map(|label| match label {
            0 => EdgeLabel::In,
            1 => EdgeLabel::Out,
            _ => EdgeLabel::Free,
        }).collect();
        let mut trees = naive::spanning_trees(5, &MESH);
        trees.retain(|y| y.iter().zip(&labels).all(|(&y, label)| match label {
            EdgeLabel::In => y == 1.0,
            EdgeLabel::Out => y == 0.0,
            EdgeLabel::Free => true,
        }));
        let graph = Graph::new(Dyn(5), Dyn(9), &MESH).unwrap();
        match SpanningTree::new(graph).unwrap().constrained(&labels) {
            Ok(oracle) => {
                assert_best::<f32, _>(&oracle, &theta, &trees);
                assert_best::<f64, _>(&oracle, &theta, &trees);
            }
            Err(error) => {
                let named = matches!(error, Error::Graph { .. });
                prop_assert!(trees.is_empty() && named);
            }
        }
    }
}

#[test]
fn other_points_are_no_vertices() {
    let tree = SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &MESH).unwrap()).unwrap();
    assert_refused(&tree, &[&[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], &[0.0; 9], &[4.0 / 9.0; 9]]);
}

#[test]
fn spanning_trees_refuse_what_is_not_connected() {
    let graph = |edges: &[(u32, u32)]| Graph::new(Dyn(4), Dyn(edges.len()), edges).unwrap();
    let error = SpanningTree::new(graph(&[(0, 2), (3, 1), (1, 3)])).err();
    assert_eq!(error, Some(Error::Graph { index: 1, because: "a node is not connected to node 0" }));
    let square = SpanningTree::new(graph(&[(0, 1), (1, 2), (2, 3), (3, 0)])).unwrap();
    let (yes, no, free) = (EdgeLabel::In, EdgeLabel::Out, EdgeLabel::Free);
    let error = square.constrained(&[yes; 4]).err();
    assert_eq!(
        error,
        Some(Error::Graph { index: 3, because: "a required edge closes a cycle of required edges" })
    );
    let error = square.constrained(&[free, no, no, yes]).err();
    assert_eq!(
        error,
        Some(Error::Graph { index: 2, because: "without the forbidden edges a node is cut off" })
    );
    let error = square.constrained(&[free; 3]).err();
    assert_eq!(error, Some(Error::Length { parameter: "labels", expected: 4, found: 3 }));
    // The only edge, at any score.
    let lone = Graph::new(Dyn(2), Dyn(1), &[(0, 1)]).unwrap();
    assert_eq!(solve::<f64, _>(&SpanningTree::new(lone).unwrap(), &[-3.0]), (vec![1.0], -3.0));
}

#[test]
fn constructors_refuse_what_does_not_fit() {
    let (three, two) = (Const::<3>, Const::<2>);
    let split = Graph::new(Const::<4>, two, &[(0, 1), (2, 3)]).unwrap();
    assert!(matches!(SpanningTree::new(split), Err(Error::Graph { index: 2, .. })));
    let triangle = Graph::new(three, three, &[(0, 1), (1, 2), (2, 0)]).unwrap();
    let cycle = SpanningTree::new(triangle).unwrap().constrained(&[EdgeLabel::In; 3]).unwrap_err();
    assert!(matches!(cycle, Error::Graph { index: 2, .. }));
}

#[test]
fn infinite_scores_are_spanned() {
    let edges = [(0, 1), (1, 2), (0, 2), (2, 3)];
    let oracle = SpanningTree::new(Graph::new(Const::<4>, Const::<4>, &edges).unwrap()).unwrap();
    let mut y = [0.0f64; 4];
    let mut solve = |theta: [f64; 4]| oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    let forbidden = [f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::NEG_INFINITY];
    assert_eq!(solve(forbidden), Err("every decision has a forbidden entry"));
    assert_eq!(solve([f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::MIN]), Ok(f64::INFINITY));
    assert_eq!(y, [0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn infinite_scores_do_not_hang() {
    assert_ends(&SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &MESH).unwrap()).unwrap());
}

fn triangle<T: Real>(nodes: impl Shape, edges: impl Shape) {
    let graph = Graph::new(nodes, edges, &[(0, 1), (1, 2), (2, 0)]).unwrap();
    let layer =
        Perturbed::new(SpanningTree::new(graph).unwrap(), Normal, T::from_f64(TRIANGLE_NORMAL.epsilon));
    let theta = reals::<T>(TRIANGLE_NORMAL.theta);
    let means = spread(&layer.unwrap(), &theta, Maximizer, MonteCarlo::new(100_000, Seed(72)));
    assert_eq!(means.len(), 3);
    for (mean, &want) in means.iter().zip(TRIANGLE_NORMAL.maximizer) {
        mean.assert_near(want, 1.0, T::EPSILON.to_f64(), TRIANGLE_NORMAL.name);
    }
}

/// Inclusion probabilities of the triangle's tree: M = 10⁵, Z = 4.5, seed 72.
#[test]
fn perturbed_trees_match_the_reference() {
    triangle::<f32>(Const::<3>, Const::<3>);
    triangle::<f64>(Const::<3>, Const::<3>);
    triangle::<f32>(Dyn(3), Dyn(3));
    triangle::<f64>(Dyn(3), Dyn(3));
}
