//! The dual problem behind Ω: max ⟨y, θ⟩ − F_ε(θ).

use crate::oracle::Array;
use crate::quantity::ValueAndMaximizer;
use crate::vector::{dot, largest_magnitude, subtract};
use crate::{Error, Method, Noise, Oracle, Perturbed, Real, Shape, error};

/// Most ascent steps of the dual.
const STEPS: usize = 1000;
/// Most halvings of a step.
const HALVINGS: usize = 40;

/// Where the dual of a point y ended.
pub(super) struct Dual<T, A> {
    /// θ′.
    pub(super) point: A,
    /// y_ε(θ′) − y.
    pub(super) residual: A,
    /// F_ε(θ) − ⟨y, θ⟩ at the start θ, less the same at θ′.
    pub(super) gain: T,
    /// y_ε(θ) − y.
    pub(super) first: A,
}

/// L = max over θ′ of \[⟨y, θ′⟩ − F_ε(θ′)\] − \[⟨y, θ⟩ − F_ε(θ)\]. The error is below R·‖y − y_ε(θ′)‖ for dual
/// solutions within R. With the gradient y_ε(θ) − y.
pub(crate) fn by_dual<O, N, T>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    target: &[T],
    how: impl Method<O, N, T>,
) -> Result<(T, Array<O, T>), Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
{
    let dual = maximize(layer, theta, target, how)?;
    Ok((dual.gain.larger(T::ZERO), dual.first))
}

/// Maximises ⟨y, θ′⟩ − F_ε(θ′) over θ′ by gradient ascent from θ with Barzilai–Borwein steps and backtracking.
pub(super) fn maximize<O, N, T>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    target: &[T],
    how: impl Method<O, N, T>,
) -> Result<Dual<T, Array<O, T>>, Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
{
    let shape = layer.oracle.shape();
    error::check_vector("target", target, shape.dim())?;
    // The gap F_ε(θ′) − ⟨y, θ′⟩ and its gradient y_ε(θ′) − y, to be minimised.
    let mut work = how.work(layer);
    let mut gap = |theta: &[T]| -> Result<(T, Array<O, T>), Error> {
        let mut found = (T::ZERO, shape.array(T::ZERO));
        layer.compute_into(theta, &ValueAndMaximizer, how, &mut work, &mut found)?;
        let (value, mut gradient) = found;
        subtract(gradient.as_mut(), target);
        Ok((value - dot(theta, target), gradient))
    };
    // A direction s with ⟨y, s⟩ > F(s) separates y from C.
    let separates = |direction: &Array<O, T>| -> bool {
        let mut vertex = shape.array(T::ZERO);
        let most = layer.oracle.solve(direction.as_ref(), vertex.as_mut(), &mut layer.oracle.work());
        let (true, Ok(most)) = (layer.oracle.properties().linear, most) else { return false };
        let own = dot(target, direction.as_ref());
        own - most > T::from_f64(64.0) * T::EPSILON * (own.abs() + most.abs())
    };
    let downhill = |gradient: &Array<O, T>| {
        let mut direction = gradient.clone();
        for x in direction.as_mut() {
            *x = -*x;
        }
        direction
    };

    let (start, first) = gap(theta)?;
    let size = T::ONE.larger(largest_magnitude(target));
    let tolerance = T::EPSILON * T::from_f64(64.0) * size;
    let mut point = shape.array(T::ZERO);
    point.as_mut().copy_from_slice(theta);
    let mut here = start;
    let mut gradient = first.clone();
    // A step must move θ by more than its rounding.
    let visible = T::EPSILON * T::from_f64(1024.0) * largest_magnitude(theta);
    let slope = largest_magnitude(first.as_ref());
    let mut step = if slope > T::ZERO { layer.epsilon.larger(visible / slope) } else { layer.epsilon };
    for _ in 0..STEPS {
        let square = dot(gradient.as_ref(), gradient.as_ref());
        if gradient.as_ref().iter().all(|g| g.abs() <= tolerance) {
            break;
        }
        let mut accepted = None;
        for _ in 0..HALVINGS {
            let mut next = point.clone();
            for (next, &g) in next.as_mut().iter_mut().zip(gradient.as_ref()) {
                *next -= step * g;
            }
            match gap(next.as_ref()) {
                // Once the gap no longer shows progress above its rounding, the gradient does.
                Ok((there, slope))
                    if there < here - T::from_f64(1e-4) * step * square
                        || (there <= here + T::EPSILON * here.abs()
                            && dot(slope.as_ref(), slope.as_ref()) < T::HALF * square) =>
                {
                    accepted = Some((next, there, slope));
                    break;
                }
                _ => step *= T::HALF,
            }
        }
        let Some((next, there, slope)) = accepted else { break };
        // s = next − point = −step·g; Barzilai and Borwein (1988): step′ = ⟨s, s⟩/⟨s, Δg⟩.
        let curvature = square - dot(gradient.as_ref(), slope.as_ref());
        step = if curvature > T::ZERO { step * square / curvature } else { step + step };
        (point, here, gradient) = (next, there, slope);
        // Outside C the gap falls without bound, and F_ε stays within a constant of F: the point itself separates.
        if separates(&point) {
            break;
        }
    }
    if separates(&point) || separates(&downhill(&gradient)) || separates(&downhill(&first)) {
        return Err(Error::OutsideHull { parameter: "target" });
    }
    Ok(Dual { point, residual: gradient, gain: start - here, first })
}
