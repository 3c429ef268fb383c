//! Names of randomness.
#![allow(unsafe_code, reason = "a name for C's linker")]

use perturb_core::Seed;

/// The seed for `key` within `seed`: a step, a row, a purpose.
///
/// Noise is a function of the seed alone: the same call with the same seed gives the same bits on every target, and
/// there is no generator to keep. Give every training step its own seed, as in
/// `perturb_seed_fold(DEVICE_SEED, step)`. Two multiplications of 64 bits; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn perturb_seed_fold(seed: u64, key: u64) -> u64 {
    Seed(seed).fold(key).0
}
