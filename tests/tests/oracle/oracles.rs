//! Oracles against the enumeration of vertices, on random small instances full of ties and signed zeros.

use perturb::{Const, Dyn, Hypercube, Oracle, Ranking, Real, Shape, Simplex, TopK};
use perturb_tests::naive::{self, Tie};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};

fn every_oracle<T: Real>(shape: impl Shape, theta: &[f64], v: &[f64]) {
    let d = theta.len();
    let found = solve::<T, _>(&Simplex::new(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::simplex(d), theta, Tie::LowestIndex));
    for k in 1..=d {
        let found = solve::<T, _>(&TopK::new(shape, k).unwrap(), theta);
        assert_eq!(found, naive::best(&naive::top_k(d, k), theta, Tie::LowestIndex), "k = {k}");
    }
    let found = solve::<T, _>(&Hypercube::binary(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::hypercube(d, 0.0, 1.0), theta, Tie::Low));
    let found = solve::<T, _>(&Hypercube::sign(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::hypercube(d, -1.0, 1.0), theta, Tie::Low));

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
        every_oracle::<f32>(Const::<5>, &theta, &v);
        every_oracle::<f64>(Const::<5>, &theta, &v);
    }

    #[test]
    fn run_time_shapes_match_the_enumeration(
        (theta, v) in (1usize..=6).prop_flat_map(|d| (vec(quarter(), d), distinct(d)))
    ) {
        every_oracle::<f32>(Dyn(theta.len()), &theta, &v);
        every_oracle::<f64>(Dyn(theta.len()), &theta, &v);
    }

    /// Counting up to 16 entries and sorting beyond agree with an independent stable sort.
    #[test]
    fn many_entries_match_a_stable_sort(
        theta in (1usize..=200).prop_flat_map(|d| vec(prop_oneof![quarter(), (-3.0f32..3.0).prop_map(f64::from)], d)),
        share in 0.0..1.0,
    ) {
        let d = theta.len();
        let k = 1 + (share * d as f64) as usize;
        let order = naive::order(&theta);
        let (mut ranks, mut picked) = (vec![0.0; d], vec![0.0; d]);
        for (place, &i) in order.iter().enumerate() {
            ranks[i] = (d - place) as f64;
            picked[i] = if place < k { 1.0 } else { 0.0 };
        }
        let negated: Vec<f64> = ranks.iter().map(|rank| rank - d as f64 - 1.0).collect();
        for (asc, desc, top) in [
            (
                solve::<f32, _>(&Ranking::ascending(Dyn(d)).unwrap(), &theta).0,
                solve::<f32, _>(&Ranking::descending(Dyn(d)).unwrap(), &theta).0,
                solve::<f32, _>(&TopK::new(Dyn(d), k).unwrap(), &theta).0,
            ),
            (
                solve::<f64, _>(&Ranking::ascending(Dyn(d)).unwrap(), &theta).0,
                solve::<f64, _>(&Ranking::descending(Dyn(d)).unwrap(), &theta).0,
                solve::<f64, _>(&TopK::new(Dyn(d), k).unwrap(), &theta).0,
            ),
        ] {
            prop_assert_eq!(&asc, &ranks);
            prop_assert_eq!(&desc, &negated);
            prop_assert_eq!(&top, &picked);
        }
    }

    /// Mixtures of two vertices, and vertices with one entry moved, are no vertices.
    #[test]
    fn other_points_are_no_vertices(a in vec(quarter(), 6), b in vec(quarter(), 6), entry in 0usize..6) {
        fn check<O: Oracle<f64>>(oracle: &O, a: &[f64], b: &[f64], entry: usize) {
            let (a, b) = (solve::<f64, _>(oracle, a).0, solve::<f64, _>(oracle, b).0);
            let mut moved = a.clone();
            moved[entry] += 0.25;
            assert!(!oracle.is_vertex(&moved, &mut oracle.work()), "{moved:?} of {}", O::NAME);
            if a != b {
                let mixed: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
                assert!(!oracle.is_vertex(&mixed, &mut oracle.work()), "{mixed:?} of {}", O::NAME);
            }
        }
        let shape = Const::<6>;
        check(&Simplex::new(shape).unwrap(), &a, &b, entry);
        check(&TopK::new(shape, 3).unwrap(), &a, &b, entry);
        check(&Hypercube::binary(shape).unwrap(), &a, &b, entry);
        check(&Hypercube::sign(shape).unwrap(), &a, &b, entry);
        check(&Ranking::ascending(shape).unwrap(), &a, &b, entry);
        check(&Ranking::new(shape, &[0.5, -3.0, 2.0, 0.0, 7.0, 7.5]).unwrap(), &a, &b, entry);
    }
}

/// The largest and the smallest finite numbers and infinities keep their order.
#[test]
fn extreme_scores_are_ordered() {
    let theta = [f64::MIN_POSITIVE, f64::INFINITY, -5e-324, f64::NEG_INFINITY, 0.0, f64::MAX, f64::MIN];
    let mut y = [0.0; 7];
    let oracle = Ranking::<f64, _>::ascending(Const::<7>).unwrap();
    oracle.solve(&theta, &mut y, &mut oracle.work());
    assert_eq!(y, [5.0, 7.0, 3.0, 1.0, 4.0, 6.0, 2.0]);
    let oracle = TopK::new(Const::<7>, 3).unwrap();
    oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle));
    assert_eq!(y, [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}
