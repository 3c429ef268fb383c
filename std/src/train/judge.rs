use perturb_core::{Error, Method, Noise, Oracle, Ranking, Real, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{LinearModel, Objective};
use crate::data::Dataset;
use crate::{Dyn, metrics, threads};

/// How well a model's decisions match known ranks: means over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// The scores of a model on all rows of `data`, with the ranking of θ = Wx + b as its decision, the largest score best.
    #[must_use]
    pub fn of<T: Real>(model: &LinearModel<T>, data: &Dataset<T>) -> Self {
        Self::mean(&Self::of_rows(model, data))
    }

    /// The scores of each row.
    #[must_use]
    pub fn of_rows<T: Real>(model: &LinearModel<T>, data: &Dataset<T>) -> Vec<Self> {
        let rows: Vec<usize> = (0..data.len()).collect();
        decide(model, data, &rows, |decision, truth| Self {
            spearman: metrics::spearman(decision, truth),
            kendall: metrics::kendall(decision, truth),
            perfect_ranks: metrics::perfect_ranks(decision, truth),
            partial_ranks: metrics::partial_ranks(decision, truth),
        })
    }

    /// The means of scores; NaN without any.
    #[must_use]
    pub fn mean(rows: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
        Self {
            spearman: mean(|row| row.spearman),
            kendall: mean(|row| row.kendall),
            perfect_ranks: mean(|row| row.perfect_ranks),
            partial_ranks: mean(|row| row.partial_ranks),
        }
    }

    /// The mean of Spearman's correlation alone, on some rows.
    #[must_use]
    pub fn mean_spearman<T: Real>(model: &LinearModel<T>, data: &Dataset<T>, rows: &[usize]) -> f64 {
        decide(model, data, rows, metrics::spearman).iter().sum::<f64>() / rows.len().max(1) as f64
    }
}

/// How well a model places one label: means over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LabelScores {
    /// The share of rows in which its rank is right.
    pub right: f64,
    /// The mean number of places by which its rank is wrong.
    pub places: f64,
}

impl LabelScores {
    /// The scores of each label on all rows of `data`, with the ranking of θ = Wx + b as the model's decision.
    #[must_use]
    pub fn of<T: Real>(model: &LinearModel<T>, data: &Dataset<T>) -> Vec<Self> {
        let rows: Vec<usize> = (0..data.len()).collect();
        let distances = decide(model, data, &rows, |decision, truth| -> Vec<f64> {
            decision.iter().zip(truth).map(|(&rank, &truth)| (rank - truth).to_f64().abs()).collect()
        });
        let rows = distances.len() as f64;
        let of = |label: usize| {
            let places = || distances.iter().map(|row| row[label]);
            Self {
                right: places().filter(|&places| places == 0.0).count() as f64 / rows,
                places: places().sum::<f64>() / rows,
            }
        };
        (0..data.labels()).map(of).collect()
    }
}

impl<O: Oracle<T> + Sync, N: Noise<T>, T: Real, H: Method<O, N, T>> Objective<O, N, T, H> {
    /// The mean of [`value`](Self::value) over all rows of `data`, row r with the seed `seed.fold(r)`. With the same seed
    /// for every model, learning curves are free of most of the noise.
    pub fn mean(&self, model: &LinearModel<T>, data: &Dataset<T>, seed: Seed) -> Result<f64, Error> {
        threads::start(None);
        let values: Vec<T> = (0..data.len())
            .into_par_iter()
            .with_min_len(32)
            .map_init(
                || vec![T::ZERO; data.labels()],
                |theta, row| {
                    model.score(data.x(row), theta);
                    self.value(theta, data.y(row), seed.fold(row as u64))
                },
            )
            .collect::<Result<_, _>>()?;
        Ok(values.iter().map(|value| value.to_f64()).sum::<f64>() / values.len() as f64)
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
    threads::start(None);
    rows.par_iter()
        .with_min_len(256)
        .map_init(scratch, |(theta, ranks, work), &row| {
            model.score(data.x(row), theta);
            // Sorting cannot fail.
            let _ = oracle.solve(theta, ranks, work);
            judge(ranks, data.y(row))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use perturb_core::{MonteCarlo, Normal, Perturbed};

    use super::*;
    use crate::train::Loss;

    /// Scores x, 0 and −x: a, b, c from the best to the worst where x > 0.
    fn case() -> (LinearModel<f64>, Dataset<f64>) {
        let model = LinearModel::from_parts(1, vec![1.0, 0.0, -1.0], vec![0.0; 3]).unwrap();
        let names = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let y = vec![3.0, 2.0, 1.0, 2.0, 3.0, 1.0, 1.0, 2.0, 3.0];
        (model, Dataset::new("case", names("x"), names("a b c"), vec![1.0, 2.0, -1.0], y).unwrap())
    }

    #[test]
    fn rows_and_labels_are_judged() {
        let (model, data) = case();
        let rows = RankingScores::of_rows(&model, &data);
        assert_eq!(rows.iter().map(|row| row.spearman).collect::<Vec<_>>(), [1.0, 0.5, 1.0]);
        assert_eq!(RankingScores::of(&model, &data).spearman, 2.5 / 3.0);
        assert_eq!(RankingScores::of(&model, &data).perfect_ranks, 2.0 / 3.0);
        let labels = LabelScores::of(&model, &data);
        assert_eq!(labels.iter().map(|label| label.places).collect::<Vec<_>>(), [1.0 / 3.0, 1.0 / 3.0, 0.0]);
        assert_eq!(labels.iter().map(|label| label.right).collect::<Vec<_>>(), [2.0 / 3.0, 2.0 / 3.0, 1.0]);
    }

    #[test]
    fn the_mean_loss_is_that_of_the_rows() {
        let (model, data) = case();
        let layer = Perturbed::new(Ranking::ascending(Dyn(3)).unwrap(), Normal, 1.0).unwrap();
        let how = MonteCarlo::new(3, Seed(0));
        for loss in
            [Loss::FenchelYoung, Loss::PerturbedSquared, Loss::Squared, Loss::BlackBox { lambda: 0.1 }]
        {
            let objective = Objective { layer: layer.clone(), loss, how };
            let value = |row: usize| {
                let x = data.x(row)[0];
                objective.value(&[x, 0.0, -x], data.y(row), Seed(7).fold(row as u64)).unwrap()
            };
            let mean = objective.mean(&model, &data, Seed(7)).unwrap();
            assert_eq!(mean, (value(0) + value(1) + value(2)) / 3.0);
        }
        // ½‖θ − y‖² on the first row, (2² + 2² + 2²)/2, and so on.
        let objective = Objective { layer, loss: Loss::Squared, how };
        assert_eq!(objective.mean(&model, &data, Seed(0)).unwrap(), 7.0);
    }
}
