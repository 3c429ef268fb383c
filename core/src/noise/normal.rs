//! Standard normal noise: density exp(−z²/2)/√(2π).

use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use rand_core::Rng;

use super::law::{Law, symmetric};
use super::step::{self, Step};
use super::{Noise, SmoothNoise};
use crate::Real;
use crate::engine::NoiseGroup;

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
    fn draw(rng: &mut impl Rng) -> [T; 2] {
        [T::uniform(rng), T::raw(rng)]
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn values([u, angle]: [T; 2]) -> [T; 2] {
        let radius = (-(u.ln_normal() * T::TWO)).sqrt();
        let (cos, sin) = angle.cos_sin_turn();
        [radius * cos, radius * sin]
    }
}

impl<T: Real> Noise<T> for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        step::fill::<T, Self, 2>(rng, z);
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        step::group::<T, Self, 2>(task)
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
