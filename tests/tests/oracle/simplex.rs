//! Argmax against the enumeration of vertices, on random small instances full of ties and signed zeros.

use perturb::{Const, Dyn, Real, Shape, Simplex};
use perturb_tests::naive::{self, Tie};
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::assert_others_refused;

fn matches<T: Real>(shape: impl Shape, theta: &[f64]) {
    let found = solve::<T, _>(&Simplex::new(shape).unwrap(), theta);
    assert_eq!(found, naive::best(&naive::simplex(theta.len()), theta, Tie::LowestIndex));
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

    #[test]
    fn other_points_are_no_vertices(a in vec(quarter(), 6), b in vec(quarter(), 6), entry in 0usize..6) {
        assert_others_refused(&Simplex::new(Const::<6>).unwrap(), &a, &b, entry);
    }
}
