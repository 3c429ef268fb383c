//! A method chosen at run time.

use super::{Cost, Exact, ExactWork, Method, MonteCarlo, MonteCarloWork, Way};
use crate::oracle::Array;
use crate::{ClosedForm, Error, Noise, Perturbed, Quantity, Real, Seed};

/// A method as a value: exact or sampled, chosen at run time.
///
/// ```
/// use perturb_core::method::{Cost, Way};
/// use perturb_core::{Const, Exact, How, Method, MonteCarlo, Normal, Perturbed, Ranking, Seed};
/// let (few, many) = (MonteCarlo::new(1, Seed(1)), MonteCarlo::new(1000, Seed(1)));
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.5f32)?;
/// let theta = [0.3, -0.2, 1.0];
/// assert_eq!(layer.maximizer(&theta, How::Cheapest(many))?, layer.maximizer(&theta, Exact)?);
/// assert_eq!(How::Cheapest(few).way(&layer, Cost::Maximizer), Way::Sampled(few));
/// // A ranking by unequally spaced values has no closed form.
/// let layer = Perturbed::new(Ranking::new(Const::<3>, &[0.0, 1.0, 9.0])?, Normal, 0.5f32)?;
/// assert_eq!(layer.maximizer(&theta, How::Cheapest(many))?, layer.maximizer(&theta, many)?);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum How {
    /// Closed form or quadrature, without variance.
    Exact,
    /// A mean over samples.
    MonteCarlo(MonteCarlo),
    /// Exact where it costs no more than these samples, otherwise the samples: by costs in f32 on a host with AVX-512.
    ///
    /// The choice depends on the oracle, the noise, the number of samples and what is asked, by
    /// [`ClosedForm::samples_of_equal_cost`]; neither on the scores nor on the machine. An oracle that has no closed form as
    /// it was configured is sampled. [`Method::way`] names the choice, whose bits the results have.
    ///
    /// For argmax under Gumbel noise, drawing decisions from the softmax instead of perturbing scores would be no help: the
    /// softmax, which must come first, is itself the mean of all draws. It costs about five perturbed argmaxes of 10 entries,
    /// and less than one of 1000.
    Cheapest(MonteCarlo),
}

/// Working memory of [`How`]: of each method, none until it is needed.
pub struct HowWork<O: ClosedForm<T, N>, N: Noise<T>, T: Real, A> {
    exact: Option<ExactWork<Array<O, T>, O::Memory>>,
    sampled: Option<MonteCarloWork<O, T, A>>,
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real, A> core::fmt::Debug for HowWork<O, N, T, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HowWork").finish_non_exhaustive()
    }
}

impl<O: ClosedForm<T, N>, N: Noise<T>, T: Real> Method<O, N, T> for How {
    type Work<A: Send> = HowWork<O, N, T, A>;

    fn work<A: Send>(self, _: &Perturbed<O, N, T>) -> Self::Work<A> {
        HowWork { exact: None, sampled: None }
    }
    fn reseed(self, seed: impl FnOnce(Seed) -> Seed) -> Self {
        let reseeded = |how: MonteCarlo| MonteCarlo { seed: seed(how.seed), ..how };
        match self {
            Self::Exact => Self::Exact,
            Self::MonteCarlo(how) => Self::MonteCarlo(reseeded(how)),
            Self::Cheapest(how) => Self::Cheapest(reseeded(how)),
        }
    }
    fn way(self, layer: &Perturbed<O, N, T>, cost: Cost) -> Way {
        match self {
            Self::Exact => Exact.way(layer, cost),
            Self::MonteCarlo(how) => Way::Sampled(how),
            Self::Cheapest(how) => match layer.oracle.samples_of_equal_cost(&layer.noise, cost) {
                Some(samples) if samples <= how.samples => Way::Exact { samples },
                _ => Way::Sampled(how),
            },
        }
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
        match self.way(layer, Q::NEEDS.cost) {
            Way::Exact { .. } => {
                let work =
                    work.exact.get_or_insert_with(|| Method::<O, N, T>::work::<Q::Output>(Exact, layer));
                Exact.answer(layer, theta, quantity, work, out)
            }
            Way::Sampled(how) => {
                let work =
                    work.sampled.get_or_insert_with(|| Method::<O, N, T>::work::<Q::Output>(how, layer));
                how.answer(layer, theta, quantity, work, out)
            }
        }
    }
}
