//! Newton steps within a trust region: the gap is smooth and convex, its second derivative is J.

use super::{Gap, Place};
use crate::loss::Residual;
use crate::oracle::Array;
use crate::quantity::Vjp;
use crate::vector::{add_scaled, dot, largest_magnitude};
use crate::{Error, Method, Noise, Oracle, Real, Shape};

/// Most steps: on the boundary of C, where the optimum lies at infinity, the tails of exponential noises take 40.
const STEPS: usize = 200;

/// Goes down from `here`, best from 0: there F_ε is curved in all directions that matter, and rounds least, while scores many ε
/// apart may lie where it is flat.
///
/// Ends where the slope is rounding, or a step cannot gain more than rounding. [`Error::NotConverged`] otherwise.
pub(super) fn descend<O, N, T, H>(
    gap: &mut Gap<'_, O, N, T, H>,
    here: &mut Place<T, Array<O, T>>,
) -> Result<(), Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
{
    let tolerance = gap.tolerance();
    let dim = T::from_usize(gap.layer.oracle.shape().dim());
    let mut work = gap.how.work(gap.layer);
    let mut radius = T::from_f64(4.0) * gap.layer.epsilon * dim.sqrt();
    for _ in 0..STEPS {
        let tolerable = if gap.is_far(here) { tolerance.larger(gap.slack()) } else { tolerance };
        if largest_magnitude(here.slope.as_ref()) <= tolerable {
            return Ok(());
        }
        let Move { step, predicted, cut } = step(gap, here, radius, tolerance, &mut work)?;
        let own = dot(here.point.as_ref(), gap.target).abs();
        let rounding = T::from_f64(4.0) * T::EPSILON * (here.gap.abs() + own + gap.layer.epsilon);
        let mut next = here.point.clone();
        add_scaled(next.as_mut(), T::ONE, step.as_ref());
        // Scores that overflow are too far, like those that lie higher.
        let (there, slope) = gap.at(next.as_ref()).unwrap_or((T::INFINITY, gap.zeros()));
        let gained = here.gap - there;
        let flatter =
            dot(slope.as_ref(), slope.as_ref()) < T::HALF * dot(here.slope.as_ref(), here.slope.as_ref());
        if gained >= T::from_f64(1e-4) * predicted && gained > T::ZERO || gained.abs() <= rounding && flatter
        {
            let length = dot(step.as_ref(), step.as_ref()).sqrt();
            if cut && gained > T::from_f64(0.75) * predicted {
                radius = radius.larger(T::from_f64(4.0) * length);
            } else if gained < T::from_f64(0.25) * predicted && gained > rounding {
                radius = T::HALF * length;
            }
            *here = Place { point: next, gap: there, slope };
        } else if predicted <= rounding {
            return Ok(());
        } else {
            radius = T::from_f64(0.25) * dot(step.as_ref(), step.as_ref()).sqrt();
        }
        if gap.separates(here.point.as_ref()) {
            return Ok(()); // No finite optimum: the caller refuses the point.
        }
    }
    let residual = Residual::new(largest_magnitude(here.slope.as_ref()));
    Err(Error::NotConverged { quantity: "the dual of the target", residual })
}

/// A step and what the quadratic model of the gap gains by it.
struct Move<T, A> {
    step: A,
    predicted: T,
    /// Whether the trust region cut it off.
    cut: bool,
}

/// Solves Js = −g by conjugate gradients, as far as the trust region reaches (Steihaug 1983).
fn step<O, N, T, H>(
    gap: &Gap<'_, O, N, T, H>,
    here: &Place<T, Array<O, T>>,
    radius: T,
    tolerance: T,
    work: &mut H::Work<Array<O, T>>,
) -> Result<Move<T, Array<O, T>>, Error>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    H: Method<O, N, T>,
{
    let slope = &here.slope;
    let (mut step, mut residual, mut product) = (gap.zeros(), slope.clone(), gap.zeros());
    let mut direction = gap.zeros();
    add_scaled(direction.as_mut(), -T::ONE, slope.as_ref());
    let mut square = dot(slope.as_ref(), slope.as_ref());
    let enough = square * T::from_f64(0.01).smaller(square);
    let mut predicted = T::ZERO;
    for _ in 0..2 * gap.layer.oracle.shape().dim() + 10 {
        // J is symmetric.
        let quantity = Vjp { cotangent: direction.as_ref() };
        gap.layer.compute_into(here.point.as_ref(), &quantity, gap.how, work, &mut product)?;
        let curvature = dot(direction.as_ref(), product.as_ref());
        let length = dot(direction.as_ref(), direction.as_ref());
        // To the boundary: ‖s + tp‖ = Δ.
        let along = dot(step.as_ref(), direction.as_ref());
        let room = radius * radius - dot(step.as_ref(), step.as_ref());
        let room = room.larger(T::ZERO);
        let most = room / (along + (along * along + length * room).sqrt());
        let inside = square / curvature;
        let cut = !(curvature > T::ZERO && inside < most);
        let by = if cut { most } else { inside };
        predicted += by * square - T::HALF * by * by * curvature.larger(T::ZERO);
        add_scaled(step.as_mut(), by, direction.as_ref());
        add_scaled(residual.as_mut(), by, product.as_ref());
        let left = dot(residual.as_ref(), residual.as_ref());
        if cut {
            return Ok(Move { step, predicted, cut });
        }
        if left <= enough || largest_magnitude(residual.as_ref()) <= tolerance {
            break;
        }
        let ratio = left / square;
        for (direction, &residual) in direction.as_mut().iter_mut().zip(residual.as_ref()) {
            *direction = ratio * *direction - residual;
        }
        square = left;
    }
    Ok(Move { step, predicted, cut: false })
}
