//! The names of noises in the header.

use perturb_core::AnyNoise;

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

/// The noise of a number from C.
pub(crate) fn noise(code: u32) -> Result<AnyNoise, Status> {
    // In the order of their codes, from 1.
    AnyNoise::ALL.get((code as usize).wrapping_sub(1)).copied().ok_or(Status::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core() {
        let kinds = [NoiseKind::Gumbel, NoiseKind::Laplace, NoiseKind::Logistic, NoiseKind::Normal];
        for (kind, known) in kinds.into_iter().zip(AnyNoise::ALL) {
            assert_eq!(noise(kind as u32), Ok(known));
        }
        assert_eq!(kinds.len(), AnyNoise::ALL.len());
        for code in [0, 5, 257, u32::MAX] {
            assert_eq!(noise(code), Err(Status::OutOfRange));
        }
    }
}
