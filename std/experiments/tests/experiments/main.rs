//! The experiments in the small, and networks that learn.

mod benchmark;
mod choice;
#[cfg(feature = "nn")]
mod networks;
mod paper;
