//! What training steps of all models have in common.

use crate::oracle::{Array, hull};
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

/// y*(θ + εZ) for the θ that `scores` writes, and what it has more than the target.
#[inline(always)]
pub(crate) fn gradient<O, N, T>(
    layer: &Perturbed<O, N, T>,
    target: &[T],
    seed: Seed,
    quantity: &'static str,
    scores: impl FnOnce(&mut [T]),
) -> Result<[Array<O, T>; 2], Error>
where
    T: Real,
    O: Oracle<T>,
    N: Noise<T>,
{
    let shape = layer.oracle().shape();
    hull::check(layer.oracle(), target, None)?;
    let (mut theta, mut y) = (shape.array(T::ZERO), shape.array(T::ZERO));
    scores(theta.as_mut());
    error::check_result(quantity, theta.as_ref())?;
    let centre = layer.centre(theta.as_ref())?;
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
