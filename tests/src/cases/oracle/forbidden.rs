//! Scores of −∞ against the enumeration of the vertices without their entries, on instances full of ties.

use perturb_core::oracle::Neighbours;
use perturb_core::{
    Assignment, Const, DagPath, Graph, GridPath, Oracle, Real, Rect, Seed, Shape, ShortestPath, Simplex,
    SpanningTree, TopK,
};

use crate::cases::{numbers, quarters};
use crate::layers::EDGES;
use crate::vertices::{self, Each, contains, most};

/// Why a solver finds nothing.
pub(crate) const NONE_LEFT: &str = "every decision has a forbidden entry";
const INSTANCES: u64 = 40;

/// The best vertex without forbidden entries, or the error where there is none.
#[track_caller]
fn assert_allowed<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], all: impl Fn(Each<'_>)) {
    let (shape, name) = (oracle.shape(), oracle.properties().name);
    let (mut scores, mut found) = (shape.array(T::ZERO), shape.array(T::ZERO));
    let (mut plain, mut y) = ([0.0; vertices::MOST], [0.0; vertices::MOST]);
    for ((score, plain), &theta) in scores.as_mut().iter_mut().zip(&mut plain).zip(theta) {
        *score = T::from_f64(theta);
        *plain = if theta.is_finite() { theta } else { 0.0 };
    }
    let marks = |vertex: &[f64]| vertex.iter().zip(theta).any(|(&y, &x)| y != 0.0 && x == f64::NEG_INFINITY);
    let allowed = |each: Each<'_>| {
        all(&mut |vertex| {
            if !marks(vertex) {
                each(vertex);
            }
        });
    };
    let mut left = 0;
    allowed(&mut |_| left += 1);
    let solved = oracle.solve(scores.as_ref(), found.as_mut(), &mut oracle.work());
    let Ok(value) = solved else {
        assert!(left == 0 && solved == Err(NONE_LEFT), "{name} of {theta:?}: {solved:?}");
        return;
    };
    for (y, found) in y.iter_mut().zip(found.as_ref()) {
        *y = found.to_f64();
    }
    assert!(contains(allowed, &y[..theta.len()]), "{name} of {theta:?}: {y:?}");
    assert!(value.to_f64() == most(allowed, &plain[..theta.len()]), "{name} of {theta:?}: {value}");
}

/// Quarters, a share of them forbidden; negative ones alone if costs must be positive.
fn masked<const N: usize>(seed: u64, instance: u64, costs: bool) -> [f64; N] {
    let mut theta = quarters::<N>(seed, instance);
    let forbidden = numbers::<N>(Seed(seed).fold(1).0, instance, 12);
    for (theta, forbidden) in theta.iter_mut().zip(forbidden) {
        *theta = if costs { -theta.abs() - 0.25 } else { *theta };
        // From none to half of them.
        *theta = if u64::from(forbidden) < instance % 7 { f64::NEG_INFINITY } else { *theta };
    }
    theta
}

pub(crate) fn picks_and_matchings<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = masked::<5>(330, instance, false);
        assert_allowed::<T, _>(&Simplex::new(Const::<5>).unwrap(), &theta, |each| {
            vertices::top_k(5, 1, each);
        });
        for k in [2, 5] {
            let top = TopK::new(Const::<5>, k).unwrap();
            assert_allowed::<T, _>(&top, &theta, |each| vertices::top_k(5, k, each));
        }
        let square = Assignment::new(Rect::<4, 4>).unwrap();
        let theta = masked::<16>(331, instance, false);
        for oracle in [square, square.with_warm_start()] {
            assert_allowed::<T, _>(&oracle, &theta, |each| vertices::assignments(4, 4, each));
        }
        let (wide, tall) = (Assignment::new(Rect::<2, 4>).unwrap(), Assignment::new(Rect::<4, 2>).unwrap());
        let theta = masked::<8>(332, instance, false);
        assert_allowed::<T, _>(&wide, &theta, |each| vertices::assignments(2, 4, each));
        assert_allowed::<T, _>(&tall, &theta, |each| vertices::assignments(4, 2, each));
    }
}

pub(crate) fn paths_and_trees<T: Real>() {
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
    for instance in 0..INSTANCES {
        let theta = masked::<9>(333, instance, false);
        let paths = |each: Each<'_>| vertices::graph_paths(&EDGES, 0, 4, each);
        assert_allowed::<T, _>(&DagPath::new(graph(), 0, 4).unwrap(), &theta, paths);
        let trees = |each: Each<'_>| vertices::spanning_trees(5, &EDGES, each);
        assert_allowed::<T, _>(&SpanningTree::new(graph()).unwrap(), &theta, trees);
        let theta = masked::<9>(334, instance, true);
        assert_allowed::<T, _>(&ShortestPath::<T, _, _>::new(graph(), 0, 4).unwrap(), &theta, paths);
        for (neighbours, diagonal) in [(Neighbours::Four, false), (Neighbours::Eight, true)] {
            let grid = GridPath::<T, _>::new(Rect::<3, 3>, neighbours).unwrap();
            let all = |each: Each<'_>| vertices::grid_paths((3, 3), diagonal, (0, 0), (2, 2), each);
            assert_allowed::<T, _>(&grid, &theta, all);
        }
    }
}
