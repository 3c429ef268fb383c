use super::{Draw, Estimator};
use crate::{Noise, Real, Shape};

/// The perturbed maximizer y_ε(θ) = E\[y*(θ + εZ)\], the first formula of Proposition 3.1.
#[derive(Clone, Copy, Debug)]
pub struct Maximizer;

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for Maximizer {
    type Sum = S::Array<T>;
    const DECISIONS: bool = true;

    fn zero(&self, shape: S) -> Self::Sum {
        shape.array(T::ZERO)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        for (sum, &y) in sum.as_mut().iter_mut().zip(draw.y) {
            *sum += y;
        }
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}

/// The perturbed maximizer y_ε(θ) = E\[F(θ + εZ) ∇ν(Z)/ε\], the second formula of Proposition 3.1.
///
/// It needs only the value of the maximum, not the maximizer, and has the larger variance. The baseline
/// subtracts ⟨y*(θ), θ + εZ⟩ ∇ν(Z)/ε, whose expectation is y*(θ), and adds y*(θ) back.
#[derive(Clone, Copy, Debug)]
pub struct MaximizerByScore;

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for MaximizerByScore {
    type Sum = S::Array<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn zero(&self, shape: S) -> Self::Sum {
        shape.array(T::ZERO)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        let weight = draw.gain() / draw.epsilon;
        for (sum, &score) in sum.as_mut().iter_mut().zip(draw.score) {
            *sum += weight * score;
        }
        if let Some(baseline) = draw.baseline {
            for (sum, &y) in sum.as_mut().iter_mut().zip(baseline) {
                *sum += y;
            }
        }
    }
    fn center(&self, _: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        let weight = mean.gain() / mean.epsilon;
        let n = T::from_f64(f64::from(count));
        // What the baseline gave back is not centred.
        let back = |y: T| n * y;
        let baseline = mean.baseline.unwrap_or(&[]).iter().copied().chain(core::iter::repeat(T::ZERO));
        for ((sum, &score), y) in sum.as_mut().iter_mut().zip(mean.score).zip(baseline) {
            *sum = (*sum - back(y) + weight * score) * (n / (n - T::ONE)) + back(y);
        }
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}
