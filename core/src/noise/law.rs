//! What the closed forms need to know of a noise beyond its samples.

use super::Noise;
use crate::Real;

/// Distribution functions of one entry Z, and of the difference D = Z − Z′ of two independent entries.
pub trait Law<T: Real>: Noise<T> {
    /// Whether shifted copies of Z have a shifted copy as their maximum. Then F_ε on the simplex is
    /// log-sum-exp and y_ε the softmax. True for [`Gumbel`](super::Gumbel) alone.
    const MAX_STABLE: bool = false;
    /// Whether the density has a kink at 0: quadratures then split their range there.
    const KINKED: bool = false;
    /// A length over which products of up to 10³ distribution functions are resolved by one panel of
    /// the Gauss–Legendre rule in [`closed_form`](crate::closed_form).
    const PANEL: f64;

    /// Whether the hinge of D is arithmetic and eˣ alone in f32, which compilers put into vectors: closed forms then fill the
    /// last of them.
    const HINGE_IN_VECTORS: bool = false;

    /// The density f(z).
    fn density(&self, z: T) -> T;
    /// G(z) = P(Z ≤ z).
    fn cdf(&self, z: T) -> T;
    /// (G(z), P(Z > z)): each to its own digits, where the noise knows more than one less the other, which this is as provided.
    fn tails(&self, z: T) -> (T, T) {
        let cdf = self.cdf(z);
        (cdf, T::ONE - cdf)
    }
    /// E(t + Z)₊, the perturbed maximum of {0, 1} (its derivative is 1 − G(−t)).
    fn hinge(&self, t: T) -> T;
    /// (a, b) such that Z leaves [a, b] with a probability of the order of `T::EPSILON`².
    fn support(&self) -> (T, T);

    /// The density of D at t.
    fn difference_density(&self, t: T) -> T;
    /// P(D ≤ t).
    fn difference_cdf(&self, t: T) -> T;
    /// E(t + D)₊.
    fn difference_hinge(&self, t: T) -> T;
}

/// ln(1 + eᵗ) without overflow.
pub(crate) fn softplus<T: Real>(t: T) -> T {
    t.larger(T::ZERO) + (-t.abs()).exp().ln_1p()
}

/// Of a law that is symmetric around 0 and has probability `tail` ≤ ½ beyond |z|: (G(z), P(Z > z)).
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn symmetric<T: Real>(z: T, tail: T) -> (T, T) {
    if z < T::ZERO { (tail, T::ONE - tail) } else { (T::ONE - tail, tail) }
}

/// The logistic function 1/(1 + e⁻ᵗ) without overflow.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn sigmoid<T: Real>(t: T) -> T {
    let e = (-t.abs()).exp();
    let tail = e / (T::ONE + e);
    if t < T::ZERO { tail } else { T::ONE - tail }
}

/// The derivative of [`sigmoid`].
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn sigmoid_slope<T: Real>(t: T) -> T {
    let e = (-t.abs()).exp();
    e / ((T::ONE + e) * (T::ONE + e))
}
