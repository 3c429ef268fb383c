//! The working memory of one thread.

use core::fmt;

use super::lanes::LANES;
use crate::oracle::Array;
use crate::{Oracle, Real, Shape};

/// Working memory of [`MonteCarlo`](crate::MonteCarlo), for one thread: eight arrays of d numbers, the oracle's own, and where
/// there are vectors eight arrays of 16·d numbers: on the heap once an estimate needs them, for shapes of fixed size of 64 rows
/// each, within. What wraps it copies all of that, when it is made.
pub struct Memory<O: Oracle<T>, T: Real, A> {
    pub(crate) draws: DrawMemory<O, T>,
    /// Sums over a block for leaving one out.
    pub(crate) control: ControlSums<Array<O, T>>,
    /// Sums of decisions, lane by lane.
    pub(super) sums: Option<Lanes<O::Shape, T>>,
    /// Made when the first estimate of more than one block needs them.
    pub(crate) more: More<A>,
}

/// The sum of a block, and what sums have lost.
pub(crate) type More<A> = Option<[A; 2]>;

/// Memory of draws.
pub(crate) struct DrawMemory<O: Oracle<T>, T: Real> {
    pub(super) solve: Solve<O, T>,
    /// Whether the oracle may be warm.
    pub(super) warm: bool,
    pub(super) baseline: Array<O, T>,
    /// Those of rows that share groups.
    pub(super) baselines: Option<Lanes<O::Shape, T>>,
    pub(super) lanes: Option<LaneMemory<O::Shape, T>>,
}

/// Memory of one perturbed solve.
pub(crate) struct Solve<O: Oracle<T>, T: Real> {
    pub(crate) z: Array<O, T>,
    pub(crate) score: Array<O, T>,
    pub(crate) theta: Array<O, T>,
    pub(crate) y: Array<O, T>,
    pub(crate) work: O::Work,
}

/// Sums over the draws of a block.
pub(crate) struct ControlSums<A> {
    pub(super) y: A,
    pub(super) theta: A,
    pub(super) score: A,
}

/// d or more rows of [`LANES`] values.
pub(crate) type Lanes<S, X> = <S as Shape>::Spare<[X; LANES]>;

/// Memory of [`LANES`] perturbed solves.
pub(crate) struct LaneMemory<S: Shape, T: Real> {
    pub(super) z: Lanes<S, T>,
    pub(super) theta: Lanes<S, T>,
    pub(super) y: Lanes<S, T>,
    pub(super) codes: Lanes<S, u32>,
    pub(super) costs: Lanes<S, T>,
    pub(super) distances: Lanes<S, T>,
}

impl<O: Oracle<T>, T: Real, A> Memory<O, T, A> {
    /// For estimates with `oracle`.
    #[doc(hidden)]
    pub fn new(oracle: &O) -> Self {
        let shape = oracle.shape();
        let array = || shape.array(T::ZERO);
        Self {
            draws: DrawMemory {
                solve: Solve { z: array(), score: array(), theta: array(), y: array(), work: oracle.work() },
                warm: false,
                baseline: array(),
                baselines: None,
                lanes: None,
            },
            control: ControlSums { y: array(), theta: array(), score: array() },
            sums: None,
            more: None,
        }
    }
}

impl<O: Oracle<T>, T: Real, A> Memory<O, T, A> {
    /// For how many scores.
    pub(super) fn len(&self) -> usize {
        self.draws.solve.z.as_ref().len()
    }
}

impl<O: Oracle<T>, T: Real> DrawMemory<O, T> {
    /// Makes memory for lanes, once. Whether the shape has room for it.
    pub(super) fn with_lanes(&mut self, oracle: &O) -> bool {
        if self.lanes.is_none() {
            self.lanes = LaneMemory::new(oracle.shape());
        }
        self.lanes.is_some()
    }

    /// A single sample starts cold, whatever this memory was used for before.
    pub(super) fn forget_warm_start(&mut self, oracle: &O) {
        if oracle.properties().warm_starts && self.warm {
            self.solve.work = oracle.work();
            self.warm = false;
        }
    }
}

impl<S: Shape, T: Real> LaneMemory<S, T> {
    /// `None` if the shape has no room for it.
    fn new(shape: S) -> Option<Self> {
        let lanes = || shape.spare([T::ZERO; LANES]);
        let z = lanes();
        (z.as_ref().len() >= shape.dim()).then(|| Self {
            z,
            theta: lanes(),
            y: lanes(),
            codes: shape.spare([0; LANES]),
            costs: lanes(),
            distances: lanes(),
        })
    }
}

impl<O: Oracle<T>, T: Real, A> fmt::Debug for Memory<O, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonteCarloWork").finish_non_exhaustive()
    }
}
