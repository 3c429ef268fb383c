//! Training runs of networks as pieces of an experiment.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ExperimentError, Journal};
use crate::nn::{Epoch, Learner, Network, Shares, Task};

/// The time between two states of a run in the journal.
const EVERY: Duration = Duration::from_secs(30);

/// A run under way.
#[derive(Serialize, Deserialize)]
struct Begun<V> {
    learner: Vec<u8>,
    epochs: Vec<V>,
}

/// Early stopping: whether this many epochs have brought no more progress than the best before them.
pub(super) struct Enough<V> {
    pub(super) epochs: usize,
    /// How good what an epoch has brought is.
    pub(super) progress: fn(&V) -> f64,
}

impl<V> Enough<V> {
    fn is_reached(&self, epochs: &[V]) -> bool {
        let better =
            |best: (usize, f64), (i, value): (usize, f64)| if value > best.1 { (i, value) } else { best };
        let values = epochs.iter().map(self.progress).enumerate();
        let best = values.fold((0, f64::NEG_INFINITY), better).0;
        epochs.len().saturating_sub(best + 1) >= self.epochs
    }
}

impl Journal<'_> {
    /// Trains to the end, or resumes where an earlier run of piece `name` stopped; `judge` evaluates each epoch and the network
    /// after it, in a line of news, too. A unit of work is a step. Training ends early where that is `enough`.
    ///
    /// Returns the network, the evaluations of all epochs, and the time that the steps of this run took.
    pub(super) fn learn<K: Task, M: Network, V: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        mut learner: Learner<'_, K, M>,
        enough: Option<&Enough<V>>,
        mut judge: impl FnMut(Epoch, &M) -> Result<(V, String), ExperimentError>,
    ) -> Result<(M, Vec<V>, Shares), ExperimentError> {
        let mut epochs = Vec::new();
        if let Some(begun) = self.begun::<Begun<V>>(name)? {
            learner = learner.resume(&begun.learner)?;
            epochs = begun.epochs;
            self.restore(learner.done());
        }
        let mut last = Instant::now();
        while !learner.is_done() {
            if enough.is_some_and(|enough| enough.is_reached(&epochs)) {
                self.restore(learner.steps() - learner.done());
                break;
            }
            let stop = self.go_on();
            if stop.is_err() || last.elapsed() >= EVERY {
                let begun = Begun { learner: learner.state()?, epochs };
                self.keep_begun(name, &begun)?;
                epochs = begun.epochs;
                last = Instant::now();
            }
            stop?;
            if let Some(epoch) = learner.step()? {
                let (value, news) = judge(epoch, &learner.network())?;
                let (number, share) = (epoch.epoch, 100.0 * epoch.right);
                self.tell(&format!(
                    "{name}, epoch {number}: loss {:.4}, training {share:.2} %, {news}",
                    epoch.loss
                ));
                epochs.push(value);
            }
            self.advance(1);
        }
        Ok((learner.network(), epochs, learner.shares()))
    }
}

#[cfg(test)]
mod tests {
    use super::Enough;

    #[test]
    fn epochs_count_from_the_first_of_the_best() {
        let enough =
            |epochs, values: &[f64]| Enough { epochs, progress: |&value: &f64| value }.is_reached(values);
        assert!(!enough(1, &[]) && !enough(1, &[0.5]) && !enough(1, &[0.5, 0.6]) && enough(1, &[0.5, 0.5]));
        assert!(!enough(2, &[0.5, 0.4]) && enough(2, &[0.5, 0.5, 0.5]) && !enough(2, &[0.1, 0.3, 0.2]));
        assert!(enough(2, &[0.1, f64::NAN, 0.1]) && !enough(3, &[0.1, f64::NAN, 0.1]));
    }
}
