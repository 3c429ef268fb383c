//! Estimates with their standard errors.

use super::{BLOCK, Control, Draws, MonteCarlo, Scratch};
use crate::estimator::{self, Drawn, Estimator};
use crate::{Error, Noise, Oracle, Perturbed, Real};

/// An estimate and its standard error, entry by entry.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct WithError<S> {
    /// The estimate: the bits of [`Perturbed::estimate`].
    pub mean: S,
    /// Its standard error, from the spread of independent units.
    pub standard_error: S,
    /// How many units.
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

    /// Whether each sample's control leaves that sample out.
    pub(super) const fn leaves_one_out(&self) -> bool {
        matches!((self.variance.control, self.variance.draws), (Control::LeaveOneOut, Draws::Independent))
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// [`estimate`](Self::estimate) with its standard error s/√n, where s² is the sample variance (divisor n − 1) of
    /// the means of the n whole [units](MonteCarlo::unit), by the updates of Welford (1962): no second pass.
    ///
    /// Needs two whole units; with fewer samples an error says how many. Memory: six sums of the estimator.
    ///
    /// ```
    /// use perturb_core::estimator::Maximizer;
    /// use perturb_core::{Const, Exact, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
    /// let theta = [0.1f64, 0.9, 0.2];
    /// let found = layer.estimate_with_error(&theta, &Maximizer, MonteCarlo::new(1000, Seed(7)))?;
    /// let exact = layer.maximizer(&theta, Exact)?;
    /// assert!((found.mean[1] - exact[1]).abs() < 4.0 * found.standard_error[1]);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn estimate_with_error<E>(
        &self,
        theta: &[T],
        estimator: &E,
        how: MonteCarlo,
    ) -> Result<WithError<E::Sum>, Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        self.check(theta, estimator, how)?;
        let unit = how.unit();
        let least = 2 * unit as usize;
        crate::error::check_range("samples", how.samples as usize, least, u32::MAX as usize)?;
        let mut scratch = Scratch::new(&self.oracle);
        self.prepare::<E>(theta, how, &mut scratch)?;
        scratch.with_lanes_for(&self.oracle, how);
        let zero = || estimator.zero(self.oracle.shape());
        let (mut sum, mut part, mut term) = (zero(), zero(), zero());
        let (mut mean, mut spread) = (zero(), zero());
        let mut units = 0;
        for block in 0..how.blocks() {
            estimator::clear::<T, N, O::Shape, E>(&mut part);
            estimator::clear::<T, N, O::Shape, E>(&mut term);
            let mut in_unit = 0;
            let mut close = |term: &mut E::Sum, count: u32| {
                if count == unit {
                    units += 1;
                    welford::<T, N, O::Shape, E>(&mut mean, &mut spread, term, (unit, units));
                }
                estimator::clear::<T, N, O::Shape, E>(term);
            };
            let center =
                self.draws::<E>(theta, how, block, (false, None), &mut scratch, |noise, drawn| {
                    let Drawn::One(draw) = drawn else { return };
                    estimator.add(noise, draw, &mut part);
                    if unit < BLOCK {
                        estimator.add(noise, draw, &mut term);
                        in_unit += 1;
                        if in_unit == unit {
                            close(&mut term, in_unit);
                            in_unit = 0;
                        }
                    }
                })?;
            if let Some((draw, count)) = center {
                estimator.center(&self.noise, &draw, count, &mut part);
            }
            if unit == BLOCK {
                term = part.clone();
                close(&mut term, how.in_block(block));
            }
            if block == 0 {
                sum = part.clone();
            } else {
                estimator::merge::<T, N, O::Shape, E>(&mut sum, &mut part);
            }
        }
        estimator::finish::<T, N, O::Shape, E>(&mut sum, how.samples)?;
        let count = T::from_f64(f64::from(units));
        for spread in E::parts(&mut spread) {
            for spread in &mut *spread {
                *spread = (*spread / (count * (count - T::ONE))).sqrt();
            }
            crate::error::check_result("the standard error", spread)?;
        }
        Ok(WithError { mean: sum, standard_error: spread, units })
    }
}

/// Takes the mean over one more unit into `mean` and the sum of squared deviations `spread`.
fn welford<T: Real, N: Noise<T>, S: crate::Shape, E: Estimator<T, N, S>>(
    mean: &mut E::Sum,
    spread: &mut E::Sum,
    term: &mut E::Sum,
    (unit, units): (u32, u32),
) {
    let unit = T::from_f64(f64::from(unit));
    let units = T::from_f64(f64::from(units));
    for ((mean, spread), term) in E::parts(mean).zip(E::parts(spread)).zip(E::parts(term)) {
        for ((mean, spread), &mut term) in mean.iter_mut().zip(spread).zip(term) {
            let x = term / unit;
            let before = x - *mean;
            *mean += before / units;
            *spread += before * (x - *mean);
        }
    }
}
