//! Picking k against the enumeration of vertices, on random small instances full of ties and signed zeros.

use perturb::{Const, Dyn, Oracle, Real, Shape, TopK};
use perturb_tests::naive::{self, Tie};
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::assert_others_refused;

fn matches<T: Real>(shape: impl Shape, theta: &[f64]) {
    let d = theta.len();
    for k in 1..=d {
        let found = solve::<T, _>(&TopK::new(shape, k).unwrap(), theta);
        assert_eq!(found, naive::best(&naive::top_k(d, k), theta, Tie::LowestIndex), "k = {k}");
    }
}

proptest! {
    #![proptest_config(config(2000, 70))]

    #[test]
    fn fixed_shapes_match_the_enumeration(theta in vec(quarter(), 5)) {
        matches::<f32>(Const::<5>, &theta);
        matches::<f64>(Const::<5>, &theta);
    }

    #[test]
    fn run_time_shapes_match_the_enumeration(theta in (1usize..=6).prop_flat_map(|d| vec(quarter(), d))) {
        matches::<f32>(Dyn(theta.len()), &theta);
        matches::<f64>(Dyn(theta.len()), &theta);
    }

    /// Few and many, by a list of the largest and by sorting, agree with an independent stable sort.
    #[test]
    fn many_entries_match_a_stable_sort(
        theta in (1usize..=200).prop_flat_map(|d| vec(prop_oneof![quarter(), (-3.0f32..3.0).prop_map(f64::from)], d)),
        share in 0.0..1.0,
    ) {
        let d = theta.len();
        let k = 1 + (share * d as f64) as usize;
        let mut picked = vec![0.0; d];
        for &i in &naive::order(&theta)[..k] {
            picked[i] = 1.0;
        }
        let oracle = TopK::new(Dyn(d), k).unwrap();
        prop_assert_eq!(&solve::<f32, _>(&oracle, &theta).0, &picked);
        prop_assert_eq!(&solve::<f64, _>(&oracle, &theta).0, &picked);
    }

    #[test]
    fn other_points_are_no_vertices(a in vec(quarter(), 6), b in vec(quarter(), 6), entry in 0usize..6) {
        assert_others_refused(&TopK::new(Const::<6>, 3).unwrap(), &a, &b, entry);
    }
}

/// The largest and the smallest finite numbers and infinities keep their order.
#[test]
fn extreme_scores_are_ordered() {
    let theta = [f64::MIN_POSITIVE, f64::INFINITY, -5e-324, f64::NEG_INFINITY, 0.0, f64::MAX, f64::MIN];
    let mut y = [0.0; 7];
    let oracle = TopK::new(Const::<7>, 3).unwrap();
    oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)).unwrap();
    assert_eq!(y, [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}
