//! Scores as short integers whose order is that of the scores, but for near ties.

use super::LANES;
use crate::Real;

/// Bits that tell scores apart; the lower ones tell entries.
const VALUE_BITS: u32 = 23;

/// d scores in each lane as integers (place between the least and the largest score, in 23 bits; index): an order of the
/// integers is the order of (score descending, index ascending), unless two scores share a place.
///
/// The place is a function that never falls as the score grows, so that different places are never in the wrong order. Equal
/// ones may be: who sorts the codes asks [`tied`](Self::tied) about neighbours and solves such lanes otherwise. With 100
/// normal scores that is one sample in a thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    index_bits: u32,
}

impl Codes {
    /// For up to 512 entries.
    pub(crate) fn new(dim: usize) -> Option<Self> {
        let index_bits = usize::BITS - dim.saturating_sub(1).leading_zeros();
        (index_bits + VALUE_BITS <= u32::BITS).then_some(Self { index_bits })
    }

    /// Writes the codes of `theta`; lanes whose scores have no order of 23 bits, being infinite or all equal, are returned
    /// as bits.
    #[inline(always)]
    pub(crate) fn write<T: Real>(self, theta: &[[T; LANES]], codes: &mut [[u32; LANES]]) -> u32 {
        let (mut least, mut most) = ([T::INFINITY; LANES], [T::NEG_INFINITY; LANES]);
        for row in theta {
            for ((least, most), &score) in least.iter_mut().zip(&mut most).zip(row) {
                *least = if score < *least { score } else { *least };
                *most = if score > *most { score } else { *most };
            }
        }
        let mut scale = [T::ZERO; LANES];
        let mut doubtful = 0;
        for (lane, (scale, (&least, &most))) in scale.iter_mut().zip(least.iter().zip(&most)).enumerate() {
            // A little below 1, so that no rounding reaches 1.
            *scale = T::from_f64(0.999_999) / (most - least);
            // Infinite or NaN for scores without an order; too small a scale would make all places equal.
            let fine = scale.is_finite() && (most - least).is_finite();
            doubtful |= u32::from(!fine) << lane;
        }
        let last = (1u32 << self.index_bits) - 1;
        for ((row, codes), index) in theta.iter().zip(&mut *codes).zip(0u32..) {
            let lanes = row.iter().zip(&least).zip(&scale);
            for (code, ((&score, &least), &scale)) in codes.iter_mut().zip(lanes) {
                let place = ((score - least) * scale).fraction_bits();
                *code = place << self.index_bits | (last - index);
            }
        }
        doubtful
    }

    /// The index inside a code.
    #[inline(always)]
    pub(crate) fn index(self, code: u32) -> usize {
        let last = (1u32 << self.index_bits) - 1;
        (last - (code & last)) as usize
    }

    /// The lanes, as bits, in which the codes of two entries share a place.
    #[inline(always)]
    pub(crate) fn tied(self, a: &[u32; LANES], b: &[u32; LANES], tied: &mut [u32; LANES]) {
        for (tied, (&a, &b)) in tied.iter_mut().zip(a.iter().zip(b)) {
            *tied |= u32::from((a ^ b) >> self.index_bits == 0);
        }
    }
}

/// Flags of lanes as bits.
#[inline(always)]
pub(crate) fn bits(flags: &[u32; LANES]) -> u32 {
    flags.iter().enumerate().fold(0, |bits, (lane, &flag)| bits | u32::from(flag != 0) << lane)
}
