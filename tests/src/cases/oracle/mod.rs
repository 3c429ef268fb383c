//! Oracles against the enumeration of their vertices, on instances full of ties and signed zeros.

use perturb_core::{
    Assignment, Const, DagPath, Graph, GridPath, Hypercube, Oracle, Ranking, Real, Rect, ShortestPath,
    Simplex, TopK, oracle::Neighbours,
};

use super::quarters;
use crate::layers::{EDGES, reals};
use crate::solve::solve_into;
use crate::vertices::{Each, MOST, Tie, best, contains, most};

pub(crate) mod assignment;
pub(crate) mod black_box;
pub(crate) mod dag_path;
pub(crate) mod flow;
pub(crate) mod forbidden;
pub(crate) mod grid_path;
pub(crate) mod group_top_k;
pub(crate) mod hypercube;
pub(crate) mod knapsack;
pub(crate) mod ranking;
pub(crate) mod shortest_path;
pub(crate) mod simplex;
pub(crate) mod spanning_tree;
pub(crate) mod top_k;
pub(crate) mod tour;

/// The best vertex, as ties are broken.
#[track_caller]
fn assert_first<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], tie: Tie, all: impl Fn(Each<'_>)) {
    let mut y = [0.0; MOST];
    let value = solve_into::<T, _>(oracle, theta, &mut y[..theta.len()]);
    let (vertex, most) = best(all, theta, tie);
    assert!(
        value == most && y[..theta.len()] == vertex[..theta.len()],
        "{} of {theta:?}",
        oracle.properties().name
    );
}

/// A vertex, and none is better.
#[track_caller]
fn assert_best<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], all: impl Fn(Each<'_>)) {
    let mut y = [0.0; MOST];
    let value = solve_into::<T, _>(oracle, theta, &mut y[..theta.len()]);
    assert!(contains(&all, &y[..theta.len()]), "{} is no vertex", oracle.properties().name);
    assert!(value == most(all, theta), "{} is not the best", oracle.properties().name);
}

/// Vertices with one entry moved are no vertices.
pub(crate) fn other_points<T: Real>() {
    fn check<T: Real, O: Oracle<T>>(oracle: &O, theta: [f64; 5]) {
        let (mut y, mut work) = ([0.0; 5], oracle.work());
        solve_into::<T, _>(oracle, &theta, &mut y);
        for entry in 0..5 {
            let mut moved: [T; 5] = reals(y);
            moved[entry] += T::from_f64(0.25);
            assert!(!oracle.locate(&moved, Some(&mut work)).is_vertex(), "{}", oracle.properties().name);
        }
    }
    for instance in 0..5 {
        let theta = quarters(308, instance);
        check::<T, _>(&Simplex::new(Const::<5>).unwrap(), theta);
        check::<T, _>(&TopK::new(Const::<5>, 3).unwrap(), theta);
        check::<T, _>(&Hypercube::sign(Const::<5>).unwrap(), theta);
        check::<T, _>(&Ranking::ascending(Const::<5>).unwrap(), theta);
    }
}

/// Infinite scores end in some vertex without the forbidden ones, or, where there may be none, in an error.
pub(crate) fn infinite_scores<T: Real>() {
    fn check<T: Real, O: Oracle<T>, const N: usize>(oracle: &O) {
        let (mut work, mut y) = (oracle.work(), [T::ZERO; N]);
        for pattern in 0..27 {
            let scores = [T::INFINITY, T::NEG_INFINITY, T::ONE];
            let mut theta = [T::ZERO; N];
            for (i, theta) in theta.iter_mut().enumerate() {
                *theta = scores[pattern / [1, 3, 9][i % 3] % 3];
            }
            if let Err(because) = oracle.solve(&theta, &mut y, &mut work) {
                assert!(because == forbidden::NONE_LEFT && theta.contains(&T::NEG_INFINITY));
                continue;
            }
            let forbidden = theta.iter().zip(&y).any(|(&x, &y)| x == T::NEG_INFINITY && y != T::ZERO);
            assert!(
                !forbidden && oracle.locate(&y, Some(&mut work)).is_vertex(),
                "{} of infinities",
                oracle.properties().name
            );
        }
    }
    check::<T, _, 9>(&GridPath::<T, _>::new(Rect::<3, 3>, Neighbours::Four).unwrap());
    check::<T, _, 9>(&Assignment::new(Rect::<3, 3>).unwrap());
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
    check::<T, _, 9>(&DagPath::new(graph(), 0, 4).unwrap());
    check::<T, _, 9>(&ShortestPath::<T, _, _>::new(graph(), 0, 4).unwrap());
}
