//! The experiments in the small, and networks that learn.

#[cfg(feature = "nn")]
mod networks;
mod paper;
