use super::{Cost, Method, MonteCarlo, Way};
use crate::engine::silence;
use crate::quantity::Form;
use crate::{Error, Noise, Oracle, Perturbed, Quantity, Real, Seed, Shape, quantity};

/// One sample, number 0 of a seed: one draw and one solve, and a firmware links nothing else. The bits of
/// [`MonteCarlo::plain`]`(1, seed)`.
///
/// It is what training needs: the gradient of the Fenchel–Young loss is then y*(θ + εZ) − y (eq. 6, M = 1).
///
/// ```
/// use perturb_core::{Const, Normal, Perturbed, Ranking, Seed, Single};
/// let layer = Perturbed::new(Ranking::ascending(Const::<3>)?, Normal, 0.1f32)?;
/// let gradient = layer.fenchel_young_gradient(&[0.0, 1.0, 2.0], &[2.0, 1.0, 3.0], Single(Seed(1)))?;
/// assert_eq!(gradient, [-1.0, 1.0, 0.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Single(pub Seed);

impl<O: Oracle<T>, N: Noise<T>, T: Real> Method<O, N, T> for Single {
    type Work<A: Send> = ();

    fn work<A: Send>(self, _: &Perturbed<O, N, T>) {}
    fn reseed(self, seed: impl FnOnce(Seed) -> Seed) -> Self {
        Self(seed(self.0))
    }
    fn way(self, _: &Perturbed<O, N, T>, _: Cost) -> Way {
        Way::Sampled(MonteCarlo::plain(1, self.0))
    }
    fn answer<Q>(
        self,
        layer: &Perturbed<O, N, T>,
        theta: &[T],
        quantity: &Q,
        (): &mut (),
        out: &mut Q::Output,
    ) -> Result<(), Error>
    where
        Q: Quantity<T, N, O::Shape>,
    {
        let forbids = quantity::check(layer, theta, quantity)?;
        let (shape, centre) = (layer.oracle.shape(), layer.centre(theta)?);
        let mut perturbed = shape.array(T::ZERO);
        if Q::NEEDS.decisions {
            // The one part of the answer is solved where it lies.
            let small_integers = layer.oracle.properties().small_integers;
            for y in Q::Form::parts(out) {
                let (perturbed, work) = (perturbed.as_mut(), &mut layer.oracle.work());
                layer.sample_into(theta, centre, self.0, 0, perturbed, y, work)?;
                if !small_integers {
                    // −0 becomes 0, as in a sum.
                    for y in y {
                        *y += T::ZERO;
                    }
                }
            }
            quantity.finish_at(theta, centre, out);
            // Small integers do not reach half a unit in the last place of the largest number, and nothing can overflow.
            return if small_integers { Ok(()) } else { quantity::check_result::<T, N, O::Shape, Q>(out) };
        }
        let (mut z, mut y) = (shape.array(T::ZERO), shape.array(T::ZERO));
        layer.noise.fill(&mut self.0.stream(0), z.as_mut());
        if forbids {
            silence(theta, z.as_mut());
        }
        layer.perturb(theta, centre.score, z.as_ref(), perturbed.as_mut());
        let value = layer.solve(perturbed.as_ref(), y.as_mut(), &mut layer.oracle.work(), Some(0))?;
        let mut score = Q::NEEDS.scores.then(|| shape.array(T::ZERO));
        if let Some(score) = &mut score {
            layer.noise.scores(z.as_ref(), score.as_mut());
        }
        let draw = quantity::Draw {
            z: z.as_ref(),
            score: score.as_ref().map_or(&[], AsRef::as_ref),
            theta: perturbed.as_ref(),
            y: y.as_ref(),
            value,
            epsilon: layer.epsilon,
            baseline: None,
        };
        Q::Form::clear(out);
        quantity.add(&layer.noise, &draw, out);
        quantity::finish::<T, N, O::Shape, Q>(quantity, theta, centre, 1, out)
    }
}
