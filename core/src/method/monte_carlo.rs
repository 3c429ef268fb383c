//! A mean over samples.

use super::{Control, Cost, Draws, Method, Variance, Way};
use crate::engine::Estimate;
pub use crate::engine::Memory as MonteCarloWork;
use crate::quantity::Form;
use crate::{Error, Noise, Oracle, Perturbed, Quantity, Real, Seed, Shape};

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
    #[inline]
    pub const fn row(self, row: u64) -> Self {
        Self { seed: self.seed.fold(row), ..self }
    }
    /// Whether each sample's control leaves that sample out.
    pub(crate) const fn leaves_one_out(&self) -> bool {
        matches!((self.variance.control, self.variance.draws), (Control::LeaveOneOut, Draws::Independent))
    }

    /// Writes the noise of sample number `sample`. Antithetic samples with odd numbers mirror what `z` holds, the noise
    /// of the sample before.
    pub(crate) fn draw<T: Real, N: Noise<T>>(self, noise: &N, sample: u64, z: &mut [T]) {
        match self.variance.draws {
            Draws::Antithetic if sample % 2 == 1 => {
                for z in z {
                    *z = noise.mirror(*z);
                }
            }
            Draws::Independent | Draws::Antithetic => noise.fill(&mut self.seed.stream(sample), z),
            #[cfg(feature = "quasi-random")]
            Draws::QuasiRandom => crate::engine::draw_quasi_random(self.seed, noise, sample, z),
        }
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Method<O, N, T> for MonteCarlo {
    type Work<A: Send> = MonteCarloWork<O, T, A>;

    fn work<A: Send>(self, layer: &Perturbed<O, N, T>) -> Self::Work<A> {
        MonteCarloWork::new(&layer.oracle)
    }
    fn reseed(self, seed: impl FnOnce(Seed) -> Seed) -> Self {
        Self { seed: seed(self.seed), ..self }
    }
    fn way(self, _: &Perturbed<O, N, T>, _: Cost) -> Way {
        Way::Sampled(self)
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
        let estimate = Estimate::new(layer, theta, quantity, self)?;
        let (mut ready, more) = estimate.with(work)?;
        ready.block(0, out)?;
        if self.blocks() > 1 {
            // Memory of another quantity.
            let dim = layer.oracle.shape().dim();
            more.take_if(|[part, _]| !Q::Form::fits(part, dim));
            let [part, lost] = more.get_or_insert_with(|| [out.clone(), out.clone()]);
            Q::Form::clear(lost);
            for block in 1..self.blocks() {
                ready.block(block, part)?;
                Q::Form::merge(out, part, lost);
            }
            Q::Form::add(out, lost);
        }
        estimate.finish(out)
    }
}
