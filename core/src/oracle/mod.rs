//! Linear maximisation oracles y*(θ) ∈ argmax_{y ∈ C} ⟨y, θ⟩ (eq. 1).
//!
//! θ is a score to maximise everywhere; a cost c enters as θ = −c, written out by the caller. Ties go to the lowest
//! index, or where an oracle says so to a solution that is not specified further, always the same.

use crate::lanes::{LANES, LaneMemory, Solved};
use crate::{Error, Real, Shape};

mod assignment;
mod black_box;
mod dag_path;
mod flow;
mod grid_path;
mod group_top_k;
mod heap;
mod hypercube;
mod knapsack;
mod negative_cost;
mod ranking;
mod shortest_path;
mod simplex;
mod spanning_tree;
mod top_k;
mod tour;

pub use assignment::{Assignment, AssignmentWork};
pub use black_box::{
    BlackBox, BlackBoxWork, Fallible, Function, Linear, Maximize, Minimize, Offset, OffsetOf, Sense, Solver,
    WithMemory,
};
pub use dag_path::DagPath;
pub use flow::Flow;
pub use grid_path::{GridPath, GridPathWork, Neighbours};
pub use group_top_k::GroupTopK;
pub use hypercube::Hypercube;
pub use knapsack::Knapsack;
pub use negative_cost::NegativeCost;
pub use ranking::Ranking;
pub use shortest_path::{ShortestPath, ShortestPathWork};
pub use simplex::Simplex;
pub use spanning_tree::{EdgeLabel, SpanningTree};
pub use top_k::TopK;
pub use tour::Tour;

/// A maximiser of linear functions over the vertices of a polytope C.
///
/// An oracle is immutable and shared by all threads; working memory stands beside it, one per worker.
pub trait Oracle<T: Real> {
    /// Where vectors of C's dimension live.
    type Shape: Shape;
    /// What one [`solve`](Self::solve) needs beside its input and output; its contents never matter.
    type Work: Send;

    /// The name in reports and model files.
    const NAME: &'static str;

    /// Whether the objective is ⟨y, θ⟩ alone, without an [`offset`](Self::offset).
    const LINEAR: bool = true;

    /// Whether y*(θ) is the one-hot vector of the first of the largest scores: samples are then decided by a
    /// [race](crate::Noise::race) where the noise has one.
    const LARGEST: bool = false;

    /// The shape of θ and y.
    fn shape(&self) -> Self::Shape;
    /// Fresh working memory.
    fn work(&self) -> Self::Work;

    /// Writes the vertex y*(θ) into `y` and returns F(θ) = ⟨y, θ⟩.
    ///
    /// `theta` and `y` have d entries; no entry of `theta` is NaN.
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> T;

    /// Solves [`LANES`] problems side by side: lane l of `theta` is one, and its solution goes into lane l of `y`; both have
    /// d rows. Every lane must get the bits of [`solve`](Self::solve), or be named doubtful. `None`, the default, where
    /// there is no such way or it does not pay.
    fn solve_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        let _ = (theta, y, memory);
        None
    }

    /// Adds the solutions of lanes 0 to `count` − 1 to `sums`, d rows, and returns the lanes, as bits, that are doubtful and
    /// left out. `None`, the default, where that is not cheaper than [`solve_lanes`](Self::solve_lanes) and adding `y`.
    fn add_lanes(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        let _ = (theta, count, sums, memory);
        None
    }

    /// Whether all entries of all vertices are integers of at most 2¹⁸, so that sums of 64 vertices are exact, in whatever
    /// order they are formed. `false` is always right.
    fn small_integers(&self) -> bool {
        false
    }

    /// h(y) of an objective ⟨y, θ⟩ + h(y) at a vertex y; 0 for the linear ones. [`solve`](Self::solve) returns the
    /// sum of both.
    fn offset(&self, y: &[T]) -> T {
        let _ = y;
        T::ZERO
    }

    /// Whether [`warm_up`](Self::warm_up) does something.
    const WARM_STARTS: bool = false;

    /// Looks at the scores θ before many solves near them, so that these can start from θ's solution. Only
    /// which of equally good answers they give may depend on it.
    fn warm_up(&self, theta: &[T], work: &mut Self::Work) {
        let _ = (theta, work);
    }

    /// Why the last [`solve`](Self::solve) with `work` failed, for solvers that can; y and value then mean nothing.
    fn failure(&self, work: &Self::Work) -> Option<&'static str> {
        let _ = work;
        None
    }

    /// Whether `y` is certainly a vertex of C; there Ω has the closed form −E⟨y, Z⟩.
    ///
    /// The default decides without knowing C: if y*(y) = y, or y*(2y − 1) = y, then y is one. The first
    /// finds the vertices of any C whose vertices have equal norm, the second those in {0, 1}ᵈ. Two solves. With an
    /// offset, nothing is certain.
    fn is_vertex(&self, y: &[T], work: &mut Self::Work) -> bool {
        if !Self::LINEAR {
            return false;
        }
        let mut direction = self.shape().array(T::ZERO);
        let mut found = self.shape().array(T::ZERO);
        for (scale, shift) in [(T::ONE, T::ZERO), (T::TWO, T::ONE)] {
            for (direction, &y) in direction.as_mut().iter_mut().zip(y) {
                *direction = scale * y - shift;
            }
            self.solve(direction.as_ref(), found.as_mut(), work);
            if self.failure(work).is_none() && found.as_ref() == y {
                return true;
            }
        }
        false
    }
}

/// An oracle can be lent.
impl<T: Real, O: Oracle<T>> Oracle<T> for &O {
    type Shape = O::Shape;
    type Work = O::Work;
    const NAME: &'static str = O::NAME;
    const LINEAR: bool = O::LINEAR;
    const LARGEST: bool = O::LARGEST;
    const WARM_STARTS: bool = O::WARM_STARTS;

    fn shape(&self) -> O::Shape {
        (**self).shape()
    }
    fn work(&self) -> O::Work {
        (**self).work()
    }
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut O::Work) -> T {
        (**self).solve(theta, y, work)
    }
    fn solve_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        (**self).solve_lanes(theta, y, memory)
    }
    fn add_lanes(
        &self,
        theta: &[[T; LANES]],
        count: usize,
        sums: &mut [[T; LANES]],
        memory: LaneMemory<'_, T>,
    ) -> Option<u32> {
        (**self).add_lanes(theta, count, sums, memory)
    }
    fn small_integers(&self) -> bool {
        (**self).small_integers()
    }
    fn offset(&self, y: &[T]) -> T {
        (**self).offset(y)
    }
    fn warm_up(&self, theta: &[T], work: &mut O::Work) {
        (**self).warm_up(theta, work);
    }
    fn failure(&self, work: &O::Work) -> Option<&'static str> {
        (**self).failure(work)
    }
    fn is_vertex(&self, y: &[T], work: &mut O::Work) -> bool {
        (**self).is_vertex(y, work)
    }
}

/// Solves, and names `sample` if the solver failed.
pub(crate) fn solve_checked<T: Real, O: Oracle<T>>(
    oracle: &O,
    theta: &[T],
    y: &mut [T],
    work: &mut O::Work,
    sample: Option<u64>,
) -> Result<T, Error> {
    let value = oracle.solve(theta, y, work);
    match oracle.failure(work) {
        Some(because) => Err(Error::Solver { sample, because }),
        None => Ok(value),
    }
}

/// ⟨a, b⟩, summed from the first entry to the last.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

/// ⟨y, θ⟩ of zeros and ones, summed from the first entry to the last; infinite scores where y is 0 do no
/// harm.
pub(crate) fn total<T: Real>(theta: &[T], y: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&score, &y) in theta.iter().zip(y) {
        // Not `if !y.is_zero() { sum += score }`: a choice between sums would wait for them.
        sum += if y.is_zero() { T::ZERO } else { score };
    }
    sum
}
