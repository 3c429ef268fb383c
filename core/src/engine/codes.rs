//! Scores as short integers whose order is that of the scores, but for near ties.

use perturb_lanes::{Kernel, Width};

use super::lanes::{self, LANES, not_finite, row_by_row, settle};
use crate::Real;

/// Bits that tell scores apart, if so many are left by those that tell entries.
const VALUE_BITS: u32 = 23;

/// The most entries, for vectors beyond the baseline and for others: more are sorted sooner one sample after the other.
const MOST: [usize; 2] = [1 << 14, 1 << 13];

/// d scores in each lane as integers (place between the least and the largest score, in 23 bits, beyond 512 entries in fewer;
/// index): an order of the integers is the order of (score descending, index ascending), unless two scores share a place.
///
/// The place is a function that never falls as the score grows, so that different places are never in the wrong order. Equal
/// ones may be: who sorts the codes asks [`tied`](Self::tied) about neighbours, and puts them in order by
/// [`untie`](Self::untie) or solves such lanes otherwise. With 100 normal scores that is one sample in a thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes {
    index_bits: u32,
    /// How many of the value's bits there is no room for.
    dropped: u32,
}

impl Codes {
    /// Unless there are too many entries.
    pub(crate) fn new(dim: usize) -> Option<Self> {
        let index_bits = usize::BITS - dim.saturating_sub(1).leading_zeros();
        let dropped = (index_bits + VALUE_BITS).saturating_sub(u32::BITS);
        let [wide, baseline] = MOST;
        let most = if perturb_lanes::width() > Width::Baseline { wide } else { baseline };
        (dim <= most).then_some(Self { index_bits, dropped })
    }

    /// Writes the codes of `theta`; lanes whose scores have no such order, being +∞ or all equal, are returned
    /// as bits. Scores of −∞ share the place of the least others.
    pub(crate) fn write<T: Real>(self, theta: &[[T; LANES]], codes: &mut [[u32; LANES]]) -> u32 {
        lanes::run(Write { of: self, theta, codes })
    }

    /// Turns codes into the places of their entries in flattened rows.
    #[inline(always)]
    pub(crate) fn places(self, codes: &mut [[u32; LANES]]) {
        let last = (1u32 << self.index_bits) - 1;
        for row in codes {
            row_by_row();
            let codes = *row;
            *row = core::array::from_fn(|lane| (last - (codes[lane] & last)) * LANES as u32 + lane as u32);
        }
    }

    /// The lanes, as bits, in which the codes of two entries share a place.
    #[inline(always)]
    pub(crate) fn tied(self, a: &[u32; LANES], b: &[u32; LANES], tied: &mut [u32; LANES]) {
        for lane in 0..LANES {
            tied[lane] |= u32::from(self.tie(a[lane], b[lane]));
        }
    }

    #[inline(always)]
    fn tie(self, a: u32, b: u32) -> bool {
        (a ^ b) >> self.index_bits == 0
    }

    /// Puts the codes of one lane, which are sorted, in the order of its scores, by insertion among those that share a place.
    /// Returns `false` where that takes too long.
    #[cold]
    pub(crate) fn untie<T: Real>(
        self,
        theta: &[[T; LANES]],
        lane: usize,
        codes: &mut [[u32; LANES]],
    ) -> bool {
        let last = (1u32 << self.index_bits) - 1;
        let score = |code: u32| theta.get((last - (code & last)) as usize).map_or(T::ZERO, |row| row[lane]);
        let mut steps = codes.len();
        for end in 1..codes.len() {
            for at in (0..end).rev() {
                let Some([before, after]) = codes.get_mut(at..at + 2) else { break };
                let (before, after) = (&mut before[lane], &mut after[lane]);
                if !self.tie(*before, *after) || score(*before) >= score(*after) {
                    break;
                }
                core::mem::swap(before, after);
                if steps == 0 {
                    return false;
                }
                steps -= 1;
            }
        }
        true
    }
}

struct Write<'a, T> {
    of: Codes,
    theta: &'a [[T; LANES]],
    codes: &'a mut [[u32; LANES]],
}

impl<T: Real> Kernel for Write<'_, T> {
    type Output = u32;
    #[inline(always)]
    fn run(self) -> u32 {
        let Self { of, theta, codes } = self;
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
        let last = (1u32 << of.index_bits) - 1;
        for ((row, codes), index) in theta.iter().zip(&mut *codes).zip(0u32..) {
            row_by_row();
            let (row, mut places) = (*row, [0; LANES]);
            for lane in 0..LANES {
                let place = ((row[lane] - least[lane]) * scale[lane]).fraction_bits();
                places[lane] = place >> of.dropped << of.index_bits | (last - index);
            }
            *codes = places;
        }
        not_finite(&range) | not_finite(&scale)
    }
}

/// Adds `v` to the entries at `places`, in lanes 0 to `count` − 1 that are not doubtful; or writes it into all of them.
#[inline(always)]
pub(crate) fn put<T: Real, const ADD: bool>(
    places: &[u32; LANES],
    v: T,
    count: usize,
    doubtful: u32,
    cells: &mut [T],
) {
    row_by_row();
    let all = count == LANES && doubtful == 0;
    for (lane, &place) in places.iter().enumerate() {
        let Some(cell) = cells.get_mut(place as usize) else { continue };
        if !ADD {
            *cell = v;
        } else if all || lane < count && doubtful >> lane & 1 == 0 {
            *cell += v;
        }
    }
}

/// Adds 1 to entries whose codes are above those of `bounds`.
pub(crate) struct Mark<'a, T> {
    pub(crate) codes: &'a [[u32; LANES]],
    pub(crate) bounds: [u32; LANES],
    pub(crate) sums: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel for Mark<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (codes, sums) in self.codes.iter().zip(self.sums) {
            row_by_row();
            let (codes, before) = (*codes, *sums);
            *sums = core::array::from_fn(|lane| {
                before[lane] + if codes[lane] > self.bounds[lane] { T::ONE } else { T::ZERO }
            });
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
