//! What training steps of all models have in common.

use crate::oracle::Array;
use crate::vector::{self, dot};
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error};

/// Gradients up to this size make no scores that leave the range of the number type.
const LARGE_GRADIENT: f64 = (1u64 << 32) as f64;

/// Refuses a step after which the scores at features `x`, or at options of these features, could leave the range of the number type.
#[inline(always)]
pub(crate) fn check<T: Real>(rate: T, x: &[T]) -> Result<(), Error> {
    // W′x + b′ = Wx + b − rate·(1 + ‖x‖²)·g; Φw′ = Φw − rate·ΦΦᵀg
    error::check_number("the step", rate * (T::ONE + dot(x, x)) * T::from_f64(LARGE_GRADIENT))
}

/// y*(θ + εZ), and in the place of θ what it has more than the target; `quantity` is what θ is in an error. Lent, since an array that
/// moves is copied.
#[inline(always)]
pub(crate) fn gradient<O, N, T>(
    layer: &Perturbed<O, N, T>,
    theta: &mut [T],
    target: &[T],
    seed: Seed,
    quantity: &'static str,
) -> Result<Array<O, T>, Error>
where
    T: Real,
    O: Oracle<T>,
    N: Noise<T>,
{
    error::check_result(quantity, theta)?;
    let (centre, mut y) = (layer.centre(theta)?, layer.oracle().shape().array(T::ZERO));
    if !centre.score.is_zero() {
        for theta in &mut *theta {
            *theta -= centre.score;
        }
    }
    // The noise lies where the solution will, and what is perturbed where it lay: two arrays are all.
    layer.noise().fill(&mut seed.stream(0), y.as_mut());
    vector::add_scaled(theta, layer.epsilon(), y.as_ref());
    layer.solve(theta, y.as_mut(), &mut layer.oracle().work(), Some(0))?;
    for ((gradient, &y), &target) in theta.iter_mut().zip(y.as_ref()).zip(target) {
        *gradient = y - target;
    }
    if !layer.oracle().properties().small_integers {
        error::check_result("the gradient", theta)?;
    }
    Ok(y)
}
