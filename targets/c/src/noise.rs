//! Noise chosen at run time, so that a layer's code is there once and not once a noise.

use perturb_core::{Gumbel, Laplace, Logistic, Noise, Normal};
use rand_core::Rng;

use crate::Status;

/// What perturbs the scores: theta + epsilon·Z with independent entries of Z. The numbers are those of model files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum NoiseKind {
    /// Density exp(−z − exp(−z)). With it argmax decides by softmax(theta/epsilon) on average.
    Gumbel = 1,
    /// Density exp(−|z|)/2.
    Laplace = 2,
    /// The derivative of 1/(1 + exp(−z)).
    Logistic = 3,
    /// Mean 0, variance 1.
    Normal = 4,
}

impl NoiseKind {
    pub(crate) fn from_code(code: u32) -> Result<Self, Status> {
        [Self::Gumbel, Self::Laplace, Self::Logistic, Self::Normal]
            .into_iter()
            .find(|&kind| kind as u32 == code)
            .ok_or(Status::OutOfRange)
    }
}

impl Noise<f32> for NoiseKind {
    const NAME: &'static str = "any";

    fn fill(&self, rng: &mut impl Rng, z: &mut [f32]) {
        match self {
            Self::Gumbel => Gumbel.fill(rng, z),
            Self::Laplace => Laplace.fill(rng, z),
            Self::Logistic => Logistic.fill(rng, z),
            Self::Normal => Normal.fill(rng, z),
        }
    }
    fn quantile(&self, p: f32) -> f32 {
        match self {
            Self::Gumbel => Gumbel.quantile(p),
            Self::Laplace => Laplace.quantile(p),
            Self::Logistic => Logistic.quantile(p),
            Self::Normal => Normal.quantile(p),
        }
    }
    fn mirror(&self, z: f32) -> f32 {
        match self {
            Self::Gumbel => Gumbel.mirror(z),
            Self::Laplace => Laplace.mirror(z),
            Self::Logistic => Logistic.mirror(z),
            Self::Normal => Normal.mirror(z),
        }
    }
    fn nu(&self, z: f32) -> f32 {
        match self {
            Self::Gumbel => Gumbel.nu(z),
            Self::Laplace => Laplace.nu(z),
            Self::Logistic => Logistic.nu(z),
            Self::Normal => Normal.nu(z),
        }
    }
    fn score(&self, z: f32) -> f32 {
        match self {
            Self::Gumbel => Gumbel.score(z),
            Self::Laplace => Laplace.score(z),
            Self::Logistic => Logistic.score(z),
            Self::Normal => Normal.score(z),
        }
    }
    fn mean(&self) -> f32 {
        match self {
            Self::Gumbel => Gumbel.mean(),
            Self::Laplace => Laplace.mean(),
            Self::Logistic => Logistic.mean(),
            Self::Normal => Normal.mean(),
        }
    }
    fn fisher_information(&self) -> f32 {
        match self {
            Self::Gumbel => Noise::<f32>::fisher_information(&Gumbel),
            Self::Laplace => Noise::<f32>::fisher_information(&Laplace),
            Self::Logistic => Noise::<f32>::fisher_information(&Logistic),
            Self::Normal => Noise::<f32>::fisher_information(&Normal),
        }
    }
}
