//! Implicit maximum likelihood (Niepert, Minervini and Franceschi 2021, *Implicit MLE: backpropagating through discrete
//! exponential family distributions*, NeurIPS).

use super::{MOVED, check_domain, moved};
use crate::oracle::Array;
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Real, error};

/// The gradient E\[y*(θ + εZ) − y*(θ − λg + εZ)\]/λ in θ of a loss whose gradient in a decision is `cotangent` = g:
/// towards the target distribution of the scores θ − λg, under the same noise for both.
///
/// λ > 0 has the units of θ per unit of g. Two solves a sample. With one sample it is the estimator of the paper, whose
/// own noise, sums of Gamma variables, is not among ours; any will do.
///
/// Where the oracle needs costs −θ ≥ 0, both θ and θ − λg must be such before the noise, else [`Error::OutsideDomain`] names them.
///
/// ```
/// use perturb_core::loss::imle_gradient;
/// use perturb_core::{Const, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Const::<2>)?, Gumbel, 1.0)?;
/// let how = MonteCarlo::new(1000, Seed(1));
/// let gradient = imle_gradient(&layer, &[0.0, 0.5], &[-1.0, 1.0], 2.0, how)?;
/// assert!(gradient[0] < 0.0 && gradient[1] > 0.0);
/// # Ok::<(), perturb_core::Error>(())
/// ```
pub fn imle_gradient<T: Real, O: Oracle<T>, N: Noise<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    cotangent: &[T],
    lambda: T,
    how: MonteCarlo,
) -> Result<Array<O, T>, Error> {
    let oracle = layer.oracle();
    let moved = moved(oracle, theta, cotangent, lambda)?;
    check_domain(oracle, "theta", theta)?;
    check_domain(oracle, MOVED, moved.as_ref())?;
    let mut gradient = layer.maximizer(theta, how)?;
    let target = layer.maximizer(moved.as_ref(), how)?;
    for (gradient, &target) in gradient.as_mut().iter_mut().zip(target.as_ref()) {
        *gradient = (*gradient - target) / lambda;
    }
    error::check_result("the gradient", gradient.as_ref())?;
    Ok(gradient)
}
