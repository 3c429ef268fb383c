//! Losses and gradients of the neighbouring literature, one file each, for every oracle.
//!
//! | here | needs | a step costs |
//! |---|---|---|
//! | [`SpoPlus`] | true scores | one solve |
//! | [`composed`] | a loss of the expected decision | two estimates |
//! | [`interpolated`], [`interpolation_gradient`] | a loss of the decision, or its gradient | two solves |
//! | [`imle_gradient`] | a gradient in the decision | two solves a sample |
//! | [`Projection`] | a gradient in the decision | no solve |
//! | [`partial_label`] | what is known of the decision | two estimates |
//! | [`SparseMap`] | a decision | tens to thousands of solves |
//!
//! Those that rest on the oracle's maximum, which are all but [`composed`] and the projections' gradients, refuse scores where the
//! oracle [has none](crate::oracle::Properties::greatest_score), as [`Error::OutsideDomain`]: negative costs of a shortest path,
//! also where the loss itself comes to them. Scores of −∞ that [forbid](crate::oracle::Properties::forbids) entries are taken by
//! [`composed`], [`interpolated`], [`interpolation_gradient`], [`imle_gradient`] and [`partial_label`]; the others need differences
//! or means of scores, and refuse them as [`Error::NotFinite`].
//!
//! The perturbed Fenchel–Young loss itself is [`Perturbed::fenchel_young`](crate::Perturbed::fenchel_young): it needs a
//! decision, and one solve a sample.

mod composed;
mod identity;
mod imle;
mod interpolation;
mod partial_label;
mod sparse_map;
mod spo_plus;

pub use composed::composed;
pub use identity::Projection;
pub use imle::imle_gradient;
pub use interpolation::{interpolated, interpolation_gradient};
pub use partial_label::partial_label;
pub use sparse_map::{Regularized, SparseMap};
pub use spo_plus::SpoPlus;

pub use crate::error::Residual;
pub use crate::fenchel_young::Inverse;
use crate::oracle::Array;
use crate::{Error, Oracle, Real, Shape, error};

/// The name of θ − λg.
const MOVED: &str = "theta - lambda cotangent";

/// θ − λg, checked.
fn moved<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[T],
    cotangent: &[T],
    lambda: T,
) -> Result<Array<O, T>, Error> {
    let shape = oracle.shape();
    error::check_scores(oracle, theta)?;
    error::check_vector("cotangent", cotangent, shape.dim())?;
    error::check_positive("lambda", lambda)?;
    let mut moved = shape.array(T::ZERO);
    for ((moved, &theta), &g) in moved.as_mut().iter_mut().zip(theta).zip(cotangent) {
        *moved = theta - lambda * g;
    }
    if error::stays_finite(moved.as_ref(), theta) {
        Ok(moved)
    } else {
        Err(Error::Overflow { quantity: MOVED })
    }
}

/// The oracle maximises at these scores.
fn check_domain<T: Real, O: Oracle<T>>(
    oracle: &O,
    quantity: &'static str,
    scores: &[T],
) -> Result<(), Error> {
    let beyond = oracle.properties().beyond(scores);
    beyond.map_or(Ok(()), |index| Err(Error::OutsideDomain { quantity, index }))
}

/// y*(θ) without noise, where it is the maximiser; a solver that fails is named.
fn solve<T: Real, O: Oracle<T>>(
    oracle: &O,
    quantity: &'static str,
    theta: &[T],
    y: &mut [T],
    work: &mut O::Work,
) -> Result<T, Error> {
    check_domain(oracle, quantity, theta)?;
    oracle.solve(theta, y, work).map_err(|because| Error::Solver { sample: None, because })
}

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
