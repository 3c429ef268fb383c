//! Layers behind networks, in every framework that they were built with.

#[cfg(feature = "nn")]
mod burn;
mod counted;
#[cfg(any(feature = "nn", feature = "tch"))]
mod shared;
#[cfg(feature = "tch")]
mod tch;

use perturb::{Real, Seed};

/// Rows of a batch.
#[cfg(any(feature = "nn", feature = "tch"))]
const ROWS: usize = 16;

/// Numbers in \[−2, 2), a function of `seed`.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed(seed).stream(0);
    (0..len).map(|_| 4.0 * f32::uniform(&mut rng) - 2.0).collect()
}
