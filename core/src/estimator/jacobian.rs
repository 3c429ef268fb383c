use super::{Draw, Estimator, rescale};
use crate::{Noise, Real, Shape, SmoothNoise};

/// The Jacobian J = ∂y_ε/∂θ = E\[y*(θ + εZ) ∇ν(Z)ᵀ\]/ε, the first formula of Proposition 3.1.
///
/// Row-major: entry (i, j) is ∂y_ε,i/∂θ_j. Cost O(d²) a sample.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian;

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for Jacobian {
    type Sum = S::Matrix<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn zero(&self, shape: S) -> Self::Sum {
        shape.matrix(T::ZERO)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        let rows = sum.as_mut().chunks_exact_mut(draw.y.len().max(1));
        for (row, y) in rows.zip(draw.decisions()) {
            let weight = y / draw.epsilon;
            for (sum, &score) in row.iter_mut().zip(draw.score) {
                *sum += weight * score;
            }
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

/// The Jacobian E\[F(θ + εZ) (∇ν(Z) ∇ν(Z)ᵀ − ∇²ν(Z))\]/ε², the second formula of Proposition 3.1.
///
/// It needs only the value of the maximum and is symmetric sample by sample, with a larger variance. The
/// noise must be smooth; [`Laplace`](crate::Laplace) does not compile:
/// ```compile_fail
/// use perturb_core::{Const, Laplace, MonteCarlo, Perturbed, Seed, Simplex, estimator::JacobianByCurvature};
/// let layer = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Laplace, 1.0).unwrap();
/// layer.estimate(&[0.0, 1.0], &JacobianByCurvature, MonteCarlo::new(10, Seed(0)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct JacobianByCurvature;

impl<T: Real, N: SmoothNoise<T>, S: Shape> Estimator<T, N, S> for JacobianByCurvature {
    type Sum = S::Matrix<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn zero(&self, shape: S) -> Self::Sum {
        shape.matrix(T::ZERO)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        draw.add_curvature(noise, draw.gain(), sum.as_mut());
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}
