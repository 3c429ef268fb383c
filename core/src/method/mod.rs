//! How a quantity is computed: by closed form, by samples, or as is decided at run time.

use crate::{Error, Noise, Oracle, Perturbed, Quantity, Real, Seed};

mod exact;
mod how;
mod monte_carlo;
mod single;
mod variance;
mod with_error;

pub use exact::{Exact, ExactWork};
pub use how::{How, HowWork};
pub use monte_carlo::{BLOCK, MonteCarlo, MonteCarloWork};
pub use single::Single;
pub use variance::{Control, Draws, Variance};
pub use with_error::WithError;

/// What a quantity costs in closed form, as a class; later ones cost more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Cost {
    /// y_ε alone; the gradient of a Fenchel–Young loss.
    Maximizer,
    /// F_ε, alone or with y_ε; a Fenchel–Young loss.
    Value,
    /// A product with J.
    Product,
    /// J itself.
    Jacobian,
    /// ∂(Jᵀu)/∂θ.
    Curvature,
    /// A product with ∂(Jᵀu)/∂θ.
    CurvatureProduct,
}

impl Cost {
    /// The dearer of two.
    #[must_use]
    pub const fn larger(self, other: Self) -> Self {
        if self as u8 > other as u8 { self } else { other }
    }
}

/// How a method answers a layer, for callers that spread its work.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Way {
    /// In closed form, which takes about as long as this many samples.
    Exact {
        /// The number of samples.
        samples: u32,
    },
    /// As a mean over these samples.
    Sampled(MonteCarlo),
}

/// How a quantity is computed: [`Exact`], [`MonteCarlo`], [`Single`], or [`How`], which is one of them at run time.
///
/// All methods refuse the same inputs with the same errors: first θ, then the quantity, then what the method itself cannot do.
pub trait Method<O: Oracle<T>, N: Noise<T>, T: Real>: Copy + Send + Sync {
    /// Working memory for answers of type `A`; its contents never matter.
    type Work<A: Send>: Send;

    /// Fresh working memory for `layer`.
    fn work<A: Send>(self, layer: &Perturbed<O, N, T>) -> Self::Work<A>;
    /// The same method with another seed; what is exact has none.
    #[must_use]
    fn reseed(self, seed: impl FnOnce(Seed) -> Seed) -> Self;
    /// How it answers what costs `cost` at `layer`.
    fn way(self, layer: &Perturbed<O, N, T>, cost: Cost) -> Way;
    /// Writes the answer to `quantity` at θ into `out`, an output of `quantity`, whatever it holds.
    fn answer<Q>(
        self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        quantity: &Q,
        work: &mut Self::Work<Q::Output>,
        out: &mut Q::Output,
    ) -> Result<(), Error>
    where
        Q: Quantity<T, N, O::Shape>;
}
