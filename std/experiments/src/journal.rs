//! The results of an experiment so far, so that it can stop and resume.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use perturb::data::{DataError, Dataset};
use perturb::inference::{EstimationError, InferenceError};
use perturb::train::{Best, Fitted, Objective, TrainError, Training};
use perturb::{Error, Method, Noise, Oracle, Real};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Results of pieces of an experiment, by name, from which [`Journal::resume`] continues. Numbers keep every bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces(BTreeMap<String, Vec<u8>>);

impl Pieces {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are no pieces.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An observer of an experiment, called from many threads. `()` observes nothing.
pub trait Watch: Sync {
    /// `units` of work are done.
    fn advance(&self, units: u64) {
        let _ = units;
    }
    /// `units` of work need not be done: an earlier run did them.
    fn restore(&self, units: u64) {
        let _ = units;
    }
    /// Something of interest on the way, in a line: what an epoch of training has brought.
    fn tell(&self, news: &str) {
        let _ = news;
    }
    /// Whether the experiment should stop; called between steps of training.
    fn stop(&self) -> bool {
        false
    }
    /// Saves the pieces when one more is done; called by one thread at a time. A failure ends the experiment.
    fn keep(&self, pieces: &Pieces) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let _ = pieces;
        Ok(())
    }
}

impl Watch for () {}

/// The finished pieces of an experiment, and its observer.
///
/// A piece is a function of the experiment's setting, and its result is kept: an experiment that resumes from the pieces of
/// another run ends with the bits of an uninterrupted one.
///
/// ```
/// use perturb_experiments::asymptotics::{Setting, csv};
/// use perturb_experiments::{ExperimentError, Journal, Pieces, Watch};
/// use perturb::Seed;
/// use std::sync::Mutex;
///
/// /// Keeps what is done, and stops after the third piece.
/// #[derive(Default)]
/// struct Three(Mutex<Pieces>);
/// impl Watch for Three {
///     fn stop(&self) -> bool {
///         self.0.lock().unwrap().len() >= 3
///     }
///     fn keep(&self, pieces: &Pieces) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         *self.0.lock().unwrap() = pieces.clone();
///         Ok(())
///     }
/// }
/// let setting = Setting { sizes: vec![30, 60], runs: 20, seed: Seed(1) };
/// let watch = Three::default();
/// let stopped = setting.run(&Journal::new(&watch));
/// assert!(matches!(stopped, Err(ExperimentError::Stopped)));
/// let resumed = setting.run(&Journal::resume(&(), watch.0.into_inner()?))?;
/// assert_eq!(csv(&resumed), csv(&setting.run(&Journal::new(&()))?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Journal<'w> {
    pieces: Mutex<Pieces>,
    watch: &'w dyn Watch,
}

impl fmt::Debug for Journal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("pieces", &self.pieces).finish_non_exhaustive()
    }
}

impl<'w> Journal<'w> {
    /// Nothing is done.
    pub fn new(watch: &'w dyn Watch) -> Self {
        Self::resume(watch, Pieces::default())
    }

    /// `pieces` are done; those must be of the same setting.
    pub fn resume(watch: &'w dyn Watch, pieces: Pieces) -> Self {
        Self { pieces: Mutex::new(pieces), watch }
    }

    /// The finished pieces.
    pub fn into_pieces(self) -> Pieces {
        self.pieces.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of piece `name`, `units` of work which `work` does unless it is done. `work` says itself how far it is.
    pub(super) fn piece<V: Serialize + DeserializeOwned>(
        &self,
        name: impl Display,
        units: u64,
        work: impl FnOnce() -> Result<V, ExperimentError>,
    ) -> Result<V, ExperimentError> {
        let name = name.to_string();
        let known = self.pieces().0.get(&name).map(|bytes| postcard::from_bytes(bytes));
        match known {
            Some(Ok(value)) => {
                self.watch.restore(units);
                return Ok(value);
            }
            Some(Err(_)) => return Err(ExperimentError::Piece { name }),
            None => self.go_on()?,
        }
        let value = work()?;
        let bytes = postcard::to_stdvec(&value).map_err(|error| ExperimentError::Keep(error.into()))?;
        let mut pieces = self.pieces();
        pieces.0.remove(&under_way(&name));
        pieces.0.insert(name, bytes);
        self.watch.keep(&pieces).map_err(ExperimentError::Keep)?;
        Ok(value)
    }

    /// How far an earlier run came with piece `name`, if it was under way.
    #[cfg(feature = "nn")]
    pub(super) fn begun<V: DeserializeOwned>(&self, name: &str) -> Result<Option<V>, ExperimentError> {
        let known = self.pieces().0.get(&under_way(name)).map(|bytes| postcard::from_bytes(bytes));
        known.transpose().map_err(|_| ExperimentError::Piece { name: name.to_owned() })
    }

    /// Piece `name` is under way, and this far.
    #[cfg(feature = "nn")]
    pub(super) fn keep_begun<V: Serialize>(&self, name: &str, state: &V) -> Result<(), ExperimentError> {
        let bytes = postcard::to_stdvec(state).map_err(|error| ExperimentError::Keep(error.into()))?;
        let mut pieces = self.pieces();
        pieces.0.insert(under_way(name), bytes);
        self.watch.keep(&pieces).map_err(ExperimentError::Keep)
    }

    /// A line of news.
    #[cfg(feature = "nn")]
    pub(super) fn tell(&self, news: &str) {
        self.watch.tell(news);
    }

    /// `units` of work need not be done.
    #[cfg(feature = "nn")]
    pub(super) fn restore(&self, units: u64) {
        self.watch.restore(units);
    }

    /// `units` of work are done.
    pub(super) fn advance(&self, units: u64) {
        self.watch.advance(units);
    }

    /// An error if the experiment is to stop.
    pub(super) fn go_on(&self) -> Result<(), ExperimentError> {
        if self.watch.stop() { Err(ExperimentError::Stopped) } else { Ok(()) }
    }

    /// [`Training::fit`], which may stop between two steps.
    pub(super) fn fit<O, N, T, H>(
        &self,
        training: &Training,
        objective: &Objective<O, N, T, H>,
        data: &Dataset<T>,
    ) -> Result<Fitted<T>, ExperimentError>
    where
        O: Oracle<T> + Sync,
        N: Noise<T>,
        T: Real,
        H: Method<O, N, T>,
    {
        training.start(objective, data)?.drive(Best::default(), |_, _, _| {
            self.go_on()?;
            Ok(ControlFlow::Continue(()))
        })
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        // Pieces are whole at any time.
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which the state of an unfinished piece is kept.
fn under_way(name: &str) -> String {
    format!("{name}, under way")
}

/// Why an experiment has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A model could not be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Scores could not be learned from decisions.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// Weights could not be estimated.
    #[error(transparent)]
    Estimation(#[from] EstimationError),
    /// The setting does not fit the data, or is invalid.
    #[error(transparent)]
    Layer(#[from] Error),
    /// A network could not be trained.
    #[cfg(feature = "nn")]
    #[error(transparent)]
    Learn(#[from] crate::nn::LearnError),
    /// [`Watch::stop`] said so.
    #[error("stopped")]
    Stopped,
    /// [`Watch::keep`] failed.
    #[error(transparent)]
    Keep(Box<dyn std::error::Error + Send + Sync>),
    /// A piece to resume from belongs to another experiment.
    #[error("the result of \"{name}\" is not that of this experiment")]
    Piece {
        /// The name of the piece.
        name: String,
    },
}

impl From<DataError> for ExperimentError {
    fn from(error: DataError) -> Self {
        Self::Train(error.into())
    }
}

impl ExperimentError {
    /// Whether training failed because the learning rate is too large.
    pub(super) fn diverged(&self) -> bool {
        matches!(self, Self::Train(error) if error.diverged())
    }
}
