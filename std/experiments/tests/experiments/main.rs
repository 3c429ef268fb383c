//! The experiments in the small, and networks that learn.

mod benchmark;
#[cfg(feature = "nn")]
mod networks;
mod paper;
