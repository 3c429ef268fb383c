//! The loop that trains a network.

use std::fmt;
use std::time::{Duration, Instant};

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor};
use perturb::Seed;
use perturb::data::{DataError, shuffle};
use perturb::layer::{LayerError, Scores};
use perturb::train::Schedule;
use serde::{Deserialize, Serialize};

use super::Network;

/// A learning task: rows of data and the loss on them.
pub trait Task {
    /// The rows of a step, as they are or changed at random.
    type Batch;
    /// The number of training rows.
    fn rows(&self) -> usize;
    /// These B rows. `seed` is of this step alone.
    fn batch(&self, rows: &[usize], seed: Seed) -> Self::Batch;
    /// Their images, B × channels × height × width.
    fn images(&self, batch: &Self::Batch, device: &Device) -> Tensor<4>;
    /// The loss of their scores, B × d. `seed` is that of the batch.
    fn loss(&self, theta: Tensor<2>, batch: &Self::Batch, seed: Seed) -> Result<Tensor<1>, LearnError>;
    /// How many of them the scores, B·d numbers, decide right.
    fn right(&self, theta: &[f32], batch: &Self::Batch) -> Result<f64, LearnError>;
}

/// How a network is trained: by Adam (β = 0.9 and 0.999), on batches of shuffled rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learning {
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows of a step; the last of a pass takes what is left.
    pub batch: usize,
    /// The learning rate.
    pub rate: f64,
    /// How it changes over the run.
    pub schedule: Schedule,
    /// Names shuffles and noise.
    pub seed: Seed,
}

impl Learning {
    /// Steps of a run over so many rows.
    #[must_use]
    pub fn steps(&self, rows: usize) -> u64 {
        (rows.div_ceil(self.batch.max(1)) as u64).saturating_mul(self.epochs as u64)
    }
}

/// The results of a pass over the rows, during which the network changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The mean loss of a row.
    pub loss: f64,
    /// The share of rows that were decided right.
    pub right: f64,
}

/// The time that the parts of steps take. On a device that computes while the host continues, a part includes waiting for the
/// parts before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Shares {
    /// Rows to batches, and images to tensors.
    pub data: Duration,
    /// The network's forward pass.
    pub forward: Duration,
    /// The loss, with the solver.
    pub loss: Duration,
    /// Which rows are decided right: for the record alone.
    pub judging: Duration,
    /// The backward pass.
    pub backward: Duration,
    /// The optimiser's step.
    pub update: Duration,
    /// Steps.
    pub steps: u64,
}

impl Shares {
    /// The parts by name, in the order of a step.
    pub fn parts(&self) -> [(&'static str, Duration); 6] {
        [
            ("data", self.data),
            ("forward", self.forward),
            ("loss and solver", self.loss),
            ("judging", self.judging),
            ("backward", self.backward),
            ("update", self.update),
        ]
    }
    /// The time of all steps.
    pub fn total(&self) -> Duration {
        self.parts().iter().map(|part| part.1).sum()
    }
}

impl std::ops::AddAssign for Shares {
    fn add_assign(&mut self, other: Self) {
        self.data += other.data;
        self.forward += other.forward;
        self.loss += other.loss;
        self.judging += other.judging;
        self.backward += other.backward;
        self.update += other.update;
        self.steps += other.steps;
    }
}

/// A training run, step by step. Stopped and gone on with from its [`state`](Self::state), it ends with the same bits on
/// the processor.
pub struct Learner<'t, K, M> {
    task: &'t K,
    learning: Learning,
    device: Device,
    network: M,
    optimizer: ModuleOptimizer,
    order: Vec<usize>,
    progress: Progress,
    shares: Shares,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    epoch: usize,
    /// Rows of this epoch that are done.
    row: usize,
    step: u64,
    loss: f64,
    right: f64,
}

#[derive(Serialize, Deserialize)]
struct State {
    progress: Progress,
    network: Vec<u8>,
    optimizer: Vec<u8>,
}

impl<K, M> fmt::Debug for Learner<'_, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner")
            .field("learning", &self.learning)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl<'t, K: Task, M: Network> Learner<'t, K, M> {
    /// A run that starts with `network`, whose parameters are on `device`.
    pub fn new(task: &'t K, learning: Learning, network: M, device: &Device) -> Result<Self, LearnError> {
        for (parameter, found) in [("batch", learning.batch), ("rows", task.rows())] {
            if found == 0 {
                return Err(DataError::parameter(parameter, "at least 1", found).into());
            }
        }
        if !(learning.rate > 0.0 && learning.rate.is_finite()) {
            return Err(DataError::parameter("rate", "a positive finite number", learning.rate).into());
        }
        let mut learner = Self {
            task,
            learning,
            device: device.clone().autodiff(),
            network: network.train(),
            optimizer: AdamConfig::new().with_epsilon(1e-8).init(),
            order: Vec::new(),
            progress: Progress::default(),
            shares: Shares::default(),
        };
        learner.shuffle();
        Ok(learner)
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.learning.steps(self.task.rows())
    }

    /// Steps that are done.
    pub fn done(&self) -> u64 {
        self.progress.step
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.progress.epoch >= self.learning.epochs
    }

    /// Takes a step; returns the epoch if it was its last step. Does nothing once the run is done.
    pub fn step(&mut self) -> Result<Option<Epoch>, LearnError> {
        if self.is_done() {
            return Ok(None);
        }
        let Self { task, learning, device, progress, shares, .. } = self;
        let end = self.order.len().min(progress.row.saturating_add(learning.batch));
        let rows = self.order.get(progress.row..end).unwrap_or(&[]);

        let mut clock = Clock(Instant::now());
        let seed = learning.seed.fold(1).fold(progress.step);
        let batch = task.batch(rows, seed);
        let images = task.images(&batch, device);
        shares.data += clock.lap();
        let theta = self.network.forward(images);
        let scores = theta.read()?;
        let diverged = LearnError::Diverged { epoch: progress.epoch + 1, step: progress.step + 1 };
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(diverged);
        }
        shares.forward += clock.lap();
        let loss = task.loss(theta, &batch, seed)?;
        let value = f64::from(loss.clone().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(diverged);
        }
        shares.loss += clock.lap();
        let right = task.right(&scores, &batch)?;
        shares.judging += clock.lap();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        shares.backward += clock.lap();
        let run = learning.steps(self.order.len()) as f64;
        let rate = learning.rate * learning.schedule.factor(progress.step as f64 / run);
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        shares.update += clock.lap();
        shares.steps += 1;

        progress.loss += value * rows.len() as f64;
        progress.right += right;
        progress.step += 1;
        progress.row = end;
        if end < self.order.len() {
            return Ok(None);
        }
        let n = self.order.len() as f64;
        let epoch = Epoch { epoch: progress.epoch + 1, loss: progress.loss / n, right: progress.right / n };
        *progress = Progress { epoch: progress.epoch + 1, step: progress.step, ..Progress::default() };
        self.shuffle();
        Ok(Some(epoch))
    }

    fn shuffle(&mut self) {
        self.order = shuffle(self.learning.seed.fold(0).fold(self.progress.epoch as u64), self.task.rows());
    }

    /// The network as it is, for inference: batch norm by running statistics, no gradients.
    pub fn network(&self) -> M {
        self.network.valid()
    }

    /// The time that the parts of the steps took since this run was made.
    pub fn shares(&self) -> Shares {
        self.shares
    }

    /// All that [`resume`](Self::resume) needs.
    pub fn state(&self) -> Result<Vec<u8>, LearnError> {
        // Batch norm keeps its last update apart from its running statistics, and records omit it: this merges it.
        drop(self.network.valid());
        let network = self.network.clone().into_record().into_bytes().map_err(LearnError::state)?;
        let optimizer = self.optimizer.into_bytes().map_err(LearnError::state)?;
        let state =
            State { progress: self.progress, network: network.to_vec(), optimizer: optimizer.to_vec() };
        postcard::to_stdvec(&state).map_err(LearnError::state)
    }

    /// Goes on from `state`, which a run of the same task, way of learning and network gave.
    pub fn resume(mut self, state: &[u8]) -> Result<Self, LearnError> {
        let state: State = postcard::from_bytes(state).map_err(LearnError::state)?;
        let bytes = Bytes::from_bytes_vec;
        let record = ModuleRecord::from_bytes(bytes(state.network)).map_err(LearnError::state)?;
        self.network = self.network.try_load_record(record).map_err(LearnError::state)?;
        let record = OptimizerRecord::from_bytes(bytes(state.optimizer)).map_err(LearnError::state)?;
        self.optimizer = self.optimizer.load_record(record);
        self.progress = state.progress;
        self.shuffle();
        Ok(self)
    }
}

struct Clock(Instant);

impl Clock {
    fn lap(&mut self) -> Duration {
        let lap = self.0.elapsed();
        self.0 += lap;
        lap
    }
}

/// Why a network could not be trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// The layer behind the network failed.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The setting is invalid.
    #[error(transparent)]
    Setting(#[from] DataError),
    /// The loss is NaN or infinite.
    #[error(
        "training diverged at step {step}, in epoch {epoch}: the loss is not finite; a smaller rate may help"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step of the run, from 1.
        step: u64,
    },
    /// The state to resume from belongs to another run, or is damaged.
    #[error("the state of training: {0}")]
    State(String),
}

impl LearnError {
    fn state(error: impl std::fmt::Display) -> Self {
        Self::State(error.to_string())
    }
}
