//! Noise from the points of a scrambled Sobol sequence.

use crate::method::BLOCK;
use crate::{Noise, Real, Seed};

/// Writes the noise of sample number `sample`: a point of its block's sequence, entry by entry through G⁻¹.
pub(crate) fn draw_quasi_random<T: Real, N: Noise<T>>(seed: Seed, noise: &N, sample: u64, z: &mut [T]) {
    let block = seed.fold(sample / u64::from(BLOCK));
    let point = (sample % u64::from(BLOCK)) as u32;
    let mut rng = seed.stream(sample);
    for (group, z) in (0u64..).zip(z.chunks_mut(sobol_burley::NUM_DIMENSIONS as usize)) {
        let key = block.fold(group).0;
        let point = if group == 0 { point } else { permute(point, key >> 32) };
        for (dimension, z) in (0..sobol_burley::NUM_DIMENSIONS).zip(z) {
            let coordinate = sobol_burley::sample(point, dimension, key as u32);
            *z = noise.quantile(T::refine(coordinate, &mut rng));
        }
    }
}

/// A bijection of 0, …, 63 chosen by `key`.
fn permute(point: u32, key: u64) -> u32 {
    const LAST: u32 = BLOCK - 1;
    let byte = |i: u32| (key >> (8 * i)) as u32;
    let mut x = point;
    for round in 0..4 {
        x = (x ^ x >> 3).wrapping_mul(byte(round) | 1).wrapping_add(byte(round) >> 2) & LAST;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_keep_all_points() {
        // An interpreter gets a sample.
        for key in (0..1000u64).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let mut seen = 0u64;
            for point in 0..BLOCK {
                seen |= 1 << permute(point, key.wrapping_mul(0x9E37_79B9));
            }
            assert_eq!(seen, u64::MAX);
        }
    }
}
