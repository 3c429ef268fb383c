//! Scores as short integers whose order is that of the scores, but for near ties.

use super::lanes::{LANES, not_finite, row_by_row, settle};
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

    /// Writes the codes of `theta`; lanes whose scores have no order of 23 bits, being +∞ or all equal, are returned
    /// as bits. Scores of −∞ share the place of the least others.
    #[inline(always)]
    pub(crate) fn write<T: Real>(self, theta: &[[T; LANES]], codes: &mut [[u32; LANES]]) -> u32 {
        let (mut least, mut most) = ([T::INFINITY; LANES], [T::NEG_INFINITY; LANES]);
        for row in theta {
            row_by_row();
            for lane in 0..LANES {
                let score = row[lane];
                least[lane] = if score < least[lane] { score } else { least[lane] };
                most[lane] = if score > most[lane] { score } else { most[lane] };
            }
        }
        let (mut least, most) = (settle(least), settle(most));
        if not_finite(&least) != 0 {
            least = least_allowed(theta);
        }
        let (mut range, mut scale) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        for lane in 0..LANES {
            range[lane] = most[lane] - least[lane];
            // A little below 1, so that no rounding reaches 1.
            scale[lane] = T::from_f64(0.999_999) / range[lane];
        }
        let (range, scale) = (settle(range), settle(scale));
        let last = (1u32 << self.index_bits) - 1;
        for ((row, codes), index) in theta.iter().zip(&mut *codes).zip(0u32..) {
            row_by_row();
            let (row, mut places) = (*row, [0; LANES]);
            for lane in 0..LANES {
                let place = ((row[lane] - least[lane]) * scale[lane]).fraction_bits();
                places[lane] = place << self.index_bits | (last - index);
            }
            *codes = places;
        }
        not_finite(&range) | not_finite(&scale)
    }

    /// Adds `v` to the entries of `row`, in lanes 0 to `count` − 1 that are not doubtful.
    #[inline(always)]
    pub(crate) fn add<T: Real>(
        self,
        row: &[u32; LANES],
        v: T,
        count: usize,
        doubtful: u32,
        sums: &mut [[T; LANES]],
    ) {
        row_by_row();
        let last = (1u32 << self.index_bits) - 1;
        let places: [u32; LANES] =
            settle(core::array::from_fn(|lane| (last - (row[lane] & last)) * LANES as u32 + lane as u32));
        let cells = sums.as_flattened_mut();
        let all = count == LANES && doubtful == 0;
        for (lane, &place) in places.iter().enumerate() {
            if let Some(sum) = cells.get_mut(place as usize)
                && (all || lane < count && doubtful >> lane & 1 == 0)
            {
                *sum += v;
            }
        }
    }

    /// The lanes, as bits, in which the codes of two entries share a place.
    #[inline(always)]
    pub(crate) fn tied(self, a: &[u32; LANES], b: &[u32; LANES], tied: &mut [u32; LANES]) {
        for lane in 0..LANES {
            tied[lane] |= u32::from((a[lane] ^ b[lane]) >> self.index_bits == 0);
        }
    }
}

/// The least score that is not −∞; those are placed with it.
#[cold]
fn least_allowed<T: Real>(theta: &[[T; LANES]]) -> [T; LANES] {
    let mut least = [T::INFINITY; LANES];
    for row in theta {
        for (least, &score) in least.iter_mut().zip(row) {
            *least = if score > T::NEG_INFINITY { least.smaller(score) } else { *least };
        }
    }
    least
}

/// Flags of lanes as bits.
#[inline(always)]
pub(crate) fn bits(flags: &[u32; LANES]) -> u32 {
    flags.iter().enumerate().fold(0, |bits, (lane, &flag)| bits | u32::from(flag != 0) << lane)
}
