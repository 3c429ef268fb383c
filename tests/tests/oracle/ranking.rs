//! Ranks against the enumeration of vertices, on random small instances full of ties and signed zeros.

use perturb::{Const, Dyn, Oracle, Ranking, Real, Shape};
use perturb_tests::naive::{self, Tie};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::assert_others_refused;

fn matches<T: Real>(shape: impl Shape, theta: &[f64], v: &[f64]) {
    let d = theta.len();
    let ranks: Vec<f64> = (1..=d).map(|i| i as f64).collect();
    let found = solve::<T, _>(&Ranking::ascending(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::permutahedron(&ranks), theta, Tie::LowestIndex));
    let negated: Vec<f64> = ranks.iter().map(|v| -v).collect();
    let found = solve::<T, _>(&Ranking::descending(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::permutahedron(&negated), theta, Tie::LowestIndex));
    let found = solve::<T, _>(&Ranking::new(shape, &reals::<T>(v)).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::permutahedron(v), theta, Tie::LowestIndex));
}

/// Distinct eighths in random order.
fn distinct(d: usize) -> impl Strategy<Value = Vec<f64>> {
    let all: Vec<f64> = (-20..20).map(|i| f64::from(i) / 8.0).collect();
    proptest::sample::subsequence(all, d).prop_shuffle()
}

proptest! {
    #![proptest_config(config(2000, 70))]

    #[test]
    fn fixed_shapes_match_the_enumeration(theta in vec(quarter(), 5), v in distinct(5)) {
        matches::<f32>(Const::<5>, &theta, &v);
        matches::<f64>(Const::<5>, &theta, &v);
    }

    #[test]
    fn run_time_shapes_match_the_enumeration(
        (theta, v) in (1usize..=6).prop_flat_map(|d| (vec(quarter(), d), distinct(d)))
    ) {
        matches::<f32>(Dyn(theta.len()), &theta, &v);
        matches::<f64>(Dyn(theta.len()), &theta, &v);
    }

    /// Counting up to 16 entries and sorting beyond agree with an independent stable sort.
    #[test]
    fn many_entries_match_a_stable_sort(
        theta in (1usize..=200).prop_flat_map(|d| vec(prop_oneof![quarter(), (-3.0f32..3.0).prop_map(f64::from)], d)),
    ) {
        let d = theta.len();
        let mut ranks = vec![0.0; d];
        for (place, &i) in naive::order(&theta).iter().enumerate() {
            ranks[i] = (d - place) as f64;
        }
        let negated: Vec<f64> = ranks.iter().map(|rank| rank - d as f64 - 1.0).collect();
        for (asc, desc) in [
            (
                solve::<f32, _>(&Ranking::ascending(Dyn(d)).unwrap(), &theta).0,
                solve::<f32, _>(&Ranking::descending(Dyn(d)).unwrap(), &theta).0,
            ),
            (
                solve::<f64, _>(&Ranking::ascending(Dyn(d)).unwrap(), &theta).0,
                solve::<f64, _>(&Ranking::descending(Dyn(d)).unwrap(), &theta).0,
            ),
        ] {
            prop_assert_eq!(&asc, &ranks);
            prop_assert_eq!(&desc, &negated);
        }
    }

    #[test]
    fn other_points_are_no_vertices(a in vec(quarter(), 6), b in vec(quarter(), 6), entry in 0usize..6) {
        assert_others_refused(&Ranking::ascending(Const::<6>).unwrap(), &a, &b, entry);
        let uneven = [0.5, -3.0, 2.0, 0.0, 7.0, 7.5];
        assert_others_refused(&Ranking::new(Const::<6>, &uneven).unwrap(), &a, &b, entry);
    }
}

/// The largest and the smallest finite numbers and infinities keep their order.
#[test]
fn extreme_scores_are_ordered() {
    let theta = [f64::MIN_POSITIVE, f64::INFINITY, -5e-324, f64::NEG_INFINITY, 0.0, f64::MAX, f64::MIN];
    let mut y = [0.0; 7];
    let oracle = Ranking::<f64, _>::ascending(Const::<7>).unwrap();
    oracle.solve(&theta, &mut y, &mut oracle.work()).unwrap();
    assert_eq!(y, [5.0, 7.0, 3.0, 1.0, 4.0, 6.0, 2.0]);
}
