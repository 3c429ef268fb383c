//! The largest of perturbed scores, without the scores.

use core::ops::Range;

use super::lanes::{self, LANES};
use super::streams::Streams;
use crate::{Real, Seed};

/// Samples of "which entry of θ + εZ is the largest?", to be counted: see [`NoiseGroup::Race`](super::NoiseGroup::Race).
#[derive(Debug)]
pub struct Race<'a, T> {
    /// θ: d scores, finite but for those of −∞.
    pub theta: &'a [T],
    /// ε > 0.
    pub epsilon: T,
    /// Names the noise.
    pub seed: Seed,
    /// Which samples, at most 64.
    pub samples: Range<u64>,
    /// Memory for d numbers.
    pub memory: &'a mut [T],
    /// d counts; the entry that wins a sample gets 1 more.
    pub wins: &'a mut [T],
}

impl<T: Real> Race<'_, T> {
    /// The race for Gumbel noise Z = −ln E, E = −ln u being exponential: θ + εZ is largest where E·exp(−θ/ε) is least, which
    /// takes one logarithm a draw instead of two.
    ///
    /// Returns the samples, as bits, that rounding might decide otherwise than the sums θ + εZ, and leaves them out of the
    /// counts. `None` where that might be many, ε being far below the scores' last digits, and for more than 64 samples.
    pub(crate) fn exponential(self) -> Option<u64> {
        let Self { theta, epsilon, seed, samples, memory, wins } = self;
        let weights = memory.get_mut(..theta.len())?;
        if samples.end.checked_sub(samples.start)? > u64::from(u64::BITS) {
            return None;
        }
        let most = theta.iter().fold(T::NEG_INFINITY, |most, &score| most.larger(score));
        // |Z| and, of whoever may win, (max θ − θ)/ε are at most this.
        let reach = T::from_f64(5.0) - T::EPSILON.ln();
        // All in units of ε. A sum θ + εZ errs by the last digits of |max θ| + 2·reach, a product by those of reach plus a
        // few roundings, and two of each are compared: 2·(|max θ|/2 + 4·reach) + 2·(reach + 7) last digits, twice over.
        let scale = most.abs() / epsilon;
        let margin = T::EPSILON * T::TWO * (scale + T::from_f64(10.0) * reach + T::from_f64(14.0));
        let finite = (most.abs() + epsilon * reach).is_finite();
        if !finite || margin >= T::from_f64(1e-3) {
            return None;
        }
        // And both logarithms are rough.
        let factor = T::ONE + margin + T::from_f64(2.1 * T::ROUGH);
        Some(lanes::run(Exponential { theta, most, epsilon, seed, samples, weights, factor, wins }))
    }
}

/// Entries whose draws are likely to lead in one of the lanes.
const EARLY: u32 = 32;

/// Whether no lane's draw can be first or second: −ln u ≥ 1 − u.
#[inline(always)]
fn all_late<T: Real>(draws: &[T; LANES], weight: T, second: &[T; LANES]) -> bool {
    let early: [u32; LANES] =
        core::array::from_fn(|lane| u32::from((T::ONE - draws[lane]) * weight < second[lane]));
    early.iter().fold(0, |any, early| any | early) == 0
}

struct Exponential<'a, T> {
    theta: &'a [T],
    most: T,
    epsilon: T,
    seed: Seed,
    samples: Range<u64>,
    weights: &'a mut [T],
    /// A winner's lead over the second, as a ratio, that rounding cannot make.
    factor: T,
    wins: &'a mut [T],
}

impl<T: Real> perturb_lanes::Kernel for Exponential<'_, T> {
    type Output = u64;
    #[inline(always)]
    fn run(self) -> u64 {
        let Self { theta, most, epsilon, seed, samples, weights, factor, wins } = self;
        for (weight, &score) in weights.iter_mut().zip(theta) {
            *weight = ((most - score) / epsilon).exp();
        }
        let mut doubtful = 0;
        let mut first = samples.start;
        while first < samples.end {
            let mut streams = Streams::consecutive(seed, first);
            let (mut least, mut second) = ([T::INFINITY; LANES], [T::INFINITY; LANES]);
            let mut winners = [0u32; LANES];
            for (&weight, i) in weights.iter().zip(0u32..) {
                lanes::row_by_row();
                let mut draws = [T::ZERO; LANES];
                for (lane, draw) in draws.iter_mut().enumerate() {
                    let mut generator = streams.get(lane);
                    *draw = T::uniform(&mut generator);
                    streams.set(lane, &generator);
                }
                if i >= EARLY && all_late(&draws, weight, &second) {
                    continue;
                }
                let times: [T; LANES] = core::array::from_fn(|lane| draws[lane].exponential() * weight);
                let (leaders, seconds, before) = (least, second, winners);
                // Without a choice between stores, which compilers for narrow vectors would make by branches.
                winners = core::array::from_fn(|lane| {
                    let ahead = 0u32.wrapping_sub(u32::from(times[lane] < leaders[lane]));
                    i & ahead | before[lane] & !ahead
                });
                least = core::array::from_fn(|lane| leaders[lane].smaller(times[lane]));
                second =
                    core::array::from_fn(|lane| seconds[lane].smaller(leaders[lane].larger(times[lane])));
            }
            let (least, second, winners) =
                (lanes::settle(least), lanes::settle(second), lanes::settle(winners));
            for (lane, sample) in (first..samples.end).enumerate().take(LANES) {
                if second[lane] <= least[lane] * factor {
                    doubtful |= 1 << (sample - samples.start);
                } else if let Some(count) = wins.get_mut(winners[lane] as usize) {
                    *count += T::ONE;
                }
            }
            first = first.saturating_add(LANES as u64);
        }
        doubtful
    }
}
