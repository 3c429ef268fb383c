//! Standard logistic noise: density e⁻ᶻ/(1 + e⁻ᶻ)².

use rand_core::Rng;

use super::law::{Law, sigmoid, sigmoid_slope, softplus, symmetric};
use super::step::{self, Step};
use super::{Noise, SmoothNoise};
use crate::Real;
use crate::engine::NoiseGroup;

/// Standard logistic noise, density e⁻ᶻ/(1 + e⁻ᶻ)².
///
/// ν = z + 2 ln(1 + e⁻ᶻ), ∇ν = tanh(z/2), ∇²ν = 2e⁻ᶻ/(1 + e⁻ᶻ)², mean 0, E\[∇ν²\] = 1/3.
/// One draw is ln u − ln(1 − u).
#[doc(alias("logit"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Logistic;

impl<T: Real> Step<T, 1> for Logistic {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn draw(rng: &mut impl Rng) -> [T; 1] {
        [T::uniform(rng)]
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn values([u]: [T; 1]) -> [T; 1] {
        [u.ln_normal() - (T::ONE - u).ln_normal()]
    }
}

impl<T: Real> Noise<T> for Logistic {
    fn name(&self) -> &'static str {
        "logistic"
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        step::fill::<T, Self, 1>(rng, z);
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        step::group::<T, Self, 1>(task)
    }
    fn quantile(&self, p: T) -> T {
        p.ln() - (-p).ln_1p()
    }
    fn nu(&self, z: T) -> T {
        z + T::TWO * softplus(-z)
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
        T::from_f64(1.0 / 3.0)
    }
}

/// ∇ν(z).
#[cfg_attr(not(target_os = "none"), inline(always))]
fn slope<T: Real>(z: T) -> T {
    // tanh(z/2) = −(e⁻ᶻ − 1)/(e⁻ᶻ + 1), odd in z.
    let e = (-z.abs()).exp_m1();
    let magnitude = -e / (e + T::TWO);
    if z < T::ZERO { -magnitude } else { magnitude }
}

impl<T: Real> SmoothNoise<T> for Logistic {
    fn curvature(&self, z: T) -> T {
        T::TWO * sigmoid_slope(z)
    }
}

impl<T: Real> Law<T> for Logistic {
    const PANEL: f64 = 2.25;

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn density(&self, z: T) -> T {
        sigmoid_slope(z)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cdf(&self, z: T) -> T {
        sigmoid(z)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn tails(&self, z: T) -> (T, T) {
        symmetric(z, sigmoid(-z.abs()))
    }
    fn hinge(&self, t: T) -> T {
        softplus(t)
    }
    fn support(&self) -> (T, T) {
        let reach = -(T::EPSILON.ln() + T::EPSILON.ln());
        (-reach, reach)
    }
    // With a = eᵗ: P(D ≤ t) = E σ(Z + t) = a/(a − 1) − a ln a/(a − 1)², and E(t + D)₊ = t/(1 − e⁻ᵗ).
    // Near 0 these cancel; the Taylor series of the density, 1/6 − t²/60 + t⁴/1008 − …, takes over.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_density(&self, t: T) -> T {
        let t = t.abs();
        if t < T::ONE {
            return series(t * t, |_| T::ONE);
        }
        let e = (-t).exp();
        let q = T::ONE - e;
        e * ((t - T::TWO) + (t + T::TWO) * e) / (q * q * q)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_cdf(&self, t: T) -> T {
        if t.abs() < T::ONE {
            return T::HALF + t * series(t * t, |power| T::ONE / T::from_usize(power + 1));
        }
        let s = t.abs();
        let e = (-s).exp();
        let q = T::ONE - e;
        let upper_tail = e * (s - q) / (q * q);
        if t < T::ZERO { upper_tail } else { T::ONE - upper_tail }
    }
    fn difference_hinge(&self, t: T) -> T {
        let s = t.abs();
        let lower = if s == T::ZERO { T::ONE } else { s * (-s).exp() / -(-s).exp_m1() };
        t.larger(T::ZERO) + lower
    }
}

/// Σ c_n t²ⁿ·w(2n), where Σ c_n t²ⁿ = K″(t) is the density of D and K(t) = t/(1 − e⁻ᵗ): with the Bernoulli
/// numbers B, c_n = B_{2n+2}/(2n)!. Twelve terms reach 3·10⁻¹⁸ for |t| < 1.
fn series<T: Real>(t2: T, weight: impl Fn(usize) -> T) -> T {
    const COEFFICIENTS: [f64; 12] = [
        1.666_666_666_666_666_7e-1,
        -1.666_666_666_666_666_7e-2,
        9.920_634_920_634_92e-4,
        -4.629_629_629_629_629_6e-5,
        1.878_908_128_908_129e-6,
        -6.975_130_983_067_491e-8,
        2.435_621_648_584_611_5e-9,
        -8.135_232_711_174_2e-11,
        2.627_334_989_221_020_4e-12,
        -8.264_501_054_520_635e-14,
        2.545_159_306_702_426e-15,
        -7.702_864_506_568_513e-17,
    ];
    let mut sum = T::ZERO;
    for (n, &c) in COEFFICIENTS.iter().enumerate().rev() {
        sum = sum * t2 + T::from_f64(c) * weight(2 * n);
    }
    sum
}
