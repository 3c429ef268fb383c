//! The Fenchel–Young loss of the perturbed model, its value included.

use crate::evaluate::{Array, Evaluate};
use crate::oracle::dot;
use crate::{Error, Noise, Oracle, Perturbed, Real, Shape, error};

/// L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ and its gradient in θ, y_ε(θ) − y (Definition 4.1).
///
/// For an oracle with an offset h, F is max ⟨y, θ⟩ + h(y), Ω its conjugate all the same; the loss is found by the dual,
/// and points outside the hull are not told.
///
/// The loss is nonnegative, convex in θ, and 0 exactly where y_ε(θ) = y. Ω = (F_1)* is found
/// - at a vertex y: as −⟨y, E Z⟩, for every oracle and noise: F_1(θ) − ⟨y, θ⟩ decreases to ⟨y, E Z⟩ along
///   the directions that y maximises;
/// - on the simplex with Gumbel noise: as Σ y_i ln y_i − γ;
/// - elsewhere: by maximising the dual ⟨y, θ′⟩ − F_ε(θ′) over θ′, started at θ and with the same noise as
///   F_ε(θ): the loss is then never negative, and 0 at the estimate of y_ε(θ) under that noise. Sampled, it is
///   biased upwards by a term in 1/M. It costs tens to hundreds of evaluations of F_ε, 1000 ascent steps of up
///   to 40 halvings at most.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub struct FenchelYoung<T, A> {
    /// L_ε(θ; y).
    pub loss: T,
    /// y_ε(θ) − y.
    pub gradient: A,
}

/// Most ascent steps of the dual.
const STEPS: usize = 1000;
/// Most halvings of a step.
const HALVINGS: usize = 40;

/// L = max over θ′ of \[⟨y, θ′⟩ − F_ε(θ′)\] − \[⟨y, θ⟩ − F_ε(θ)\], by gradient ascent from θ with
/// Barzilai–Borwein steps and backtracking. The error is below R·‖y − y_ε(θ′)‖ for dual solutions within R.
pub(crate) fn by_dual<O, N, T>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    target: &[T],
    how: &impl Evaluate<O, N, T>,
) -> Result<FenchelYoung<T, Array<O, T>>, Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
{
    let shape = layer.oracle.shape();
    error::check_vector("target", target, shape.dim())?;
    // The gap F_ε(θ′) − ⟨y, θ′⟩ and its gradient y_ε(θ′) − y, to be minimised.
    let gap = |theta: &[T]| -> Result<(T, Array<O, T>), Error> {
        let (value, mut gradient) = how.value_and_maximizer(layer, theta)?;
        subtract(gradient.as_mut(), target);
        Ok((value - dot(theta, target), gradient))
    };
    // A direction s with ⟨y, s⟩ > F(s) separates y from C.
    let separates = |direction: &Array<O, T>| -> bool {
        let mut vertex = shape.array(T::ZERO);
        let mut work = layer.oracle.work();
        let most = layer.oracle.solve(direction.as_ref(), vertex.as_mut(), &mut work);
        if !O::LINEAR || layer.oracle.failure(&work).is_some() {
            return false;
        }
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
    let size = target.iter().fold(T::ONE, |size, y| size.larger(y.abs()));
    let tolerance = T::EPSILON * T::from_f64(64.0) * size;
    let mut point = shape.array(T::ZERO);
    point.as_mut().copy_from_slice(theta);
    let mut here = start;
    let mut gradient = first.clone();
    // A step must move θ by more than its rounding.
    let largest = |x: &[T]| x.iter().fold(T::ZERO, |size, x| size.larger(x.abs()));
    let visible = T::EPSILON * T::from_f64(1024.0) * largest(theta);
    let slope = largest(first.as_ref());
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
                Ok((there, slope)) if there < here - T::from_f64(1e-4) * step * square => {
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
    Ok(FenchelYoung { loss: (start - here).larger(T::ZERO), gradient: first })
}

/// a −= b.
pub(crate) fn subtract<T: Real>(a: &mut [T], b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a -= b;
    }
}
