//! Noise Z with independent entries of density ∝ exp(−ν(z)).
//!
//! A noise samples ([`Noise::fill`]) and knows its score ∇ν, which Proposition 3.1 needs; smooth ones
//! know ∇²ν as well. [`Law`] adds the distribution functions behind the closed forms of
//! [`closed_form`](crate::closed_form).

use rand_core::Rng;

use crate::engine::NoiseGroup;
use crate::shape::Entry;
use crate::{Error, Real};

mod any;
mod gumbel;
mod laplace;
mod law;
mod logistic;
mod normal;
mod normal_quantile;
mod step;

pub use crate::seed::Stream;
pub use any::AnyNoise;
pub use gumbel::Gumbel;
pub use laplace::Laplace;
pub use law::Law;
pub use logistic::Logistic;
pub use normal::Normal;

/// A distribution of independent, identically distributed entries with density ∝ exp(−ν(z)).
pub trait Noise<T: Real>: Entry {
    /// The name in reports.
    fn name(&self) -> &'static str;
    /// Fills `z` with independent draws. Cost: one or two 32-bit words and one or two logarithms an entry.
    fn fill(&self, rng: &mut impl Rng, z: &mut [T]);
    /// What samples side by side ask of a noise, of the engine's own. `false`, having done nothing, for a noise that cannot:
    /// the default.
    #[doc(hidden)]
    fn group(&self, task: NoiseGroup<'_, T>) -> bool {
        let _ = task;
        false
    }

    /// G⁻¹(p) for p in (0, 1), where G(z) = P(Z ≤ z).
    fn quantile(&self, p: T) -> T;
    /// G⁻¹(1 − G(z)): the antithetic draw, −z for laws that are symmetric about 0.
    fn mirror(&self, z: T) -> T {
        -z
    }
    /// ν(z), the negative logarithm of the density up to a constant.
    fn nu(&self, z: T) -> T;
    /// Writes the scores ∇ν(z), entry by entry; E\[∇ν(Z)\] = 0.
    fn scores(&self, z: &[T], scores: &mut [T]);
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
/// [`Laplace`] is not, so this does not compile:
/// ```compile_fail
/// use perturb_core::{noise::SmoothNoise, Laplace};
/// SmoothNoise::<f64>::curvature(&Laplace, 0.0);
/// ```
pub trait SmoothNoise<T: Real>: Noise<T> {
    /// ∇²ν(z); E\[∇²ν(Z)\] = E\[∇ν(Z)²\].
    fn curvature(&self, z: T) -> T;
    /// Refuses a noise that was chosen at run time and is not smooth: [`Error::NotSmooth`].
    fn check_smooth(&self) -> Result<(), Error> {
        Ok(())
    }
}
