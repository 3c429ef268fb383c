//! Standard Laplace noise: density e^{−|z|}/2.

use rand_core::Rng;

use super::Noise;
use super::law::{Law, symmetric};
use super::step::{self, Step};
use crate::Real;
use crate::engine::NoiseGroup;

/// Standard Laplace noise, density e^{−|z|}/2.
///
/// ν = |z|, ∇ν = sign z (0 at 0), mean 0, E\[∇ν²\] = 1. ν has a kink at 0: there is no ∇²ν, and the
/// formulas that need one do not compile. One draw is ±ln u.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Laplace;

impl<T: Real> Step<T, 1> for Laplace {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn draw(rng: &mut impl Rng) -> [T; 1] {
        let u = T::uniform(rng);
        [u.flip(T::sign(rng))]
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn values([signed]: [T; 1]) -> [T; 1] {
        [signed.abs().ln_normal().flip(signed)]
    }
}

impl<T: Real> Noise<T> for Laplace {
    fn name(&self) -> &'static str {
        "laplace"
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        step::fill::<T, Self, 1>(rng, z);
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        step::group::<T, Self, 1>(task)
    }
    fn quantile(&self, p: T) -> T {
        let rest = T::ONE - p;
        if p < rest { (p + p).ln() } else { -(rest + rest).ln() }
    }
    fn nu(&self, z: T) -> T {
        z.abs()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn scores(&self, z: &[T], scores: &mut [T]) {
        for (score, &z) in scores.iter_mut().zip(z) {
            *score = slope(z);
        }
    }
    fn mean(&self) -> T {
        T::ZERO
    }
    fn fisher_information(&self) -> T {
        T::ONE
    }
}

/// ∇ν(z).
#[cfg_attr(not(target_os = "none"), inline(always))]
fn slope<T: Real>(z: T) -> T {
    // Choices between numbers, which compilers turn into vector code.
    let sign = if z < T::ZERO { -T::ONE } else { T::ONE };
    if z == T::ZERO { T::ZERO } else { sign }
}

impl<T: Real> Law<T> for Laplace {
    const KINKED: bool = true;
    const HINGE_IN_VECTORS: bool = true;
    const PANEL: f64 = 2.25;

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn density(&self, z: T) -> T {
        T::HALF * (-z.abs()).exp()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cdf(&self, z: T) -> T {
        let tail = self.density(z);
        if z < T::ZERO { tail } else { T::ONE - tail }
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn tails(&self, z: T) -> (T, T) {
        symmetric(z, self.density(z))
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn hinge(&self, t: T) -> T {
        t.larger(T::ZERO) + self.density(t)
    }
    fn support(&self) -> (T, T) {
        let reach = -(T::EPSILON.ln() + T::EPSILON.ln());
        (-reach, reach)
    }
    // D has density (1 + |t|) e^{−|t|}/4.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_density(&self, t: T) -> T {
        T::HALF * (T::ONE + t.abs()) * self.density(t)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_cdf(&self, t: T) -> T {
        let tail = T::HALF * (T::TWO + t.abs()) * self.density(t);
        if t < T::ZERO { tail } else { T::ONE - tail }
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_hinge(&self, t: T) -> T {
        t.larger(T::ZERO) + T::HALF * (T::from_f64(3.0) + t.abs()) * self.density(t)
    }
}
