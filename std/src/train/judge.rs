use perturb_core::{Oracle, Ranking, Real};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::LinearModel;
use crate::data::Dataset;
use crate::{Dyn, metrics};

/// How well a model's decisions match known ranks: means over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankingScores {
    /// Spearman's rank correlation.
    pub spearman: f64,
    /// Kendall's τ.
    pub kendall: f64,
    /// The share of rows with every rank right.
    pub perfect_ranks: f64,
    /// The share of labels with the right rank.
    pub partial_ranks: f64,
}

impl RankingScores {
    /// Of a model on all rows of `data`, with the ascending ranks of θ = Wx + b as its decision.
    #[must_use]
    pub fn of<T: Real>(model: &LinearModel<T>, data: &Dataset<T>) -> Self {
        let rows: Vec<usize> = (0..data.len()).collect();
        let per_row = decide(model, data, &rows, |decision, truth| {
            [
                metrics::spearman(decision, truth),
                metrics::kendall(decision, truth),
                metrics::perfect_ranks(decision, truth),
                metrics::partial_ranks(decision, truth),
            ]
        });
        let mean = |metric: usize| per_row.iter().map(|row| row[metric]).sum::<f64>() / per_row.len() as f64;
        Self { spearman: mean(0), kendall: mean(1), perfect_ranks: mean(2), partial_ranks: mean(3) }
    }

    /// The mean of Spearman's correlation alone, on some rows.
    #[must_use]
    pub fn mean_spearman<T: Real>(model: &LinearModel<T>, data: &Dataset<T>, rows: &[usize]) -> f64 {
        decide(model, data, rows, metrics::spearman).iter().sum::<f64>() / rows.len().max(1) as f64
    }
}

/// `judge(decision, truth)` in every one of `rows`, in parallel.
fn decide<T: Real, R: Send>(
    model: &LinearModel<T>,
    data: &Dataset<T>,
    rows: &[usize],
    judge: impl Fn(&[T], &[T]) -> R + Sync,
) -> Vec<R> {
    let Ok(oracle) = Ranking::ascending(Dyn(data.labels())) else { return Vec::new() };
    let scratch = || (vec![T::ZERO; data.labels()], vec![T::ZERO; data.labels()], oracle.work());
    rows.par_iter()
        .with_min_len(256)
        .map_init(scratch, |(theta, ranks, work), &row| {
            model.score(data.x(row), theta);
            oracle.solve(theta, ranks, work);
            judge(ranks, data.y(row))
        })
        .collect()
}
