//! A proximal bundle: sampled, the gap is convex and piecewise linear, and each visit of a θ shows one of its pieces.

use super::{Gap, Place};
use crate::loss::Residual;
use crate::oracle::Array;
use crate::vector::{add_scaled, copy, dot, largest_magnitude};
use crate::{Error, Method, Noise, Oracle, Real, Shape};

/// Most visits.
const STEPS: usize = 2000;
/// Pieces that are kept. Their mean keeps what is known of those that are not.
const PIECES: usize = 48;
/// The accuracy in units of ε.
const ACCURACY: f64 = 1e-6;

/// Goes down from `here`, until a mean of pieces proves that no θ lies lower by 10⁻⁶ε, or by what the number type resolves:
/// the gap of a target within that mean slope, which is rounding, is known as well. [`Error::NotConverged`] otherwise.
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
    let (shape, epsilon) = (gap.layer.oracle.shape(), gap.layer.epsilon);
    let zero = gap.zeros();
    if here.slope.as_ref().iter().all(|x| x.is_zero()) {
        return Ok(());
    }
    let (there, slope) = gap.at(zero.as_ref())?;
    if there < here.gap {
        *here = Place { point: zero, gap: there, slope };
    }
    let reach = T::from_f64(16.0) * epsilon * T::from_usize(shape.dim()).sqrt();
    let mut pieces = Pieces::<T, O::Shape>::new(shape);
    pieces.push(here.slope.as_ref(), T::ZERO);
    let mut length = epsilon / T::EPSILON.larger(largest_magnitude(here.slope.as_ref()));
    for _ in 0..STEPS {
        let own = dot(here.point.as_ref(), gap.target).abs();
        let rounding = T::from_f64(8.0) * T::EPSILON * (here.gap.abs() + own + epsilon);
        let accuracy = rounding.larger(T::from_f64(ACCURACY) * epsilon);
        let flat = gap.tolerance().larger(accuracy / reach);
        pieces.combine(length, accuracy);
        if gap.is_far(here) && largest_magnitude(pieces.mean.as_ref()) <= gap.slack() {
            return Ok(());
        }
        let predicted = length * dot(pieces.mean.as_ref(), pieces.mean.as_ref()) + pieces.error;
        if predicted <= accuracy {
            if largest_magnitude(pieces.mean.as_ref()) <= flat {
                return Ok(());
            }
            length *= T::from_f64(16.0);
            continue;
        }
        let mut next = here.point.clone();
        add_scaled(next.as_mut(), -length, pieces.mean.as_ref());
        let Ok((there, slope)) = gap.at(next.as_ref()) else {
            // Scores that overflow, or that the oracle refuses, lie higher than all others.
            length *= T::HALF;
            continue;
        };
        let gained = here.gap - there;
        if gained >= T::from_f64(0.1) * predicted {
            // The errors of pieces are those at the new place.
            pieces.move_by(&next, &here.point, gained);
            pieces.push(slope.as_ref(), T::ZERO);
            if gained >= T::HALF * predicted {
                length *= T::from_f64(4.0);
            }
            *here = Place { point: next, gap: there, slope };
            if gap.separates(here.point.as_ref()) {
                return Ok(()); // No finite optimum: the caller refuses the point.
            }
        } else {
            // h(c) − h(θ) − ⟨g, c − θ⟩ ≥ 0
            let along = length * dot(slope.as_ref(), pieces.mean.as_ref());
            let error = (gained - along).larger(T::ZERO);
            pieces.push(slope.as_ref(), error);
            if error > predicted {
                length *= T::HALF;
            }
        }
    }
    let residual = Residual::new(largest_magnitude(pieces.mean.as_ref()));
    Err(Error::NotConverged { quantity: "the dual of the target", residual })
}

/// Pieces h(c) + ⟨g, θ − c⟩ − e of the gap h around the best place c, and weights that combine them.
struct Pieces<T: Real, S: Shape> {
    /// The slopes g, d numbers each.
    slopes: S::Array<[T; PIECES]>,
    /// The errors e ≥ 0 at c.
    errors: [T; PIECES],
    weights: [T; PIECES],
    count: usize,
    /// Σ λg.
    mean: S::Array<T>,
    /// Σ λe.
    error: T,
}

impl<T: Real, S: Shape> Pieces<T, S> {
    fn new(shape: S) -> Self {
        let zeros = [T::ZERO; PIECES];
        Self {
            slopes: shape.array(zeros),
            errors: zeros,
            weights: zeros,
            count: 0,
            mean: shape.array(T::ZERO),
            error: T::ZERO,
        }
    }

    /// Adds a piece, in the place of one that weighs least where there is no room. If that one has weight, the mean of all takes
    /// another place, so that what is known is not lost.
    fn push(&mut self, slope: &[T], error: T) {
        if self.count < PIECES {
            self.put(self.count, slope, error, T::ZERO);
            self.count += 1;
        } else {
            let place = self.lightest(usize::MAX);
            if self.weight(place) > T::ZERO {
                let other = self.lightest(place);
                let (mean, error) = (self.mean.clone(), self.error);
                self.weights.fill(T::ZERO);
                self.put(other, mean.as_ref(), error, T::ONE);
            }
            self.put(place, slope, error, T::ZERO);
        }
        if self.count == 1 {
            self.put(0, slope, error, T::ONE);
        }
    }

    fn put(&mut self, place: usize, slope: &[T], error: T, weight: T) {
        let slopes = self.slopes.as_mut().as_flattened_mut();
        if let Some(own) = slopes.chunks_exact_mut(slope.len().max(1)).nth(place) {
            copy(own, slope);
        }
        if let (Some(own), Some(of)) = (self.errors.get_mut(place), self.weights.get_mut(place)) {
            (*own, *of) = (error, weight);
        }
    }

    fn weight(&self, place: usize) -> T {
        self.weights.get(place).copied().unwrap_or(T::ZERO)
    }

    /// The place of the least weight, but for `other`.
    fn lightest(&self, other: usize) -> usize {
        let mut least = (T::INFINITY, 0);
        for (place, &weight) in self.weights.iter().take(self.count).enumerate() {
            if weight < least.0 && place != other {
                least = (weight, place);
            }
        }
        least.1
    }

    /// Errors at a new place, which lies lower by `gained`.
    fn move_by(&mut self, new: &S::Array<T>, old: &S::Array<T>, gained: T) {
        let mut way = new.clone();
        add_scaled(way.as_mut(), -T::ONE, old.as_ref());
        let slopes = self.slopes.as_ref().as_flattened().chunks_exact(way.as_ref().len().max(1));
        for (error, slope) in self.errors.iter_mut().zip(slopes) {
            *error = (*error - gained - dot(slope, way.as_ref())).larger(T::ZERO);
        }
    }

    /// Weights with the least ½t‖Σλg‖² + Σλe, by steps between pairs of pieces (pairwise Frank–Wolfe), to a tenth of what is
    /// left to gain.
    fn combine(&mut self, length: T, accuracy: T) {
        let count = self.count;
        let dim = self.mean.as_ref().len();
        let slopes = self.slopes.as_ref().as_flattened();
        let (errors, weights) = (&self.errors, &mut self.weights);
        let mean = self.mean.as_mut();
        let piece = |place: usize| slopes.get(place * dim..(place + 1) * dim).unwrap_or_default();
        mean.fill(T::ZERO);
        self.error = T::ZERO;
        for (place, (&weight, &error)) in weights.iter().zip(errors).take(count).enumerate() {
            add_scaled(mean, weight, piece(place));
            self.error += weight * error;
        }
        for _ in 0..100 * (count + 1) {
            let (mut best, mut worst) = ((T::INFINITY, 0), (T::NEG_INFINITY, 0));
            for (place, (&weight, &error)) in weights.iter().zip(errors).take(count).enumerate() {
                let rise = length * dot(piece(place), mean) + error;
                if rise < best.0 {
                    best = (rise, place);
                }
                if weight > T::ZERO && rise > worst.0 {
                    worst = (rise, place);
                }
            }
            let predicted = length * dot(mean, mean) + self.error;
            if worst.0 - best.0 <= T::from_f64(0.1) * accuracy.larger(T::from_f64(0.1) * predicted) {
                return;
            }
            let (better, worse) = (piece(best.1), piece(worst.1));
            let apart: T = better.iter().zip(worse).map(|(&a, &b)| (a - b) * (a - b)).sum();
            let (Some(&from), Some(&gain), Some(&loss)) =
                (weights.get(worst.1), errors.get(best.1), errors.get(worst.1))
            else {
                return;
            };
            let most = (worst.0 - best.0) / (length * apart);
            let by = if apart > T::ZERO && most < from { most } else { from };
            add_scaled(mean, by, better);
            add_scaled(mean, -by, worse);
            self.error += by * (gain - loss);
            if let Some(weight) = weights.get_mut(worst.1) {
                *weight = if by == from { T::ZERO } else { from - by };
            }
            if let Some(weight) = weights.get_mut(best.1) {
                *weight += by;
            }
        }
    }
}
