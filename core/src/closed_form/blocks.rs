//! Loops whose functions go into vectors, while sums keep their order.
//!
//! A loop that adds up what it computes, in an order that is part of the answer, computes one entry at a time. So kernels
//! compute a block of entries first and then add them up. The last block is filled up: one vector costs less than a few
//! entries.

use crate::Real;
use crate::noise::Law;
use perturb_lanes::Kernel;

/// Entries of a block: one vector of AVX-512 in f32; one where there are no vectors.
pub(super) const BLOCK: usize = if cfg!(target_os = "none") { 1 } else { 16 };

/// How many entries to compute for `count` of them: a whole vector takes no longer than a few.
#[inline(always)]
pub(super) fn computed(count: usize, block: usize) -> usize {
    if cfg!(target_os = "none") { count } else { block }
}

/// Up to [`BLOCK`] entries, then zeros.
#[inline(always)]
pub(super) fn load<T: Real>(entries: &[T]) -> [T; BLOCK] {
    if let Ok(block) = entries.try_into() {
        return block;
    }
    let mut block = [T::ZERO; BLOCK];
    for (x, &entry) in block.iter_mut().zip(entries) {
        *x = entry;
    }
    block
}

/// The first entries of `block`, as many as fit.
#[inline(always)]
pub(super) fn store<T: Real>(block: &[T; BLOCK], entries: &mut [T]) {
    if let Ok(entries) = <&mut [T; BLOCK]>::try_from(&mut *entries) {
        *entries = *block;
        return;
    }
    for (entry, &x) in entries.iter_mut().zip(block) {
        *entry = x;
    }
}

/// The largest entry, −∞ of none.
#[inline(always)]
pub(super) fn largest<T: Real>(entries: &[T]) -> T {
    let (blocks, rest) = entries.as_chunks::<BLOCK>();
    let fold = |largest, entries: &[T]| entries.iter().copied().fold(largest, T::larger);
    let rest = fold(T::NEG_INFINITY, rest);
    let Some((&(mut largest), blocks)) = blocks.split_first() else { return rest };
    for block in blocks {
        for k in 0..BLOCK {
            largest[k] = largest[k].larger(block[k]);
        }
    }
    fold(rest, &largest)
}

/// Writes G(x − θ_i), one less it, and f(x − θ_i) at `count` nodes x side by side.
pub(super) struct Levels<'a, T, N> {
    pub(super) noise: &'a N,
    pub(super) x: [T; BLOCK],
    pub(super) count: usize,
    pub(super) scores: &'a [T],
    pub(super) below: &'a mut [[T; BLOCK]],
    pub(super) above: &'a mut [[T; BLOCK]],
    pub(super) density: &'a mut [[T; BLOCK]],
}

impl<T: Real, N: Law<T>> Kernel for Levels<'_, T, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { noise, x, count, scores, below, above, density } = self;
        for (((&score, below), above), density) in scores.iter().zip(below).zip(above).zip(density) {
            let (mut g, mut h, mut f) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK], [T::ZERO; BLOCK]);
            for k in 0..computed(count.min(BLOCK), BLOCK) {
                (g[k], h[k]) = noise.tails(x[k] - score);
                f[k] = noise.density(x[k] - score);
            }
            (*below, *above, *density) = (g, h, f);
        }
    }
}
