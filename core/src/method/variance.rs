/// How the variance of estimates is reduced; no choice changes an expectation.
///
/// Two independent choices: what is subtracted from a derivative's terms, and how the noise is drawn. Total variance
/// Σ Var J_ij of the Jacobian of the simplex over five classes with normal noise, M = 64, from the test `variance`:
///
/// | control, draws | ε = 0.5 | ε = 0.1 |
/// |---|---|---|
/// | none, independent | 0.307 | 7.79 |
/// | baseline, independent | 0.106 | < 0.01 |
/// | leave one out, independent | 0.088 | < 0.01 |
/// | none, antithetic | 0.100 | < 0.05 |
/// | baseline, quasi-random | 0.040 | < 0.01 |
///
/// The baseline is the default. Leaving one out pays where ε is large against the differences of the scores, so that
/// y*(θ) is no good guess; antithetic pairs help values and maximizers too, since odd parts cancel; quasi-random
/// points help where a result depends on few coordinates at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Variance {
    /// What is subtracted; applies to derivatives only.
    pub control: Control,
    /// How noise is drawn.
    pub draws: Draws,
}

/// What is subtracted from the decision before it is weighted by the score ∇ν(Z), whose expectation is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Control {
    /// Nothing.
    None,
    /// What the unperturbed decision y*(θ) would give: one more solve a call.
    #[default]
    Baseline,
    /// The mean over the other samples of the same block, on top of the baseline. It must be independent of the sample:
    /// antithetic and quasi-random draws, a block of one sample, and the Jacobian by curvature have the baseline alone.
    LeaveOneOut,
}

/// How the noise of an estimate's samples is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Draws {
    /// Each sample from a stream of its own.
    #[default]
    Independent,
    /// Pairs: every second sample has the mirrored noise of the one before, G⁻¹(1 − G(z)) entry by entry
    /// (Hammersley and Morton 1956).
    Antithetic,
    /// The points of a Sobol sequence, scrambled anew for every block of 64 (Owen 1995; hash-based scrambling by
    /// Burley 2020): in each block every entry's noise falls into each of 64 equally likely intervals once. Beyond
    /// 256 entries the points of further entries are independently scrambled and permuted ones of the same sequence.
    ///
    /// With the feature `quasi-random`.
    #[cfg(feature = "quasi-random")]
    QuasiRandom,
}
