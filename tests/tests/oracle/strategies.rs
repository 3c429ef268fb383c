//! What the property tests draw from.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// `cases` cases from a fixed seed.
pub(crate) fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Default::default() }
}

/// Quarters in [−2, 2]: sums are exact in f32, so that ties are exact too. Both zeros are frequent.
pub(crate) fn quarter() -> impl Strategy<Value = f64> {
    prop_oneof![6 => (-8i8..=8).prop_map(|i| f64::from(i) / 4.0), 1 => Just(0.0), 1 => Just(-0.0)]
}
