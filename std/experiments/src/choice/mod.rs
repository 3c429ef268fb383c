//! Real choices and rankings: estimates beside those of others, elasticities, and how well rankings are learned.
//!
//! A multinomial logit is a perturbed argmax with Gumbel noise, an independent probit one with normal noise; both are estimated on
//! [sets](Set) for which estimates are known. Rankings of search results with grades are learned by the Fenchel–Young loss of a
//! perturbed ranking, whose ties are known in part, and judged by cross-validation beside least squares on the grades.

mod queries;
mod report;
mod sets;

use perturb::decisions::Decisions;
use perturb::inference::{Criterion, Errors, Estimates, Estimation};
use perturb::{AnyNoise, Seed};
use serde::{Deserialize, Serialize};

use super::{ExperimentError, Journal};

pub use queries::{METRICS, Query, Ranked};
pub use report::{csv, json, page, tables};
pub use sets::{Figures, Set};

/// The models, in the order of results.
pub const MODELS: [&str; 2] = ["logit", "probit"];

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Ridges among which cross-validation chooses, for rankings.
    pub ridges: Vec<f64>,
    /// Folds that judge rankings, and folds of what is left that choose the ridge.
    pub folds: usize,
    /// Names the folds.
    pub seed: Seed,
}

/// A model on a set.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fitted {
    /// The set.
    pub set: Set,
    /// Index into [`MODELS`].
    pub model: usize,
    /// Weights and their errors.
    pub estimates: Estimates,
    /// Elasticities with respect to the set's [price](Set::price), in the order of alternatives that change, then of those picked.
    pub elasticities: Vec<Effect>,
}

/// An elasticity with its standard error, clustered where the set has clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effect {
    /// The alternative whose price grows.
    pub changed: String,
    /// The alternative that is picked more or less often.
    pub of: String,
    /// The elasticity.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// All results.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Outcomes {
    /// Models on sets.
    pub fits: Vec<Fitted>,
    /// Folds of queries; empty without queries.
    pub ranked: Vec<Ranked>,
}

impl Setting {
    /// Five folds, and six ridges from 0.01 to 3.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { ridges: vec![0.01, 0.03, 0.1, 0.3, 1.0, 3.0], folds: 5, seed }
    }

    /// Training runs in all, on so many sets, with queries or without.
    #[must_use]
    pub fn fits(&self, sets: usize, queries: bool) -> u64 {
        let ranked = if queries { self.folds as u64 * self.fits_of_fold() } else { 0 };
        (sets * MODELS.len()) as u64 + ranked
    }

    /// Logit and probit of each set, and rankings of the queries, if there are any.
    pub fn run(
        &self,
        sets: &[(Set, Decisions)],
        queries: Option<&Decisions>,
        journal: &Journal<'_>,
    ) -> Result<Outcomes, ExperimentError> {
        let mut fits = Vec::new();
        for (set, decisions) in sets {
            for (model, name) in MODELS.iter().enumerate() {
                let piece = format!("{name} of {}", set.name());
                let (estimates, elasticities) = journal.piece(piece, 1, || {
                    let found = fit(*set, model, decisions)?;
                    journal.advance(1);
                    Ok(found)
                })?;
                fits.push(Fitted { set: *set, model, estimates, elasticities });
            }
        }
        let ranked = queries.map_or_else(|| Ok(Vec::new()), |queries| self.rank(queries, journal))?;
        Ok(Outcomes { fits, ranked })
    }
}

/// The errors that tests take: clustered where there are clusters, otherwise the model's.
fn errors(of: &Estimates) -> Errors {
    if of.clusters() > 0 { Errors::Clustered } else { Errors::Model }
}

fn fit(set: Set, model: usize, decisions: &Decisions) -> Result<(Estimates, Vec<Effect>), ExperimentError> {
    let how = if model == 0 {
        Estimation::default()
    } else {
        Estimation { noise: AnyNoise::Normal, criterion: Criterion::Likelihood, ..Estimation::default() }
    };
    let found = how.fit(decisions)?;
    let effects = how.elasticities(decisions, found.coefficients(), &[set.price()])?.into_iter().map(|one| {
        let error = found.delta(&one.gradient, errors(&found)).unwrap_or(f64::NAN);
        Effect { changed: one.changed, of: one.of, value: one.value, error }
    });
    let effects = effects.collect();
    Ok((found, effects))
}
