//! Identity with projection (Sahoo et al. 2023, *Backpropagation through combinatorial algorithms: identity with
//! projection works*, ICLR).

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
    /// P(θ) for the scores of `oracle`: what to decide on.
    pub fn project<T: Real, O: Oracle<T>>(self, oracle: &O, theta: &[T]) -> Result<Array<O, T>, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        let mut projected = shape.array(T::ZERO);
        projected.as_mut().copy_from_slice(theta);
        if self != Self::None {
            vector::center(projected.as_mut());
        }
        if self == Self::Standardize {
            let norm = dot(projected.as_ref(), projected.as_ref()).sqrt();
            scale(projected.as_mut(), norm);
        }
        error::check_result("the projection", projected.as_ref())?;
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
        let p = self.project(oracle, theta)?;
        error::check_vector("cotangent", cotangent, shape.dim())?;
        let mut gradient = shape.array(T::ZERO);
        gradient.as_mut().copy_from_slice(cotangent);
        if self != Self::None {
            vector::center(gradient.as_mut());
        }
        if self == Self::Standardize {
            let centred = Self::Mean.project(oracle, theta)?;
            let norm = dot(centred.as_ref(), centred.as_ref()).sqrt();
            let along = dot(p.as_ref(), gradient.as_ref());
            for (gradient, &p) in gradient.as_mut().iter_mut().zip(p.as_ref()) {
                *gradient -= p * along;
            }
            scale(gradient.as_mut(), norm);
        }
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(gradient)
    }
}

/// Divides by `norm`; 0 stays 0.
fn scale<T: Real>(x: &mut [T], norm: T) {
    for x in x {
        *x = if norm > T::ZERO { *x / norm } else { T::ZERO };
    }
}
