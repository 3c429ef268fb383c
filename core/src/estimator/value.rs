use super::{Draw, Estimator};
use crate::{Noise, Real, Shape};

/// The perturbed maximum F_ε(θ) = E\[F(θ + εZ)\] (Definition 2.1).
#[derive(Clone, Copy, Debug)]
pub struct Value;

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for Value {
    type Sum = T;

    fn zero(&self, _: S) -> T {
        T::ZERO
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, sum: &mut T) {
        *sum += draw.value;
    }
    fn parts(sum: &mut T) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(core::slice::from_mut(sum))
    }
}
