//! Packing, spanning, grouping, flow and tours against enumeration, on random small instances full of ties.

use perturb::estimator::Maximizer;
use perturb::{
    Const, Dyn, EdgeLabel, Error, Graph, GroupTopK, Knapsack, MonteCarlo, Normal, Oracle, Perturbed, Real,
    Seed, Shape, SpanningTree,
};
use perturb_tests::naive::{self as linear, Tie};
use perturb_tests::naive_combinatorial::{self as naive, assert_best};
use perturb_tests::reals;
use perturb_tests::reference::TRIANGLE_NORMAL;
use perturb_tests::solve::solve;
use perturb_tests::statistics::spread;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};

fn packs<T: Real>(
    items: impl Shape,
    table: impl Shape,
    theta: &[f64],
    weights: &[u32],
    capacity: u32,
) -> Vec<f64> {
    let found = solve::<T, _>(&Knapsack::new(items, table, weights, capacity).unwrap(), theta);
    let what = format!("weights {weights:?}, capacity {capacity}");
    assert_best(&naive::knapsack(weights, capacity), theta, &found, &what);
    for (&score, &y) in theta.iter().zip(&found.0) {
        assert!(score > 0.0 || y == 0.0, "{what}: a score of {score} is packed");
    }
    for ((&score, &y), &weight) in theta.iter().zip(&found.0).zip(weights) {
        assert!(score <= 0.0 || weight > 0 || y == 1.0, "{what}: an item without weight stays out");
    }
    found.0
}

proptest! {
    #![proptest_config(config(3000, 71))]

    #[test]
    fn knapsacks_match_the_enumeration(
        (theta, weights) in (1usize..=9).prop_flat_map(|d| (vec(quarter(), d), vec(0u32..=9, d))),
        unit in prop_oneof![3 => Just(1u32), 1 => Just(6), 1 => Just(1_000_003)],
        capacity in 0u32..=40,
    ) {
        let d = theta.len();
        let weights: Vec<u32> = weights.iter().map(|w| w * unit).collect();
        // Half a unit more room changes nothing.
        let capacity = capacity * unit + unit / 2;
        let single = packs::<f32>(Dyn(d), Dyn(82), &theta, &weights, capacity);
        let double = packs::<f64>(Dyn(d), Dyn(82), &theta, &weights, capacity);
        prop_assert_eq!(single, double);
    }

    #[test]
    fn fixed_knapsacks_match_the_enumeration(
        theta in vec(quarter(), 8),
        weights in vec(prop_oneof![Just(3u32), Just(5), Just(7)], 8),
        capacity in 0u32..=30,
    ) {
        let (items, table) = (Const::<8>, Const::<31>);
        let single = packs::<f32>(items, table, &theta, &weights, capacity);
        prop_assert_eq!(&single, &packs::<f64>(items, table, &theta, &weights, capacity));
        prop_assert_eq!(&single, &packs::<f64>(Dyn(8), Dyn(31), &theta, &weights, capacity));
    }

    /// Many items: the optimum of the plain table, cell by cell.
    #[test]
    fn large_knapsacks_match_the_plain_table(
        (theta, weights) in (1usize..=120).prop_flat_map(|d| (vec(quarter(), d), vec(0u32..=30, d))),
        capacity in 0u32..=300,
    ) {
        let mut table = vec![0.0f64; capacity as usize + 1];
        for (&score, &weight) in theta.iter().zip(&weights) {
            for c in (weight as usize..table.len()).rev() {
                table[c] = table[c].max(table[c - weight as usize] + score);
            }
        }
        let best = table[capacity as usize];
        let oracle = Knapsack::new(Dyn(theta.len()), Dyn(301), &weights, capacity).unwrap();
        for (y, value) in [solve::<f32, _>(&oracle, &theta), solve::<f64, _>(&oracle, &theta)] {
            prop_assert_eq!(value, best);
            let load: f64 = y.iter().zip(&weights).map(|(y, &w)| y * f64::from(w)).sum();
            prop_assert!(load <= f64::from(capacity));
        }
    }
}

#[test]
fn knapsacks_refuse_what_does_not_fit() {
    let error = |d, weights: &[u32], capacity| Knapsack::new(Dyn(d), Dyn(11), weights, capacity).err();
    let length = Error::Length { parameter: "weights", expected: 2, found: 3 };
    assert_eq!(error(2, &[1, 2, 3], 10), Some(length));
    let none = Error::OutOfRange { parameter: "dimension", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(error(0, &[], 10), Some(none));
    let small = Error::Capacity { quantity: "capacities", capacity: 11 };
    assert_eq!(error(2, &[7, 9], 11), Some(small));
    // All items together, and units of the greatest common divisor, need no more room than they use.
    assert_eq!(error(2, &[4, 6], u32::MAX), None);
    assert_eq!(error(3, &[u32::MAX - 1, u32::MAX, 3], 30), None);
    assert_eq!(error(2, &[u32::MAX, u32::MAX], u32::MAX), None);
    assert_eq!(error(2, &[0, 0], 0), None);
}

/// What overflow to infinity leaves is still a packing.
#[test]
fn infinite_scores_are_packed_first() {
    let oracle = Knapsack::new(Const::<4>, Const::<8>, &[3, 4, 4, 2], 7).unwrap();
    let mut y = [0.0; 4];
    let theta = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::MAX];
    let value = oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!((value, y[1]), (f64::INFINITY, 0.0));
    let value = oracle.solve(&[f64::NEG_INFINITY; 4], &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!((value, y), (0.0, [0.0; 4]));
}

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
fn infinite_scores_are_spanned() {
    let edges = [(0, 1), (1, 2), (0, 2), (2, 3)];
    let oracle = SpanningTree::new(Graph::new(Const::<4>, Const::<4>, &edges).unwrap()).unwrap();
    let mut y = [0.0f64; 4];
    let theta = [f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::NEG_INFINITY];
    oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!(y, [0.0, 1.0, 1.0, 1.0]);
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

fn groups<T: Real>(
    shape: impl Shape,
    limit_shape: impl Shape,
    theta: &[f64],
    groups: &[u32],
    limits: &[u32],
) {
    for k in 1..=theta.len() {
        let all = naive::group_top_k(groups, limits, k);
        match GroupTopK::new(shape, limit_shape, groups, limits, k) {
            Ok(oracle) => {
                let best = linear::best(&all, theta, Tie::LowestIndex);
                assert_eq!(solve::<T, _>(&oracle, theta), best, "{k} of {groups:?}, {limits:?}");
            }
            Err(Error::OutOfRange { parameter: "k", .. }) => assert!(all.is_empty()),
            Err(error) => panic!("{error}"),
        }
    }
    let all = naive::group_top_k(groups, &vec![1; limits.len()], limits.len());
    match GroupTopK::one_of_each(shape, limit_shape, groups) {
        Ok(oracle) => {
            assert_eq!(solve::<T, _>(&oracle, theta), linear::best(&all, theta, Tie::LowestIndex));
        }
        Err(_) => assert!(all.is_empty()),
    }
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn groups_match_the_enumeration(
        (theta, of, limits) in (1usize..=8, 1usize..=4).prop_flat_map(|(d, count)| {
            (vec(quarter(), d), vec(0..count as u32, d), vec(0u32..=3, count))
        })
    ) {
        groups::<f32>(Dyn(theta.len()), Dyn(limits.len()), &theta, &of, &limits);
        groups::<f64>(Dyn(theta.len()), Dyn(limits.len()), &theta, &of, &limits);
    }

    #[test]
    fn fixed_groups_match_the_enumeration(
        theta in vec(quarter(), 7), of in vec(0u32..3, 7), limits in vec(0u32..=3, 3)
    ) {
        groups::<f32>(Const::<7>, Const::<3>, &theta, &of, &limits);
        groups::<f64>(Const::<7>, Const::<3>, &theta, &of, &limits);
    }
}

#[test]
fn groups_refuse_what_does_not_fit() {
    let error = |groups: &[u32], limits: &[u32], k| GroupTopK::new(Dyn(3), Dyn(2), groups, limits, k).err();
    let range =
        |parameter, least, greatest, found| Some(Error::OutOfRange { parameter, least, greatest, found });
    assert_eq!(error(&[0, 1, 1], &[1, 1], 3), range("k", 1, 2, 3));
    assert_eq!(error(&[0, 1, 1], &[1, 1], 0), range("k", 1, 2, 0));
    assert_eq!(error(&[0, 2, 1], &[1, 1], 1), range("group", 0, 1, 2));
    assert_eq!(
        error(&[0, 1], &[1, 1], 1),
        Some(Error::Length { parameter: "groups", expected: 3, found: 2 })
    );
    assert_eq!(
        error(&[0, 1, 0], &[1], 1),
        Some(Error::Length { parameter: "limits", expected: 2, found: 1 })
    );
    // What overflow to infinity leaves is still a pick.
    let oracle = GroupTopK::new(Dyn(3), Dyn(2), &[0, 0, 1], &[1, 1], 2).unwrap();
    let mut y = [0.0f64; 3];
    let theta = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY];
    oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!(y, [1.0, 0.0, 1.0]);
}
