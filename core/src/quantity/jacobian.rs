use super::{Closed, Draw, Matrix, Needs, Quantity, rescale};
use crate::method::Cost;
use crate::noise::SmoothNoise;
use crate::{ClosedForm, Error, Noise, Real, Shape, vector};

/// The Jacobian J = ∂y_ε/∂θ = E\[y*(θ + εZ) ∇ν(Z)ᵀ\]/ε, the first formula of Proposition 3.1.
///
/// Row-major: entry (i, j) is ∂y_ε,i/∂θ_j. Cost O(d²) a sample.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for Jacobian {
    type Form = Matrix;
    type Output = S::Matrix<T>;
    const NEEDS: Needs = Needs::new(Cost::Jacobian).with_scores();
    const RESULT: &'static str = "the derivative";

    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        let rows = out.as_mut().chunks_exact_mut(draw.y.len().max(1));
        for (row, y) in rows.zip(draw.decisions()) {
            vector::add_scaled(row, y / draw.epsilon, draw.score);
        }
    }
    fn center(&self, noise: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
        Quantity::<T, N, S>::add(self, noise, mean, out);
        rescale(out.as_mut(), count);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.jacobian(out.as_mut())
    }
}

/// The Jacobian E\[F(θ + εZ) (∇ν(Z) ∇ν(Z)ᵀ − ∇²ν(Z))\]/ε², the second formula of Proposition 3.1.
///
/// It needs only the value of the maximum and is symmetric sample by sample, with a larger variance. The
/// noise must be smooth; [`Laplace`](crate::Laplace) does not compile:
/// ```compile_fail
/// use perturb_core::{quantity::JacobianByCurvature, Const, Laplace, MonteCarlo, Perturbed, Seed, Simplex};
/// let layer = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Laplace, 1.0).unwrap();
/// layer.compute(&[0.0, 1.0], &JacobianByCurvature, MonteCarlo::new(10, Seed(0)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct JacobianByCurvature;

impl<T: Real, N: SmoothNoise<T>, S: Shape> Quantity<T, N, S> for JacobianByCurvature {
    type Form = Matrix;
    type Output = S::Matrix<T>;
    const NEEDS: Needs = Needs::new(Cost::Jacobian).with_scores();
    const RESULT: &'static str = "the derivative";

    fn check(&self, noise: &N, _: usize) -> Result<(), Error> {
        noise.check_smooth()
    }
    fn add(&self, noise: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        draw.add_curvature(noise, draw.gain(), out.as_mut());
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.jacobian(out.as_mut())
    }
}
