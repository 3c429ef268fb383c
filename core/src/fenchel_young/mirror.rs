//! Ω and its gradient: the way back from decisions to scores.

use super::dual;
use crate::oracle::Array;
use crate::vector::largest_magnitude;
use crate::{Error, Method, Noise, Oracle, Perturbed, Real, Shape, error};

/// Scores θ whose perturbed maximizer is a given point.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
#[non_exhaustive]
pub struct Inverse<T, A> {
    /// θ.
    pub theta: A,
    /// max |y_ε(θ) − y| over the entries: how far the search came. A small one does not tell that y lies inside C: on
    /// the boundary no finite θ has y_ε(θ) = y, but y_ε comes within rounding of y at scores some ten ε apart. Sampled, y_ε is
    /// piecewise constant, and θ may lie on the edge of a piece, some samples from y.
    pub residual: T,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// Ω(y) = sup_θ ⟨y, θ⟩ − F_1(θ) for `y` in C (Section 2): the regulariser that the noise stands for, with
    /// F_ε(θ) = max ⟨y, θ⟩ − εΩ(y) (Proposition 2.1). It does not depend on ε, unless the oracle has an offset h: then
    /// this is (F_ε)*(y)/ε, −h(y)/ε − ⟨y, E Z⟩ at a vertex.
    ///
    /// Computed as (L_ε(0; y) − F_ε(0))/ε, in closed form or by the dual as [`fenchel_young`](Self::fenchel_young) says;
    /// [`Error::OutsideHull`] where Ω is infinite.
    ///
    /// ```
    /// use perturb_core::{Const, Exact, Gumbel, Perturbed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<2>)?, Gumbel, 0.3f64)?;
    /// // Negative entropy less Euler's constant.
    /// assert!((layer.omega(&[0.5, 0.5], Exact)? - (0.5f64.ln() - 0.577_215_664_901_532_9)).abs() < 1e-14);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn omega(&self, y: &[T], how: impl Method<O, N, T>) -> Result<T, Error> {
        let zero = self.oracle.shape().array(T::ZERO);
        let loss = self.fenchel_young(zero.as_ref(), y, how)?.loss;
        let value = self.value(zero.as_ref(), how)?;
        let omega = (loss - value) / self.epsilon;
        error::check_number("Omega", omega)?;
        Ok(omega)
    }

    /// θ with y_ε(θ) = `y`, for `y` inside C: the inverse mirror map θ = ε∇Ω(y).
    ///
    /// Where all vertices have one sum (simplex, top-k, permutahedron), θ is determined up to a constant, and this is
    /// the one of mean 0. By the dual, started at θ = 0; cost as for losses inside C. [`Error::OutsideHull`] for points
    /// that are found to lie outside, [`Error::NotConverged`] where the search does not end.
    ///
    /// ```
    /// use perturb_core::{Const, Exact, Hypercube, Logistic, Perturbed};
    /// let layer = Perturbed::new(Hypercube::binary(Const::<1>)?, Logistic, 2.0f64)?;
    /// let found = layer.inverse_maximizer(&[0.75], Exact)?;
    /// assert!((found.theta[0] - 2.0 * 3.0f64.ln()).abs() < 1e-9);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn inverse_maximizer(
        &self,
        y: &[T],
        how: impl Method<O, N, T>,
    ) -> Result<Inverse<T, Array<O, T>>, Error> {
        let zero = self.oracle.shape().array(T::ZERO);
        let dual = dual::maximize(self, zero.as_ref(), y, how)?;
        Ok(Inverse { theta: dual.point, residual: largest_magnitude(dual.residual.as_ref()) })
    }
}
