//! Oracles against the enumeration of their vertices, on instances full of ties and signed zeros.

use perturb_core::{Const, GroupTopK, Hypercube, Oracle, Ranking, Real, Simplex, TopK};

use super::{numbers, quarters};
use crate::layers::reals;
use crate::solve::solve_into;
use crate::vertices::{self, Each, MOST, Tie, best};

const INSTANCES: u64 = 20;

/// The best vertex, as ties are broken.
#[track_caller]
pub(super) fn assert_first<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[f64],
    tie: Tie,
    all: impl Fn(Each<'_>),
) {
    let mut y = [0.0; MOST];
    let value = solve_into::<T, _>(oracle, theta, &mut y[..theta.len()]);
    let (vertex, most) = best(all, theta, tie);
    assert!(value == most && y[..theta.len()] == vertex[..theta.len()], "{} of {theta:?}", O::NAME);
}

pub(crate) fn simplex<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(300, instance);
        let oracle = Simplex::new(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, |each| vertices::top_k(5, 1, each));
    }
}

pub(crate) fn top_k<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(301, instance);
        for k in 1..=5 {
            let oracle = TopK::new(Const::<5>, k).unwrap();
            assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, |each| vertices::top_k(5, k, each));
        }
    }
}

pub(crate) fn hypercube<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(302, instance);
        let oracle = Hypercube::binary(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::Low, |each| vertices::hypercube(5, 0.0, 1.0, each));
        let oracle = Hypercube::sign(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::Low, |each| vertices::hypercube(5, -1.0, 1.0, each));
    }
}

pub(crate) fn ranking<T: Real>() {
    let uneven = [0.5, -3.0, 2.0, 0.0, 7.0];
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(303, instance);
        for (oracle, v) in [
            (Ranking::<T, _>::ascending(Const::<5>).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]),
            (Ranking::descending(Const::<5>).unwrap(), [-1.0, -2.0, -3.0, -4.0, -5.0]),
            (Ranking::new(Const::<5>, &reals(uneven)).unwrap(), uneven),
        ] {
            assert_first(&oracle, &theta, Tie::LowestIndex, |each| vertices::permutahedron(&v, each));
        }
    }
}

/// More entries than are counted: every rank once, in the order of the scores, ties by index.
pub(crate) fn ranking_by_sorting<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<20>(304, instance);
        let mut y = [0.0; 20];
        solve_into::<T, _>(&Ranking::ascending(Const::<20>).unwrap(), &theta, &mut y);
        for i in 0..20 {
            let before = |j: &usize| theta[*j] > theta[i] || (theta[*j] == theta[i] && *j < i);
            assert_eq!(y[i], (20 - (0..20).filter(before).count()) as f64, "rank of {i}");
        }
    }
}

pub(crate) fn group_top_k<T: Real>() {
    for instance in 0..INSTANCES {
        let (theta, groups) = (quarters::<7>(305, instance), numbers::<7>(306, instance, 3));
        let limits = numbers::<3>(307, instance, 4);
        for k in 1..=7 {
            let all = |each: Each<'_>| vertices::group_top_k(&groups, &limits, k, each);
            match GroupTopK::new(Const::<7>, Const::<3>, &groups, &limits, k) {
                Ok(oracle) => assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, all),
                Err(_) => all(&mut |_| panic!("{k} fit")),
            }
        }
    }
}

/// Vertices with one entry moved are no vertices.
pub(crate) fn other_points<T: Real>() {
    fn check<T: Real, O: Oracle<T>>(oracle: &O, theta: [f64; 5]) {
        let (mut y, mut work) = ([0.0; 5], oracle.work());
        solve_into::<T, _>(oracle, &theta, &mut y);
        for entry in 0..5 {
            let mut moved: [T; 5] = reals(y);
            moved[entry] += T::from_f64(0.25);
            assert!(!oracle.is_vertex(&moved, &mut work), "{}", O::NAME);
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
