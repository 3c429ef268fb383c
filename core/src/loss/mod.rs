//! Losses of the neighbouring literature, one file each, for every [`Oracle`](crate::Oracle).

mod spo_plus;

pub use spo_plus::SpoPlus;

/// The value of a loss and its gradient in θ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub struct LossAndGradient<T, A> {
    /// The loss.
    pub loss: T,
    /// Its gradient, or a subgradient, in θ.
    pub gradient: A,
}
