//! Where the noise of a sample comes from.

use super::{Draws, MonteCarlo};
use crate::{Noise, Real};

impl MonteCarlo {
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
            Draws::QuasiRandom => super::quasi_random::draw(self.seed, noise, sample, z),
        }
    }
}
