//! Rankings of search results, judged by cross-validation beside least squares.

use perturb::data::{DataError, Fold};
use perturb::decisions::{Decisions, Judgement};
use perturb::inference::Estimation;
use perturb::{AnyNoise, How, Seed};
use serde::{Deserialize, Serialize};

use super::Setting;
use crate::{ExperimentError, Journal};

/// Metrics of a ranking, in the order of results.
pub const METRICS: [&str; 3] = ["NDCG@10", "Spearman", "Kendall"];

/// A query's metrics, by the Fenchel–Young model and by least squares that were not trained on it; NaN where one does not apply.
pub type Query = [[f64; 3]; 2];

/// What one fold brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The ridge that was chosen on the other folds.
    pub ridge: f64,
    /// The queries that were kept for judgement.
    pub queries: Vec<Query>,
}

/// Of the Fenchel–Young loss of rankings with normal noise.
fn estimation(ridge: f64) -> Estimation {
    Estimation { noise: AnyNoise::Normal, ridge, ..Estimation::default() }
}

fn metrics(of: &Judgement) -> [f64; 3] {
    [of.ndcg, of.spearman, of.kendall]
}

fn judge(decisions: &Decisions, w: &[f64]) -> Result<Vec<[f64; 3]>, ExperimentError> {
    let found = decisions.judge(w, (AnyNoise::Normal, 1.0), How::Exact)?;
    Ok(found.iter().map(|(_, one)| metrics(one)).collect())
}

/// Folds whose places are in the order of the decisions.
fn folds(decisions: &Decisions, count: usize, seed: Seed) -> Result<Vec<Fold>, DataError> {
    let mut folds = perturb::data::folds(decisions.len(), count, seed)?;
    for Fold { train, test } in &mut folds {
        train.sort_unstable();
        test.sort_unstable();
    }
    Ok(folds)
}

impl Setting {
    /// Each query judged by models that were trained on the other folds, with a ridge that was chosen on these alone.
    pub(super) fn rank(
        &self,
        queries: &Decisions,
        journal: &Journal<'_>,
    ) -> Result<Vec<Ranked>, ExperimentError> {
        let outer = folds(queries, self.folds, self.seed.fold(6))?.into_iter().enumerate();
        outer
            .map(|(number, Fold { train, test })| {
                journal.piece(format!("queries, fold {number}"), self.fits_of_fold(), || {
                    let (train, test) = (queries.select(&train), queries.select(&test));
                    let ridge = self.choose(&train, self.seed.fold(7).fold(number as u64), journal)?;
                    let found = estimation(ridge).fit(&train)?;
                    journal.advance(1);
                    let own = judge(&test, found.coefficients())?;
                    let queries = own.into_iter().zip(judge(&test, &train.least_squares())?);
                    Ok(Ranked { ridge, queries: queries.map(|(own, squares)| [own, squares]).collect() })
                })
            })
            .collect()
    }

    /// Training runs of one fold.
    pub(super) fn fits_of_fold(&self) -> u64 {
        (self.ridges.len() * self.folds) as u64 + 1
    }

    /// The ridge with the largest mean NDCG@10 on held-out queries.
    fn choose(&self, train: &Decisions, seed: Seed, journal: &Journal<'_>) -> Result<f64, ExperimentError> {
        let folds = folds(train, self.folds, seed)?;
        let mut best = (f64::NEG_INFINITY, 0.0);
        for &ridge in &self.ridges {
            let mut all = Vec::new();
            for Fold { train: rest, test } in &folds {
                journal.go_on()?;
                let found = estimation(ridge).fit(&train.select(rest))?;
                journal.advance(1);
                all.extend(judge(&train.select(test), found.coefficients())?.into_iter().map(|of| of[0]));
            }
            all.retain(|x| !x.is_nan());
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            if mean > best.0 {
                best = (mean, ridge);
            }
        }
        Ok(best.1)
    }
}
