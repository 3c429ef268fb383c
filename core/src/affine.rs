//! θ = Wx + b on statically sized matrices, and the single-sample training step.

use nalgebra::{SMatrix, SVector};

use crate::evaluate::Array;
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error};

/// An affine model θ = Wx + b: `FEATURES` inputs, `SCORES` outputs.
///
/// A training step is a forward pass, one perturbed solve and one outer product; nothing is allocated and
/// no gradient is stored.
///
/// ```
/// use perturb_core::{Affine, Const, Normal, Perturbed, Ranking, Seed};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.1f32)?;
/// let mut model = Affine::<f32, 2, 3>::zeros();
/// for step in 0..200 {
///     // The features say which of two rankings the expert prefers.
///     let (x, ranks) = if step % 2 == 0 { ([1.0, 0.0], [1.0, 2.0, 3.0]) } else { ([0.0, 1.0], [3.0, 1.0, 2.0]) };
///     model.step(&layer, &x, &ranks, 0.05, Seed(1).fold(step))?;
/// }
/// assert_eq!(layer.decide(&model.scores(&[1.0, 0.0])?)?.1, [1.0, 2.0, 3.0]);
/// assert_eq!(layer.decide(&model.scores(&[0.0, 1.0])?)?.1, [3.0, 1.0, 2.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Affine<T: Real, const FEATURES: usize, const SCORES: usize> {
    /// W, one row per score.
    pub weights: SMatrix<T, SCORES, FEATURES>,
    /// b.
    pub bias: SVector<T, SCORES>,
}

impl<T: Real, const FEATURES: usize, const SCORES: usize> Affine<T, FEATURES, SCORES> {
    /// W = 0, b = 0.
    pub fn zeros() -> Self {
        Self { weights: SMatrix::from_element(T::ZERO), bias: SVector::from_element(T::ZERO) }
    }

    /// θ = Wx + b.
    pub fn scores(&self, x: &[T]) -> Result<[T; SCORES], Error> {
        error::check_vector("x", x, FEATURES)?;
        let mut theta = [T::ZERO; SCORES];
        scores(self.weights.as_slice(), self.bias.as_slice(), x, &mut theta);
        Ok(theta)
    }

    /// One step of stochastic gradient descent on the Fenchel–Young loss with M = 1 (eq. 6):
    /// W −= rate·(y*(θ + εZ) − y) xᵀ, b −= rate·(y*(θ + εZ) − y). Returns y*(θ + εZ).
    ///
    /// `target` = y. On an error the model is unchanged.
    pub fn step<O, N>(
        &mut self,
        layer: &Perturbed<O, N, T>,
        x: &[T],
        target: &[T],
        rate: T,
        seed: Seed,
    ) -> Result<Array<O, T>, Error>
    where
        O: Oracle<T>,
        N: Noise<T>,
    {
        error::check_vector("x", x, FEATURES)?;
        error::check_vector("target", target, SCORES)?;
        error::check_positive("rate", rate)?;
        let shape = layer.oracle().shape();
        if shape.dim() != SCORES {
            return Err(Error::Length { parameter: "scores", expected: shape.dim(), found: SCORES });
        }
        let mut theta = [T::ZERO; SCORES];
        scores(self.weights.as_slice(), self.bias.as_slice(), x, &mut theta);
        error::check_result("the scores Wx + b", &theta)?;
        let mut y = shape.array(T::ZERO);
        let mut perturbed = [T::ZERO; SCORES];
        layer.sample_into(&theta, seed, 0, &mut perturbed, y.as_mut(), &mut layer.oracle().work())?;
        let gradient = &mut perturbed;
        for ((gradient, &y), &target) in gradient.iter_mut().zip(y.as_ref()).zip(target) {
            *gradient = y - target;
        }
        descend(self.weights.as_mut_slice(), self.bias.as_mut_slice(), x, gradient, rate);
        Ok(y)
    }
}

/// θ = Wx + b for W stored column by column: one column a feature. The order of additions (bias first, then
/// features in order) is part of the bit contract.
pub fn scores<T: Real>(weights: &[T], bias: &[T], x: &[T], theta: &mut [T]) {
    for (theta, &bias) in theta.iter_mut().zip(bias) {
        *theta = bias;
    }
    for (column, &x) in weights.chunks_exact(bias.len().max(1)).zip(x) {
        for (theta, &w) in theta.iter_mut().zip(column) {
            *theta += w * x;
        }
    }
}

/// W −= rate·g xᵀ, b −= rate·g for W stored column by column.
pub fn descend<T: Real>(weights: &mut [T], bias: &mut [T], x: &[T], gradient: &[T], rate: T) {
    for (bias, &g) in bias.iter_mut().zip(gradient) {
        *bias -= rate * g;
    }
    for (column, &x) in weights.chunks_exact_mut(bias.len().max(1)).zip(x) {
        let scale = rate * x;
        for (w, &g) in column.iter_mut().zip(gradient) {
            *w -= scale * g;
        }
    }
}
