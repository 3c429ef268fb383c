//! Paths and assignments against the enumeration of their vertices.

use perturb_core::{
    Assignment, Const, DagPath, Graph, GridPath, NegativeCost, Neighbours, Oracle, Real, Rect, ShortestPath,
};

use super::{numbers, quarters};
use crate::layers::EDGES;
use crate::solve::solve_into;
use crate::vertices::{self, Each, MOST, contains, dot, most};

const INSTANCES: u64 = 12;
/// A complete directed graph of four nodes.
const COMPLETE: [(u32, u32); 12] =
    [(0, 1), (2, 1), (0, 2), (1, 0), (3, 0), (1, 2), (3, 1), (1, 3), (0, 3), (2, 0), (2, 3), (3, 2)];

/// A vertex, and none is better.
#[track_caller]
pub(super) fn assert_best<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], all: impl Fn(Each<'_>)) {
    let mut y = [0.0; MOST];
    let value = solve_into::<T, _>(oracle, theta, &mut y[..theta.len()]);
    assert!(contains(&all, &y[..theta.len()]), "{} is no vertex", O::NAME);
    assert!(value == most(all, theta), "{} is not the best", O::NAME);
}

/// Under floored costs the path is the cheapest, and its value that of the scores themselves.
#[track_caller]
fn assert_cheapest<T: Real, O: Oracle<T>, const N: usize>(
    oracle: &O,
    theta: [f64; N],
    floor: f64,
    all: impl Fn(Each<'_>),
) {
    let mut y = [0.0; N];
    let value = solve_into::<T, _>(oracle, &theta, &mut y);
    let floored = theta.map(|theta| theta.min(-floor));
    assert!(contains(&all, &y), "{} is no path", O::NAME);
    assert!(dot(&y, &floored) == most(all, &floored), "{} is not the cheapest", O::NAME);
    assert!(value == dot(&y, &theta), "value of {}", O::NAME);
}

pub(crate) fn grid_path<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<9>(310, instance);
        let [a, b, c, d] = numbers::<4>(311, instance, 3).map(|place| place as usize);
        for (neighbours, diagonal) in [(Neighbours::Four, false), (Neighbours::Eight, true)] {
            let oracle = GridPath::<T, _>::between(Rect::<3, 3>, neighbours, (a, b), (c, d)).unwrap();
            let all = |each: Each<'_>| vertices::grid_paths((3, 3), diagonal, (a, b), (c, d), each);
            assert_cheapest(&oracle, theta, 1.0 / 1024.0, all);
            let oracle = oracle.with_negative_costs(NegativeCost::Floor(T::HALF)).unwrap();
            assert_cheapest(&oracle, theta, 0.5, all);
        }
    }
}

pub(crate) fn shortest_path<T: Real>() {
    let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::graph_paths(&COMPLETE, 0, 3, each);
        assert_cheapest(&oracle, quarters::<12>(312, instance), 1.0 / 1024.0, all);
    }
}

pub(crate) fn dag_path<T: Real>() {
    let oracle = DagPath::new(Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap(), 0, 4).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::graph_paths(&EDGES, 0, 4, each);
        assert_best::<T, _>(&oracle, &quarters::<9>(313, instance), all);
    }
}

pub(crate) fn assignment<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<16>(314, instance);
        let square = |each: Each<'_>| vertices::assignments(4, 4, each);
        assert_best::<T, _>(&Assignment::new(Rect::<4, 4>).unwrap(), &theta, square);
        let wide = |each: Each<'_>| vertices::assignments(3, 4, each);
        assert_best::<T, _>(&Assignment::new(Rect::<3, 4>).unwrap(), &theta[..12], wide);
        let high = |each: Each<'_>| vertices::assignments(4, 2, each);
        assert_best::<T, _>(&Assignment::new(Rect::<4, 2>).unwrap(), &theta[..8], high);
    }
}

/// After a warm start at other scores the answer is a best one still.
pub(crate) fn warm_assignment<T: Real>() {
    let oracle = Assignment::new(Rect::<3, 3>).unwrap().with_warm_start();
    for instance in 0..INSTANCES {
        let (theta, other) = (quarters::<9>(315, instance), quarters::<9>(316, instance));
        let (scores, others) = (theta.map(T::from_f64), other.map(T::from_f64));
        let (mut y, mut work) = ([T::ZERO; 9], oracle.work());
        oracle.warm_up(&others, &mut work);
        let value = oracle.solve(&scores, &mut y, &mut work).to_f64();
        let all = |each: Each<'_>| vertices::assignments(3, 3, each);
        assert!(contains(all, &y.map(T::to_f64)) && value == most(all, &theta), "warm assignment");
    }
}

/// Scores that overflowed end in some vertex.
pub(crate) fn infinite_scores<T: Real>() {
    fn check<T: Real, O: Oracle<T>, const N: usize>(oracle: &O) {
        let (mut work, mut y) = (oracle.work(), [T::ZERO; N]);
        for pattern in 0..27 {
            let scores = [T::INFINITY, T::NEG_INFINITY, T::ONE];
            let mut theta = [T::ZERO; N];
            for (i, theta) in theta.iter_mut().enumerate() {
                *theta = scores[pattern / [1, 3, 9][i % 3] % 3];
            }
            oracle.solve(&theta, &mut y, &mut work);
            assert!(oracle.is_vertex(&y, &mut work), "{} of infinities", O::NAME);
        }
    }
    check::<T, _, 9>(&GridPath::<T, _>::new(Rect::<3, 3>, Neighbours::Four).unwrap());
    check::<T, _, 9>(&Assignment::new(Rect::<3, 3>).unwrap());
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
    check::<T, _, 9>(&DagPath::new(graph(), 0, 4).unwrap());
    check::<T, _, 9>(&ShortestPath::<T, _, _>::new(graph(), 0, 4).unwrap());
}
