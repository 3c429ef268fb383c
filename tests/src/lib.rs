//! What several test files, and the firmware of `targets/`, share.
#![no_std]
#![allow(clippy::missing_panics_doc, reason = "a panic is how an assertion fails")]

#[cfg(feature = "std")]
extern crate std;

use perturb_core::noise::Stream;
use perturb_core::{Noise, Real};

pub mod cases;
pub mod golden;
pub mod layers;
#[cfg(feature = "std")]
pub mod naive;
#[cfg(feature = "std")]
pub mod naive_combinatorial;
#[cfg(feature = "std")]
pub mod naive_graphs;
pub mod pairs;
pub mod reference;
pub mod solve;
#[cfg(feature = "std")]
pub mod statistics;
pub mod suite;
pub mod vertices;
#[cfg(feature = "std")]
pub mod widths;

/// One draw.
pub fn draw<T: Real, N: Noise<T>>(noise: &N, rng: &mut Stream) -> T {
    let mut z = [T::ZERO];
    noise.fill(rng, &mut z);
    z[0]
}

/// ∇ν at one point.
pub fn score<T: Real, N: Noise<T>>(noise: &N, z: T) -> T {
    let mut score = [T::ZERO];
    noise.scores(&[z], &mut score);
    score[0]
}

/// Numbers of the tested type.
#[cfg(feature = "std")]
pub fn reals<T: perturb_core::Real>(x: &[f64]) -> std::vec::Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}

/// Numbers of the tested type, widened.
#[cfg(feature = "std")]
pub fn widened<T: perturb_core::Real>(x: &[T]) -> std::vec::Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}
