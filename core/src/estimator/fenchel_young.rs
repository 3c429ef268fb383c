use super::{Draw, Estimator};
use crate::oracle::dot;
use crate::{Error, Noise, Real, Shape, error};

/// The Fenchel–Young loss and its gradient at a vertex `target`, in one pass.
///
/// At a vertex y, εΩ(y) = −h(y) − ε⟨y, E Z⟩ with the oracle's offset h, so that
/// L_ε(θ; y) = E\[F(θ + εZ) − ⟨y, θ + εZ⟩ − h(y)\]: every term is nonnegative. The gradient's terms are
/// y*(θ + εZ) − y.
#[derive(Clone, Copy, Debug)]
pub struct FenchelYoungTerm<'a, T> {
    /// y, a vertex of C.
    pub target: &'a [T],
    /// h(y), [`Oracle::offset`](crate::Oracle::offset) at `target`; 0 for the linear oracles.
    pub offset: T,
}

impl<T: Real, N: Noise<T>, S: Shape> Estimator<T, N, S> for FenchelYoungTerm<'_, T> {
    type Sum = (T, S::Array<T>);

    fn check(&self, dim: usize) -> Result<(), Error> {
        error::check_vector("offset", core::slice::from_ref(&self.offset), 1)?;
        error::check_vector("target", self.target, dim)
    }
    fn zero(&self, shape: S) -> Self::Sum {
        (T::ZERO, shape.array(T::ZERO))
    }
    fn add(&self, _: &N, draw: &Draw<'_, T>, (loss, gradient): &mut Self::Sum) {
        // Rounding alone could make a term negative.
        *loss += (draw.value - dot(self.target, draw.theta) - self.offset).larger(T::ZERO);
        for ((gradient, &y), &target) in gradient.as_mut().iter_mut().zip(draw.y).zip(self.target) {
            *gradient += y - target;
        }
    }
    fn parts((loss, gradient): &mut Self::Sum) -> impl Iterator<Item = &mut [T]> {
        core::iter::once(core::slice::from_mut(loss)).chain(core::iter::once(gradient.as_mut()))
    }
}
