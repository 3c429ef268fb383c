//! What several oracles are asserted of: the best vertex, and points that are none.

use perturb::{Oracle, Real, Shape};
use perturb_tests::naive_combinatorial::{self, best};
use perturb_tests::solve::solve;

/// The oracle finds a vertex of the list whose value is the largest of all.
#[track_caller]
pub(crate) fn assert_best<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], vertices: &[Vec<f64>]) {
    naive_combinatorial::assert_best(
        vertices,
        theta,
        &solve::<T, _>(oracle, theta),
        oracle.properties().name,
    );
}

/// Under floored costs the path is the cheapest, and its value that of the scores themselves.
#[track_caller]
pub(crate) fn assert_cheapest<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[f64],
    floor: f64,
    paths: &[Vec<f64>],
) {
    let (y, value) = solve::<T, _>(oracle, theta);
    assert!(paths.contains(&y), "{}: {y:?} is no path", oracle.properties().name);
    let floored: Vec<f64> = theta.iter().map(|theta| theta.min(-floor)).collect();
    assert_eq!(
        best(std::slice::from_ref(&y), &floored),
        best(paths, &floored),
        "{} at {theta:?}: {y:?}",
        oracle.properties().name
    );
    assert_eq!(value, best(std::slice::from_ref(&y), theta));
}

/// None of `points` is a vertex.
#[track_caller]
pub(crate) fn assert_refused<O: Oracle<f64>>(oracle: &O, points: &[&[f64]]) {
    for point in points {
        assert!(
            !oracle.locate(point, Some(&mut oracle.work())).is_vertex(),
            "{point:?} of {}",
            oracle.properties().name
        );
    }
}

/// Mixtures of two vertices, and vertices with one entry moved, are no vertices.
#[track_caller]
pub(crate) fn assert_others_refused<O: Oracle<f64>>(oracle: &O, a: &[f64], b: &[f64], entry: usize) {
    let (a, b) = (solve::<f64, _>(oracle, a).0, solve::<f64, _>(oracle, b).0);
    let mut moved = a.clone();
    moved[entry] += 0.25;
    assert!(
        !oracle.locate(&moved, Some(&mut oracle.work())).is_vertex(),
        "{moved:?} of {}",
        oracle.properties().name
    );
    if a != b {
        let mixed: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        assert!(
            !oracle.locate(&mixed, Some(&mut oracle.work())).is_vertex(),
            "{mixed:?} of {}",
            oracle.properties().name
        );
    }
}

/// Infinite scores, which perturbation can produce, end in some vertex without the forbidden ones, or in an error.
#[track_caller]
pub(crate) fn assert_ends<O: Oracle<f32>>(oracle: &O) {
    let d = oracle.shape().dim();
    let (mut work, mut y) = (oracle.work(), vec![0.0; d]);
    for pattern in 0..81 {
        let value = |place: i32| {
            [f32::INFINITY, f32::NEG_INFINITY, f32::MAX][(pattern / 3i32.pow(place as u32) % 3) as usize]
        };
        let theta: Vec<f32> = (0..d as i32).map(|i| value(i % 4)).collect();
        if oracle.solve(&theta, &mut y, &mut work).is_err() {
            assert!(oracle.properties().forbids && theta.contains(&f32::NEG_INFINITY));
            continue;
        }
        let forbidden =
            |(&x, &y): (&f32, &f32)| oracle.properties().forbids && x == f32::NEG_INFINITY && y != 0.0;
        assert!(!theta.iter().zip(&y).any(forbidden), "{} at {theta:?}: {y:?}", oracle.properties().name);
        assert!(
            oracle.locate(&y, Some(&mut work)).is_vertex(),
            "{} at {theta:?}: {y:?}",
            oracle.properties().name
        );
    }
}
