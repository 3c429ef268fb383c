//! Estimated weights, their covariance, and what follows from them.

use perturb_core::{Noise, Normal};
use serde::{Deserialize, Serialize};

use crate::decisions::Decisions;

/// Which covariance standard errors are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Errors {
    /// The inverse of the observed information: right if the model is. Known of likelihoods alone.
    Model,
    /// H⁻¹GH⁻¹ with the Hessian H of the loss and G the sum of gg′ over the gradients g of decisions (Proposition 4.1 for
    /// regressions): right even if the noise has another law, so long as decisions are independent.
    Robust,
    /// The same with gradients summed in each cluster: right even if decisions of one cluster depend on each other.
    Clustered,
}

/// Covariances of estimates, p × p, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Covariances {
    pub(super) model: Option<Vec<f64>>,
    pub(super) robust: Vec<f64>,
    pub(super) clustered: Option<Vec<f64>>,
    pub(super) clusters: usize,
}

/// Estimated weights with their uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Estimates {
    terms: Vec<String>,
    w: Vec<f64>,
    covariances: Covariances,
    loss: f64,
    likelihood: Option<f64>,
    null: Option<f64>,
    decisions: usize,
    weight: f64,
    steps: usize,
}

/// [`Estimates`] as they are read.
#[derive(Deserialize)]
struct Unchecked {
    terms: Vec<String>,
    w: Vec<f64>,
    covariances: Covariances,
    loss: f64,
    likelihood: Option<f64>,
    null: Option<f64>,
    decisions: usize,
    weight: f64,
    steps: usize,
}

impl TryFrom<Unchecked> for Estimates {
    type Error = &'static str;

    fn try_from(of: Unchecked) -> Result<Self, Self::Error> {
        let Unchecked { terms, w, covariances, loss, likelihood, null, decisions, weight, steps } = of;
        let (p, all) = (w.len(), &covariances);
        let fits = |matrix: Option<&Vec<f64>>| matrix.is_none_or(|matrix| matrix.len() == p * p);
        let fit = fits(all.model.as_ref()) && fits(Some(&all.robust)) && fits(all.clustered.as_ref());
        if p == 0 || terms.len() != p || !fit {
            return Err("estimates whose sizes do not fit each other");
        }
        Ok(Self { terms, w, covariances, loss, likelihood, null, decisions, weight, steps })
    }
}

/// A test of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Test {
    /// The statistic, which has a χ² distribution if the hypothesis holds.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub freedom: usize,
    /// The probability of a statistic at least as large if the hypothesis holds.
    pub p: f64,
}

impl Test {
    fn new(statistic: f64, freedom: usize) -> Self {
        Self { statistic, freedom, p: chi_squared_tail(statistic, freedom) }
    }
}

impl Estimates {
    pub(super) fn new(
        decisions: &Decisions,
        w: Vec<f64>,
        covariances: Covariances,
        (loss, likelihood, null): (f64, Option<f64>, Option<f64>),
        (weight, steps): (f64, usize),
    ) -> Self {
        let (terms, decisions) = (decisions.terms().to_vec(), decisions.len());
        Self { terms, w, covariances, loss, likelihood, null, decisions, weight, steps }
    }

    /// The names of the terms.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }
    /// ŵ.
    pub fn coefficients(&self) -> &[f64] {
        &self.w
    }
    /// The weight of a term.
    pub fn coefficient(&self, term: &str) -> Option<f64> {
        self.w.get(self.place(term)?).copied()
    }
    /// The number of decisions.
    pub fn decisions(&self) -> usize {
        self.decisions
    }
    /// The number of clusters; 0 if each decision stands alone.
    pub fn clusters(&self) -> usize {
        self.covariances.clusters
    }
    /// Newton steps.
    pub fn steps(&self) -> usize {
        self.steps
    }
    /// The mean loss of a decision.
    pub fn loss(&self) -> f64 {
        self.loss / self.weight
    }
    /// ln L(ŵ); none where the criterion is no likelihood.
    pub fn log_likelihood(&self) -> Option<f64> {
        self.likelihood
    }
    /// The log-likelihood of options that are all equally probable.
    pub fn null_log_likelihood(&self) -> Option<f64> {
        self.null
    }
    /// McFadden's R²: 1 − ln L(ŵ)/ln L₀ beside equal probabilities.
    pub fn r_squared(&self) -> Option<f64> {
        Some(1.0 - self.likelihood? / self.null?)
    }
    /// Akaike's criterion, 2p − 2 ln L.
    pub fn aic(&self) -> Option<f64> {
        Some(2.0 * self.w.len() as f64 - 2.0 * self.likelihood?)
    }
    /// Schwarz's criterion, p ln n − 2 ln L for n decisions, repetitions counted.
    pub fn bic(&self) -> Option<f64> {
        Some(self.w.len() as f64 * libm::log(self.weight) - 2.0 * self.likelihood?)
    }

    /// The covariance of ŵ, p × p, row by row; none where it is not known.
    pub fn covariance(&self, errors: Errors) -> Option<&[f64]> {
        match errors {
            Errors::Model => self.covariances.model.as_deref(),
            Errors::Robust => Some(&self.covariances.robust),
            Errors::Clustered => self.covariances.clustered.as_deref(),
        }
    }
    /// The standard errors of ŵ.
    pub fn standard_errors(&self, errors: Errors) -> Option<Vec<f64>> {
        let diagonal = self.covariance(errors)?.iter().step_by(self.w.len() + 1);
        Some(diagonal.map(|variance| variance.max(0.0).sqrt()).collect())
    }
    /// z = ŵ/s.e. of each term.
    pub fn z(&self, errors: Errors) -> Option<Vec<f64>> {
        Some(self.w.iter().zip(self.standard_errors(errors)?).map(|(w, error)| w / error).collect())
    }
    /// The probability of a |z| at least as large if the weight is 0, of each term.
    pub fn p_values(&self, errors: Errors) -> Option<Vec<f64>> {
        Some(self.z(errors)?.into_iter().map(two_sided).collect())
    }
    /// ŵ ± z·s.e. of each term, which holds w with a probability that tends to `level` in (0, 1); NaN at another level.
    pub fn intervals(&self, errors: Errors, level: f64) -> Option<Vec<(f64, f64)>> {
        let z = if level > 0.0 && level < 1.0 { Normal.quantile(0.5 + 0.5 * level) } else { f64::NAN };
        let errors = self.standard_errors(errors)?;
        Some(self.w.iter().zip(errors).map(|(w, error)| (w - z * error, w + z * error)).collect())
    }

    /// ŵ_a/ŵ_b with its standard error by the delta method, such as a value of time, −(utility of time)/(utility of cost).
    pub fn ratio(&self, a: &str, b: &str, errors: Errors) -> Option<(f64, f64)> {
        let (a, b) = (self.place(a)?, self.place(b)?);
        let ratio = self.w[a] / self.w[b];
        let mut slope = vec![0.0; self.w.len()];
        slope[a] += 1.0 / self.w[b];
        slope[b] -= ratio / self.w[b];
        Some((ratio, self.delta(&slope, errors)?))
    }

    /// The standard error of a function of w with this gradient at ŵ: √(g′Vg).
    pub fn delta(&self, gradient: &[f64], errors: Errors) -> Option<f64> {
        let covariance = self.covariance(errors)?;
        let p = self.w.len();
        let variance: f64 = covariance
            .chunks_exact(p)
            .zip(gradient)
            .map(|(row, a)| a * row.iter().zip(gradient).map(|(x, b)| x * b).sum::<f64>())
            .sum();
        (gradient.len() == p).then(|| variance.max(0.0).sqrt())
    }

    /// The likelihood-ratio test of a model with fewer terms, which is a special case of this one: 2(ln L − ln L′) on as many degrees
    /// of freedom as it has terms less. None where a log-likelihood is missing, or the other has no fewer terms.
    pub fn likelihood_ratio(&self, restricted: &Self) -> Option<Test> {
        let freedom = self.w.len().checked_sub(restricted.w.len()).filter(|&freedom| freedom > 0)?;
        Some(Test::new((2.0 * (self.likelihood? - restricted.likelihood?)).max(0.0), freedom))
    }

    /// The likelihood-ratio test of equal probabilities.
    pub fn test_of_null(&self) -> Option<Test> {
        Some(Test::new((2.0 * (self.likelihood? - self.null?)).max(0.0), self.w.len()))
    }

    fn place(&self, term: &str) -> Option<usize> {
        self.terms.iter().position(|name| name == term)
    }
}

/// P(|Z| ≥ |z|) of a standard normal Z.
pub(crate) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// P(X ≥ x) of a χ² distribution, by the finite sums for whole degrees of freedom (Abramowitz and Stegun 26.4.4 and 26.4.5).
fn chi_squared_tail(x: f64, freedom: usize) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 1.0 };
    }
    let half = 0.5 * x;
    let odd = freedom % 2 == 1;
    // Terms e^(−x/2)(x/2)^a/Γ(a + 1) for a = 0, 1, … or 1/2, 3/2, …
    let (mut sum, mut a) = if odd { (libm::erfc(half.sqrt()), 0.5) } else { (0.0, 0.0) };
    let (log_half, most) = (libm::log(half), 0.5 * freedom as f64);
    while a < most {
        sum += libm::exp(a * log_half - half - libm::lgamma(a + 1.0));
        a += 1.0;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from scipy.stats.chi2.sf, scipy 1.17.1.
    #[test]
    fn tails_are_those_of_scipy() {
        for (x, freedom, expected) in [
            (3.841_458_820_694_124, 1, 0.05),
            (5.991_464_547_107_979, 2, 0.05),
            (7.814_727_903_251_179, 3, 0.05),
            (18.307_038_053_275_146, 10, 0.05),
            (124.342_113_404_004_07, 100, 0.05),
        ] {
            let found = chi_squared_tail(x, freedom);
            assert!((found - expected).abs() < 1e-13, "{x} {freedom} {found}");
        }
        assert_eq!((chi_squared_tail(0.0, 3), chi_squared_tail(-1.0, 3)), (1.0, 1.0));
        assert!((two_sided(1.959_963_984_540_054) - 0.05).abs() < 1e-15);
    }
}
