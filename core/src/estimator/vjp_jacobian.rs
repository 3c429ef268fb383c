use super::{Draw, Estimator};
use crate::oracle::dot;
use crate::{Error, Real, Shape, SmoothNoise, error};

/// The Jacobian of the vector–Jacobian product, ∂(Jᵀu)/∂θ = E\[⟨u, y*(θ + εZ)⟩ (∇ν(Z) ∇ν(Z)ᵀ − ∇²ν(Z))\]/ε²: the
/// Hessian of θ ↦ ⟨u, y_ε(θ)⟩, by Proposition 3.1 applied to ⟨u, y*⟩ in the place of F. The noise must be smooth.
///
/// Row-major and symmetric sample by sample. Cost O(d²) a sample.
#[derive(Clone, Copy, Debug)]
pub struct VjpJacobian<'a, T> {
    /// u.
    pub cotangent: &'a [T],
}

impl<T: Real, N: SmoothNoise<T>, S: Shape> Estimator<T, N, S> for VjpJacobian<'_, T> {
    type Sum = S::Matrix<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn check(&self, dim: usize) -> Result<(), Error> {
        error::check_vector("cotangent", self.cotangent, dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        shape.matrix(T::ZERO)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        draw.add_curvature(noise, draw.inner(self.cotangent), sum.as_mut());
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}

/// The product of [`VjpJacobian`] with a vector v, E\[⟨u, y*⟩ (∇ν⟨∇ν, v⟩ − ∇²ν ⊙ v)\]/ε². Cost O(d) a sample.
#[derive(Clone, Copy, Debug)]
pub struct VjpJacobianProduct<'a, T> {
    /// u.
    pub cotangent: &'a [T],
    /// v.
    pub tangent: &'a [T],
}

impl<T: Real, N: SmoothNoise<T>, S: Shape> Estimator<T, N, S> for VjpJacobianProduct<'_, T> {
    type Sum = S::Array<T>;
    const SCORES: bool = true;
    const BASELINE: bool = true;

    fn check(&self, dim: usize) -> Result<(), Error> {
        error::check_vector("cotangent", self.cotangent, dim)?;
        error::check_vector("tangent", self.tangent, dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        shape.array(T::ZERO)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, sum: &mut Self::Sum) {
        let weight = draw.inner(self.cotangent) / (draw.epsilon * draw.epsilon);
        let along = dot(draw.score, self.tangent);
        let terms = draw.score.iter().zip(draw.z).zip(self.tangent);
        for (sum, ((&score, &z), &v)) in sum.as_mut().iter_mut().zip(terms) {
            *sum += weight * (score * along - noise.curvature(z) * v);
        }
    }
    fn parts(sum: &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(sum.as_mut())
    }
}
