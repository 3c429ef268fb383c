//! Linear maximisation oracles y*(θ) ∈ argmax_{y ∈ C} ⟨y, θ⟩ (eq. 1).
//!
//! θ is a score to maximise everywhere; a cost c enters as θ = −c, written out by the caller. Ties go to the lowest
//! index, or where an oracle says so to a solution that is not specified further, always the same.

use crate::engine::SolveGroup;
use crate::model_file::OracleKind;
use crate::{Real, Shape};

mod assignment;
mod black_box;
mod dag_path;
mod flow;
mod grid_path;
mod group_top_k;
mod heap;
pub(crate) mod hull;
mod hypercube;
mod knapsack;
mod negative_cost;
mod ranking;
mod shortest_path;
mod simplex;
mod spanning_tree;
mod top_k;
mod tour;

pub use crate::graph::Edge;
pub use assignment::{Assignment, AssignmentWork};
pub use black_box::{
    BlackBox, BlackBoxWork, Fallible, Function, Linear, Maximize, Minimize, Offset, OffsetOf, Sense, Solver,
    WithMemory,
};
pub use dag_path::DagPath;
pub use flow::Flow;
pub use grid_path::{GridPath, GridPathWork, Neighbours};
pub use group_top_k::GroupTopK;
pub use hull::Location;
pub use hypercube::Hypercube;
pub use knapsack::Knapsack;
pub use negative_cost::NegativeCost;
pub use ranking::Ranking;
pub use shortest_path::{ShortestPath, ShortestPathWork};
pub use simplex::Simplex;
pub use spanning_tree::{EdgeLabel, SpanningTree};
pub use top_k::TopK;
pub use tour::Tour;

/// The arrays of an oracle: one number an entry.
pub type Array<O, T> = <<O as Oracle<T>>::Shape as Shape>::Array<T>;
/// The matrices of an oracle: one number a pair of entries, row-major.
pub type Matrix<O, T> = <<O as Oracle<T>>::Shape as Shape>::Matrix<T>;

/// What an oracle is, beside what it solves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Properties {
    /// The name in reports.
    pub name: &'static str,
    /// Whether the objective is ⟨y, θ⟩ alone, without an [offset](Oracle::offset).
    pub linear: bool,
    /// Whether y*(θ) is the one-hot vector of the first of the largest scores.
    pub largest: bool,
    /// Whether all entries of all vertices are integers of at most 2¹⁸, and none is −0, so that sums of 64 vertices are exact,
    /// in whatever order they are formed, and one vertex is the sum of itself. `false` is always right.
    pub small_integers: bool,
    /// What of the scores decides: where ε is near their last digits, estimates take from θ what does not.
    pub decides: Decides,
    /// Whether [`Oracle::warm_up`] does something.
    pub warm_starts: bool,
    /// Whether a score of −∞ forbids its entry: y is 0 there in every decision, the decisions are those of the problem without the
    /// entry, and [`Oracle::solve`] fails where none is left. Elsewhere a score of −∞ is refused, as those of +∞ and NaN are
    /// everywhere.
    pub forbids: bool,
    /// [`Oracle::solve`] is a maximiser where no score is greater than this: ∞, but 0 for searches that need costs −θ ≥ 0. Greater
    /// scores, as perturbed ones may be, still get a decision; losses that rest on the maximum refuse them as
    /// [`Error::OutsideDomain`](crate::Error::OutsideDomain).
    pub greatest_score: f64,
    /// How model files name this oracle, if they can.
    pub kind: Option<OracleKind>,
    /// What they say of it beyond: how many a top-k picks; 0 of others.
    pub parameter: u32,
}

impl Properties {
    /// Of a linear oracle with this name, of which nothing else is known.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            linear: true,
            largest: false,
            small_integers: false,
            decides: Decides::Sums,
            warm_starts: false,
            forbids: false,
            greatest_score: f64::INFINITY,
            kind: None,
            parameter: 0,
        }
    }
    /// Of one whose decisions depend on what `decides` says.
    #[must_use]
    pub const fn with_decides(self, decides: Decides) -> Self {
        Self { decides, ..self }
    }
    /// Of one whose objective has an [offset](Oracle::offset) if `linear` says so.
    #[must_use]
    pub const fn with_linear(self, linear: bool) -> Self {
        Self { linear, ..self }
    }
    /// Of one whose vertices have [small integers](Self::small_integers) alone if `small_integers` says so.
    #[must_use]
    pub const fn with_small_integers(self, small_integers: bool) -> Self {
        Self { small_integers, ..self }
    }
    /// Of one that [warms up](Oracle::warm_up) if `warm_starts` says so.
    #[must_use]
    pub const fn with_warm_starts(self, warm_starts: bool) -> Self {
        Self { warm_starts, ..self }
    }
    /// Of one in which scores of −∞ [forbid](Self::forbids) entries if `forbids` says so.
    #[must_use]
    pub const fn with_forbids(self, forbids: bool) -> Self {
        Self { forbids, ..self }
    }
    /// Of one that maximises where no score is greater than [`greatest_score`](Self::greatest_score).
    #[must_use]
    pub const fn with_greatest_score(self, greatest_score: f64) -> Self {
        Self { greatest_score, ..self }
    }
    /// The first score that is too great.
    pub(crate) fn beyond<T: Real>(&self, theta: &[T]) -> Option<usize> {
        let greatest = T::from_f64(self.greatest_score);
        theta.iter().position(|&score| score > greatest)
    }
}

/// Why nothing is found where scores of −∞ forbid too much.
const FORBIDDEN: &str = "every decision has a forbidden entry";

/// `value` = ⟨y, θ⟩, unless y has a forbidden entry.
#[inline]
fn allowed<T: Real>(value: T, theta: &[T], y: &[T]) -> Result<T, &'static str> {
    if value.is_finite() || !marks_forbidden(theta, y) { Ok(value) } else { Err(FORBIDDEN) }
}

/// Whether `y` is not 0 where a score is −∞.
fn marks_forbidden<T: Real>(theta: &[T], y: &[T]) -> bool {
    theta.iter().zip(y).any(|(&score, y)| score == T::NEG_INFINITY && !y.is_zero())
}

/// What of the scores an oracle's decisions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Decides {
    /// Sums of scores, of which nothing is known: always right.
    Sums,
    /// Sums of scores, all vertices having one sum of entries: a constant added to every score changes nothing.
    Differences,
    /// Which scores are the k largest, marked with 1, the others with 0.
    Largest,
    /// The order of the scores, all vertices having one sum of entries.
    Order,
    /// Each score alone: its sign.
    Signs,
}

/// A maximiser of linear functions over the vertices of a polytope C.
///
/// An oracle is immutable and shared by all threads; working memory stands beside it, one per worker.
pub trait Oracle<T: Real> {
    /// Where vectors of C's dimension live.
    type Shape: Shape;
    /// What one [`solve`](Self::solve) needs beside its input and output; its contents never matter.
    type Work: Send;

    /// Its name, and what is known of its vertices and its objective.
    fn properties(&self) -> Properties;
    /// The shape of θ and y.
    fn shape(&self) -> Self::Shape;
    /// Fresh working memory.
    fn work(&self) -> Self::Work;

    /// Writes the vertex y*(θ) into `y` and returns F(θ) = ⟨y, θ⟩; an error says why a solver that can fail has no solution,
    /// and `y` then means nothing.
    ///
    /// `theta` and `y` have d entries; no entry of `theta` is NaN. Entries of −∞ are 0 in y where they
    /// [forbid](Properties::forbids), and an instance without a decision is an error.
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str>;

    /// h(y) of an objective ⟨y, θ⟩ + h(y) at a vertex y; 0 for the linear ones. [`solve`](Self::solve) returns the
    /// sum of both.
    fn offset(&self, y: &[T]) -> T {
        let _ = y;
        T::ZERO
    }

    /// Looks at the scores θ before many solves near them, so that these can start from θ's solution. Only
    /// which of equally good answers they give may depend on it.
    fn warm_up(&self, theta: &[T], work: &mut Self::Work) {
        let _ = (theta, work);
    }

    /// Where `y` lies relative to C, as far as that is certain. At a vertex Ω has the closed form −E⟨y, Z⟩; outside, where it is
    /// infinite, losses and their gradients refuse a target as [`Error::OutsideHull`](crate::Error::OutsideHull).
    ///
    /// Without memory, what one pass over y tells, which is asked for every gradient: at most whether y lies outside. With memory,
    /// more may be decided, by solves too. The oracles of this crate know
    ///
    /// - all of C without memory: simplex, top-k, hypercube, assignment;
    /// - all of C with memory: ranking (without, up to 16 entries that have not the length of a vertex, else sum and length),
    ///   group-limited top-k;
    /// - entries and their sum: spanning tree; entries and their weight: knapsack; entries and the edges at each city: tour; entries
    ///   and the conservation of flow: paths in graphs, flow; entries and the neighbours of each cell: grid path;
    /// - nothing: black boxes.
    ///
    /// Each inequality may be broken by the rounding that numbers have which were written with seven digits, or are means of vertices:
    /// by 10⁻⁶ + ε(8 + n/2) of the size of its terms, n of them, for the number type's resolution ε.
    ///
    /// The default decides without knowing C: if y*(y) = y, or y*(2y − 1) = y, then y is a vertex. The first finds the vertices of
    /// any C whose vertices have equal norm, the second those in {0, 1}ᵈ. Two solves. With an offset, nothing is certain.
    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, false, y, work)
    }

    /// Solves problems side by side, each with the bits of [`solve`](Self::solve), and names those it leaves alone, as bits.
    /// `None`, having done nothing, for an oracle that cannot or where it does not pay: the default.
    #[doc(hidden)]
    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        let _ = group;
        None
    }
}

/// An oracle can be lent.
impl<T: Real, O: Oracle<T>> Oracle<T> for &O {
    type Shape = O::Shape;
    type Work = O::Work;

    fn properties(&self) -> Properties {
        (**self).properties()
    }
    fn shape(&self) -> O::Shape {
        (**self).shape()
    }
    fn work(&self) -> O::Work {
        (**self).work()
    }
    fn solve(&self, theta: &[T], y: &mut [T], work: &mut O::Work) -> Result<T, &'static str> {
        (**self).solve(theta, y, work)
    }
    fn offset(&self, y: &[T]) -> T {
        (**self).offset(y)
    }
    fn warm_up(&self, theta: &[T], work: &mut O::Work) {
        (**self).warm_up(theta, work);
    }
    fn locate(&self, y: &[T], work: Option<&mut O::Work>) -> Location {
        (**self).locate(y, work)
    }
    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        (**self).solve_group(group)
    }
}
