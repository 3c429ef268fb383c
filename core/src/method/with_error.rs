//! Estimates with their standard errors.

use core::slice;

use super::{BLOCK, Control, Draws, MonteCarlo};
use crate::engine::{Drawn, Estimate, Memory, Sink};
use crate::quantity::Form;
use crate::{Error, Noise, Oracle, Perturbed, Quantity, Real, Shape, error, vector};

/// An estimate and its standard error, entry by entry.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct WithError<S> {
    /// The estimate: the bits of [`Perturbed::compute`].
    pub mean: S,
    /// Its standard error, from the spread of independent units.
    pub standard_error: S,
    /// How many units, one that is not whole included.
    pub units: u32,
}

impl MonteCarlo {
    /// How many consecutive samples are independent of all others: 1, 2 for antithetic pairs, a block of 64 where its
    /// samples share their mean or their points.
    #[must_use]
    pub const fn unit(&self) -> u32 {
        match (self.variance.control, self.variance.draws) {
            #[cfg(feature = "quasi-random")]
            (_, Draws::QuasiRandom) => BLOCK,
            (Control::LeaveOneOut, Draws::Independent) => BLOCK,
            (_, Draws::Antithetic) => 2,
            (_, Draws::Independent) => 1,
        }
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// [`compute`](Self::compute) with its standard error s/√n, where s² is the sample variance (divisor n − 1) of
    /// the means of the n whole [units](MonteCarlo::unit), by the updates of Welford (1962): no second pass.
    ///
    /// Where the last unit is not whole, units x_i have weights w_i in the mean x̄ by their samples, and variances of their own.
    /// The square of the standard error is then A/(1 + B) with A = Σ w_i²(x_i − x̄)²/(1 − 2w_i) and B = Σ w_i²/(1 − 2w_i): its
    /// expectation is the variance Σ w_i² Var x_i of the mean, and for equal weights it is s²/n.
    ///
    /// Needs two whole units; with fewer samples an error says how many. Memory: seven outputs.
    ///
    /// ```
    /// use perturb_core::quantity::Maximizer;
    /// use perturb_core::{Const, Exact, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
    /// let theta = [0.1f64, 0.9, 0.2];
    /// let found = layer.compute_with_error(&theta, &Maximizer, MonteCarlo::new(1000, Seed(7)))?;
    /// let exact = layer.maximizer(&theta, Exact)?;
    /// assert!((found.mean[1] - exact[1]).abs() < 4.0 * found.standard_error[1]);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn compute_with_error<Q>(
        &self,
        theta: &[T],
        quantity: &Q,
        how: MonteCarlo,
    ) -> Result<WithError<Q::Output>, Error>
    where
        Q: Quantity<T, N, O::Shape>,
    {
        let estimate = Estimate::new(self, theta, quantity, how)?;
        if !quantity.is_mean(&self.oracle) {
            return Err(Error::NotMean { quantity: Q::RESULT });
        }
        let unit = how.unit();
        error::check_range("samples", how.samples as usize, 2 * unit as usize, u32::MAX as usize)?;
        let mut memory = Memory::<O, T, Q::Output>::new(&self.oracle);
        estimate.sampler.prepare(&mut memory)?;
        let zero = || Q::Form::zero(self.oracle.shape());
        let (mut sum, mut part, mut lost) = (zero(), zero(), zero());
        let mut units = Units::new(unit, zero);
        for block in 0..how.blocks() {
            Q::Form::clear(&mut part);
            let mut in_unit = 0;
            let mut each = |_: usize, drawn: Drawn<'_, '_, T>| {
                let Drawn::One(draw) = drawn else { return };
                quantity.add(&self.noise, draw, &mut part);
                if unit < BLOCK {
                    quantity.add(&self.noise, draw, &mut units.term);
                    in_unit += 1;
                    if in_unit == unit {
                        units.close::<T, N, O::Shape, Q>();
                        in_unit = 0;
                    }
                }
            };
            let Memory { draws, control, .. } = &mut memory;
            let center = estimate.sampler.draw_block(block, draws, control, Sink::Draws(&mut each))?;
            if let Some((mean, count)) = center {
                quantity.center(&self.noise, &mean, count, &mut part);
            }
            if unit == BLOCK && how.in_block(block) == BLOCK {
                units.term.clone_from(&part);
                units.close::<T, N, O::Shape, Q>();
            } else if unit == BLOCK {
                units.term.clone_from(&part);
            }
            if block == 0 {
                sum.clone_from(&part);
            } else {
                Q::Form::merge(&mut sum, &mut part, &mut lost);
            }
        }
        Q::Form::add(&mut sum, &mut lost);
        estimate.finish(&mut sum)?;
        let left = how.samples % unit;
        let standard_error = units.standard_error::<T, N, O::Shape, Q>(left)?;
        Ok(WithError { mean: sum, standard_error, units: units.count + u32::from(left > 0) })
    }
}

/// Means over units of samples, by the updates of Welford (1962).
struct Units<A> {
    /// Samples of a unit.
    unit: u32,
    count: u32,
    /// The sum over the unit that is not complete.
    term: A,
    mean: A,
    /// The sum of squared deviations, and what its rounding has lost.
    spread: A,
    lost: A,
}

impl<A> Units<A> {
    fn new(unit: u32, zero: impl Fn() -> A) -> Self {
        Self { unit, count: 0, term: zero(), mean: zero(), spread: zero(), lost: zero() }
    }

    /// Takes in the unit whose sum is in `term`.
    fn close<T: Real, N: Noise<T>, S: Shape, Q: Quantity<T, N, S, Output = A>>(&mut self) {
        self.count += 1;
        let (unit, count) = (T::from_f64(f64::from(self.unit)), T::from_f64(f64::from(self.count)));
        let parts = Q::Form::parts(&mut self.mean)
            .zip(Q::Form::parts(&mut self.spread))
            .zip(Q::Form::parts(&mut self.lost))
            .zip(Q::Form::parts(&mut self.term));
        for (((mean, spread), lost), term) in parts {
            for ((mean, spread), (lost, term)) in mean.iter_mut().zip(spread).zip(lost.iter_mut().zip(term)) {
                let x = *term / unit;
                let before = x - *mean;
                *mean += before / count;
                let square = [before * (x - *mean)];
                vector::merge(slice::from_mut(spread), &square, slice::from_mut(lost));
                *term = T::ZERO;
            }
        }
    }

    /// The standard error of the mean of all units and of `left` samples, whose sum is in `term`.
    fn standard_error<T: Real, N: Noise<T>, S: Shape, Q: Quantity<T, N, S, Output = A>>(
        &mut self,
        left: u32,
    ) -> Result<A, Error>
    where
        A: Clone,
    {
        let number = |x: u32| T::from_f64(f64::from(x));
        let (count, left) = (number(self.count), number(left));
        let samples = count * number(self.unit) + left;
        // Weights, and what squared deviations are multiplied by.
        let (whole, rest) = (number(self.unit) / samples, left / samples);
        let factor = |weight: T| weight * weight / (T::ONE - weight - weight);
        let scale = T::ONE + count * factor(whole) + factor(rest);
        Q::Form::add(&mut self.spread, &mut self.lost);
        let parts = Q::Form::parts(&mut self.spread)
            .zip(Q::Form::parts(&mut self.mean))
            .zip(Q::Form::parts(&mut self.term));
        for ((spread, mean), term) in parts {
            for ((spread, &mut mean), &mut term) in spread.iter_mut().zip(mean).zip(term) {
                let square = if left.is_zero() {
                    *spread / (count * (count - T::ONE))
                } else {
                    let apart = term / left - mean;
                    let (of_whole, of_rest) = (rest * apart, (T::ONE - rest) * apart);
                    let spread = *spread + count * of_whole * of_whole;
                    (factor(whole) * spread + factor(rest) * of_rest * of_rest) / scale
                };
                *spread = square.sqrt();
            }
            error::check_result("the standard error", spread)?;
        }
        Ok(self.spread.clone())
    }
}
