//! Training runs of networks as pieces of an experiment.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ExperimentError, Journal};
use crate::nn::{Epoch, Learner, Network, Shares, Task};

/// How often the state of a run goes to the journal.
const EVERY: Duration = Duration::from_secs(30);

/// A run under way.
#[derive(Serialize, Deserialize)]
struct Begun<V> {
    learner: Vec<u8>,
    epochs: Vec<V>,
}

impl Journal<'_> {
    /// Trains to the end, or goes on where an earlier run of piece `name` stopped; `judge` tells of each epoch and the network
    /// after it. A unit of work is a step.
    ///
    /// Gives the network, what was told of all epochs, and where the time of the steps done here went.
    pub(super) fn learn<K: Task, M: Network, V: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        mut learner: Learner<'_, K, M>,
        mut judge: impl FnMut(Epoch, &M) -> Result<V, ExperimentError>,
    ) -> Result<(M, Vec<V>, Shares), ExperimentError> {
        let mut epochs = Vec::new();
        if let Some(begun) = self.begun::<Begun<V>>(name)? {
            learner = learner.resume(&begun.learner)?;
            epochs = begun.epochs;
            self.restore(learner.done());
        }
        let mut last = Instant::now();
        while !learner.is_done() {
            let stop = self.go_on();
            if stop.is_err() || last.elapsed() >= EVERY {
                let begun = Begun { learner: learner.state()?, epochs };
                self.keep_begun(name, &begun)?;
                epochs = begun.epochs;
                last = Instant::now();
            }
            stop?;
            if let Some(epoch) = learner.step()? {
                epochs.push(judge(epoch, &learner.network())?);
            }
            self.advance(1);
        }
        Ok((learner.network(), epochs, learner.shares()))
    }
}
