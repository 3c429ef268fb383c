//! Classification by a perturbed argmax behind a network (Section 5.1, Appendix C.1): Figure 2.
//!
//! A convolutional network gives each class a score; it learns by the perturbed Fenchel–Young loss with Normal noise and
//! M samples, or by cross entropy. The paper gives network, batches of 32 and 600 epochs; optimiser, learning rate and the
//! temperatures are not given. Here all losses train by Adam at the same rate, from the same weights and on the same batches.

mod report;

use std::sync::{Mutex, PoisonError};

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use perturb::layer::{FenchelYoungLoss, LayerError};
use perturb::train::Schedule;
use perturb::{BatchExt, Dyn, Exact, MonteCarlo, Normal, Perturbed, Seed, Simplex};
use serde::{Deserialize, Serialize};

use super::learn::Enough;
use super::{ExperimentError, Journal};
use crate::data::images::{Images, Split};
use crate::nn::{self, Cnn, Epoch, LearnError, Learner, Learning, Shares, Standardize, Task};

pub use report::{csv, json, page, tables};

/// A loss of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// −log softmax(θ)_y.
    CrossEntropy,
    /// The perturbed Fenchel–Young loss with Normal noise.
    FenchelYoung {
        /// ε.
        epsilon: f64,
        /// M.
        samples: u32,
    },
}

/// The setting of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Passes over the training images: 600 in the paper.
    pub epochs: usize,
    /// Images of a step: 32.
    pub batch: usize,
    /// Adam's learning rate, which falls to 0 by the end.
    pub rate: f64,
    /// Networks that differ in first weights, batches and noise, per loss of the learning curves.
    pub runs: usize,
    /// M of the Fenchel–Young loss: 1 and 1000.
    pub samples: Vec<u32>,
    /// ε of the learning curves.
    pub epsilon: f64,
    /// More ε, one network each.
    pub sweep: Vec<f64>,
    /// A network stops once so many epochs in a row have not led to a larger share of training images decided right.
    pub patience: Option<usize>,
    /// Names weights, batches and noise.
    pub seed: Seed,
}

impl Setting {
    /// Two epochs, three runs, four more temperatures: the better part of an hour on two cores with 20,000 images.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            epochs: 2,
            batch: 32,
            rate: 1e-3,
            runs: 3,
            samples: vec![1, 1000],
            epsilon: 1.0,
            sweep: vec![0.01, 0.1, 10.0, 100.0],
            patience: None,
            seed,
        }
    }

    /// Four epochs, one run: minutes with 2,000 images.
    #[must_use]
    pub fn quick(seed: Seed) -> Self {
        Self { epochs: 4, runs: 1, sweep: vec![0.1, 10.0], ..Self::new(seed) }
    }

    /// The losses and their numbers of runs.
    fn losses(&self) -> Vec<(Loss, usize)> {
        let fenchel_young =
            |epsilon| self.samples.iter().map(move |&samples| Loss::FenchelYoung { epsilon, samples });
        let curves = std::iter::once(Loss::CrossEntropy).chain(fenchel_young(self.epsilon));
        let sweep = self.sweep.iter().filter(|&&epsilon| epsilon != self.epsilon);
        let sweep = sweep.flat_map(|&epsilon| fenchel_young(epsilon));
        curves.map(|loss| (loss, self.runs)).chain(sweep.map(|loss| (loss, self.runs.min(1)))).collect()
    }

    fn learning(&self, run: usize) -> Learning {
        Learning {
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            schedule: Schedule::Linear,
            seed: self.seed.fold(run as u64),
        }
    }

    /// Steps in all, on so many training images.
    #[must_use]
    pub fn steps(&self, images: usize) -> u64 {
        let networks: usize = self.losses().iter().map(|loss| loss.1).sum();
        self.learning(0).steps(images).saturating_mul(networks as u64)
    }
}

/// The results of an epoch of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Point {
    /// The epoch; loss and accuracy on the training images are means over its steps.
    pub training: Epoch,
    /// The share of test images that the network after the epoch classifies right.
    pub test_accuracy: f64,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The loss of the network.
    pub loss: Loss,
    /// The run's number: runs with the same number share first weights and batches.
    pub run: usize,
    /// Epoch by epoch.
    pub curve: Vec<Point>,
    /// Means of ‖y_ε(θ) − y‖² over training and test images, y_ε exact; with cross entropy of softmax(θ). Of the training
    /// images, as many as there are test images.
    pub squared: [f64; 2],
}

impl Outcome {
    /// After the last epoch; 0 without any.
    #[must_use]
    pub fn test_accuracy(&self) -> f64 {
        self.curve.last().map_or(0.0, |point| point.test_accuracy)
    }
}

/// Images as a network takes them.
struct Standardized<'a> {
    images: &'a Images,
    standardize: &'a Standardize,
}

impl Standardized<'_> {
    fn tensor(&self, rows: &[usize], device: &Device) -> Tensor<4> {
        self.standardize.tensor(rows.iter().map(|&row| self.images.pixels(row)), device)
    }

    fn labels(&self, rows: &[usize]) -> impl Iterator<Item = usize> {
        rows.iter().map(|&row| self.images.label(row).unwrap_or(0))
    }

    /// The scores of the first `count` images.
    fn scores(&self, network: &Cnn, count: usize, device: &Device) -> Result<Vec<f32>, LearnError> {
        nn::scores(network, count.min(self.images.len()), |rows| self.tensor(rows, device))
    }

    /// How many of these rows have their greatest score at their label, the first of equal ones.
    fn right(&self, scores: &[f32], rows: &[usize]) -> usize {
        let scores = scores.chunks_exact(self.images.classes().len());
        scores.zip(self.labels(rows)).filter(|(scores, label)| argmax(scores) == *label).count()
    }

    /// Row after row, 1 at the label.
    fn targets(&self, rows: &[usize]) -> Vec<f32> {
        let classes = self.images.classes().len();
        let mut targets = vec![0.0; rows.len() * classes];
        for (target, label) in targets.chunks_exact_mut(classes).zip(self.labels(rows)) {
            if let Some(entry) = target.get_mut(label) {
                *entry = 1.0;
            }
        }
        targets
    }
}

fn argmax(scores: &[f32]) -> usize {
    let greatest = |best: usize, (i, score): (usize, &f32)| if *score > scores[best] { i } else { best };
    scores.iter().enumerate().fold(0, greatest)
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| libm::expf(score - greatest)).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// A loss on the training images.
struct Classify<'a> {
    images: Standardized<'a>,
    loss: Option<(FenchelYoungLoss<Simplex<Dyn>, Normal>, u32)>,
}

impl Task for Classify<'_> {
    type Batch = Vec<usize>;

    fn rows(&self) -> usize {
        self.images.images.len()
    }
    fn batch(&self, rows: &[usize], _: Seed) -> Vec<usize> {
        rows.to_vec()
    }
    fn images(&self, rows: &Vec<usize>, device: &Device) -> Tensor<4> {
        self.images.tensor(rows, device)
    }
    fn loss(&self, theta: Tensor<2>, rows: &Vec<usize>, seed: Seed) -> Result<Tensor<1>, LearnError> {
        if let Some((loss, samples)) = &self.loss {
            return Ok(loss.forward(theta, &self.images.targets(rows), MonteCarlo::new(*samples, seed))?);
        }
        let labels: Vec<i64> = self.images.labels(rows).map(|label| label as i64).collect();
        let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [rows.len(), 1]), &theta.device());
        Ok(-log_softmax(theta, 1).gather(1, labels).mean())
    }
    fn right(&self, theta: &[f32], rows: &Vec<usize>) -> Result<f64, LearnError> {
        Ok(self.images.right(theta, rows) as f64)
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
        let shares = Mutex::new(Shares::default());
        let mut outcomes = Vec::new();
        for (loss, runs) in self.losses() {
            for run in 0..runs {
                let steps = self.learning(run).steps(data.train.len());
                let name = format!("{loss}, run {run}");
                let (curve, squared) = journal.piece(&name, steps, || {
                    let (result, spent) = self.network(&name, loss, run, data, device, journal)?;
                    *shares.lock().unwrap_or_else(PoisonError::into_inner) += spent;
                    Ok(result)
                })?;
                outcomes.push(Outcome { loss, run, curve, squared });
            }
        }
        Ok((outcomes, shares.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    #[allow(clippy::type_complexity, reason = "the parts of an Outcome")]
    fn network(
        &self,
        name: &str,
        loss: Loss,
        run: usize,
        data: &Split,
        device: &Device,
        journal: &Journal<'_>,
    ) -> Result<((Vec<Point>, [f64; 2]), Shares), ExperimentError> {
        let classes = data.train.classes().len();
        let standardize = Standardize::new(data.train.shape(), &data.train.channel_statistics());
        let of = |images| Standardized { images, standardize: &standardize };
        let test = of(&data.test);
        let layer = match loss {
            Loss::CrossEntropy => None,
            Loss::FenchelYoung { epsilon, samples } => {
                Some((Perturbed::new(Simplex::new(Dyn(classes))?, Normal, epsilon as f32)?, samples))
            }
        };
        let task = Classify {
            images: of(&data.train),
            loss: layer.map(|(layer, samples)| (FenchelYoungLoss::new(layer), samples)),
        };

        let learning = self.learning(run);
        let network = Cnn::new(classes, learning.seed.fold(2), &device.clone().autodiff());
        let learner = Learner::new(&task, learning, network, device)?;
        let patience =
            self.patience.map(|epochs| Enough { epochs, progress: |point: &Point| point.training.right });
        let (network, curve, shares) =
            journal.learn(name, learner, patience.as_ref(), |training, network| {
                let rows: Vec<usize> = (0..data.test.len()).collect();
                let scores = test.scores(network, rows.len(), device)?;
                let test_accuracy = test.right(&scores, &rows) as f64 / rows.len() as f64;
                Ok((Point { training, test_accuracy }, format!("test {:.2} %", 100.0 * test_accuracy)))
            })?;

        let mut squared = [0.0; 2];
        for (squared, images) in squared.iter_mut().zip([of(&data.train), of(&data.test)]) {
            let scores = images.scores(&network, data.test.len(), device)?;
            let rows: Vec<usize> = (0..scores.len() / classes).collect();
            let y = match &layer {
                Some((layer, _)) => layer
                    .batch()
                    .maximizer(&scores, Exact)
                    .map_err(|e| LearnError::from(LayerError::from(e)))?,
                None => scores.chunks_exact(classes).flat_map(softmax).collect(),
            };
            let distance = |(&y, target): (&f32, f32)| f64::from(y - target) * f64::from(y - target);
            *squared = y.iter().zip(images.targets(&rows)).map(distance).sum::<f64>() / rows.len() as f64;
        }
        Ok(((curve, squared), shares))
    }
}
