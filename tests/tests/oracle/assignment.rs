//! Assignments of every size: the best ones, and with vectors of each width as one task after the other, to the bit.

use perturb::{
    Assignment, DynRect, MonteCarlo, Noise, Normal, Oracle, Perturbed, Plane, Real, Rect, Seed, Shape,
};
use perturb_tests::naive_graphs::{assignments, hungarian};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use perturb_tests::widths::{Width, Widths};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::{assert_best, assert_ends, assert_refused};

/// Scores of several kinds: without ties, with some, with many, with infinities among them, or nothing else.
fn scores(kind: u64, seed: u64, count: usize) -> Vec<f64> {
    let mut z = vec![0.0; count];
    Normal.fill(&mut Seed(seed).stream(kind), &mut z);
    let infinities = |z: f64| if z > 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
    z.iter()
        .map(|&z: &f64| match kind {
            1 => (10.0 * z).round(),
            2 => z.round(),
            3 if z.abs() > 1.5 => infinities(z),
            4 if z.abs() > 0.5 => infinities(z),
            4 => 0.0 * z,
            _ => z,
        })
        .collect()
}

/// The decision, the value and, of a warm start at other scores, both again, as bits.
fn everything<T: Real>(plane: DynRect, theta: &[f64], others: &[f64]) -> Vec<u64> {
    let (theta, others) = (reals::<T>(theta), reals::<T>(others));
    let mut bits = vec![];
    for oracle in [Assignment::new(plane).unwrap(), Assignment::new(plane).unwrap().with_warm_start()] {
        let (mut y, mut work) = (reals::<T>(&vec![7.0; theta.len()]), oracle.work());
        oracle.warm_up(&others, &mut work);
        let Ok(value) = oracle.solve(&theta, &mut y, &mut work) else {
            assert!(theta.contains(&T::NEG_INFINITY), "no assignment at {theta:?}");
            bits.push(1);
            continue;
        };
        let value = value.to_f64();
        assert!(oracle.locate(&y, Some(&mut work)).is_vertex(), "no assignment at {theta:?}");
        // Infinities of both signs have no sum, and which NaN is the processor's choice.
        bits.push(if value.is_nan() { 0 } else { value.to_bits() });
        bits.extend(y.iter().map(|y| y.to_f64().to_bits()));
    }
    bits
}

#[test]
fn vectors_change_no_bit() {
    fn check<T: Real>(widths: &Widths, rows: usize, columns: usize, kind: u64, seed: u64) {
        let count = rows * columns;
        let (theta, others) = (scores(kind, seed, count), scores(kind, seed + 1, count));
        let plane = DynRect { rows, columns };
        widths.limit(Width::Scalar);
        let want = everything::<T>(plane, &theta, &others);
        for width in [Width::Baseline, Width::Avx2, Width::Avx512] {
            widths.limit(width);
            let found = everything::<T>(plane, &theta, &others);
            assert_eq!(found, want, "{rows} × {columns}, kind {kind}, {} in {}", width.name(), T::NAME);
        }
    }
    let (widths, mut seed) = (Widths::alone(), 0);
    for kind in 0..5 {
        for n in (1..=34).chain([48, 49, 100]) {
            for (rows, columns) in [(n, n), (n, n + 1 + n % 7), (n + 1 + n % 19, n), (3, n), (n, 2)] {
                seed += 2;
                check::<f32>(&widths, rows, columns, kind, seed);
                check::<f64>(&widths, rows, columns, kind, seed);
            }
        }
    }
}

/// The largest value of matching agents `agent` and on with tasks that are not taken.
fn best(score: &dyn Fn(usize, usize) -> f64, agent: usize, taken: &mut [bool], agents: usize) -> f64 {
    if agent == agents {
        return 0.0;
    }
    let mut most = f64::NEG_INFINITY;
    for task in 0..taken.len() {
        if !taken[task] {
            taken[task] = true;
            most = most.max(score(agent, task) + best(score, agent + 1, taken, agents));
            taken[task] = false;
        }
    }
    most
}

/// Optimal by the enumeration of all, ties among them.
#[test]
fn small_ones_are_the_best_of_all() {
    fn check<T: Real>(theta: &[f64], rows: usize, columns: usize) {
        let oracle = Assignment::new(DynRect { rows, columns }).unwrap();
        let (mut y, mut work) = (reals::<T>(&vec![0.0; theta.len()]), oracle.work());
        let value = oracle.solve(&reals::<T>(theta), &mut y, &mut work).unwrap().to_f64();
        let row_major = |row, column| theta[row * columns + column];
        let (agents, tasks) = (rows.min(columns), rows.max(columns));
        let want = if rows <= columns {
            best(&row_major, 0, &mut vec![false; tasks], agents)
        } else {
            best(&|column, row| row_major(row, column), 0, &mut vec![false; tasks], agents)
        };
        assert_eq!(value, want, "{rows} × {columns} at {theta:?} in {}", T::NAME);
        assert!(oracle.locate(&y, Some(&mut work)).is_vertex());
    }
    for (rows, columns) in [(4, 4), (5, 5), (6, 6), (4, 6), (6, 4), (5, 6)] {
        for seed in 0..100 {
            // Integers, whose sums are exact.
            let theta = scores(1 + seed % 2, seed, rows * columns);
            check::<f32>(&theta, rows, columns);
            check::<f64>(&theta, rows, columns);
        }
    }
}

/// Paths through tasks at infinite distance once turned on themselves.
#[test]
fn infinite_scores_end_in_an_assignment() {
    for seed in 0..2000 {
        let theta = reals::<f32>(&scores(3, seed, 13 * 14));
        let oracle = Assignment::new(Rect::<13, 14>).unwrap();
        let (mut y, mut work) = ([0.0; 13 * 14], oracle.work());
        oracle.solve(&theta, &mut y, &mut work).unwrap();
        assert!(oracle.locate(&y, Some(&mut work)).is_vertex(), "{theta:?}");
    }
}

fn assignment<T: Real, P: Plane>(plane: P, theta: &[f64]) {
    let vertices = assignments(plane.rows().dim(), plane.columns().dim());
    assert_best::<T, _>(&Assignment::new(plane).unwrap(), &theta[..plane.dim()], &vertices);
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn assignments_match_the_enumeration(theta in vec(quarter(), 16)) {
        fn check<T: Real>(theta: &[f64]) {
            assignment::<T, _>(Rect::<4, 4>, theta);
            assignment::<T, _>(Rect::<3, 5>, theta);
            assignment::<T, _>(Rect::<5, 3>, theta);
            for (rows, columns) in [(1, 1), (1, 4), (4, 1), (2, 3), (4, 3), (3, 3), (4, 4)] {
                assignment::<T, _>(DynRect { rows, columns }, theta);
            }
        }
        check::<f32>(&theta);
        check::<f64>(&theta);
    }

    /// Optimal by duality: prices u_i + v_j ≥ θ_ij whose sum is the value would prove it; here the value equals that
    /// of the textbook algorithm.
    #[test]
    fn larger_assignments_match_the_hungarian_method(
        (n, m, theta) in (1usize..=24, 1usize..=24).prop_flat_map(|(n, m)| {
            (Just(n), Just(m), vec(prop_oneof![quarter(), (-300i32..300).prop_map(f64::from)], n * m))
        })
    ) {
        let oracle = Assignment::new(DynRect { rows: n, columns: m }).unwrap();
        let want = hungarian(n, m, &theta);
        prop_assert_eq!(solve::<f64, _>(&oracle, &theta).1, want);
        prop_assert_eq!(solve::<f32, _>(&oracle, &theta).1, want);
    }
}

#[test]
fn other_points_are_no_vertices() {
    let square = Assignment::new(Rect::<2, 2>).unwrap();
    assert_refused(
        &square,
        &[&[1.0, 0.0, 1.0, 0.0], &[1.0, 0.0, 0.0, 0.0], &[0.5; 4], &[1.0, 1.0, 0.0, 0.0]],
    );
}

#[test]
fn constructors_refuse_what_does_not_fit() {
    assert!(Assignment::new(DynRect { rows: 2, columns: 0 }).is_err());
}

#[test]
fn infinite_scores_do_not_hang() {
    assert_ends(&Assignment::new(Rect::<3, 3>).unwrap());
    assert_ends(&Assignment::new(Rect::<4, 2>).unwrap());
}

/// Warm starts change no answer: the bits of estimates with and without, at temperatures around the gain.
#[test]
fn warm_starts_change_no_answer() {
    fn check<T: Real>(plane: impl Plane) {
        let oracle = Assignment::new(plane).unwrap();
        for seed in 0..50 {
            let mut theta = reals::<T>(&vec![0.0; plane.dim()]);
            perturb::Noise::<T>::fill(&Normal, &mut Seed(seed).stream(0), &mut theta);
            for epsilon in [0.01, 0.1, 1.0] {
                let how = MonteCarlo::new(100, Seed(seed));
                let estimate = |oracle| {
                    let layer = Perturbed::new(oracle, Normal, T::from_f64(epsilon)).unwrap();
                    layer.value_and_maximizer(&theta, how).unwrap()
                };
                let ((a, x), (b, y)) = (estimate(oracle), estimate(oracle.with_warm_start()));
                assert!(a == b && x.as_ref() == y.as_ref(), "seed {seed}, ε = {epsilon} in {}", T::NAME);
            }
        }
    }
    check::<f32>(Rect::<6, 6>);
    check::<f64>(DynRect { rows: 12, columns: 12 });
    check::<f64>(DynRect { rows: 3, columns: 5 });
}

/// The work's contents never matter: problems solved in any order give what they give alone.
#[test]
fn work_is_reusable() {
    let oracle = Assignment::new(Rect::<5, 5>).unwrap();
    let mut shared = oracle.work();
    for seed in 0..200 {
        let mut theta = reals::<f32>(&[0.0; 25]);
        perturb::Noise::<f32>::fill(&Normal, &mut Seed(seed).stream(0), &mut theta);
        let (mut a, mut b) = ([0.0; 25], [0.0; 25]);
        let first = oracle.solve(&theta, &mut a, &mut shared).unwrap();
        assert_eq!(first, oracle.solve(&theta, &mut b, &mut oracle.work()).unwrap());
        assert_eq!(a, b);
    }
}
