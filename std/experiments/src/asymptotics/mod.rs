//! Proposition 4.1: how the scores that are learned from n decisions scatter, against the normal law for large n.
//!
//! For four layers with closed forms, many data sets of n decisions are drawn at known scores θ, and θ̂ is estimated from
//! each. Two numbers should tend to what the proposition says: n·E‖θ̂ − θ‖² over the trace of H⁺Σ_Y H⁺ to 1, and the share
//! of 95 % intervals that hold θ_i to 0.95. Data sets whose mean decision lies on the boundary have no estimate; they are
//! counted and left out.

mod report;

use perturb::inference::{Inference, InferenceError, asymptotic_covariance};
use perturb::{
    ClosedForm, Dyn, Error, Exact, Gumbel, Hypercube, Logistic, Noise, Normal, Oracle, Perturbed, Ranking,
    Seed, Simplex,
};
use rayon::prelude::*;

use super::{ExperimentError, Journal};

pub use report::{csv, json, page, table};

/// The level of the intervals.
pub const LEVEL: f64 = 0.95;
/// The true scores; hypercubes take the first three.
pub const SCORES: [f64; 4] = [0.5, -0.3, 0.2, 0.0];
/// The temperature ε.
pub const EPSILON: f64 = 0.8;
/// Decisions from which Σ_Y is taken: half a percent of error in a trace.
const REFERENCE: u64 = 200_000;

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Numbers of decisions n.
    pub sizes: Vec<u64>,
    /// Data sets per layer and n.
    pub runs: u64,
    /// Names all draws.
    pub seed: Seed,
}

impl Setting {
    /// Seconds: n from 30 to 3000, 1000 data sets.
    #[must_use]
    pub fn quick(seed: Seed) -> Self {
        Self { sizes: vec![30, 100, 300, 1000, 3000], runs: 1000, seed }
    }
    /// Minutes: n up to 100,000, 4000 data sets.
    #[must_use]
    pub fn full(seed: Seed) -> Self {
        Self { sizes: vec![10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000], runs: 4000, seed }
    }
    /// Data sets in all.
    #[must_use]
    pub fn data_sets(&self) -> u64 {
        4 * self.sizes.len() as u64 * self.runs
    }
}

/// One layer at one n.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Oracle and noise.
    pub layer: &'static str,
    /// n.
    pub size: u64,
    /// n·‖θ̂ − θ‖² over the trace of the proposition, mean and standard error over data sets.
    pub ratio: (f64, f64),
    /// The share of intervals that hold their score, over entries and data sets, and its standard error.
    pub coverage: (f64, f64),
    /// Data sets without an estimate.
    pub without: u64,
}

impl Setting {
    /// All layers at all sizes. The journal's units are data sets, its pieces a layer at a size.
    pub fn run(&self, journal: &Journal<'_>) -> Result<Vec<Outcome>, ExperimentError> {
        let mut all = Vec::new();
        let four = || Dyn(SCORES.len());
        self.layer("simplex, gumbel", Simplex::new(four())?, Gumbel, &SCORES, journal, &mut all)?;
        self.layer("simplex, normal", Simplex::new(four())?, Normal, &SCORES, journal, &mut all)?;
        let three = Hypercube::binary(Dyn(3))?;
        self.layer("hypercube, logistic", three, Logistic, &SCORES[..3], journal, &mut all)?;
        self.layer("ranking, normal", Ranking::ascending(four())?, Normal, &SCORES, journal, &mut all)?;
        Ok(all)
    }

    fn layer<O, N>(
        &self,
        name: &'static str,
        oracle: O,
        noise: N,
        theta: &[f64],
        journal: &Journal<'_>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), ExperimentError>
    where
        O: ClosedForm<f64, N> + Oracle<f64, Shape = Dyn> + Sync,
        N: Noise<f64>,
    {
        let layer = Perturbed::new(oracle, noise, EPSILON)?;
        let d = theta.len();
        let mean = if layer.oracle().shift_invariant() { theta.iter().sum::<f64>() / d as f64 } else { 0.0 };
        let truth: Vec<f64> = theta.iter().map(|theta| theta - mean).collect();
        let theory = asymptotic_covariance(&layer, theta, &spread(&layer, theta, self.seed.fold(u64::MAX))?)?;
        let trace: f64 = theory.iter().step_by(d + 1).sum();
        for &size in &self.sizes {
            let seed = self.seed.fold(size);
            let one = |run| {
                journal.go_on()?;
                let mut decisions = Vec::with_capacity(size as usize * d);
                for index in 0..size {
                    decisions.extend(layer.sample(theta, seed.fold(run), index)?);
                }
                let found = Inference::from_decisions(&layer, &decisions);
                journal.advance(1);
                let found = match found {
                    Ok(found) => found,
                    Err(InferenceError::Boundary) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                let off: f64 = found.theta.iter().zip(&truth).map(|(a, b)| (a - b) * (a - b)).sum();
                let holds = |i: usize| {
                    let (low, high) = found.interval(i, LEVEL);
                    if low <= truth[i] && truth[i] <= high { 1.0 } else { 0.0 }
                };
                Ok(Some((size as f64 * off / trace, (0..d).map(holds).sum::<f64>() / d as f64)))
            };
            let runs = journal.piece(format!("{name} from {size}"), self.runs, || {
                (0..self.runs).into_par_iter().map(one).collect::<Result<Vec<_>, ExperimentError>>()
            })?;
            let found: Vec<(f64, f64)> = runs.iter().copied().flatten().collect();
            outcomes.push(Outcome {
                layer: name,
                size,
                ratio: mean_and_error(found.iter().map(|run| run.0)),
                coverage: mean_and_error(found.iter().map(|run| run.1)),
                without: (runs.len() - found.len()) as u64,
            });
        }
        Ok(())
    }
}

/// Σ_Y from many decisions around the exact mean, d × d.
fn spread<O, N>(layer: &Perturbed<O, N, f64>, theta: &[f64], seed: Seed) -> Result<Vec<f64>, Error>
where
    O: ClosedForm<f64, N> + Oracle<f64, Shape = Dyn>,
    N: Noise<f64>,
{
    let d = theta.len();
    let mean = layer.maximizer(theta, Exact)?;
    let mut spread = vec![0.0; d * d];
    for index in 0..REFERENCE {
        let y = layer.sample(theta, seed, index)?;
        for (place, sum) in spread.iter_mut().enumerate() {
            *sum += (y[place / d] - mean[place / d]) * (y[place % d] - mean[place % d]) / REFERENCE as f64;
        }
    }
    Ok(spread)
}

fn mean_and_error(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let (mean, deviation) = super::mean_and_deviation(&values);
    (mean, deviation / (values.len() as f64).sqrt())
}
