//! Shortest paths on maps whose costs a network must find (Section 5.3, Appendix C.3): Figures 5 and 6.
//!
//! The first layers of ResNet18 give each cell of a map a score θ = −cost; what they learn from is the shortest path alone. The
//! data are those of Vlastelica et al. 2020 ([`maps::warcraft`](crate::data::maps::warcraft)), or
//! [generated](crate::data::generate::terrain) ones of the same sizes and costs. As in the paper losses train by Adam, at a tenth
//! of the first learning rate after three fifths of the run and at a hundredth after four, here all from the same first weights
//! and on the same batches.

mod losses;
mod report;

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor};
use perturb::data::DataError;
use perturb::train::Schedule;
use perturb::{DynRect, Error, GridPath, MonteCarlo, Normal, Perturbed, Real, Seed, oracle::Neighbours};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::learn::Enough;
use super::{ExperimentError, Journal};
use crate::data::maps::{Maps, Split, Turn};
use crate::nn::{self, Epoch, LearnError, Learner, Learning, Shares, Standardize, Task, TruncatedResNet};

pub use losses::Loss;
use losses::Losses;
pub use report::{csv, json, page, tables};

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Passes over the training maps: 50 in the paper.
    pub epochs: usize,
    /// Maps of a step: 70.
    pub batch: usize,
    /// The losses, one network each, with Adam's learning rate: 5·10⁻⁴ for all in the paper.
    pub losses: Vec<(Loss, f64)>,
    /// Whether maps are seen transposed and turned by 180° at random, another way each time: four maps for one. Not in the paper.
    pub turns: bool,
    /// A network stops once so many epochs in a row have not led to a larger share of optimal paths: on the validation maps, or
    /// where there are none on the training maps.
    pub patience: Option<usize>,
    /// Temperatures of the average paths in the pictures.
    pub pictures: Vec<f64>,
    /// Names weights, batches and noise.
    pub seed: Seed,
}

impl Setting {
    /// The paper's: 50 epochs of the Fenchel–Young loss (ε = 1, M = 1), of blackbox differentiation and of the squared loss.
    #[must_use]
    pub fn full(seed: Seed) -> Self {
        Self {
            epochs: 50,
            batch: 70,
            losses: THREE.map(|loss| (loss, 5e-4)).into(),
            turns: false,
            patience: None,
            pictures: vec![0.5, 1.0, 2.0],
            seed,
        }
    }

    /// An hour on two cores with 2,000 maps: fewer epochs of smaller batches at higher rates, turned maps, and a sweep of ε and
    /// M.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        let sweep = [(0.1, 1), (10.0, 1), (1.0, 16)];
        let sweep = sweep.map(|(epsilon, samples)| (Loss::FenchelYoung { epsilon, samples }, 3e-2));
        let mut setting = Self { epochs: 20, ..Self::quick(seed) };
        setting.losses.extend(sweep);
        setting
    }

    /// A minute with 200 maps.
    #[must_use]
    pub fn quick(seed: Seed) -> Self {
        let [fenchel_young, black_box, squared] = THREE;
        let losses = vec![(fenchel_young, 3e-2), (black_box, 2e-3), (squared, 5e-3)];
        Self { epochs: 5, batch: 20, losses, turns: true, ..Self::full(seed) }
    }

    fn learning(&self, rate: f64) -> Learning {
        Learning {
            epochs: self.epochs,
            batch: self.batch,
            rate,
            schedule: Schedule::Steps { milestones: [0.6, 0.8], factor: 0.1 },
            seed: self.seed,
        }
    }

    /// Steps in all, on so many training maps.
    #[must_use]
    pub fn steps(&self, maps: usize) -> u64 {
        self.learning(1.0).steps(maps).saturating_mul(self.losses.len() as u64)
    }
}

/// How good the paths are that a network proposes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quality {
    /// The share of maps whose proposed path costs no more than the labelled one.
    pub optimal: f64,
    /// The mean over maps of the proposed path's cost, divided by that of the labelled one.
    pub ratio: f64,
}

/// The results of an epoch of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Point {
    /// The epoch; its share of right decisions is that of optimal paths on the training maps, over its steps.
    pub training: Epoch,
    /// On validation maps, where there are some.
    pub validation: Option<Quality>,
    /// On test maps.
    pub test: Quality,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The loss of the network.
    pub loss: Loss,
    /// Adam's learning rate.
    pub rate: f64,
    /// Epoch by epoch.
    pub curve: Vec<Point>,
    /// The first test maps.
    pub pictures: Vec<Picture>,
}

/// Paths through a map by the scores of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Picture {
    /// y*(θ).
    pub proposed: Vec<f64>,
    /// (ε, y_ε(θ)).
    pub averages: Vec<(f64, Vec<f64>)>,
}

/// The paper's losses.
const THREE: [Loss; 3] =
    [Loss::FenchelYoung { epsilon: 1.0, samples: 1 }, Loss::BlackBox { lambda: 20.0 }, Loss::Squared];

/// Maps in the pictures.
const SHOWN: usize = 3;

/// Names the turns of a step.
const TURNS: u64 = u64::from_le_bytes(*b"turnings");

/// Samples of the average paths.
const SAMPLES: u32 = 1000;

/// Costs of two paths are equal within this share: half of what two kinds of terrain differ by on the dearest path, and more
/// than the rounding of costs in 16 bits.
const EQUAL: f64 = 5e-4;

/// Maps as a network takes them, and paths through them.
#[derive(Clone, Copy)]
struct Terrain<'a> {
    maps: &'a Maps,
    standardize: &'a Standardize,
    oracle: GridPath<f32, DynRect>,
}

/// Paths with eight neighbours from the first cell to the last.
fn oracle(maps: &Maps) -> Result<GridPath<f32, DynRect>, Error> {
    let [rows, columns] = maps.grid();
    GridPath::new(DynRect { rows, columns }, Neighbours::Eight)
}

fn cost(costs: &[f32], path: impl Iterator<Item = f32>) -> f64 {
    costs.iter().zip(path).map(|(&cost, y)| f64::from(cost) * f64::from(y)).sum()
}

impl Terrain<'_> {
    fn cells(&self) -> usize {
        self.maps.grid().iter().product()
    }

    fn tensor(&self, rows: &[usize], device: &Device) -> Tensor<4> {
        self.standardize.tensor(rows.iter().map(|&row| self.maps.pixels(row)), device)
    }

    /// For each map, the cost of the path that its scores propose, divided by that of the labelled path.
    fn ratios(&self, theta: &[f32]) -> Result<Vec<f64>, LearnError> {
        let paths = losses::decide(self.oracle, theta, self.cells())?;
        let paths = paths.par_chunks(self.cells().max(1)).enumerate();
        let ratio = |(row, path): (usize, &[f32])| {
            let costs = self.maps.costs(row);
            let labelled = cost(costs, self.maps.path(row).iter().map(|&cell| cell.into()));
            cost(costs, path.iter().copied()) / labelled
        };
        Ok(paths.map(ratio).collect())
    }

    fn quality(&self, network: &TruncatedResNet, device: &Device) -> Result<Quality, LearnError> {
        let scores = nn::scores(network, self.maps.len(), |rows| self.tensor(rows, device))?;
        let ratios = self.ratios(&scores)?;
        let n = ratios.len() as f64;
        let optimal = ratios.iter().filter(|&&ratio| ratio <= 1.0 + EQUAL).count() as f64 / n;
        Ok(Quality { optimal, ratio: ratios.iter().sum::<f64>() / n })
    }
}

/// A loss on the training maps.
struct Walk<'a> {
    terrain: Terrain<'a>,
    losses: Losses,
    turns: bool,
}

impl Task for Walk<'_> {
    type Batch = Maps;

    fn rows(&self) -> usize {
        self.terrain.maps.len()
    }
    fn batch(&self, rows: &[usize], seed: Seed) -> Maps {
        if !self.turns {
            return self.terrain.maps.select(rows);
        }
        let turn = |place: usize| {
            // Not the streams that the noise of the step has.
            let random = &mut seed.fold(TURNS).stream(place as u64);
            let [transposed, half] = [(); 2].map(|()| f32::uniform(random) < 0.5);
            Turn { transposed, half }
        };
        self.terrain.maps.turned(rows, turn)
    }
    fn images(&self, maps: &Maps, device: &Device) -> Tensor<4> {
        self.terrain.standardize.tensor((0..maps.len()).map(|row| maps.pixels(row)), device)
    }
    fn loss(&self, theta: Tensor<2>, maps: &Maps, seed: Seed) -> Result<Tensor<1>, LearnError> {
        self.losses.of(theta, maps, seed)
    }
    fn right(&self, theta: &[f32], maps: &Maps) -> Result<f64, LearnError> {
        let ratios = Terrain { maps, ..self.terrain }.ratios(theta)?;
        Ok(ratios.iter().filter(|&&ratio| ratio <= 1.0 + EQUAL).count() as f64)
    }
}

impl Setting {
    /// All networks, and where the time of the training steps went. The journal's units are steps, its pieces networks.
    pub fn run(
        &self,
        data: &Split,
        device: &Device,
        journal: &Journal<'_>,
    ) -> Result<(Vec<Outcome>, Shares), ExperimentError> {
        check(data)?;
        let shares = Mutex::new(Shares::default());
        let mut outcomes = Vec::new();
        for &(loss, rate) in &self.losses {
            let name = format!("{loss}, rate {rate}");
            let learning = self.learning(rate);
            let (curve, pictures) = journal.piece(&name, learning.steps(data.train.len()), || {
                let (result, spent) = self.network(&name, loss, learning, data, device, journal)?;
                *shares.lock().unwrap_or_else(PoisonError::into_inner) += spent;
                Ok(result)
            })?;
            outcomes.push(Outcome { loss, rate, curve, pictures });
        }
        Ok((outcomes, shares.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    #[allow(clippy::type_complexity, reason = "the parts of an Outcome")]
    fn network(
        &self,
        name: &str,
        loss: Loss,
        learning: Learning,
        data: &Split,
        device: &Device,
        journal: &Journal<'_>,
    ) -> Result<((Vec<Point>, Vec<Picture>), Shares), ExperimentError> {
        let standardize = Standardize::new(data.train.shape(), &data.train.channel_statistics());
        let oracle = oracle(&data.train)?;
        let terrain = |maps| Terrain { maps, standardize: &standardize, oracle };
        let (test, validation) = (terrain(&data.test), data.validation.as_ref().map(terrain));
        let task =
            Walk { terrain: terrain(&data.train), losses: Losses::new(loss, oracle)?, turns: self.turns };

        let network = TruncatedResNet::new(self.seed.fold(2), &device.clone().autodiff());
        let learner = Learner::new(&task, learning, network, device)?;
        let progress = |point: &Point| point.validation.map_or(point.training.right, |found| found.optimal);
        let patience = self.patience.map(|epochs| Enough { epochs, progress });
        let (network, curve, shares) =
            journal.learn(name, learner, patience.as_ref(), |training, network| {
                let validation = validation.as_ref().map(|maps| maps.quality(network, device)).transpose()?;
                let quality = test.quality(network, device)?;
                let news = format!("test {:.2} %, cost ratio {:.4}", 100.0 * quality.optimal, quality.ratio);
                Ok((Point { training, validation, test: quality }, news))
            })?;
        let scores = nn::scores(&network, data.test.len().min(SHOWN), |rows| test.tensor(rows, device))?;
        let pictures = scores.chunks_exact(test.cells()).map(|theta| self.picture(oracle, theta));
        Ok(((curve, pictures.collect::<Result<_, Error>>()?), shares))
    }

    fn picture(&self, oracle: GridPath<f32, DynRect>, theta: &[f32]) -> Result<Picture, Error> {
        let wide = |y: Vec<f32>| y.into_iter().map(f64::from).collect::<Vec<f64>>();
        let layer = |epsilon: f64| Perturbed::new(oracle, Normal, epsilon as f32);
        let how = MonteCarlo::new(SAMPLES, self.seed.fold(3));
        let average = |&epsilon: &f64| Ok((epsilon, wide(layer(epsilon)?.maximizer(theta, how)?)));
        Ok(Picture {
            proposed: wide(layer(1.0)?.decide(theta)?.1),
            averages: self.pictures.iter().map(average).collect::<Result<_, Error>>()?,
        })
    }
}

/// Maps that the network takes: 8 × 8 pixels a cell, and the same number of them everywhere.
fn check(data: &Split) -> Result<(), DataError> {
    for maps in [Some(&data.train), data.validation.as_ref(), Some(&data.test)].into_iter().flatten() {
        let [rows, columns] = maps.grid();
        let expected = [3, 8 * rows, 8 * columns];
        if maps.shape() != expected || maps.grid() != data.train.grid() {
            let expected = format!(
                "maps of {expected:?} channels, rows and columns for a grid of {:?}",
                data.train.grid()
            );
            let found = format!("{:?} for a grid of {:?} in {}", maps.shape(), maps.grid(), maps.name());
            return Err(DataError::parameter("data", expected, found));
        }
    }
    Ok(())
}
