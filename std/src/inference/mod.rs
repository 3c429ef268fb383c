//! What decisions say of scores (Section 4), with its uncertainty: θ̂ from samples of Y ~ p_θ alone ([`Inference`]), and the weights
//! of options' features, θ = Φw, from decisions among options ([`Estimation`]).

#[cfg(feature = "files")]
mod elasticity;
#[cfg(feature = "files")]
mod estimates;
#[cfg(feature = "files")]
mod estimation;
pub(crate) mod symmetric;

use std::sync::atomic::AtomicBool;

#[cfg(feature = "files")]
pub use elasticity::Elasticity;
#[cfg(feature = "files")]
pub use estimates::{Errors, Estimates, Test};
#[cfg(feature = "files")]
pub use estimation::{Criterion, Estimation, EstimationError};

use perturb_core::{ClosedForm, Error, Exact, Noise, Normal, Perturbed, Shape};
use symmetric::{dot, largest, pseudo_inverse, sandwich, times};

use crate::threads::{GO_ON, stopped};

/// The estimate θ̂_n, at which y_ε(θ̂_n) is the mean ȳ_n of n decisions: it minimises the mean Fenchel–Young loss
/// (Section 4).
///
/// √n(θ̂_n − θ) → N(0, H⁻¹ Σ_Y H⁻¹) with H = ∇²F_ε(θ) and the covariance Σ_Y of Y (Proposition 4.1). Where the decisions
/// determine θ only up to a constant (simplex, top-k, permutahedron; Remark 1), H⁻¹ is the pseudo-inverse, and θ̂ has mean
/// 0 and estimates θ less its mean.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inference {
    /// θ̂.
    pub theta: Vec<f64>,
    /// H⁺ Σ_Y H⁺/n at θ̂, d × d, row by row, with the sample covariance for Σ_Y.
    pub covariance: Vec<f64>,
    /// n.
    pub samples: usize,
}

/// The reason why scores cannot be estimated.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The decisions do not fit the layer, or its closed form fails.
    #[error(transparent)]
    Layer(#[from] Error),
    /// Fewer than two decisions have no covariance.
    #[error("{found} decisions; expected at least 2, of {dim} entries each")]
    Samples {
        /// How many there are.
        found: usize,
        /// d.
        dim: usize,
    },
    /// No finite scores have this mean decision: some decision was never, or always, taken.
    #[error(
        "the mean of the decisions lies on the boundary of their hull, where scores are infinite; more decisions \
             may help"
    )]
    Boundary,
    /// The computation was told to stop.
    #[error("it was stopped")]
    Stopped,
}

/// Most Newton steps.
const STEPS: usize = 200;
/// The largest last Newton step, in units of ε. Towards a boundary residual and H vanish together, and steps stay of the
/// order of ε however small the residual is.
const LAST_STEP: f64 = 1e-3;

impl Inference {
    /// Estimates scores from decisions y₁ … y_n of `layer`, given row by row. Newton's method on y_ε(θ) = ȳ_n with exact
    /// derivatives: each of some ten steps costs a Jacobian and O(d³).
    ///
    /// ```
    /// use perturb::inference::Inference;
    /// use perturb::{Dyn, Gumbel, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Dyn(3))?, Gumbel, 1.0)?;
    /// let mut decisions = Vec::new();
    /// for index in 0..2000 {
    ///     decisions.extend(layer.sample(&[1.0, 0.0, -1.0], Seed(1), index)?);
    /// }
    /// let found = Inference::from_decisions(&layer, &decisions)?;
    /// let (low, high) = found.interval(0, 0.999);
    /// assert!(low < 1.0 && 1.0 < high && high - low < 0.4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_decisions<O, N>(
        layer: &Perturbed<O, N, f64>,
        decisions: &[f64],
    ) -> Result<Self, InferenceError>
    where
        O: ClosedForm<f64, N>,
        N: Noise<f64>,
    {
        Self::from_decisions_until(layer, decisions, &GO_ON)
    }

    /// The same, unless another thread sets `stop`: then [`InferenceError::Stopped`], within the time of a Jacobian.
    pub fn from_decisions_until<O, N>(
        layer: &Perturbed<O, N, f64>,
        decisions: &[f64],
        stop: &AtomicBool,
    ) -> Result<Self, InferenceError>
    where
        O: ClosedForm<f64, N>,
        N: Noise<f64>,
    {
        let dim = layer.oracle().shape().dim();
        let samples = decisions.len() / dim;
        if !decisions.len().is_multiple_of(dim) {
            let found = decisions.len() % dim;
            return Err(Error::Length { parameter: "the last decision", expected: dim, found }.into());
        }
        if samples < 2 {
            return Err(InferenceError::Samples { found: samples, dim });
        }
        if let Some(place) = decisions.iter().position(|y| !y.is_finite()) {
            return Err(Error::NotFinite { parameter: "decisions", index: place % dim }.into());
        }
        // One decision alone is a vertex.
        if decisions.chunks_exact(dim).zip(decisions.chunks_exact(dim).skip(1)).all(|(a, b)| a == b) {
            return Err(InferenceError::Boundary);
        }
        let mut sums = vec![0.0; dim];
        for y in decisions.chunks_exact(dim) {
            sums.iter_mut().zip(y).for_each(|(sum, y)| *sum += y);
        }
        let mean: Vec<f64> = sums.iter().map(|sum| sum / samples as f64).collect();
        let mut squares = vec![0.0; dim * dim];
        for y in decisions.chunks_exact(dim) {
            if stopped(stop) {
                return Err(InferenceError::Stopped);
            }
            let off: Vec<f64> = y.iter().zip(&mean).map(|(y, mean)| y - mean).collect();
            for (sums, off_i) in squares.chunks_exact_mut(dim).zip(&off) {
                sums.iter_mut().zip(&off).for_each(|(sum, off_j)| *sum += off_i * off_j);
            }
        }
        let spread: Vec<f64> = squares.iter().map(|sum| sum / (samples - 1) as f64).collect();
        let theta = solve(layer, &mean, stop)?;
        let (inverse, rank) =
            pseudo_inverse(&hessian(layer, &theta)?, dim, stop).ok_or_else(|| no_inverse(stop))?;
        if rank + usize::from(layer.oracle().shift_invariant()) < dim {
            return Err(InferenceError::Boundary);
        }
        let covariance =
            covariance(&inverse, &spread, dim, stop)?.into_iter().map(|x| x / samples as f64).collect();
        if stopped(stop) {
            return Err(InferenceError::Stopped);
        }
        Ok(Self { theta, covariance, samples })
    }

    /// The standard error of each entry of θ̂.
    pub fn standard_errors(&self) -> Vec<f64> {
        self.covariance
            .iter()
            .step_by(self.theta.len() + 1)
            .map(|variance| variance.max(0.0).sqrt())
            .collect()
    }

    /// θ̂_i ± z·its standard error, which holds θ_i with a probability that tends to `level` in (0, 1); for an entry that
    /// is not there, or another level, NaN.
    pub fn interval(&self, entry: usize, level: f64) -> (f64, f64) {
        let z = if level > 0.0 && level < 1.0 { Normal.quantile(0.5 + 0.5 * level) } else { f64::NAN };
        match (self.theta.get(entry), self.standard_errors().get(entry)) {
            (Some(theta), Some(error)) => (theta - z * error, theta + z * error),
            _ => (f64::NAN, f64::NAN),
        }
    }
}

/// Why a Hessian has no inverse.
fn no_inverse(stop: &AtomicBool) -> InferenceError {
    if stopped(stop) { InferenceError::Stopped } else { InferenceError::Boundary }
}

/// H⁺ Σ H⁺ of Proposition 4.1 at θ: the covariance of √n(θ̂_n − θ) for large n, d × d, given Σ_Y.
pub fn asymptotic_covariance<O, N>(
    layer: &Perturbed<O, N, f64>,
    theta: &[f64],
    decisions: &[f64],
) -> Result<Vec<f64>, InferenceError>
where
    O: ClosedForm<f64, N>,
    N: Noise<f64>,
{
    let dim = layer.oracle().shape().dim();
    if decisions.len() != dim * dim {
        let (expected, found) = (dim * dim, decisions.len());
        return Err(Error::Length { parameter: "the covariance of decisions", expected, found }.into());
    }
    let (inverse, _) =
        pseudo_inverse(&hessian(layer, theta)?, dim, &GO_ON).ok_or(InferenceError::Boundary)?;
    Ok(covariance(&inverse, decisions, dim, &GO_ON)?)
}

/// H⁺ Σ H⁺, row by row.
fn covariance(inverse: &[f64], decisions: &[f64], dim: usize, stop: &AtomicBool) -> Result<Vec<f64>, Error> {
    let product = sandwich(inverse, decisions, dim, stop);
    if product.iter().all(|x| x.is_finite()) {
        Ok(product)
    } else {
        Err(Error::Overflow { quantity: "the covariance" })
    }
}

fn hessian<O, N>(layer: &Perturbed<O, N, f64>, theta: &[f64]) -> Result<Vec<f64>, Error>
where
    O: ClosedForm<f64, N>,
    N: Noise<f64>,
{
    Ok(layer.jacobian(theta, Exact)?.as_ref().to_vec())
}

/// θ with y_ε(θ) = `mean`, by Newton steps that are halved until F_ε(θ) − ⟨ȳ, θ⟩ falls.
fn solve<O, N>(
    layer: &Perturbed<O, N, f64>,
    mean: &[f64],
    stop: &AtomicBool,
) -> Result<Vec<f64>, InferenceError>
where
    O: ClosedForm<f64, N>,
    N: Noise<f64>,
{
    let gap = |theta: &[f64]| -> Result<(f64, Vec<f64>), Error> {
        let (value, y) = layer.value_and_maximizer(theta, Exact)?;
        Ok((value - dot(mean, theta), y.as_ref().iter().zip(mean).map(|(y, mean)| y - mean).collect()))
    };
    let mut theta = vec![0.0; mean.len()];
    let (mut here, mut residual) = gap(&theta)?;
    let goal = 1e-11 * largest(mean).max(1.0);
    for _ in 0..STEPS {
        let Some((inverse, _)) = pseudo_inverse(&hessian(layer, &theta)?, mean.len(), stop) else {
            return Err(no_inverse(stop));
        };
        let step = times(&inverse, &residual);
        let settled = largest(&step) <= LAST_STEP * layer.epsilon();
        if settled && largest(&residual) <= goal {
            return Ok(theta);
        }
        let slope = dot(&step, &residual);
        let mut share = 1.0;
        let next = loop {
            if stopped(stop) {
                return Err(InferenceError::Stopped);
            }
            let next: Vec<f64> = theta.iter().zip(&step).map(|(theta, step)| theta - share * step).collect();
            if let Ok((there, residual)) = gap(&next) {
                // Where the gap is all rounding, the residual decides.
                if there <= here - 1e-4 * share * slope || largest(&residual) < 0.5 * goal.max(share * 1e-9) {
                    break Some((next, there, residual));
                }
            }
            share *= 0.5;
            if share < 1e-12 {
                break None;
            }
        };
        match next {
            Some(next) => (theta, here, residual) = next,
            // The gap cannot fall any more in this arithmetic.
            None if settled && largest(&residual) <= 1e-7 * largest(mean).max(1.0) => return Ok(theta),
            None => break,
        }
    }
    Err(InferenceError::Boundary)
}
