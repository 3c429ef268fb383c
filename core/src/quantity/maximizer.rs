use super::{Closed, Draw, Needs, Quantity, Vector};
use crate::method::Cost;
use crate::{ClosedForm, Error, Noise, Real, Shape, vector};

/// The perturbed maximizer y_ε(θ) = E\[y*(θ + εZ)\], the first formula of Proposition 3.1.
#[derive(Clone, Copy, Debug)]
pub struct Maximizer;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for Maximizer {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::Maximizer).of_decisions();
    const RESULT: &'static str = "the maximizer";

    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        vector::add(out.as_mut(), draw.y);
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.maximizer(out.as_mut())
    }
}

/// The perturbed maximizer y_ε(θ) = E\[F(θ + εZ) ∇ν(Z)/ε\], the second formula of Proposition 3.1.
///
/// It needs only the value of the maximum, not the maximizer, and has the larger variance. The baseline
/// subtracts ⟨y*(θ), θ + εZ⟩ ∇ν(Z)/ε, whose expectation is y*(θ), and adds y*(θ) back.
#[derive(Clone, Copy, Debug)]
pub struct MaximizerByScore;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for MaximizerByScore {
    type Form = Vector;
    type Output = S::Array<T>;
    const NEEDS: Needs = Needs::new(Cost::Maximizer).with_scores();
    const RESULT: &'static str = "the maximizer";

    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut Self::Output) {
        vector::add_scaled(out.as_mut(), draw.gain() / draw.epsilon, draw.score);
        if let Some(baseline) = draw.baseline {
            vector::add(out.as_mut(), baseline);
        }
    }
    fn center(&self, _: &N, mean: &Draw<'_, T>, count: u32, out: &mut Self::Output) {
        let weight = mean.gain() / mean.epsilon;
        let n = T::from_f64(f64::from(count));
        // What the baseline gave back is not centred.
        let back = |y: T| n * y;
        let baseline = mean.baseline.unwrap_or(&[]).iter().copied().chain(core::iter::repeat(T::ZERO));
        for ((sum, &score), y) in out.as_mut().iter_mut().zip(mean.score).zip(baseline) {
            *sum = (*sum - back(y) + weight * score) * (n / (n - T::ONE)) + back(y);
        }
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        form.maximizer(out.as_mut())
    }
}
