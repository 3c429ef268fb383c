use super::{Cost, Method, Way};
use crate::closed_form::Closed;
use crate::oracle::Array;
use crate::{ClosedForm, Error, Noise, Perturbed, Quantity, Real, Seed, Shape, quantity};

/// Expectations by closed form or quadrature, without variance, for the pairs of oracle and noise that have one: see
/// [`ClosedForm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Exact;

/// Working memory of [`Exact`].
#[derive(Clone, Debug)]
pub struct ExactWork<A, M> {
    /// θ/ε.
    scaled: A,
    /// y of a value that is asked for alone.
    y: A,
    /// The closed form's own.
    memory: M,
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Method<O, N, T> for Exact {
    type Work<A: Send> = ExactWork<Array<O, T>, O::Memory>;

    fn work<A: Send>(self, layer: &Perturbed<O, N, T>) -> Self::Work<A> {
        let array = || layer.oracle.shape().array(T::ZERO);
        ExactWork { scaled: array(), y: array(), memory: layer.oracle.memory() }
    }
    fn reseed(self, _: impl FnOnce(Seed) -> Seed) -> Self {
        self
    }
    fn way(self, layer: &Perturbed<O, N, T>, cost: Cost) -> Way {
        Way::Exact { samples: layer.oracle.samples_of_equal_cost(&layer.noise, cost).unwrap_or(1) }
    }
    fn answer<Q>(
        self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        quantity: &Q,
        work: &mut Self::Work<Q::Output>,
        out: &mut Q::Output,
    ) -> Result<(), Error>
    where
        Q: Quantity<T, N, O::Shape>,
    {
        quantity::check(layer, theta, quantity)?;
        let ExactWork { scaled, y, memory } = work;
        let (expected, found) = (theta.len(), scaled.as_ref().len());
        if expected != found {
            return Err(Error::Length { parameter: "the working memory", expected, found });
        }
        let mut form = Closed::at(layer, theta, scaled.as_mut(), y.as_mut(), memory)?;
        quantity.exact(&mut form, out)?;
        quantity::check_result::<T, N, O::Shape, Q>(out)
    }
}
