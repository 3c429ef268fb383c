//! Label ranking on real data (Section 5.2, Appendix C.2): Tables 1 and 2.

use perturb::cross_validation::{Nested, Selection};
use perturb::data::{Dataset, Fold, folds};
use perturb::train::{Loss, Objective, RankingScores, Training};
use perturb::{Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};

use rayon::prelude::*;

use super::{ExperimentError, Journal};

mod least_squares;
pub mod paper;
mod report;

pub use report::{csv, json, page, tables};

/// The losses, in the order of the paper's columns.
pub const LOSSES: [&str; 4] = ["Perturbed FY", "Perturbed + Squared loss", "Squared loss", "Blackbox loss"];

/// The protocol of Appendix C.2. The paper fixes folds and grids; optimiser, number of steps, Table 1's temperature
/// and the blackbox λ are not given there and are ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Folds to judge: 10.
    pub outer: usize,
    /// Folds to choose: 5.
    pub inner: usize,
    /// Learning rates to choose from: 10⁻³, 10⁻², 10⁻¹.
    pub rates: Vec<f64>,
    /// Temperatures to choose from in Table 2: 10⁻³, 10⁻², 10⁻¹.
    pub temperatures: Vec<f64>,
    /// The temperature of Table 1: 1.
    pub temperature: f64,
    /// λ of the blackbox loss: 0.1.
    pub lambda: f64,
    /// How a model is trained; its rate and seed are set by the protocol.
    pub training: Training,
    /// Names folds, shuffles and noise.
    pub seed: Seed,
}

impl Default for Protocol {
    fn default() -> Self {
        let decades = vec![1e-3, 1e-2, 1e-1];
        Self {
            outer: 10,
            inner: 5,
            rates: decades.clone(),
            temperatures: decades,
            temperature: 1.0,
            lambda: 0.1,
            training: Training::default(),
            seed: Seed(0),
        }
    }
}

/// The place of pairwise logistic regression behind [`LOSSES`], among the losses of [`Cell`].
pub const PAIRWISE: usize = LOSSES.len();

/// One cell of the grids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Index into [`LOSSES`], or [`PAIRWISE`].
    pub loss: usize,
    /// The learning rate.
    pub rate: f64,
    /// The temperature ε; unused by the squared and blackbox losses.
    pub epsilon: f64,
}

/// The results on one data set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetResult {
    /// The data set's name.
    pub name: String,
    /// Rows, features, labels.
    pub size: (usize, usize, usize),
    /// The grid.
    pub cells: Vec<Cell>,
    /// Spearman correlations of plain least squares, one per outer fold: nothing is chosen for it.
    pub least_squares: Vec<f64>,
    /// Pairwise logistic regression: one selection of a learning rate per outer fold.
    pub pairwise: Vec<Selection>,
    /// `tables[t][loss]`: one selection per outer fold, for Table 1 (t = 0) and Table 2 (t = 1).
    pub tables: [[Vec<Selection>; 4]; 2],
}

impl SetResult {
    /// Mean and standard deviation over the outer folds; NaN for a table or loss that does not exist.
    #[must_use]
    pub fn score(&self, table: usize, loss: usize) -> (f64, f64) {
        let folds = self.tables.get(table).and_then(|losses| losses.get(loss)).map_or(&[][..], Vec::as_slice);
        let scores: Vec<f64> = folds.iter().map(|selection| selection.score).collect();
        super::mean_and_deviation(&scores)
    }
}

impl Protocol {
    /// All cells, and for each table and loss the cells to choose from.
    fn grid(&self) -> (Vec<Cell>, Vec<Vec<usize>>) {
        let mut cells: Vec<Cell> = Vec::new();
        let mut groups = Vec::new();
        for table in 0..2 {
            for loss in 0..LOSSES.len() {
                let perturbed = loss < 2;
                let fixed = [self.temperature];
                let temperatures = if table == 1 && perturbed { &self.temperatures[..] } else { &fixed };
                let mut group = Vec::new();
                for &rate in &self.rates {
                    for &epsilon in temperatures {
                        let cell = Cell { loss, rate, epsilon };
                        group.push(cells.iter().position(|&known| known == cell).unwrap_or_else(|| {
                            cells.push(cell);
                            cells.len() - 1
                        }));
                    }
                }
                groups.push(group);
            }
        }
        // A baseline beside both tables, without a temperature.
        let first = cells.len();
        cells.extend(self.rates.iter().map(|&rate| Cell { loss: PAIRWISE, rate, epsilon: self.temperature }));
        groups.push((first..cells.len()).collect());
        (cells, groups)
    }

    /// Gradients that [`run`](Self::run) will compute on a set of `rows` rows, to the accuracy of a progress bar.
    #[must_use]
    pub fn cost(&self, rows: usize) -> u64 {
        let train = |rows: usize| {
            let batch = self.training.batch.min(rows.max(1));
            (self.training.steps(rows) * batch) as u64
        };
        let outer = rows - rows / self.outer.max(1);
        let inner = outer - outer / self.inner.max(1);
        let cells = self.grid().0.len() as u64;
        self.outer as u64 * self.inner as u64 * cells * train(inner)
    }

    /// Runs the protocol on one data set. The journal's units are gradients, its pieces folds of sets, by name.
    pub fn run(&self, data: &Dataset<f32>, journal: &Journal<'_>) -> Result<SetResult, ExperimentError> {
        let (cells, groups) = self.grid();
        let nested = Nested { outer: self.outer, inner: self.inner, seed: self.seed.fold(0) };
        let selections = nested.run(data.len(), &groups, |place, fold, chosen| {
            let per_cell = match place.inner {
                None => 0,
                Some(_) => self.training.steps(fold.train.len()) * self.training.batch.min(fold.train.len()),
            } as u64;
            let name = format!("{}, {place}", data.name());
            journal.piece(name, per_cell * chosen.len() as u64, || {
                let train = data.select(&fold.train);
                let score = |&cell: &usize| {
                    let score = self.train_and_score(cells[cell], &train, data, fold, journal)?;
                    journal.advance(per_cell);
                    Ok(score)
                };
                chosen.iter().map(score).collect::<Result<Vec<f64>, ExperimentError>>()
            })
        })?;
        let mut selections = selections.into_iter();
        let mut table = || [(); 4].map(|()| selections.next().unwrap_or_default());
        let tables = [table(), table()];
        let pairwise = selections.next().unwrap_or_default();
        let least_squares = folds(data.len(), nested.outer, nested.seed)?
            .par_iter()
            .map(|fold| {
                let model = least_squares::fit(&data.select(&fold.train));
                RankingScores::mean_spearman(&model, data, &fold.test)
            })
            .collect();
        Ok(SetResult {
            name: data.name().into(),
            size: (data.len(), data.features(), data.labels()),
            cells,
            least_squares,
            pairwise,
            tables,
        })
    }

    /// Mean Spearman correlation on the test rows of a model trained on `train`.
    fn train_and_score(
        &self,
        cell: Cell,
        train: &Dataset<f32>,
        data: &Dataset<f32>,
        fold: &Fold,
        journal: &Journal<'_>,
    ) -> Result<f64, ExperimentError> {
        let oracle = Ranking::ascending(Dyn(data.labels()))?;
        let layer = Perturbed::new(oracle, Normal, cell.epsilon as f32)?;
        let objective = match cell.loss {
            0 => Objective {
                layer,
                loss: Loss::FenchelYoung,
                how: How::MonteCarlo(MonteCarlo::new(1, Seed(0))),
            },
            1 => Objective { layer, loss: Loss::PerturbedSquared, how: How::Exact },
            2 => Objective { layer, loss: Loss::Squared, how: How::Exact },
            PAIRWISE => Objective { layer, loss: Loss::PairwiseLogistic, how: How::Exact },
            _ => Objective { layer, loss: Loss::BlackBox { lambda: self.lambda as f32 }, how: How::Exact },
        };
        let training = Training { rate: cell.rate, seed: self.seed.fold(1), ..self.training.clone() };
        match journal.fit(&training, &objective, train) {
            Ok(fitted) => Ok(RankingScores::mean_spearman(&fitted.model, data, &fold.test)),
            // A rate that is too large for these rows loses against the others.
            Err(error) if error.diverged() => Ok(f64::NEG_INFINITY),
            Err(error) => Err(error),
        }
    }
}
