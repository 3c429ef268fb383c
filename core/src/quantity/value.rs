use super::{Closed, Draw, Needs, Quantity, Scalar, Vector};
use crate::engine::Centre;
use crate::method::Cost;
use crate::{ClosedForm, Error, Noise, Real, Shape, vector};

/// The perturbed maximum F_ε(θ) = E\[F(θ + εZ)\] (Definition 2.1).
#[derive(Clone, Copy, Debug)]
pub struct Value;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for Value {
    type Form = Scalar;
    type Output = T;
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the value";

    fn add(&self, _: &N, draw: &Draw<'_, T>, out: &mut T) {
        *out += draw.value;
    }
    fn finish_at(&self, _: &[T], centre: Centre<T>, out: &mut T) {
        *out += centre.value;
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, out: &mut T) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        *out = form.value()?;
        Ok(())
    }
}

/// F_ε(θ) and y_ε(θ): for less than both, where there is a closed form.
#[derive(Clone, Copy, Debug)]
pub struct ValueAndMaximizer;

impl<T: Real, N: Noise<T>, S: Shape> Quantity<T, N, S> for ValueAndMaximizer {
    type Form = (Scalar, Vector);
    type Output = (T, S::Array<T>);
    const NEEDS: Needs = Needs::new(Cost::Value);
    const RESULT: &'static str = "the value";

    fn add(&self, _: &N, draw: &Draw<'_, T>, (value, y): &mut Self::Output) {
        *value += draw.value;
        vector::add(y.as_mut(), draw.y);
    }
    fn finish_at(&self, _: &[T], centre: Centre<T>, (value, _): &mut Self::Output) {
        *value += centre.value;
    }
    fn exact<O>(&self, form: &mut Closed<'_, O, N, T>, (value, y): &mut Self::Output) -> Result<(), Error>
    where
        O: ClosedForm<T, N, Shape = S>,
    {
        *value = form.value_and_maximizer(y.as_mut())?;
        Ok(())
    }
}
