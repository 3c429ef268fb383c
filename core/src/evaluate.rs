//! Exact or sampled: how an expectation is computed, as a value that is passed along.

use crate::exact::ExactMemory;
use crate::exact::{ClosedForm, Exact};
use crate::fenchel_young::{self, FenchelYoung};
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Real, Shape, error};

/// The arrays and matrices of an oracle.
pub type Array<O, T> = <<O as Oracle<T>>::Shape as Shape>::Array<T>;
/// The matrices of an oracle.
pub type Matrix<O, T> = <<O as Oracle<T>>::Shape as Shape>::Matrix<T>;

/// What is asked of an expectation, as far as its cost goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Asked {
    /// F_ε, alone or with y_ε; a Fenchel–Young loss.
    Value,
    /// y_ε alone; the gradient of a Fenchel–Young loss.
    Maximizer,
    /// A product with J.
    Product,
    /// J itself.
    Jacobian,
}

/// A way to compute the expectations of a layer: [`Exact`], [`MonteCarlo`], [`Expectation`], which is either at run time,
/// or [`Cheapest`](crate::Cheapest), which chooses.
///
/// The methods that take `memory` give the same bits as those that return arrays; for many rows, they need none of them to
/// be made anew. As provided, they return what those return.
pub trait Evaluate<O: Oracle<T>, N: Noise<T>, T: Real>: Copy {
    /// Working memory.
    type Memory;
    /// Fresh working memory; its contents never matter.
    fn memory(&self, layer: &Perturbed<O, N, T>) -> Self::Memory;
    /// How it computes what is asked of `layer`.
    fn way(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> Expectation;
    /// About how many samples would take as long.
    fn samples_of_equal_cost(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> u32;

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
        error::check_result("the gradient", gradient.as_ref())?;
        Ok(gradient)
    }

    /// F_ε(θ).
    fn value_with(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        memory: &mut Self::Memory,
    ) -> Result<T, Error> {
        let _ = memory;
        Ok(self.value_and_maximizer(layer, theta)?.0)
    }
    /// Writes y_ε(θ) into `y`.
    fn maximizer_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        y: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        let _ = memory;
        copy(self.maximizer(layer, theta)?.as_ref(), y)
    }
    /// Writes Jᵀu into `product`; Ju, too, where the [`way`](Self::way) is exact, whose J is symmetric.
    fn vjp_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        cotangent: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        let _ = memory;
        copy(self.vjp(layer, theta, cotangent)?.as_ref(), product)
    }
}

/// Copies a result into the caller's memory.
fn copy<T: Real>(result: &[T], output: &mut [T]) -> Result<(), Error> {
    error::check_output(output, result.len())?;
    for (output, &x) in output.iter_mut().zip(result) {
        *output = x;
    }
    Ok(())
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
    /// None until an exact expectation is asked for.
    type Memory = Option<ExactMemory<Array<O, T>, O::Memory>>;
    fn memory(&self, layer: &Perturbed<O, N, T>) -> Self::Memory {
        match self {
            Self::Exact => Some(Exact.memory(layer)),
            Self::MonteCarlo(_) => None,
        }
    }
    fn way(&self, _: &Perturbed<O, N, T>, _: Asked) -> Expectation {
        *self
    }
    fn samples_of_equal_cost(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> u32 {
        match self {
            Self::Exact => Exact.samples_of_equal_cost(layer, asked),
            Self::MonteCarlo(sampled) => sampled.samples,
        }
    }

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
    fn maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Array<O, T>, Error> {
        match self {
            Self::Exact => Exact.maximizer(layer, theta),
            Self::MonteCarlo(sampled) => sampled.maximizer(layer, theta),
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

    fn value_with(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        memory: &mut Self::Memory,
    ) -> Result<T, Error> {
        match self {
            Self::Exact => Exact.value_with(layer, theta, memory.get_or_insert_with(|| Exact.memory(layer))),
            Self::MonteCarlo(sampled) => sampled.value_with(layer, theta, &mut ()),
        }
    }
    fn maximizer_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        y: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        match self {
            Self::Exact => {
                Exact.maximizer_into(layer, theta, y, memory.get_or_insert_with(|| Exact.memory(layer)))
            }
            Self::MonteCarlo(sampled) => sampled.maximizer_into(layer, theta, y, &mut ()),
        }
    }
    fn vjp_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        cotangent: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        match self {
            Self::Exact => {
                let memory = memory.get_or_insert_with(|| Exact.memory(layer));
                Exact.vjp_into(layer, theta, cotangent, product, memory)
            }
            Self::MonteCarlo(sampled) => sampled.vjp_into(layer, theta, cotangent, product, &mut ()),
        }
    }
}
