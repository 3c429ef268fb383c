//! Blackbox interpolation (Vlastelica et al. 2020, *Differentiation of blackbox combinatorial solvers*, ICLR).

use super::moved;
use crate::evaluate::Array;
use crate::oracle::solve_checked;
use crate::{Error, Oracle, Real, Shape, error};

/// The gradient (y*(θ) − y*(θ − λg))/λ in θ of a loss whose gradient in y*(θ) is `cotangent` = g.
///
/// It is that of f_λ(θ) = ⟨g, y*(θ)⟩ + ⟨θ, y*(θ) − y_λ(θ)⟩/λ with y_λ(θ) = y*(θ − λg): a continuous, piecewise affine
/// interpolation of the piecewise constant ⟨g, y*(θ)⟩. The signs are for an oracle that maximises. λ > 0 has the units
/// of θ per unit of g: the larger, the further the interpolation reaches. Two solves, no noise.
///
/// ```
/// use perturb_core::loss::interpolation_gradient;
/// use perturb_core::{Const, Simplex};
/// // The decision is class 1, and the loss wants less of it.
/// let gradient = interpolation_gradient(&Simplex::new(Const::<2>)?, &[1.0, 1.5], &[-1.0, 1.0], 0.5)?;
/// assert_eq!(gradient, [-2.0, 2.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
pub fn interpolation_gradient<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[T],
    cotangent: &[T],
    lambda: T,
) -> Result<Array<O, T>, Error> {
    let shape = oracle.shape();
    let moved = moved(shape, theta, cotangent, lambda)?;
    let (mut gradient, mut other) = (shape.array(T::ZERO), shape.array(T::ZERO));
    let mut work = oracle.work();
    solve_checked(oracle, theta, gradient.as_mut(), &mut work, None)?;
    solve_checked(oracle, moved.as_ref(), other.as_mut(), &mut work, None)?;
    for (gradient, &other) in gradient.as_mut().iter_mut().zip(other.as_ref()) {
        *gradient = (*gradient - other) / lambda;
    }
    error::check_result("the gradient", gradient.as_ref())?;
    Ok(gradient)
}
