//! A sampler as one step, taken by one generator or by the generators of all lanes.

use core::marker::PhantomData;

use rand_core::Rng;

use crate::Real;
use crate::engine::lanes::{self, LANES};
use crate::engine::{NoiseGroup, Streams};

/// Draws `N` values at a time, in two halves: `#[inline(always)]` on hosts, and without branches.
pub(super) trait Step<T: Real, const N: usize> {
    /// What the next `N` values are made of: the random bits of a generator, in the places of the values.
    fn draw(rng: &mut impl Rng) -> [T; N];
    /// The values made of them.
    fn values(drawn: [T; N]) -> [T; N];
}

/// Fills `z` step by step; what the last step draws beyond its end is dropped.
pub(super) fn fill<T: Real, S: Step<T, N>, const N: usize>(rng: &mut impl Rng, z: &mut [T]) {
    let (steps, rest) = z.as_chunks_mut::<N>();
    for step in steps {
        *step = S::values(S::draw(rng));
    }
    if !rest.is_empty() {
        for (z, draw) in rest.iter_mut().zip(S::values(S::draw(rng))) {
            *z = draw;
        }
    }
}

/// The same in every lane, where that is asked.
pub(super) fn group<T: Real, S: Step<T, N>, const N: usize>(task: NoiseGroup<'_, T>) -> bool {
    match task {
        NoiseGroup::CanFill => true,
        NoiseGroup::Fill { streams, z } => {
            lanes::run(Fill { streams, z, step: PhantomData::<S> });
            true
        }
        NoiseGroup::CanRace => false,
    }
}

/// How many rows are drawn before their values are computed: few enough for the fastest cache, a multiple of every N.
const TILE: usize = 64;

struct Fill<'a, T, S, const N: usize> {
    streams: &'a mut Streams,
    z: &'a mut [[T; LANES]],
    step: PhantomData<S>,
}

impl<T: Real, S: Step<T, N>, const N: usize> perturb_lanes::Kernel for Fill<'_, T, S, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        // A copy lies nowhere in `z`: the compiler would check that in every step, and keep a loop without vectors at hand.
        let mut streams = self.streams.clone();
        for tile in self.z.chunks_mut(TILE) {
            let (steps, rest) = tile.as_chunks_mut::<N>();
            // Drawing is a chain from step to step, values are not: apart, the processor works on many of either at once.
            for rows in &mut *steps {
                for lane in 0..LANES {
                    let mut generator = streams.get(lane);
                    put(rows, lane, S::draw(&mut generator));
                    streams.set(lane, &generator);
                }
            }
            for rows in steps {
                for lane in 0..LANES {
                    let mut drawn = [T::ZERO; N];
                    for (drawn, row) in drawn.iter_mut().zip(&*rows) {
                        *drawn = row[lane];
                    }
                    put(rows, lane, S::values(drawn));
                }
            }
            if !rest.is_empty() {
                for lane in 0..LANES {
                    let mut generator = streams.get(lane);
                    put(rest, lane, S::values(S::draw(&mut generator)));
                    streams.set(lane, &generator);
                }
            }
        }
        *self.streams = streams;
    }
}

/// Writes lane `lane` of as many values as there are rows.
#[inline(always)]
fn put<T: Real, const N: usize>(rows: &mut [[T; LANES]], lane: usize, values: [T; N]) {
    for (row, value) in rows.iter_mut().zip(values) {
        row[lane] = value;
    }
}
