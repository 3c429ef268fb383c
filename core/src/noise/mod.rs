//! Noise Z with independent entries of density ∝ exp(−ν(z)).
//!
//! A noise samples ([`Noise::fill`]) and knows its score ∇ν, which Proposition 3.1 needs; smooth ones
//! know ∇²ν as well. [`Law`] adds the distribution functions behind the closed forms of
//! [`exact`](crate::exact).

use rand_core::Rng;

use crate::Real;
use crate::lanes::{LANES, Streams};

mod gumbel;
mod laplace;
mod law;
mod logistic;
mod normal;
mod normal_quantile;
mod race;
mod step;

pub use gumbel::Gumbel;
pub use laplace::Laplace;
pub use law::Law;
pub use logistic::Logistic;
pub use normal::Normal;
pub use race::Race;

/// A distribution of independent, identically distributed entries with density ∝ exp(−ν(z)).
pub trait Noise<T: Real>: Copy + core::fmt::Debug + Send + Sync + 'static {
    /// The name in reports and model files.
    const NAME: &'static str;

    /// Fills `z` with independent draws. Cost: one or two 32-bit words and one or two logarithms an entry.
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]);

    /// Fills lane l of `z` with what [`fill`](Self::fill) draws from generator l, all lanes side by side. `false`, and `z`
    /// as it was, for a noise that cannot: the default.
    fn fill_lanes(&self, streams: &mut Streams, z: &mut [[T; LANES]]) -> bool {
        let _ = (streams, z);
        false
    }

    /// Whether [`race`](Self::race) does something.
    const RACES: bool = false;

    /// Counts which entry of θ + εZ is the largest, for many samples, without computing the sums: the same answers as
    /// [`Simplex`](crate::Simplex) gives to them, bit for bit. Samples that this way cannot decide are left out, and come
    /// back as bits, the first sample as the lowest. `None`, and nothing counted, where there is no such way: the default.
    fn race(&self, race: Race<'_, T>) -> Option<u64> {
        let _ = race;
        None
    }

    /// One draw: the first that [`fill`](Self::fill) would write.
    fn sample(&self, rng: &mut impl Rng) -> T {
        let mut z = [T::ZERO];
        self.fill(rng, &mut z);
        let [z] = z;
        z
    }

    /// G⁻¹(p) for p in (0, 1), where G(z) = P(Z ≤ z).
    fn quantile(&self, p: T) -> T;
    /// G⁻¹(1 − G(z)): the antithetic draw, −z for laws that are symmetric about 0.
    fn mirror(&self, z: T) -> T {
        -z
    }
    /// ν(z), the negative logarithm of the density up to a constant.
    fn nu(&self, z: T) -> T;
    /// The score ∇ν(z); E\[∇ν(Z)\] = 0.
    fn score(&self, z: T) -> T;
    /// E\[Z\].
    fn mean(&self) -> T;
    /// E\[∇ν(Z)²\] of one entry.
    fn fisher_information(&self) -> T;
    /// M_μ = E\[‖∇ν(Z)‖²\]^½ in d dimensions: with R_C = max ‖y‖ over C, ∇F_ε is R_C·M_μ/ε-Lipschitz
    /// (Proposition 2.2).
    fn m_mu(&self, dim: usize) -> T {
        (T::from_usize(dim) * self.fisher_information()).sqrt()
    }
}

/// A noise whose ν is twice differentiable everywhere, as the second Jacobian formula needs.
///
/// [`Laplace`] is none, so this does not compile:
/// ```compile_fail
/// use perturb_core::{Laplace, SmoothNoise};
/// SmoothNoise::<f64>::curvature(&Laplace, 0.0);
/// ```
pub trait SmoothNoise<T: Real>: Noise<T> {
    /// ∇²ν(z); E\[∇²ν(Z)\] = E\[∇ν(Z)²\].
    fn curvature(&self, z: T) -> T;
}
