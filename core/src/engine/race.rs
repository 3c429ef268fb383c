//! The largest of perturbed scores under Gumbel noise, without the scores.
//!
//! Z = −ln E, E = −ln u being exponential: θ + εZ is largest where E·exp(−θ/ε) is least, which takes one logarithm a draw instead of
//! two, and a rough one.

use core::ops::Range;

use super::lanes::{self, LANES};
use super::streams::Streams;
use crate::{Real, Seed};

/// A winner's lead over the second, as a ratio, that rounding cannot make, for scores up to `most` in absolute value and finite but for
/// those of −∞. `None` where too many leads may be shorter, ε being far below the scores' last digits.
pub(super) fn least_lead<T: Real>(most: T, epsilon: T) -> Option<T> {
    // |Z| and, of whoever may win, (max θ − θ)/ε are at most this.
    let reach = T::from_f64(5.0) - T::EPSILON.ln();
    // All in units of ε. A sum θ + εZ errs by the last digits of |max θ| + 2·reach, a product by those of reach plus a
    // few roundings, and two of each are compared: 2·(|max θ|/2 + 4·reach) + 2·(reach + 7) last digits, twice over.
    let margin = T::EPSILON * T::TWO * (most / epsilon + T::from_f64(10.0) * reach + T::from_f64(14.0));
    let finite = (most + epsilon * reach).is_finite();
    // And both logarithms are rough.
    (finite && margin < T::from_f64(1e-3)).then(|| T::ONE + margin + T::from_f64(2.1 * T::ROUGH))
}

/// The greatest score.
#[inline(always)]
pub(super) fn greatest<T: Real>(scores: &[T]) -> T {
    scores.iter().fold(T::NEG_INFINITY, |most, &score| most.larger(score))
}

/// Counts which entry of θ + εZ is the largest, for many samples of one row.
pub(super) struct Count<'a, T> {
    /// Scores θ, which their handicaps overwrite.
    pub(super) scores: &'a mut [T],
    pub(super) epsilon: T,
    /// Of [`least_lead`].
    pub(super) lead: T,
    pub(super) seed: Seed,
    /// At most 64.
    pub(super) samples: Range<u64>,
    /// d counts.
    pub(super) wins: &'a mut [T],
}

impl<T: Real> perturb_lanes::Kernel for Count<'_, T> {
    /// The samples, as bits, that rounding might decide otherwise than the sums θ + εZ, and that are left out of the counts.
    type Output = u64;
    #[inline(always)]
    fn run(self) -> u64 {
        let Self { scores: handicaps, epsilon, lead, seed, samples, wins } = self;
        let most = greatest(handicaps);
        for score in &mut *handicaps {
            *score = ((most - *score) / epsilon).exp();
        }
        let (mut doubtful, mut first) = (0, samples.start);
        while first < samples.end {
            let winners = race(handicaps, shared, lead, Streams::consecutive(seed, first));
            for (lane, sample) in (first..samples.end).enumerate().take(LANES) {
                match winners.of(lane) {
                    None => doubtful |= 1 << (sample - samples.start),
                    Some(entry) => count(entry, wins),
                }
            }
            first = first.saturating_add(LANES as u64);
        }
        doubtful
    }
}

/// Decides which entry of θ + εZ is the largest, for [`LANES`] samples.
pub(super) struct Race<'a, T> {
    /// Scores θ lane by lane, which their handicaps overwrite.
    pub(super) scores: &'a mut [[T; LANES]],
    pub(super) epsilon: T,
    /// Of [`least_lead`].
    pub(super) lead: T,
    /// Sample `samples[l]` of `seeds[l]` is the noise of lane l.
    pub(super) seeds: &'a [Seed; LANES],
    pub(super) samples: &'a [u64; LANES],
}

impl<T: Real> perturb_lanes::Kernel for Race<'_, T> {
    type Output = Winners<T>;
    #[inline(always)]
    fn run(self) -> Winners<T> {
        let Self { scores: handicaps, epsilon, lead, seeds, samples } = self;
        let mut most = [T::NEG_INFINITY; LANES];
        for row in &*handicaps {
            lanes::row_by_row();
            most = core::array::from_fn(|lane| most[lane].larger(row[lane]));
        }
        let most = lanes::settle(most);
        for row in &mut *handicaps {
            lanes::row_by_row();
            let mut handicaps = *row;
            for lane in 0..LANES {
                handicaps[lane] = ((most[lane] - handicaps[lane]) / epsilon).exp();
            }
            *row = handicaps;
        }
        race(handicaps, own, lead, Streams::open(seeds, samples))
    }
}

/// What a race decides.
pub(super) struct Winners<T> {
    entries: [u32; LANES],
    least: [T; LANES],
    second: [T; LANES],
    lead: T,
}

impl<T: Real> Winners<T> {
    /// The entry that wins in a lane, unless rounding might decide otherwise than the sums θ + εZ.
    #[inline(always)]
    pub(super) fn of(&self, lane: usize) -> Option<u32> {
        let ahead = self.second.get(lane)? > &(*self.least.get(lane)? * self.lead);
        self.entries.get(lane).copied().filter(|_| ahead)
    }
}

/// Adds 1 for an entry that has won.
#[inline(always)]
pub(super) fn count<T: Real>(entry: u32, wins: &mut [T]) {
    if let Some(wins) = wins.get_mut(entry as usize) {
        *wins += T::ONE;
    }
}

/// Entries whose draws are likely to lead in one of the lanes.
const EARLY: u32 = 32;

/// Whether no lane's draw can be first or second: −ln u ≥ 1 − u.
#[inline(always)]
fn all_late<T: Real>(draws: &[T; LANES], weights: &[T; LANES], second: &[T; LANES]) -> bool {
    let early: [u32; LANES] =
        core::array::from_fn(|lane| u32::from((T::ONE - draws[lane]) * weights[lane] < second[lane]));
    early.iter().fold(0, |any, early| any | early) == 0
}

/// One handicap for all lanes.
#[inline(always)]
fn shared<T: Real>(handicap: T) -> [T; LANES] {
    [handicap; LANES]
}

/// A handicap for each.
#[inline(always)]
fn own<T: Real>(handicap: [T; LANES]) -> [T; LANES] {
    handicap
}

/// Runs all entries, in order.
#[inline(always)]
fn race<T: Real, H: Copy>(
    handicaps: &[H],
    in_lanes: impl Fn(H) -> [T; LANES],
    lead: T,
    mut streams: Streams,
) -> Winners<T> {
    let (mut least, mut second) = ([T::INFINITY; LANES], [T::INFINITY; LANES]);
    let mut winners = [0u32; LANES];
    for (&handicap, i) in handicaps.iter().zip(0u32..) {
        lanes::row_by_row();
        let handicap = in_lanes(handicap);
        let mut draws = [T::ZERO; LANES];
        for (lane, draw) in draws.iter_mut().enumerate() {
            let mut generator = streams.get(lane);
            *draw = T::uniform(&mut generator);
            streams.set(lane, &generator);
        }
        if i >= EARLY && all_late(&draws, &handicap, &second) {
            continue;
        }
        let mut times = draws;
        for lane in 0..LANES {
            times[lane] = times[lane].exponential() * handicap[lane];
        }
        let (leaders, seconds, before) = (least, second, winners);
        // Without a choice between stores, which compilers for narrow vectors would make by branches.
        winners = core::array::from_fn(|lane| {
            let ahead = 0u32.wrapping_sub(u32::from(times[lane] < leaders[lane]));
            i & ahead | before[lane] & !ahead
        });
        least = core::array::from_fn(|lane| leaders[lane].smaller(times[lane]));
        second = core::array::from_fn(|lane| seconds[lane].smaller(leaders[lane].larger(times[lane])));
    }
    let (least, second, entries) = (lanes::settle(least), lanes::settle(second), lanes::settle(winners));
    Winners { entries, least, second, lead }
}
