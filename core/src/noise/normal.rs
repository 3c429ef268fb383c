//! Standard normal noise: density exp(−z²/2)/√(2π).

use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use perturb_lanes::{Kernel, Width};
use rand_core::Rng;

use super::law::{Law, symmetric};
use super::step::{self, Step};
use super::{Noise, SmoothNoise};
use crate::Real;
use crate::engine::lanes::{self, LANES};
use crate::engine::{NoiseGroup, Streams};

/// 1/√(2π).
const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// Standard normal noise, density exp(−z²/2)/√(2π).
///
/// ν = z²/2, ∇ν = z, ∇²ν = 1, mean 0, E\[∇ν²\] = 1. Two draws are √(−2 ln u)·(cos, sin) of a uniform
/// angle (Box and Muller 1958); the last of an odd number drops the sine.
#[doc(alias("Gaussian", "probit"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Normal;

impl<T: Real> Step<T, 2> for Normal {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn step(rng: &mut impl Rng) -> [T; 2] {
        let radius = radius(T::uniform(rng));
        let (cos, sin) = T::cos_sin_turn(rng);
        [radius * cos, radius * sin]
    }
}

/// √(−2 ln u).
#[inline(always)]
fn radius<T: Real>(u: T) -> T {
    (-(u.ln_normal() * T::TWO)).sqrt()
}

/// [`Normal`] in every lane, stage by stage: a processor then has the steps of many pairs in flight, where one pair after the other
/// would fill its buffer with one chain of steps.
struct BoxMuller<'a, T> {
    streams: &'a mut Streams,
    z: &'a mut [[T; LANES]],
}

/// Pairs of rows that go through the stages together.
const PAIRS: usize = 8;

/// What is between two stages, from the start of a cache line on.
#[repr(align(64))]
struct Stage<X>([[X; LANES]; PAIRS]);

impl<T: Real> Kernel for BoxMuller<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { streams, z } = self;
        for rows in z.chunks_mut(2 * PAIRS) {
            let Stage(radii) = &mut Stage([[T::ZERO; LANES]; PAIRS]);
            let Stage(angles) = &mut Stage([[T::ZERO; LANES]; PAIRS]);
            let Stage(quadrants) = &mut Stage([[0; LANES]; PAIRS]);
            let pairs = rows.len().div_ceil(2);
            let turns = angles.iter_mut().zip(&mut *quadrants);
            for (radii, (angles, quadrants)) in radii.iter_mut().zip(turns).take(pairs) {
                lanes::row_by_row();
                for lane in 0..LANES {
                    let mut generator = streams.get(lane);
                    radii[lane] = T::uniform(&mut generator);
                    (quadrants[lane], angles[lane]) = T::angle(&mut generator);
                    streams.set(lane, &generator);
                }
            }
            for radii in radii.iter_mut().take(pairs) {
                lanes::row_by_row();
                let uniform = *radii;
                *radii = core::array::from_fn(|lane| radius(uniform[lane]));
            }
            let turns = angles.iter().zip(&*quadrants);
            for ((rows, radii), (angles, quadrants)) in rows.chunks_mut(2).zip(&*radii).zip(turns) {
                lanes::row_by_row();
                let (mut cos, mut sin) = ([T::ZERO; LANES], [T::ZERO; LANES]);
                for lane in 0..LANES {
                    (cos[lane], sin[lane]) = T::cos_sin(quadrants[lane], angles[lane]);
                }
                let both = [cos, sin].map(|of| core::array::from_fn(|lane| radii[lane] * of[lane]));
                for (row, draws) in rows.iter_mut().zip(both) {
                    *row = draws;
                }
            }
        }
    }
}

impl<T: Real> Noise<T> for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        step::fill::<T, Self, 2>(rng, z);
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> Option<u64> {
        match task {
            // Registers of AVX-512 hold two pairs.
            NoiseGroup::Fill { streams, z } if perturb_lanes::width() < Width::Avx512 => {
                lanes::run(BoxMuller { streams, z });
                Some(0)
            }
            task => step::group::<T, Self, 2>(task),
        }
    }
    fn quantile(&self, p: T) -> T {
        super::normal_quantile::normal_quantile(p)
    }
    fn nu(&self, z: T) -> T {
        T::HALF * z * z
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn scores(&self, z: &[T], scores: &mut [T]) {
        for (score, &z) in scores.iter_mut().zip(z) {
            *score = z;
        }
    }
    fn mean(&self) -> T {
        T::ZERO
    }
    fn fisher_information(&self) -> T {
        T::ONE
    }
}

impl<T: Real> SmoothNoise<T> for Normal {
    fn curvature(&self, _: T) -> T {
        T::ONE
    }
}

impl<T: Real> Law<T> for Normal {
    const HINGE_IN_VECTORS: bool = true;
    const PANEL: f64 = 0.9;

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn density(&self, z: T) -> T {
        T::from_f64(FRAC_1_SQRT_2_PI) * (-(T::HALF * z * z)).exp()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cdf(&self, z: T) -> T {
        T::HALF * (-z * T::from_f64(FRAC_1_SQRT_2)).erfc()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn tails(&self, z: T) -> (T, T) {
        symmetric(z, self.cdf(-z.abs()))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn hinge(&self, t: T) -> T {
        t * self.cdf(t) + self.density(t)
    }
    fn support(&self) -> (T, T) {
        let reach = T::TWO * (-T::EPSILON.ln()).sqrt();
        (-reach, reach)
    }
    // D is normal with variance 2.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_density(&self, t: T) -> T {
        let half = T::from_f64(FRAC_1_SQRT_2);
        half * self.density(t * half)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_cdf(&self, t: T) -> T {
        self.cdf(t * T::from_f64(FRAC_1_SQRT_2))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_hinge(&self, t: T) -> T {
        T::from_f64(SQRT_2) * self.hinge(t * T::from_f64(FRAC_1_SQRT_2))
    }
}
