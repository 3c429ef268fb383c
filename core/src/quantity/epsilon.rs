use super::{Closed, Draw, Needs, Quantity, Scalar};
use crate::method::Cost;
use crate::oracle::hull;
use crate::vector::dot;
use crate::{ClosedForm, Error, Noise, Real, Shape, error};

/// The derivative of the perturbed maximum in the temperature, ∂F_ε/∂ε = E⟨y*(θ + εZ), Z⟩ = −Ω(y_ε(θ)).
///
/// It costs nothing beside the solves, so that Ω(y_ε) comes with every estimate. Exact, it is
/// (F_ε(θ) − ⟨y_ε(θ), θ⟩)/ε. For an oracle with an offset it still is ∂F_ε/∂ε, but not −Ω(y_ε).
#[derive(Clone, Copy, Debug)]
pub struct EpsilonDerivative;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for EpsilonDerivative {
    type Form = Scalar;
    type Output = T;
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the derivative";

    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut T) {
        *out += dot(draw.y, draw.z);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        *out = form.epsilon_derivative()?;
        Ok(())
    }
}

/// The derivative of the Fenchel–Young loss of a vertex y in the temperature,
/// ∂L_ε(θ; y)/∂ε = E⟨y*(θ + εZ) − y, Z⟩.
///
/// L_ε has the units of ε and falls with it, whatever the data. To learn a temperature, descend L_ε/ε = L_1(θ/ε), whose
/// derivative is (∂L_ε/∂ε − L_ε/ε)/ε. ∂y_ε/∂ε needs no quantity of its own: y_ε(θ) = y_1(θ/ε), so that it is −Jθ/ε; not so with
/// an offset, which does not scale with ε.
///
/// ```
/// use perturb_core::quantity::{EpsilonLossDerivative, FenchelYoung};
/// use perturb_core::{Const, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// // How uncertain is a ranking that is wrong in one of ten cases?
/// let (theta, mut epsilon) = ([1.0, 0.0], 0.2);
/// for step in 0..4000 {
///     let layer = Perturbed::new(Ranking::ascending(Const::<2>)?, Normal, epsilon)?;
///     let target = if step % 10 == 0 { [1.0, 2.0] } else { [2.0, 1.0] };
///     let pair = (FenchelYoung { target: &target }, EpsilonLossDerivative { target: &target });
///     let ((loss, _), slope) = layer.compute(&theta, &pair, MonteCarlo::new(4, Seed(1).fold(step)))?;
///     epsilon = f64::max(epsilon - 0.01 * (slope - loss / epsilon), 0.01);
/// }
/// // P(wrong) = Φ(−1/(ε√2)) = 0.1 at ε = 0.55.
/// assert!((epsilon - 0.55f64).abs() < 0.1);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EpsilonLossDerivative<'a, T> {
    /// y, a vertex of C.
    pub target: &'a [T],
}

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for EpsilonLossDerivative<'_, T> {
    type Form = Scalar;
    type Output = T;
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the derivative";

    fn check(&self, _: &N, dim: usize) -> Result<(), Error> {
        error::check_vector("target", self.target, dim)
    }
    fn check_allowed(&self, theta: &[T]) -> Result<(), Error> {
        hull::check_allowed(self.target, theta)
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut T) {
        *out += dot(draw.y, draw.z) - dot(self.target, draw.z);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        *out = form.epsilon_derivative()? - form.mean_of(self.target);
        Ok(())
    }
}
