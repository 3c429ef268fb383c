//! What a network that scores cells learns by.

use std::fmt;

use burn::tensor::{Tensor, TensorData};
use perturb::data::DataError;
use perturb::layer::{FenchelYoungLoss, LayerError, Scores};
use perturb::{DynRect, Error, GridPath, MonteCarlo, Normal, Oracle, Perturbed, RowError, Seed};
use rayon::prelude::*;

use crate::data::maps::Maps;
use crate::nn::LearnError;

/// A loss of a network, from the labelled path ŷ or the costs ĉ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// The perturbed Fenchel–Young loss of ŷ with Normal noise.
    FenchelYoung {
        /// ε.
        epsilon: f64,
        /// M.
        samples: u32,
    },
    /// The Hamming distance between y*(θ) and ŷ, whose gradient Vlastelica et al. 2020 replace by
    /// (y*(θ) − y*(θ − λg))/λ with g = (1 − 2ŷ)/B, the gradient in y of the mean over a batch of B rows. Negative costs count as
    /// almost nothing ([`Relative`](perturb::oracle::NegativeCost::Relative)), where their program cuts them to 0.
    BlackBox {
        /// λ > 0; 20 in their experiment.
        lambda: f64,
    },
    /// ‖θ + ĉ‖² a cell: the network sees the costs, and no solver runs.
    Squared,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FenchelYoung { epsilon, samples } => {
                write!(f, "Fenchel–Young, M = {samples}, ε = {epsilon}")
            }
            Self::BlackBox { lambda } => write!(f, "blackbox, λ = {lambda}"),
            Self::Squared => f.write_str("squared, on costs"),
        }
    }
}

/// A loss with what it needs.
pub(super) enum Losses {
    FenchelYoung(FenchelYoungLoss<GridPath<f32, DynRect>, Normal>, u32),
    BlackBox(GridPath<f32, DynRect>, f32),
    Squared,
}

impl Losses {
    pub(super) fn new(loss: Loss, oracle: GridPath<f32, DynRect>) -> Result<Self, LearnError> {
        Ok(match loss {
            Loss::FenchelYoung { epsilon, samples } => {
                let layer = Perturbed::new(oracle, Normal, epsilon as f32).map_err(setting)?;
                Self::FenchelYoung(FenchelYoungLoss::new(layer), samples)
            }
            Loss::BlackBox { lambda } if lambda > 0.0 && lambda.is_finite() => {
                Self::BlackBox(oracle, lambda as f32)
            }
            Loss::BlackBox { lambda } => {
                return Err(DataError::parameter("lambda", "a positive finite number", lambda).into());
            }
            Loss::Squared => Self::Squared,
        })
    }

    /// The mean over the rows of `theta`, one a map.
    pub(super) fn of(&self, theta: Tensor<2>, maps: &Maps, seed: Seed) -> Result<Tensor<1>, LearnError> {
        let rows = 0..maps.len();
        let paths = || rows.clone().flat_map(|row| maps.path(row)).map(|&y| y.into()).collect::<Vec<f32>>();
        match self {
            Self::FenchelYoung(loss, samples) => {
                Ok(loss.forward(theta, &paths(), MonteCarlo::new(*samples, seed))?)
            }
            Self::BlackBox(oracle, lambda) => {
                let scores = theta.read()?;
                let [rows, cells] = theta.dims();
                let (value, gradient) = black_box(*oracle, &scores, &paths(), *lambda, (rows, cells))?;
                Ok(theta.loss(value, gradient)?)
            }
            Self::Squared => {
                let costs: Vec<f32> = rows.flat_map(|row| maps.costs(row)).copied().collect();
                let costs = TensorData::new(costs, theta.dims());
                let costs = Tensor::<2>::from_data(costs, &theta.device());
                Ok((theta + costs).powi_scalar(2).mean())
            }
        }
    }
}

fn setting(error: Error) -> LearnError {
    LayerError::Row(RowError { row: 0, source: error }).into()
}

/// The mean Hamming distance of a batch, and the substitute for its gradient in θ.
fn black_box(
    oracle: GridPath<f32, DynRect>,
    theta: &[f32],
    targets: &[f32],
    lambda: f32,
    (rows, cells): (usize, usize),
) -> Result<(f32, Vec<f32>), LearnError> {
    let y = decide(oracle, theta, cells)?;
    let step = lambda / rows.max(1) as f32;
    let moved: Vec<f32> =
        theta.iter().zip(targets).map(|(theta, target)| theta - step * (1.0 - 2.0 * target)).collect();
    let there = decide(oracle, &moved, cells)?;
    let apart: f64 = y.iter().zip(targets).map(|(y, target)| f64::from((y - target).abs())).sum();
    let gradient = y.iter().zip(&there).map(|(y, there)| (y - there) / lambda).collect();
    Ok(((apart / rows.max(1) as f64) as f32, gradient))
}

/// y*(θ) of every row.
pub(super) fn decide(
    oracle: GridPath<f32, DynRect>,
    theta: &[f32],
    cells: usize,
) -> Result<Vec<f32>, LearnError> {
    if let Some(index) = theta.iter().position(|theta| !theta.is_finite()) {
        let (row, index) = (index / cells.max(1), index % cells.max(1));
        return Err(LayerError::Row(RowError {
            row,
            source: Error::NotFinite { parameter: "theta", index },
        })
        .into());
    }
    let mut y = vec![0.0; theta.len()];
    let rows = y.par_chunks_exact_mut(cells.max(1)).zip(theta.par_chunks_exact(cells.max(1))).enumerate();
    rows.try_for_each_init(
        || oracle.work(),
        |work, (row, (y, theta))| match oracle.solve(theta, y, work) {
            Ok(_) => Ok(()),
            Err(because) => {
                Err(LayerError::Row(RowError { row, source: Error::Solver { sample: None, because } }))
            }
        },
    )?;
    Ok(y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use perturb::oracle::Neighbours;

    /// From the definition, on the grid of two ways around a cell.
    #[test]
    fn black_box_is_that_of_the_definition() {
        let oracle = GridPath::new(DynRect { rows: 2, columns: 2 }, Neighbours::Four).unwrap();
        // Costs 1, 3, 2, 1: the way through the third cell; the label is the way through the second.
        let (theta, target) = ([-1.0, -3.0, -2.0, -1.0], [1.0, 1.0, 0.0, 1.0]);
        // One row. g = (−1, −1, 1, −1): at λ = 1/4 the scores −2.75 and −2.25, the same way.
        let (value, gradient) = black_box(oracle, &theta, &target, 0.25, (1, 4)).unwrap();
        assert_eq!((value, gradient), (2.0, vec![0.0; 4]));
        // At λ = 1 −2 and −3: the other way.
        let (value, gradient) = black_box(oracle, &theta, &target, 1.0, (1, 4)).unwrap();
        assert_eq!((value, gradient), (2.0, vec![0.0, -1.0, 1.0, 0.0]));
        // Two rows halve g: at λ = 1 −2.5 and −2.5, a tie; at λ = 2 as before, and half of the gradient.
        let (thetas, targets) = ([theta, theta].concat(), [target, target].concat());
        let (value, gradient) = black_box(oracle, &thetas, &targets, 2.0, (2, 4)).unwrap();
        assert_eq!((value, gradient), (2.0, [0.0, -0.5, 0.5, 0.0].repeat(2)));
        assert!(black_box(oracle, &[f32::NAN, 0.0, 0.0, 0.0], &target, 1.0, (1, 4)).is_err());
    }
}
