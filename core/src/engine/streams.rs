use core::convert::Infallible;

use perturb_lanes::Kernel;
use rand_core::TryRng;

use super::lanes::{self, LANES};
use crate::Seed;

/// The generators of [`LANES`] samples: xoshiro128++ (Blackman and Vigna 2021), lane by lane that of
/// [`Seed::stream`].
#[derive(Clone, Debug)]
#[repr(align(64))] // one line of a cache a vector
pub struct Streams {
    /// The four words of state, each of all lanes.
    state: [[u32; LANES]; 4],
}

impl Streams {
    /// Lane l: the generator of sample `samples[l]` of `seeds[l]`.
    #[must_use]
    pub fn new(seeds: &[Seed; LANES], samples: &[u64; LANES]) -> Self {
        lanes::run(Open { seeds, samples })
    }

    /// Lane l: the generator of sample `first` + l of `seed`.
    #[inline(always)]
    pub(crate) fn consecutive(seed: Seed, first: u64) -> Self {
        Self::of(&seed.fold_consecutive(first))
    }

    /// [`new`](Self::new) within a kernel.
    #[inline(always)]
    pub(crate) fn open(seeds: &[Seed; LANES], samples: &[u64; LANES]) -> Self {
        Open { seeds, samples }.run()
    }

    /// The generators of the samples that seeds were folded with. In loops that are vectors each: words of 64 bits, then
    /// their halves.
    #[inline(always)]
    fn of(folded: &[Seed; LANES]) -> Self {
        let (mut words, mut state) = ([[0; LANES]; 2], [[0; LANES]; 4]);
        for (lane, seed) in folded.iter().enumerate() {
            [words[0][lane], words[1][lane]] = seed.state();
        }
        for (halves, words) in state.chunks_exact_mut(2).zip(&words) {
            for (lane, &word) in words.iter().enumerate() {
                halves[0][lane] = word as u32;
                halves[1][lane] = (word >> 32) as u32;
            }
        }
        Self { state }
    }

    /// Generator `lane` < [`LANES`]; a larger one is that of another lane.
    #[inline(always)]
    pub(crate) fn get(&self, lane: usize) -> Lane {
        let [a, b, c, d] = &self.state;
        let lane = lane % LANES;
        Lane([a[lane], b[lane], c[lane], d[lane]])
    }

    /// Puts generator `lane` back.
    #[inline(always)]
    pub(crate) fn set(&mut self, lane: usize, generator: &Lane) {
        let lane = lane % LANES;
        for (words, &word) in self.state.iter_mut().zip(&generator.0) {
            words[lane] = word;
        }
    }
}

/// Hashes all names at once.
struct Open<'a> {
    seeds: &'a [Seed; LANES],
    samples: &'a [u64; LANES],
}

impl Kernel for Open<'_> {
    type Output = Streams;
    #[inline(always)]
    fn run(self) -> Streams {
        let (&[seed, ..], &[first, ..]) = (self.seeds, self.samples);
        let mut differs = 0;
        for lane in 0..LANES {
            let consecutive = first.wrapping_add(lane as u64);
            differs |= (self.seeds[lane].0 ^ seed.0) | (self.samples[lane] ^ consecutive);
        }
        if differs == 0 {
            return Streams::consecutive(seed, first);
        }
        let mut folded = *self.seeds;
        for (seed, &sample) in folded.iter_mut().zip(self.samples) {
            *seed = seed.fold(sample);
        }
        Streams::of(&folded)
    }
}

/// The generator of one lane.
#[derive(Clone, Debug)]
pub struct Lane([u32; 4]);

impl TryRng for Lane {
    type Error = Infallible;

    #[inline(always)]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d] = &mut self.0;
        let word = a.wrapping_add(*d).rotate_left(7).wrapping_add(*a);
        let shifted = *b << 9;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(11);
        Ok(word)
    }
    #[inline(always)]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let Ok(low) = self.try_next_u32();
        let Ok(high) = self.try_next_u32();
        Ok(u64::from(low) | u64::from(high) << 32)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let Ok(word) = self.try_next_u32();
            for (byte, from) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *byte = from;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn lanes_are_the_streams_of_their_samples() {
        let seeds = core::array::from_fn(|lane| Seed(3).fold(lane as u64 / 3));
        let samples = core::array::from_fn(|lane| 1000 + lane as u64);
        agree(&Streams::new(&seeds, &samples), &seeds, &samples);
        // Consecutive samples of one seed, to the last and from the first.
        let samples = core::array::from_fn(|lane| (lane as u64).wrapping_sub(7));
        agree(&Streams::new(&[Seed(3); LANES], &samples), &[Seed(3); LANES], &samples);
        agree(&Streams::consecutive(Seed(3), samples[0]), &[Seed(3); LANES], &samples);
        // All but the last are.
        let samples = core::array::from_fn(|lane| if lane < 15 { lane as u64 } else { 14 });
        agree(&Streams::new(&[Seed(3); LANES], &samples), &[Seed(3); LANES], &samples);
    }

    fn agree(streams: &Streams, seeds: &[Seed; LANES], samples: &[u64; LANES]) {
        for lane in 0..LANES {
            let (mut found, mut want) = (streams.get(lane), seeds[lane].stream(samples[lane]));
            for _ in 0..10 {
                assert_eq!(found.next_u32(), want.next_u32());
                assert_eq!(found.next_u64(), want.next_u64());
            }
            let (mut bytes, mut wanted) = ([0; 7], [0; 7]);
            found.fill_bytes(&mut bytes);
            want.fill_bytes(&mut wanted);
            assert_eq!(bytes, wanted);
        }
    }
}
