//! Standard Gumbel noise: density exp(−z − e⁻ᶻ), mean γ.

use rand_core::Rng;

use super::law::{Law, sigmoid, sigmoid_slope, softplus};
use super::step::{self, Step};
use super::{Noise, SmoothNoise};
use crate::Real;
use crate::engine::NoiseGroup;

/// Euler's constant γ.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Standard Gumbel noise, density exp(−z − e⁻ᶻ).
///
/// ν = z + e⁻ᶻ, ∇ν = 1 − e⁻ᶻ, ∇²ν = e⁻ᶻ, mean γ ≈ 0.5772, E\[∇ν²\] = 1. On the simplex it makes
/// p_θ the Gibbs distribution, y_ε the softmax and F_ε = ε log Σ exp(θ_i/ε) + γε.
/// One draw is −ln(−ln u).
#[doc(alias("logit"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Gumbel;

impl<T: Real> Step<T, 1> for Gumbel {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn draw(rng: &mut impl Rng) -> [T; 1] {
        [T::uniform(rng)]
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn values([u]: [T; 1]) -> [T; 1] {
        [-(-u.ln_normal()).ln_normal()]
    }
}

impl<T: Real> Noise<T> for Gumbel {
    fn name(&self) -> &'static str {
        "gumbel"
    }
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]) {
        step::fill::<T, Self, 1>(rng, z);
    }
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        match task {
            NoiseGroup::CanRace => true,
            task => step::group::<T, Self, 1>(task),
        }
    }
    fn quantile(&self, p: T) -> T {
        -(-p.ln()).ln()
    }
    /// −ln(−ln(1 − exp(−e⁻ᶻ))).
    fn mirror(&self, z: T) -> T {
        let w = (-z).exp();
        // Either form loses the digits of the other's tail.
        let log = if w < T::from_f64(core::f64::consts::LN_2) {
            (-(-w).exp_m1()).ln()
        } else {
            (-(-w).exp()).ln_1p()
        };
        -(-log).ln()
    }
    fn nu(&self, z: T) -> T {
        z + (-z).exp()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn scores(&self, z: &[T], scores: &mut [T]) {
        for (score, &z) in scores.iter_mut().zip(z) {
            *score = slope(z);
        }
    }
    fn mean(&self) -> T {
        T::from_f64(EULER_GAMMA)
    }
    fn fisher_information(&self) -> T {
        T::ONE
    }
}

/// ∇ν(z).
#[cfg_attr(not(target_os = "none"), inline(always))]
fn slope<T: Real>(z: T) -> T {
    -(-z).exp_m1()
}

impl<T: Real> SmoothNoise<T> for Gumbel {
    fn curvature(&self, z: T) -> T {
        (-z).exp()
    }
}

impl<T: Real> Law<T> for Gumbel {
    const MAX_STABLE: bool = true;
    const PANEL: f64 = 2.25;

    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn density(&self, z: T) -> T {
        (-z - (-z).exp()).exp()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn cdf(&self, z: T) -> T {
        (-(-z).exp()).exp()
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn tails(&self, z: T) -> (T, T) {
        let w = (-z).exp();
        let cdf = (-w).exp();
        (cdf, if w < T::from_f64(0.25) { missing(w) } else { T::ONE - cdf })
    }
    fn hinge(&self, t: T) -> T {
        entire_exponential_integral(t)
    }
    fn support(&self) -> (T, T) {
        // exp(−e⁻ᶻ) on the left, e⁻ᶻ on the right.
        let reach = -(T::EPSILON.ln() + T::EPSILON.ln());
        (-reach.ln(), reach)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_density(&self, t: T) -> T {
        sigmoid_slope(t)
    }
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn difference_cdf(&self, t: T) -> T {
        sigmoid(t)
    }
    fn difference_hinge(&self, t: T) -> T {
        softplus(t)
    }
}

/// 1 − e⁻ʷ for 0 ≤ w < ¼; in f32 by a series, which compilers put into vectors.
#[cfg_attr(not(target_os = "none"), inline(always))]
fn missing<T: Real>(w: T) -> T {
    /// (−1)ⁿ/(n + 1)!
    const SERIES: [f64; 6] = [-1.0 / 720.0, 1.0 / 120.0, -1.0 / 24.0, 1.0 / 6.0, -0.5, 1.0];
    if size_of::<T>() > 4 {
        return -(-w).exp_m1();
    }
    let mut series = T::ZERO;
    for term in SERIES {
        series = series * w + T::from_f64(term);
    }
    w * series
}

/// Ein(eᵗ) = ∫₀^{eᵗ} (1 − e⁻ˢ)/s ds = γ + t + E₁(eᵗ).
fn entire_exponential_integral<T: Real>(t: T) -> T {
    let gamma = T::from_f64(EULER_GAMMA);
    if t > T::from_f64(6.7) {
        return gamma + t; // E₁(e^6.7) < 1e-300
    }
    let x = t.exp();
    if x <= T::TWO {
        // Σ (−1)ⁿ⁺¹ xⁿ/(n·n!)
        let (mut power, mut sum) = (-T::ONE, T::ZERO);
        for n in 1..40 {
            power = -power * x / T::from_usize(n);
            sum += power / T::from_usize(n);
        }
        sum
    } else {
        // E₁(x) = e⁻ˣ/(x + 1 − 1/(x + 3 − 4/(x + 5 − …))), from the far end.
        let mut tail = T::ZERO;
        for n in (1..80).rev() {
            let n2 = T::from_usize(n * n);
            tail = n2 / (x + T::from_usize(2 * n + 1) - tail);
        }
        gamma + t + (-x).exp() / (x + T::ONE - tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: mpmath's e1, 30 digits.
    #[test]
    fn entire_exponential_integral_matches_mpmath() {
        for (t, want) in [
            (-3.0, 0.049_174_172_928_045_5),
            (0.0, 0.796_599_599_297_053_1),
            (0.69, 1.316_543_442_048_721_7),
            (0.7, 1.325_195_088_305_649_8),
            (2.0, 2.577_290_214_246_798),
        ] {
            let got: f64 = entire_exponential_integral(t);
            assert!((got - want).abs() < 1e-13, "{t}: {got} {want}");
        }
    }
}
