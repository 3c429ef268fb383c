//! What the losses are asked at.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

pub(crate) const THETA: [f64; 5] = [0.3, -0.7, 1.1, 0.25, 0.9];

pub(crate) fn softmax(theta: &[f64]) -> Vec<f64> {
    let total: f64 = theta.iter().map(|x| x.exp()).sum();
    theta.iter().map(|x| x.exp() / total).collect()
}

/// A thousand cases from a fixed seed.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1000,
        rng_seed: RngSeed::Fixed(72),
        failure_persistence: None,
        ..Default::default()
    }
}

/// Quarters in [−2, 2].
pub(crate) fn quarters(d: usize) -> impl Strategy<Value = Vec<f64>> {
    vec((-8i8..=8).prop_map(|i| f64::from(i) / 4.0), d)
}
