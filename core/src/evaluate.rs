//! Exact or sampled: how an expectation is computed, as a value that is passed along.

use crate::exact::{ClosedForm, Exact};
use crate::fenchel_young::{self, FenchelYoung};
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Real, Shape};

/// The arrays and matrices of an oracle.
pub type Array<O, T> = <<O as Oracle<T>>::Shape as Shape>::Array<T>;
/// The matrices of an oracle.
pub type Matrix<O, T> = <<O as Oracle<T>>::Shape as Shape>::Matrix<T>;

/// A way to compute the expectations of a layer: [`Exact`], [`MonteCarlo`], or [`Expectation`], which is
/// either at run time.
pub trait Evaluate<O: Oracle<T>, N: Noise<T>, T: Real>: Copy {
    /// F_ε(θ) and y_ε(θ).
    fn value_and_maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T])
    -> Result<(T, Array<O, T>), Error>;
    /// y_ε(θ).
    fn maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Array<O, T>, Error> {
        Ok(self.value_and_maximizer(layer, theta)?.1)
    }
    /// J = ∂y_ε/∂θ.
    fn jacobian(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Matrix<O, T>, Error>;
    /// Jᵀu.
    fn vjp(&self, layer: &Perturbed<O, N, T>, theta: &[T], cotangent: &[T]) -> Result<Array<O, T>, Error>;
    /// Ju.
    fn jvp(&self, layer: &Perturbed<O, N, T>, theta: &[T], tangent: &[T]) -> Result<Array<O, T>, Error>;
    /// L_ε(θ; y) and y_ε(θ) − y.
    fn fenchel_young(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error>;
    /// y_ε(θ) − y.
    fn fenchel_young_gradient(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<Array<O, T>, Error> {
        let mut gradient = self.maximizer(layer, theta)?;
        fenchel_young::subtract(gradient.as_mut(), target);
        Ok(gradient)
    }
}

/// Exact or sampled, chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Expectation {
    /// Closed form or quadrature, without variance.
    Exact,
    /// A mean over samples.
    MonteCarlo(MonteCarlo),
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Evaluate<O, N, T> for Expectation {
    fn value_and_maximizer(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
    ) -> Result<(T, Array<O, T>), Error> {
        match self {
            Self::Exact => Exact.value_and_maximizer(layer, theta),
            Self::MonteCarlo(sampled) => sampled.value_and_maximizer(layer, theta),
        }
    }
    fn jacobian(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Matrix<O, T>, Error> {
        match self {
            Self::Exact => Exact.jacobian(layer, theta),
            Self::MonteCarlo(sampled) => sampled.jacobian(layer, theta),
        }
    }
    fn vjp(&self, layer: &Perturbed<O, N, T>, theta: &[T], cotangent: &[T]) -> Result<Array<O, T>, Error> {
        match self {
            Self::Exact => Exact.vjp(layer, theta, cotangent),
            Self::MonteCarlo(sampled) => sampled.vjp(layer, theta, cotangent),
        }
    }
    fn jvp(&self, layer: &Perturbed<O, N, T>, theta: &[T], tangent: &[T]) -> Result<Array<O, T>, Error> {
        match self {
            Self::Exact => Exact.jvp(layer, theta, tangent),
            Self::MonteCarlo(sampled) => sampled.jvp(layer, theta, tangent),
        }
    }
    fn fenchel_young(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error> {
        match self {
            Self::Exact => Exact.fenchel_young(layer, theta, target),
            Self::MonteCarlo(sampled) => sampled.fenchel_young(layer, theta, target),
        }
    }
    fn fenchel_young_gradient(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<Array<O, T>, Error> {
        match self {
            Self::Exact => Exact.fenchel_young_gradient(layer, theta, target),
            Self::MonteCarlo(sampled) => sampled.fenchel_young_gradient(layer, theta, target),
        }
    }
}
