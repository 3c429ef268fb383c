use super::{Draw, Estimator, LaneDraws, rescale};
use crate::lanes::{self, LANES};
use crate::oracle::dot;
use crate::{Error, Noise, Real, Shape, error};

/// The vector–Jacobian product Jᵀu = E\[⟨u, y*(θ + εZ)⟩ ∇ν(Z)\]/ε: what backpropagation through y_ε needs
/// (eq. 4). Cost O(d) a sample beside the solve.
#[derive(Clone, Copy, Debug)]
pub struct Vjp<'a, T> {
    /// u, the gradient of a loss in y_ε.
    pub cotangent: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for Vjp<'_, T> {
    type Sum = S::Array<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;
    const LANES: bool = true;

    fn check(&self, dim: usize) -> Result<(), Error> {
        error::check_vector("cotangent", self.cotangent, dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        shape.array(T::ZERO)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        let weight = draw.inner(self.cotangent) / draw.epsilon;
        for (sum, &score) in sum.as_mut().iter_mut().zip(draw.score) {
            *sum += weight * score;
        }
    }
    fn add_lanes(&self, noise: &N, draws: &LaneDraws<'_, T>, sum: &mut Self::Sum) {
        lanes::run(AddProducts { cotangent: self.cotangent, noise, draws, sum: sum.as_mut() });
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        Estimator::<T, N, S>::add(self, noise, mean, sum);
        rescale(sum.as_mut(), count);
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}

/// Adds the terms of a vector–Jacobian product.
struct AddProducts<'a, N, T> {
    cotangent: &'a [T],
    noise: &'a N,
    draws: &'a LaneDraws<'a, T>,
    sum: &'a mut [T],
}

impl<N: Noise<T>, T: Real> perturb_lanes::Kernel for AddProducts<'_, N, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { cotangent, noise, draws, sum } = self;
        let mut weights = [T::ZERO; LANES];
        for (row, &u) in draws.y.iter().zip(cotangent) {
            lanes::row_by_row();
            for lane in 0..LANES {
                weights[lane] += row[lane] * u;
            }
        }
        let mut weights = lanes::settle(weights);
        let baseline = draws.baseline.map(|baseline| dot(baseline, cotangent));
        for weight in &mut weights {
            *weight = baseline.map_or(*weight, |baseline| *weight - baseline) / draws.epsilon;
        }
        for (sum, row) in sum.iter_mut().zip(draws.z) {
            lanes::row_by_row();
            let mut terms = [T::ZERO; LANES];
            for lane in 0..LANES {
                terms[lane] = weights[lane] * noise.score(row[lane]);
            }
            let terms = lanes::settle(terms);
            for &term in terms.iter().take(draws.count) {
                *sum += term;
            }
        }
    }
}

/// The Jacobian–vector product Ju = E\[y*(θ + εZ) ⟨∇ν(Z), u⟩\]/ε: the change of y_ε along u.
///
/// J is symmetric, so this estimates the same vector as [`Vjp`], with other noise: sample by sample it stays
/// in the span of the vertices.
#[derive(Clone, Copy, Debug)]
pub struct Jvp<'a, T> {
    /// u, a direction in θ.
    pub tangent: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for Jvp<'_, T> {
    type Sum = S::Array<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn check(&self, dim: usize) -> Result<(), Error> {
        error::check_vector("tangent", self.tangent, dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        shape.array(T::ZERO)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        let weight = dot(draw.score, self.tangent) / draw.epsilon;
        for (sum, y) in sum.as_mut().iter_mut().zip(draw.decisions()) {
            *sum += weight * y;
        }
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, sum: &mut Self::Sum) {
        Estimator::<T, N, S>::add(self, noise, mean, sum);
        rescale(sum.as_mut(), count);
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}
