//! The one loop that draws.

use crate::estimator::{Draw, Drawn, Estimator};
use crate::evaluate::Array;
use crate::lanes::{self, LANES};
use crate::oracle::solve_checked;
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape, error, estimator};

mod draws;
mod evaluate;
#[cfg(feature = "quasi-random")]
mod quasi_random;
mod side_by_side;
mod standard_error;
mod variance;

use side_by_side::{Asks, Collect, LaneScratch, cut};
pub use standard_error::WithError;
pub use variance::{Control, Draws, Variance};

/// Samples per block: sums are formed within blocks and merged in the order of the blocks, so that blocks
/// can be computed by different threads without a change of bits.
pub const BLOCK: u32 = 64;

/// A mean over samples Z⁽¹⁾, …, Z⁽ᴹ⁾ (Definition 3.1). Unbiased; standard error ∝ 1/√M for independent samples.
///
/// ```
/// use perturb_core::{MonteCarlo, Seed};
/// let how = MonteCarlo::new(1000, Seed(1)); // independent samples, derivatives with the baseline
/// let pairs = MonteCarlo::plain(1000, Seed(1)).antithetic(); // nothing subtracted, mirrored pairs
/// assert_eq!((how.unit(), pairs.unit()), (1, 2));
/// ```
///
/// Sample m of seed s is the same noise in every call: two calls with one seed share their random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MonteCarlo {
    /// M, at least 1.
    pub samples: u32,
    /// Names the noise.
    pub seed: Seed,
    /// How their variance is reduced.
    pub variance: Variance,
}

impl MonteCarlo {
    /// `samples` samples of `seed`, derivatives with the baseline.
    #[must_use]
    pub const fn new(samples: u32, seed: Seed) -> Self {
        Self { samples, seed, variance: Variance { control: Control::Baseline, draws: Draws::Independent } }
    }
    /// Without variance reduction.
    #[must_use]
    pub const fn plain(samples: u32, seed: Seed) -> Self {
        Self { samples, seed, variance: Variance { control: Control::None, draws: Draws::Independent } }
    }
    /// The same with [`Control::LeaveOneOut`].
    #[must_use]
    pub const fn leave_one_out(self) -> Self {
        Self { variance: Variance { control: Control::LeaveOneOut, ..self.variance }, ..self }
    }
    /// The same with [`Draws::Antithetic`].
    #[must_use]
    pub const fn antithetic(self) -> Self {
        Self { variance: Variance { draws: Draws::Antithetic, ..self.variance }, ..self }
    }
    /// The same with [`Draws::QuasiRandom`].
    #[cfg(feature = "quasi-random")]
    #[must_use]
    pub const fn quasi_random(self) -> Self {
        Self { variance: Variance { draws: Draws::QuasiRandom, ..self.variance }, ..self }
    }
    /// How many blocks of [`BLOCK`] samples the estimate has.
    #[must_use]
    pub const fn blocks(&self) -> u32 {
        self.samples.div_ceil(BLOCK)
    }
    /// How many samples block `block` has.
    pub(crate) const fn in_block(&self, block: u32) -> u32 {
        let before = block.saturating_mul(BLOCK);
        let left = self.samples.saturating_sub(before);
        if left < BLOCK { left } else { BLOCK }
    }
    /// As many samples for row `row` of a batch: each row has noise of its own.
    #[must_use]
    pub const fn row(self, row: u64) -> Self {
        Self { seed: self.seed.fold(row), ..self }
    }
}

/// Working memory of one worker: eight arrays of d numbers, the oracle's own, and on hosts seven arrays of 16·d numbers: on
/// the heap once an estimate needs them, for shapes of fixed size of 64 rows each, within.
pub struct Scratch<O: Oracle<T>, T: Real> {
    solve: Solve<O, T>,
    /// Whether the oracle may be warm.
    warm: bool,
    baseline: Array<O, T>,
    /// Sums over a block for leaving one out: decisions, perturbed scores, scores ∇ν.
    sums: [Array<O, T>; 3],
    lanes: Option<LaneScratch<O::Shape, T>>,
    /// Sums of decisions, lane by lane.
    lane_sums: Option<Lanes<O, T>>,
}

/// Memory of one perturbed solve.
struct Solve<O: Oracle<T>, T: Real> {
    z: Array<O, T>,
    score: Array<O, T>,
    theta: Array<O, T>,
    y: Array<O, T>,
    work: O::Work,
}

type Lanes<O, T> = <<O as Oracle<T>>::Shape as Shape>::Lanes<T>;

impl<O: Oracle<T>, T: Real> Scratch<O, T> {
    /// For estimates with `oracle`.
    pub fn new(oracle: &O) -> Self {
        let shape = oracle.shape();
        let array = || shape.array(T::ZERO);
        Self {
            warm: false,
            solve: Solve { z: array(), score: array(), theta: array(), y: array(), work: oracle.work() },
            baseline: array(),
            sums: [array(), array(), array()],
            lanes: None,
            lane_sums: None,
        }
    }

    /// Makes memory for lanes, once, if these samples go in lanes.
    fn with_lanes_for(&mut self, oracle: &O, how: MonteCarlo) {
        if how.in_lanes(how.samples as usize) {
            self.with_lanes(oracle);
        }
    }

    /// Makes memory for lanes, once, if the shape has a place for it.
    fn with_lanes(&mut self, oracle: &O) {
        if self.lanes.is_none() || self.lane_sums.is_none() {
            self.lanes = LaneScratch::new(oracle.shape());
            self.lane_sums = self.lanes.is_some().then(|| oracle.shape().lanes(T::ZERO));
        }
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// The mean of any [`Estimator`], or of a tuple of them in one pass, over the samples of `how`.
    ///
    /// ```
    /// use perturb_core::estimator::{Jacobian, Maximizer, Value};
    /// use perturb_core::{Const, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};
    /// let layer = Perturbed::new(Simplex::new(Const::<3>)?, Gumbel, 1.0)?;
    /// let how = MonteCarlo::new(1000, Seed(7));
    /// let (value, y, jacobian) = layer.estimate(&[0.1, 0.9, 0.2], &(Value, Maximizer, Jacobian), how)?;
    /// assert!(value > 0.9 && y[1] > 0.4 && jacobian.0[1][1] > 0.0);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    pub fn estimate<E>(&self, theta: &[T], estimator: &E, how: MonteCarlo) -> Result<E::Sum, Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let mut sum = estimator.zero(self.oracle.shape());
        self.estimate_into(theta, estimator, how, &mut Scratch::new(&self.oracle), &mut sum, &mut None)?;
        Ok(sum)
    }

    /// [`estimate`](Self::estimate) into the caller's memory: `sum` is a sum of `estimator`, whatever it holds, and the mean
    /// afterwards; `part` is memory for a second one, made when the first estimate of more than one block needs it.
    pub fn estimate_into<E>(
        &self,
        theta: &[T],
        estimator: &E,
        how: MonteCarlo,
        scratch: &mut Scratch<O, T>,
        sum: &mut E::Sum,
        part: &mut Option<E::Sum>,
    ) -> Result<(), Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        self.check(theta, estimator, how)?;
        self.prepare::<E>(theta, how, scratch)?;
        self.add_block(theta, estimator, how, 0, scratch, sum)?;
        if how.blocks() > 1 {
            let part = part.get_or_insert_with(|| sum.clone());
            for block in 1..how.blocks() {
                self.add_block(theta, estimator, how, block, scratch, part)?;
                estimator::merge::<T, N, O::Shape, E>(sum, part);
            }
        }
        estimator::finish::<T, N, O::Shape, E>(sum, how.samples)
    }

    /// Refuses what does not fit, before any work is done.
    pub fn check<E>(&self, theta: &[T], estimator: &E, how: MonteCarlo) -> Result<(), Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let dim = self.oracle.shape().dim();
        error::check_vector("theta", theta, dim)?;
        error::check_range("samples", how.samples as usize, 1, u32::MAX as usize)?;
        estimator.check(dim)
    }

    /// Lets the oracle warm up at θ, and solves for the baseline if the estimator uses one.
    pub fn prepare<E>(&self, theta: &[T], how: MonteCarlo, scratch: &mut Scratch<O, T>) -> Result<(), Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        if how.samples == 1 {
            self.forget_warm_start(scratch);
        } else {
            scratch.warm = true;
            self.oracle.warm_up(theta, &mut scratch.solve.work);
        }
        if E::BASELINE && how.variance.control != Control::None {
            let (y, work) = (scratch.baseline.as_mut(), &mut scratch.solve.work);
            solve_checked(&self.oracle, theta, y, work, None)?;
        }
        Ok(())
    }

    /// A single sample starts cold, whatever `scratch` was used for before.
    fn forget_warm_start(&self, scratch: &mut Scratch<O, T>) {
        if O::WARM_STARTS && scratch.warm {
            scratch.solve.work = self.oracle.work();
            scratch.warm = false;
        }
    }

    /// Overwrites `sum` with the terms of block `block`, in order: with [`merge`](Self::merge) and
    /// [`finish`](Self::finish) this is what an [`estimate`](Self::estimate) consists of, for callers that
    /// spread blocks over threads. Inputs must have passed [`check`](Self::check), and `scratch`
    /// [`prepare`](Self::prepare).
    pub fn add_block<E>(
        &self,
        theta: &[T],
        estimator: &E,
        how: MonteCarlo,
        block: u32,
        scratch: &mut Scratch<O, T>,
        sum: &mut E::Sum,
    ) -> Result<(), Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        estimator::clear::<T, N, O::Shape, E>(sum);
        if self.add_race(theta, estimator, how, block, scratch, sum)? {
            return Ok(());
        }
        scratch.with_lanes_for(&self.oracle, how);
        // Where sums are exact in any order, first lane by lane.
        let exact = E::DECISIONS && self.oracle.small_integers();
        let dim = self.oracle.shape().dim();
        let mut lane_sums = if exact { scratch.lane_sums.take() } else { None };
        if let Some(sums) = &mut lane_sums {
            cut(sums.as_mut(), dim).fill([T::ZERO; LANES]);
        }
        let into = (lane_sums.is_some() || E::LANES, lane_sums.as_mut().map(|sums| cut(sums.as_mut(), dim)));
        let center = self.draws::<E>(theta, how, block, into, scratch, |noise, drawn| match drawn {
            Drawn::One(draw) => estimator.add(noise, draw, sum),
            Drawn::Lanes(draws) => estimator.add_lanes(noise, draws, sum),
        });
        if let Some((draw, count)) = center? {
            estimator.center(&self.noise, &draw, count, sum);
        }
        if let Some(rows) = lane_sums {
            if let Some(sums) = E::parts(sum).next() {
                lanes::run(Collect { rows: rows.as_ref(), sums });
            }
            scratch.lane_sums = Some(rows);
        }
        Ok(())
    }

    /// Calls `each` with every draw of block `block`, or with many in lanes if `whole`, but for those whose decisions go to
    /// `sums`, if there are any. Under leaving one out, returns the means for [`Estimator::center`] and the number of draws.
    fn draws<'s, E>(
        &self,
        theta: &[T],
        how: MonteCarlo,
        block: u32,
        (whole, sums_of_lanes): (bool, Option<&mut [[T; LANES]]>),
        scratch: &'s mut Scratch<O, T>,
        mut each: impl FnMut(&N, Drawn<'_, '_, T>),
    ) -> Result<Option<(Draw<'s, T>, u32)>, Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let first = u64::from(block) * u64::from(BLOCK);
        let count = how.in_block(block);
        let with_baseline = E::BASELINE && how.variance.control != Control::None;
        let centred = E::BASELINE && how.leaves_one_out() && count > 1;
        let Scratch { solve, baseline, sums, lanes, .. } = scratch;
        let baseline = &*baseline;
        let baseline: Option<&[T]> = with_baseline.then_some(baseline.as_ref());
        let [decisions, thetas, scores] = sums;
        if centred {
            for sums in [&mut *decisions, &mut *thetas, &mut *scores] {
                sums.as_mut().fill(T::ZERO);
            }
        }
        let mut values = T::ZERO;
        let mut each = |drawn: Drawn<'_, '_, T>| {
            if let (true, Drawn::One(draw)) = (centred, &drawn) {
                values += draw.value;
                for (sums, x) in
                    [(&mut *decisions, draw.y), (&mut *thetas, draw.theta), (&mut *scores, draw.score)]
                {
                    for (sum, &x) in sums.as_mut().iter_mut().zip(x) {
                        *sum += x;
                    }
                }
            }
            each(&self.noise, drawn);
        };
        let asks = Asks::of::<N, O::Shape, E>(whole && !centred, baseline);
        let samples = first..first + u64::from(count);
        self.draw_samples(theta, how, samples, (solve, lanes), (asks, sums_of_lanes), &mut each)?;
        if !centred {
            return Ok(None);
        }
        let n = T::from_f64(f64::from(count));
        for sums in [&mut *decisions, &mut *thetas] {
            for sum in sums.as_mut() {
                *sum /= n;
            }
        }
        for score in scores.as_mut() {
            *score = -*score;
        }
        let (decisions, thetas, scores) = (&*decisions, &*thetas, &*scores);
        let mean = Draw {
            z: &[],
            score: scores.as_ref(),
            theta: thetas.as_ref(),
            y: decisions.as_ref(),
            value: values / n,
            epsilon: self.epsilon,
            baseline,
        };
        Ok(Some((mean, count)))
    }

    /// Solves at `theta` + εz for the noise in `solve`.
    fn solve_draw<'s>(
        &self,
        theta: &[T],
        sample: u64,
        baseline: Option<&'s [T]>,
        scores: bool,
        solve: &'s mut Solve<O, T>,
    ) -> Result<Draw<'s, T>, Error> {
        let Solve { z, theta: perturbed, y, work, .. } = solve;
        for ((perturbed, &theta), &z) in perturbed.as_mut().iter_mut().zip(theta).zip(z.as_ref()) {
            *perturbed = theta + self.epsilon * z;
        }
        let value = solve_checked(&self.oracle, perturbed.as_ref(), y.as_mut(), work, Some(sample))?;
        Ok(self.draw_of(value, baseline, scores, solve))
    }

    /// What `solve` holds, with the scores ∇ν if `scores` says so.
    fn draw_of<'s>(
        &self,
        value: T,
        baseline: Option<&'s [T]>,
        scores: bool,
        solve: &'s mut Solve<O, T>,
    ) -> Draw<'s, T> {
        if scores {
            for (score, &z) in solve.score.as_mut().iter_mut().zip(solve.z.as_ref()) {
                *score = self.noise.score(z);
            }
        }
        Draw {
            z: solve.z.as_ref(),
            score: if scores { solve.score.as_ref() } else { &[] },
            theta: solve.theta.as_ref(),
            y: solve.y.as_ref(),
            value,
            epsilon: self.epsilon,
            baseline,
        }
    }

    /// `sum += part`.
    pub fn merge<E>(sum: &mut E::Sum, part: &mut E::Sum)
    where
        E: Estimator<T, N, O::Shape>,
    {
        estimator::merge::<T, N, O::Shape, E>(sum, part);
    }

    /// Turns the sum over all samples into their mean.
    pub fn finish<E>(sum: &mut E::Sum, how: MonteCarlo) -> Result<(), Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        estimator::finish::<T, N, O::Shape, E>(sum, how.samples)
    }
}
