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

/// y*(θ + εZ), and what it has more than the target; `quantity` is what θ is in an error.
#[inline(always)]
pub(crate) fn gradient<O, N, T>(
    layer: &Perturbed<O, N, T>,
    mut theta: Array<O, T>,
    target: &[T],
    seed: Seed,
    quantity: &'static str,
) -> Result<[Array<O, T>; 2], Error>
where
    T: Real,
    O: Oracle<T>,
    N: Noise<T>,
{
    error::check_result(quantity, theta.as_ref())?;
    let (centre, mut y) = (layer.centre(theta.as_ref())?, layer.oracle().shape().array(T::ZERO));
    if !centre.score.is_zero() {
        theta.as_mut().iter_mut().for_each(|theta| *theta -= centre.score);
    }
    // The noise lies where the solution will, and what is perturbed where it lay: two arrays are all.
    layer.noise().fill(&mut seed.stream(0), y.as_mut());
    vector::add_scaled(theta.as_mut(), layer.epsilon(), y.as_ref());
    layer.solve(theta.as_ref(), y.as_mut(), &mut layer.oracle().work(), Some(0))?;
    let mut gradient = theta;
    for ((gradient, &y), &target) in gradient.as_mut().iter_mut().zip(y.as_ref()).zip(target) {
        *gradient = y - target;
    }
    if !layer.oracle().properties().small_integers {
        error::check_result("the gradient", gradient.as_ref())?;
    }
    Ok([y, gradient])
}
