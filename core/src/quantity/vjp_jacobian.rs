use super::{Closed, Draw, Matrix, Needs, Quantity, Vector};
use crate::method::Cost;
use crate::noise::SmoothNoise;
use crate::vector::dot;
use crate::{ClosedForm, Error, Real, Shape, error};

/// The Jacobian of the vector–Jacobian product, ∂(Jᵀu)/∂θ = E\[⟨u, y*(θ + εZ)⟩ (∇ν(Z) ∇ν(Z)ᵀ − ∇²ν(Z))\]/ε²: the
/// Hessian of θ ↦ ⟨u, y_ε(θ)⟩, by Proposition 3.1 applied to ⟨u, y*⟩ in the place of F. The noise must be smooth.
///
/// Row-major and symmetric sample by sample. Cost O(d²) a sample. [`Simplex`](crate::Simplex) has a closed form, O(d²Q).
#[derive(Clone, Copy, Debug)]
pub struct VjpJacobian<'a, T> {
    /// u.
    pub cotangent: &'a [T],
}

impl<T: Real, N: SmoothNoise<T>, S: Shape> Quantity<T, N, S> for VjpJacobian<'_, T> {
    type Form = Matrix;
    type Output = S::Matrix<T>;
    const NEEDS: Needs = Needs::new(Cost::Curvature).with_scores();
    const RESULT: &'static str = "the derivative";

    fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
        noise.check_smooth()?;
        error::check_vector("cotangent", self.cotangent, dim)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        draw.add_curvature(noise, draw.inner(self.cotangent), out.as_mut());
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.curvature(self.cotangent, out.as_mut())
    }
}

/// The product of [`VjpJacobian`] with a vector v, E\[⟨u, y*⟩ (∇ν⟨∇ν, v⟩ − ∇²ν ⊙ v)\]/ε². Cost O(d) a sample. It has no closed form.
#[derive(Clone, Copy, Debug)]
pub struct VjpJacobianProduct<'a, T> {
    /// u.
    pub cotangent: &'a [T],
    /// v.
    pub tangent: &'a [T],
}

impl<T: Real, N: SmoothNoise<T>, S: Shape> Quantity<T, N, S> for VjpJacobianProduct<'_, T> {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::CurvatureProduct).with_scores();
    const RESULT: &'static str = "the derivative";

    fn check(&self, noise: &N, dim: usize) -> Result<(), Error> {
        noise.check_smooth()?;
        error::check_vector("cotangent", self.cotangent, dim)?;
        error::check_vector("tangent", self.tangent, dim)
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        let weight = draw.inner(self.cotangent) / (draw.epsilon * draw.epsilon);
        let along = dot(draw.score, self.tangent);
        let terms = draw.score.iter().zip(draw.curvatures(noise)).zip(self.tangent);
        for (sum, ((&score, curvature), &v)) in out.as_mut().iter_mut().zip(terms) {
            *sum += weight * (score * along - curvature * v);
        }
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        let _ = (form, out);
        Err(Error::NoClosedForm { because: "second derivatives of the maximizer have none" })
    }
}
