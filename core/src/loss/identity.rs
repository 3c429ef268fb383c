//! Identity with projection (Sahoo et al. 2023, *Backpropagation through combinatorial algorithms: identity with
//! projection works*, ICLR).

use super::check_domain;
use crate::oracle::Array;
use crate::vector::{self, dot};
use crate::{Error, Oracle, Real, Shape, error};

/// What is done to scores before they are decided, and undone to gradients.
///
/// The decision's derivative is replaced by the identity: the gradient in the projected scores is the gradient in y. The
/// projection takes out of it what could change no decision, and keeps scores from growing or fading without end. It
/// changes no decision itself where all vertices have one sum.
#[doc(alias("straight-through"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Projection {
    /// P(θ) = θ: the straight-through estimator (Bengio, Léonard and Courville 2013).
    None,
    /// P(θ) = θ − mean θ.
    Mean,
    /// P(θ) = (θ − mean θ)/‖θ − mean θ‖, and 0 for equal scores.
    #[default]
    Standardize,
}

impl Projection {
    /// P(θ) for the scores of `oracle`: what to decide on. [`Error::OutsideDomain`] where the oracle needs costs ≥ 0, which those
    /// of mean 0 are not.
    pub fn project<T: Real, O: Oracle<T>>(self, oracle: &O, theta: &[T]) -> Result<Array<O, T>, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut projected = shape.array(T::ZERO);
        projected.as_mut().copy_from_slice(theta);
        match self {
            Self::None => {}
            Self::Mean => center(projected.as_mut()),
            Self::Standardize => {
                standardize(projected.as_mut());
            }
        }
        error::check_result("the projection", projected.as_ref())?;
        if self != Self::None {
            check_domain(oracle, "the projection", projected.as_ref())?;
        }
        Ok(projected)
    }

    /// The gradient in θ of a loss whose gradient in the decision is `cotangent` = g: the transposed Jacobian of P
    /// times g. For [`Projection::Standardize`] with p = P(θ) and the centred g it is (g − p⟨p, g⟩)/‖θ − mean θ‖.
    pub fn gradient<T: Real, O: Oracle<T>>(
        self,
        oracle: &O,
        theta: &[T],
        cotangent: &[T],
    ) -> Result<Array<O, T>, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        error::check_vector("cotangent", cotangent, shape.dim())?;
        let mut gradient = shape.array(T::ZERO);
        gradient.as_mut().copy_from_slice(cotangent);
        if self != Self::None {
            center(gradient.as_mut());
        }
        if self == Self::Standardize {
            let mut p = shape.array(T::ZERO);
            p.as_mut().copy_from_slice(theta);
            let (norm, unit) = standardize(p.as_mut());
            let along = dot(p.as_ref(), gradient.as_ref());
            for (gradient, &p) in gradient.as_mut().iter_mut().zip(p.as_ref()) {
                *gradient = if norm > T::ZERO { (*gradient - p * along) / norm / unit } else { T::ZERO };
            }
        }
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(gradient)
    }
}

/// x − mean x, by way of differences, so that scores that lie close to each other and far from 0 keep their digits.
fn center<T: Real>(x: &mut [T]) {
    let first = x.first().copied().unwrap_or(T::ZERO);
    for x in &mut *x {
        *x -= first;
    }
    vector::center(x);
}

/// Writes (x − mean x)/‖x − mean x‖, and 0 for equal entries. Returns the norm in parts whose product it is: in units of the
/// largest entry no square leaves the range of the number type.
fn standardize<T: Real>(x: &mut [T]) -> (T, T) {
    // Differences of huge scores could overflow.
    let huge = !(T::from_f64(4.0) * vector::largest_magnitude(x)).is_finite();
    let part = if huge { T::from_f64(0.125) } else { T::ONE };
    for x in &mut *x {
        *x *= part;
    }
    center(x);
    let largest = vector::largest_magnitude(x);
    vector::divide(x, if largest > T::ZERO { largest } else { T::ONE });
    let norm = dot(x, x).sqrt();
    vector::divide(x, if norm > T::ZERO { norm } else { T::ONE });
    (norm, largest / part)
}
