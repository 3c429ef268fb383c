//! Any loss of the expected decision, through the vector–Jacobian product (eq. 4).

use super::LossAndGradient;
use crate::oracle::Array;
use crate::{Error, Method, Noise, Oracle, Perturbed, Real};

/// ℓ(y_ε(θ)) and its gradient Jᵀ∇ℓ(y_ε(θ)) in θ, for a function `loss` that returns ℓ(y) and writes ∇ℓ(y) into its
/// second argument.
///
/// `forward` computes y_ε and `backward` the product. Sampled, give them different seeds: the product of the two factors
/// is then unbiased up to the nonlinearity of ∇ℓ, which one set of samples for both would add its covariance to.
///
/// ```
/// use perturb_core::loss::composed;
/// use perturb_core::{Const, Exact, Normal, Perturbed, Ranking};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 1.0)?;
/// // Half the squared distance to given ranks.
/// let squared = |y: &[f64], gradient: &mut [f64]| {
///     for ((g, y), target) in gradient.iter_mut().zip(y).zip([3.0, 1.0, 2.0]) {
///         *g = y - target;
///     }
///     0.5 * gradient.iter().map(|g| g * g).sum::<f64>()
/// };
/// let found = composed(&layer, &[0.0; 3], Exact, Exact, squared)?;
/// assert!((found.loss - 1.0).abs() < 1e-14 && found.gradient[0] < 0.0);
/// # Ok::<(), perturb_core::Error>(())
/// ```
pub fn composed<T, N, O>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    forward: impl Method<O, N, T>,
    backward: impl Method<O, N, T>,
    loss: impl FnOnce(&[T], &mut [T]) -> T,
) -> Result<LossAndGradient<T, Array<O, T>>, Error>
where
    T: Real,
    N: Noise<T>,
    O: Oracle<T>,
{
    let y = layer.maximizer(theta, forward)?;
    let mut cotangent = y.clone();
    let loss = loss(y.as_ref(), cotangent.as_mut());
    crate::error::check_number("the loss", loss)?;
    Ok(LossAndGradient { loss, gradient: layer.vjp(theta, cotangent.as_ref(), backward)? })
}
