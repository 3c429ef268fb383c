//! Losses and their gradients.

mod fenchel_young;
mod losses;
mod multiplicative;
