//! Losses and their gradients: those of `core/src/loss` in files of the same names.

mod composed;
mod domain;
mod fenchel_young;
mod hull;
mod identity;
mod imle;
mod inside;
mod interpolation;
mod multiplicative;
mod partial_label;
mod scores;
mod sparse_map;
mod spo_plus;
