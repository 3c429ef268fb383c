//! Quadratic regularisation instead of noise (SparseMAP: Niculae et al. 2018, *SparseMAP: differentiable sparse
//! structured inference*, ICML).

use super::{LossAndGradient, solve};
use crate::oracle::{Array, hull};
use crate::vector::dot;
use crate::{Error, Oracle, Real, Shape, error};

/// The maximizer y_λ(θ) = argmax ⟨y, θ⟩ − (λ/2)‖y‖² over C, the projection of θ/λ on C, by Frank–Wolfe.
///
/// Needs nothing but the oracle: each step moves towards y*(θ − λy) by exact line search (Frank and Wolfe 1956). The
/// error of the objective falls like 1/t and is known: it is at most the duality gap ⟨y*(θ − λy) − y, θ − λy⟩, and
/// ‖y − y_λ(θ)‖² at most twice the gap over λ. Rounding keeps the gap above some hundred units of ⟨y, θ⟩ in the last
/// place, and inside faces of C the last digits take many steps: this is no method for 1e-6. Steps end when the gap is below
/// `tolerance`, or after `steps`. [`Error::OutsideDomain`] for θ with negative costs where the oracle needs others.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SparseMap<T> {
    /// λ > 0, in units of θ per unit of y.
    pub lambda: T,
    /// The duality gap that is good enough, in units of ⟨y, θ⟩.
    pub tolerance: T,
    /// Most steps.
    pub steps: u32,
}

/// A regularised maximizer and how good it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
#[non_exhaustive]
pub struct Regularized<T, A> {
    /// y, close to y_λ(θ).
    pub y: A,
    /// ⟨y, θ⟩ − (λ/2)‖y‖².
    pub value: T,
    /// The maximum is at most this much larger.
    pub gap: T,
}

impl<T: Real> SparseMap<T> {
    /// y_λ(θ).
    pub fn maximizer<O: Oracle<T>>(
        &self,
        oracle: &O,
        theta: &[T],
    ) -> Result<Regularized<T, Array<O, T>>, Error> {
        let shape = oracle.shape();
        error::check_vector("theta", theta, shape.dim())?;
        error::check_positive("lambda", self.lambda)?;
        error::check_positive("tolerance", self.tolerance)?;
        let (mut y, mut vertex, mut slope) =
            (shape.array(T::ZERO), shape.array(T::ZERO), shape.array(T::ZERO));
        let mut work = oracle.work();
        solve(oracle, "theta", theta, y.as_mut(), &mut work)?;
        let mut gap = T::INFINITY;
        for _ in 0..=self.steps {
            for ((slope, &theta), &y) in slope.as_mut().iter_mut().zip(theta).zip(y.as_ref()) {
                *slope = theta - self.lambda * y;
            }
            error::check_result("theta - lambda y", slope.as_ref())?;
            solve(oracle, "theta - lambda y", slope.as_ref(), vertex.as_mut(), &mut work)?;
            let (mut ahead, mut length) = (T::ZERO, T::ZERO);
            for ((&vertex, &y), &slope) in vertex.as_ref().iter().zip(y.as_ref()).zip(slope.as_ref()) {
                ahead += (vertex - y) * slope;
                length += (vertex - y) * (vertex - y);
            }
            error::check_number("the duality gap", ahead)?;
            gap = ahead.larger(T::ZERO);
            if gap <= self.tolerance || length <= T::ZERO {
                break;
            }
            let step = gap / (self.lambda * length);
            let step = if step < T::ONE { step } else { T::ONE };
            for (y, &vertex) in y.as_mut().iter_mut().zip(vertex.as_ref()) {
                *y += step * (vertex - *y);
            }
        }
        let value = dot(y.as_ref(), theta) - T::HALF * self.lambda * dot(y.as_ref(), y.as_ref());
        error::check_number("the value", value)?;
        Ok(Regularized { y, value, gap })
    }

    /// The SparseMAP loss max ⟨y′, θ⟩ − (λ/2)‖y′‖² + (λ/2)‖y‖² − ⟨y, θ⟩ of `target` = y in C, up to the gap below, and
    /// its gradient y_λ(θ) − y: a Fenchel–Young loss with Ω = ‖·‖²/2 and λ in the place of ε. [`Error::OutsideHull`] where the oracle
    /// [knows](Oracle::locate) that y lies outside.
    pub fn loss<O: Oracle<T>>(
        &self,
        oracle: &O,
        theta: &[T],
        target: &[T],
    ) -> Result<LossAndGradient<T, Array<O, T>>, Error> {
        error::check_vector("target", target, oracle.shape().dim())?;
        hull::check(oracle, target, Some(&mut oracle.work()))?;
        let Regularized { y, value, .. } = self.maximizer(oracle, theta)?;
        let own = dot(target, theta) - T::HALF * self.lambda * dot(target, target);
        let mut gradient = y;
        crate::vector::subtract(gradient.as_mut(), target);
        let loss = (value - own).larger(T::ZERO);
        error::check_number("the loss", loss)?;
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(LossAndGradient { loss, gradient })
    }
}
