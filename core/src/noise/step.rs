//! A sampler as one step, taken by one generator or by the generators of all lanes.

use core::marker::PhantomData;

use rand_core::Rng;

use crate::Real;
use crate::engine::lanes::{self, LANES};
use crate::engine::{NoiseGroup, Streams};

/// Draws `N` values at a time.
pub(super) trait Step<T: Real, const N: usize> {
    /// The next `N` values of a generator. `#[inline(always)]` on hosts, and without branches.
    fn step(rng: &mut impl Rng) -> [T; N];
}

/// Fills `z` step by step; what the last step draws beyond its end is dropped.
pub(super) fn fill<T: Real, S: Step<T, N>, const N: usize>(rng: &mut impl Rng, z: &mut [T]) {
    let (steps, rest) = z.as_chunks_mut::<N>();
    for step in steps {
        *step = S::step(rng);
    }
    if !rest.is_empty() {
        for (z, draw) in rest.iter_mut().zip(S::step(rng)) {
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

struct Fill<'a, T, S, const N: usize> {
    streams: &'a mut Streams,
    z: &'a mut [[T; LANES]],
    step: PhantomData<S>,
}

impl<T: Real, S: Step<T, N>, const N: usize> perturb_lanes::Kernel for Fill<'_, T, S, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { streams, z, .. } = self;
        let (steps, rest) = z.as_chunks_mut::<N>();
        for rows in steps {
            for lane in 0..LANES {
                let mut generator = streams.get(lane);
                let draws = S::step(&mut generator);
                streams.set(lane, &generator);
                for (row, draw) in rows.iter_mut().zip(draws) {
                    row[lane] = draw;
                }
            }
        }
        if !rest.is_empty() {
            for lane in 0..LANES {
                let mut generator = streams.get(lane);
                let draws = S::step(&mut generator);
                streams.set(lane, &generator);
                for (row, draw) in rest.iter_mut().zip(draws) {
                    row[lane] = draw;
                }
            }
        }
    }
}
