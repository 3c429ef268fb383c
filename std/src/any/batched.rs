//! Solvers that are given all problems of a call at once.
//!
//! The samples of an estimate are drawn twice: once to collect the scores that they ask decisions for, and again, in the same
//! order, with the decisions available. The engine alone decides what is added up and in which order, so that the bits are those
//! of a solver that solves one problem at a time.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use perturb_core::oracle::{Decides, Location, Properties};
use perturb_core::{AnyNoise, Error, Oracle, Perturbed, Real};

use super::AnyOracle;
use crate::{Dyn, RowError};

/// Writes the decisions for n vectors of scores, one after the other, or returns the reason why it cannot.
type Solver<T> = dyn Fn(&[T], &mut [T]) -> Result<(), &'static str> + Send + Sync;

/// A solver of many problems at once, used as an oracle for one problem.
#[derive(Clone)]
pub(crate) struct Batched<T> {
    dim: usize,
    solver: Arc<Solver<T>>,
}

impl<T> fmt::Debug for Batched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched").field("dim", &self.dim).finish_non_exhaustive()
    }
}

impl<T: Real> Batched<T> {
    pub(super) fn new(
        dim: usize,
        solver: impl Fn(&[T], &mut [T]) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Self {
        Self { dim, solver: Arc::new(solver) }
    }

    /// The decisions for all of `scores`.
    fn solve_all(&self, scores: &[T]) -> Result<Vec<T>, &'static str> {
        let mut decisions = vec![T::ZERO; scores.len()];
        if !scores.is_empty() {
            (self.solver)(scores, &mut decisions)?;
        }
        Ok(decisions)
    }

    /// What `ask` says of `layer` with all decisions in one call of the solver. Both functions ask the layer that they are given
    /// for the same means over samples, on this thread: `collect` for the scores, `ask` for the answer.
    pub(crate) fn at_once<A>(
        &self,
        layer: &Perturbed<AnyOracle<T>, AnyNoise, T>,
        collect: impl FnOnce(&Perturbed<AnyOracle<T>, AnyNoise, T>) -> Result<(), RowError>,
        ask: impl FnOnce(&Perturbed<AnyOracle<T>, AnyNoise, T>) -> Result<A, RowError>,
    ) -> Result<A, RowError> {
        let first = |source| RowError { row: 0, source };
        let with = |oracle| Perturbed::new(oracle, *layer.noise(), layer.epsilon()).map_err(first);
        let scores = Arc::new(Mutex::new(Vec::new()));
        let recorder = Recorder { dim: self.dim, scores: Arc::clone(&scores) };
        collect(&with(AnyOracle::custom(recorder))?)?;
        let scores = std::mem::take(&mut *scores.lock().unwrap_or_else(PoisonError::into_inner));
        let decisions =
            self.solve_all(&scores).map_err(|because| first(Error::Solver { sample: None, because }))?;
        let replayer = Replayer { dim: self.dim, scores, decisions, next: AtomicUsize::new(0) };
        ask(&with(AnyOracle::custom(replayer))?)
    }
}

impl<T: Real> Oracle<T> for Batched<T> {
    type Shape = Dyn;
    type Work = ();

    fn properties(&self) -> Properties {
        Properties::new("black box")
    }
    fn shape(&self) -> Dyn {
        Dyn(self.dim)
    }
    fn work(&self) {}
    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, &'static str> {
        (self.solver)(theta, y)?;
        value(theta, y)
    }
    /// The two solves of the provided method at once.
    fn locate(&self, y: &[T], work: Option<&mut ()>) -> Location {
        if work.is_none() {
            return Location::Undecided;
        }
        let directions: Vec<T> = y.iter().copied().chain(y.iter().map(|&y| T::TWO * y - T::ONE)).collect();
        let found = self.solve_all(&directions);
        let vertex = found.is_ok_and(|found| found.chunks(self.dim).any(|found| found == y));
        if vertex { Location::Vertex } else { Location::Undecided }
    }
}

/// ⟨y, θ⟩ of a decision.
fn value<T: Real>(theta: &[T], y: &[T]) -> Result<T, &'static str> {
    if !T::all_finite(y) {
        return Err("it gave a number that is not finite");
    }
    Ok(theta.iter().zip(y).fold(T::ZERO, |sum, (&theta, &y)| sum + theta * y))
}

/// Of what stands in for the solver: whether scores are too large for ε is the layer's to find out, not theirs.
const ASKED: Properties = Properties::new("black box").with_decides(Decides::Signs);

/// Collects scores, and decides for nothing.
struct Recorder<T> {
    dim: usize,
    scores: Arc<Mutex<Vec<T>>>,
}

impl<T: Real> Oracle<T> for Recorder<T> {
    type Shape = Dyn;
    type Work = ();

    fn properties(&self) -> Properties {
        ASKED
    }
    fn shape(&self) -> Dyn {
        Dyn(self.dim)
    }
    fn work(&self) {}
    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, &'static str> {
        self.scores.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(theta);
        y.fill(T::ZERO);
        Ok(T::ZERO)
    }
    fn locate(&self, _: &[T], _: Option<&mut ()>) -> Location {
        Location::Vertex // Nothing else is asked of it.
    }
}

/// Gives the decisions in the order in which their scores were collected.
struct Replayer<T> {
    dim: usize,
    scores: Vec<T>,
    decisions: Vec<T>,
    next: AtomicUsize,
}

impl<T: Real> Oracle<T> for Replayer<T> {
    type Shape = Dyn;
    type Work = ();

    fn properties(&self) -> Properties {
        ASKED
    }
    fn shape(&self) -> Dyn {
        Dyn(self.dim)
    }
    fn work(&self) {}
    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, &'static str> {
        let start = self.next.fetch_add(theta.len(), Ordering::Relaxed);
        let problem = start..start + theta.len();
        let (Some(scores), Some(decision)) = (self.scores.get(problem.clone()), self.decisions.get(problem))
        else {
            return Err("it was asked for more than there was at first");
        };
        // The same bits, so that NaN is no exception.
        if scores.iter().zip(theta).any(|(a, b)| a.order() != b.order()) {
            return Err("it was asked in another order");
        }
        y.copy_from_slice(decision);
        value(theta, y)
    }
    fn locate(&self, _: &[T], _: Option<&mut ()>) -> Location {
        Location::Vertex // Nothing else is asked of it.
    }
}
