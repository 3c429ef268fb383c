//! Blackbox interpolation (Vlastelica et al. 2020, *Differentiation of blackbox combinatorial solvers*, ICLR).

use super::{LossAndGradient, MOVED, moved, solve};
use crate::oracle::Array;
use crate::{Error, Oracle, Real, Shape, error};

/// The gradient (y*(θ) − y*(θ − λg))/λ in θ of a loss whose gradient in y*(θ) is `cotangent` = g.
///
/// It is that of f_λ(θ) = ⟨g, y*(θ)⟩ + ⟨θ, y*(θ) − y_λ(θ)⟩/λ with y_λ(θ) = y*(θ − λg): a continuous, piecewise affine
/// interpolation of the piecewise constant ⟨g, y*(θ)⟩. The signs are for an oracle that maximises. λ > 0 has the units
/// of θ per unit of g: the larger, the further the interpolation reaches. Two solves, no noise.
///
/// Where the oracle needs costs −θ ≥ 0, both θ and θ − λg must be such, else [`Error::OutsideDomain`] names them. Vlastelica et al.
/// cut negative costs to 0; to do as they do, cut those of θ − λg and solve twice.
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
    let moved = moved(oracle, theta, cotangent, lambda)?;
    let (mut gradient, mut other) = (shape.array(T::ZERO), shape.array(T::ZERO));
    let mut work = oracle.work();
    solve(oracle, "theta", theta, gradient.as_mut(), &mut work)?;
    solve(oracle, MOVED, moved.as_ref(), other.as_mut(), &mut work)?;
    difference(gradient, other.as_ref(), lambda)
}

/// ℓ(y*(θ)) and the gradient of its interpolation in θ, for a function `loss` that returns ℓ(y) and writes ∇ℓ(y) into its second
/// argument: [`interpolation_gradient`] at g = ∇ℓ(y*(θ)), with two solves in all.
///
/// ```
/// use perturb_core::loss::interpolated;
/// use perturb_core::{Const, Simplex};
/// // Half the squared distance to class 0.
/// let squared = |y: &[f64], gradient: &mut [f64]| {
///     gradient.copy_from_slice(&[y[0] - 1.0, y[1]]);
///     0.5 * (gradient[0] * gradient[0] + gradient[1] * gradient[1])
/// };
/// let found = interpolated(&Simplex::new(Const::<2>)?, &[1.0, 1.5], 0.5, squared)?;
/// assert_eq!((found.loss, found.gradient), (1.0, [-2.0, 2.0]));
/// # Ok::<(), perturb_core::Error>(())
/// ```
pub fn interpolated<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[T],
    lambda: T,
    loss: impl FnOnce(&[T], &mut [T]) -> T,
) -> Result<LossAndGradient<T, Array<O, T>>, Error> {
    let shape = oracle.shape();
    error::check_scores(oracle, theta)?;
    let (mut y, mut cotangent) = (shape.array(T::ZERO), shape.array(T::ZERO));
    let mut work = oracle.work();
    solve(oracle, "theta", theta, y.as_mut(), &mut work)?;
    let loss = loss(y.as_ref(), cotangent.as_mut());
    error::check_number("the loss", loss)?;
    let moved = moved(oracle, theta, cotangent.as_ref(), lambda)?;
    // The cotangent has done its part.
    let other = &mut cotangent;
    solve(oracle, MOVED, moved.as_ref(), other.as_mut(), &mut work)?;
    let gradient = difference(y, other.as_ref(), lambda)?;
    Ok(LossAndGradient { loss, gradient })
}

/// (a − b)/λ.
fn difference<T: Real, A: AsMut<[T]> + AsRef<[T]>>(mut a: A, b: &[T], lambda: T) -> Result<A, Error> {
    for (a, &b) in a.as_mut().iter_mut().zip(b) {
        *a = (*a - b) / lambda;
    }
    error::check_result("the gradient", a.as_ref())?;
    Ok(a)
}
