//! Oracles against naive specifications and estimates against exact values: two catalogues that a test runs in seconds and
//! the program `differential` at scale.
//!
//! Every instance is a function of (seed, check, number), so that a failure names what finds it again.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an assertion fails")]

pub mod bits;
pub mod estimates;
pub mod oracles;
mod source;

pub use source::Source;

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Instances of a cheap oracle; dear ones get a tenth.
    pub instances: u64,
    /// Samples of an estimate in f64; f32, whose sums round, has at most 2¹⁷.
    pub samples: u32,
    /// Every how many-th layer of the catalogue of estimates is taken, a different one for each noise and variant.
    pub thinned: usize,
    /// Names all instances and all noise.
    pub seed: u64,
}
