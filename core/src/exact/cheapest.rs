//! Exact where that costs less than the samples.

use super::{ClosedForm, ExactMemory};
use crate::evaluate::{Array, Asked, Evaluate, Expectation, Matrix};
use crate::{Error, FenchelYoung, MonteCarlo, Noise, Perturbed, Real};

/// The exact expectation where it costs no more than these samples, else the samples: by costs in f32 on a host with
/// AVX-512.
///
/// The choice depends on the oracle, the noise, the number of samples and what is asked, by
/// [`ClosedForm::samples_of_equal_cost`]; neither on the scores nor on the machine. An oracle that has no closed form as it was
/// configured is sampled. [`Evaluate::way`] tells the choice, whose bits the results have.
///
/// To sample always, pass the [`MonteCarlo`] itself. For argmax under Gumbel noise, drawing decisions from the softmax
/// instead of perturbing scores would be no help: the softmax, which must come first, is itself the mean of all draws. It
/// costs about five perturbed argmaxes of 10 entries, and less than one of 1000.
///
/// ```
/// use perturb_core::{Asked, Cheapest, Const, Evaluate, Exact, Expectation, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// let (few, many) = (MonteCarlo::new(1, Seed(1)), MonteCarlo::new(1000, Seed(1)));
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5f32)?;
/// let theta = [0.3, -0.2, 1.0];
/// assert_eq!(layer.maximizer(&theta, Cheapest(many))?, layer.maximizer(&theta, Exact)?);
/// assert_eq!(Cheapest(few).way(&layer, Asked::Maximizer), Expectation::MonteCarlo(few));
/// // A ranking by unequally spaced values has no closed form.
/// let layer = Perturbed::new(Ranking::new(Const::<3>, &[0.0, 1.0, 9.0])?, Normal, 0.5f32)?;
/// assert_eq!(layer.maximizer(&theta, Cheapest(many))?, layer.maximizer(&theta, many)?);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Cheapest(pub MonteCarlo);

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Evaluate<O, N, T> for Cheapest {
    /// None until an exact expectation is asked for.
    type Memory = Option<ExactMemory<Array<O, T>, O::Memory>>;
    fn memory(&self, _: &Perturbed<O, N, T>) -> Self::Memory {
        None
    }
    fn way(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> Expectation {
        match layer.oracle.samples_of_equal_cost(&layer.noise, asked) {
            Some(samples) if samples <= self.0.samples => Expectation::Exact,
            _ => Expectation::MonteCarlo(self.0),
        }
    }
    fn samples_of_equal_cost(&self, layer: &Perturbed<O, N, T>, asked: Asked) -> u32 {
        self.way(layer, asked).samples_of_equal_cost(layer, asked)
    }

    fn value_and_maximizer(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
    ) -> Result<(T, Array<O, T>), Error> {
        self.way(layer, Asked::Value).value_and_maximizer(layer, theta)
    }
    fn maximizer(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Array<O, T>, Error> {
        self.way(layer, Asked::Maximizer).maximizer(layer, theta)
    }
    fn jacobian(&self, layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<Matrix<O, T>, Error> {
        self.way(layer, Asked::Jacobian).jacobian(layer, theta)
    }
    fn vjp(&self, layer: &Perturbed<O, N, T>, theta: &[T], cotangent: &[T]) -> Result<Array<O, T>, Error> {
        self.way(layer, Asked::Product).vjp(layer, theta, cotangent)
    }
    fn jvp(&self, layer: &Perturbed<O, N, T>, theta: &[T], tangent: &[T]) -> Result<Array<O, T>, Error> {
        self.way(layer, Asked::Product).jvp(layer, theta, tangent)
    }
    fn fenchel_young(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<FenchelYoung<T, Array<O, T>>, Error> {
        self.way(layer, Asked::Value).fenchel_young(layer, theta, target)
    }
    fn fenchel_young_gradient(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        target: &[T],
    ) -> Result<Array<O, T>, Error> {
        self.way(layer, Asked::Maximizer).fenchel_young_gradient(layer, theta, target)
    }

    fn value_with(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        memory: &mut Self::Memory,
    ) -> Result<T, Error> {
        self.way(layer, Asked::Value).value_with(layer, theta, memory)
    }
    fn maximizer_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        y: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        self.way(layer, Asked::Maximizer).maximizer_into(layer, theta, y, memory)
    }
    fn vjp_into(
        &self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        cotangent: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        self.way(layer, Asked::Product).vjp_into(layer, theta, cotangent, product, memory)
    }
}
