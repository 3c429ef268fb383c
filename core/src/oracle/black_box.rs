//! Any solver as a closure.

use core::fmt;
use core::marker::PhantomData;

use super::{Oracle, Properties};
use crate::vector::dot;
use crate::{Error, Real, Shape, error};

/// Any solver: a function that writes its decision into its second argument.
///
/// - [`new`](Self::new) takes `Fn(&[T], &mut [T])`, [`fallible`](Self::fallible) one that may fail, and
///   [`with_memory`](Self::with_memory) one with working memory of its own, one per worker.
/// - It maximises ⟨y, θ⟩; [`minimizing`](Self::minimizing) makes it a solver that is given costs c = −θ and minimises
///   ⟨y, c⟩. The layer's θ stays a score to maximise.
/// - [`with_offset`](Self::with_offset) is for objectives ⟨y, θ⟩ + h(y), where y may be any vector g(decision).
///
/// Nothing about C need be known, and only sampled estimates apply. A solver that fails, or writes a number that is not
/// finite, aborts the estimate with [`Error::Solver`] and the number of the sample. Cost: the function's own plus
/// O(d); working memory d numbers and the function's own.
///
/// ```
/// use perturb_core::{BlackBox, Const, MonteCarlo, Normal, Perturbed, Seed};
/// // The cheaper of two bundles; a solver that minimises.
/// let oracle = BlackBox::new(Const::<3>, |costs: &[f64], y: &mut [f64]| {
///     y.copy_from_slice(if costs[0] + costs[1] < costs[2] { &[1.0, 1.0, 0.0] } else { &[0.0, 0.0, 1.0] });
/// })?
/// .minimizing();
/// let layer = Perturbed::new(oracle, Normal, 0.5)?;
/// let y = layer.maximizer(&[-0.2, -0.3, -0.5], MonteCarlo::new(1000, Seed(1)))?;
/// assert!((y[0] - 0.5).abs() < 0.1);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct BlackBox<S, F, Sense = Maximize, H = Linear> {
    shape: S,
    solver: F,
    offset: H,
    sense: PhantomData<Sense>,
}

/// The solver is given scores θ and maximises ⟨y, θ⟩.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maximize;
/// The solver is given costs c = −θ and minimises ⟨y, c⟩.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minimize;

/// A function that cannot fail.
#[derive(Clone, Copy)]
pub struct Function<F>(F);
/// A function that says why it failed.
#[derive(Clone, Copy)]
pub struct Fallible<F>(F);
/// A function with working memory, which says why it failed.
#[derive(Clone, Copy)]
pub struct WithMemory<M, F> {
    memory: M,
    solver: F,
}

/// h = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear;
/// h is a function of y.
#[derive(Clone, Copy)]
pub struct Offset<H>(H);

/// By name alone: closures have nothing to show.
macro_rules! named {
    ($($name:ident<$($inner:ident),+>),+) => {$(
        impl<$($inner),+> fmt::Debug for $name<$($inner),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
named!(Function<F>, Fallible<F>, WithMemory<M, F>, Offset<H>);

/// Whether a black box maximises or minimises.
pub trait Sense: Copy + Send + Sync + 'static {
    /// True for [`Minimize`].
    const MINIMIZES: bool;
}
impl Sense for Maximize {
    const MINIMIZES: bool = false;
}
impl Sense for Minimize {
    const MINIMIZES: bool = true;
}

/// The ways in which a function can be a solver.
pub trait Solver<T> {
    /// The working memory.
    type Memory: Send;
    /// Fresh working memory.
    fn memory(&self) -> Self::Memory;
    /// Writes the decision for `input`; an error says why there is none.
    fn solve(&self, input: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<(), &'static str>;
}

impl<T, F: Fn(&[T], &mut [T])> Solver<T> for Function<F> {
    type Memory = ();
    fn memory(&self) {}
    fn solve(&self, input: &[T], y: &mut [T], (): &mut ()) -> Result<(), &'static str> {
        (self.0)(input, y);
        Ok(())
    }
}

impl<T, F: Fn(&[T], &mut [T]) -> Result<(), &'static str>> Solver<T> for Fallible<F> {
    type Memory = ();
    fn memory(&self) {}
    fn solve(&self, input: &[T], y: &mut [T], (): &mut ()) -> Result<(), &'static str> {
        (self.0)(input, y)
    }
}

impl<T, W, M, F> Solver<T> for WithMemory<M, F>
where
    W: Send,
    M: Fn() -> W,
    F: Fn(&[T], &mut [T], &mut W) -> Result<(), &'static str>,
{
    type Memory = W;
    fn memory(&self) -> W {
        (self.memory)()
    }
    fn solve(&self, input: &[T], y: &mut [T], memory: &mut W) -> Result<(), &'static str> {
        (self.solver)(input, y, memory)
    }
}

/// h of an objective ⟨y, θ⟩ + h(y).
pub trait OffsetOf<T> {
    /// Whether h = 0.
    const LINEAR: bool;
    /// h(y).
    fn offset(&self, y: &[T]) -> T;
}
impl<T: Real> OffsetOf<T> for Linear {
    const LINEAR: bool = true;
    fn offset(&self, _: &[T]) -> T {
        T::ZERO
    }
}
impl<T: Real, H: Fn(&[T]) -> T> OffsetOf<T> for Offset<H> {
    const LINEAR: bool = false;
    fn offset(&self, y: &[T]) -> T {
        (self.0)(y)
    }
}

impl<S: Shape, F> BlackBox<S, Function<F>> {
    /// `solver(theta, y)` over vectors of `shape`, maximising.
    pub fn new(shape: S, solver: F) -> Result<Self, Error> {
        Self::of(shape, Function(solver))
    }
}

impl<S: Shape, F> BlackBox<S, Fallible<F>> {
    /// `solver(theta, y)` over vectors of `shape`, maximising, with the reason as its error when there is no solution.
    pub fn fallible(shape: S, solver: F) -> Result<Self, Error> {
        Self::of(shape, Fallible(solver))
    }
}

impl<S: Shape, M, F> BlackBox<S, WithMemory<M, F>> {
    /// `solver(theta, y, memory)` over vectors of `shape`, maximising, with the reason as its error when there is no
    /// solution. Every worker has memory of its own, made by `memory()`; what an earlier call left there must not
    /// change an answer, or results depend on the number of threads.
    pub fn with_memory(shape: S, memory: M, solver: F) -> Result<Self, Error> {
        Self::of(shape, WithMemory { memory, solver })
    }
}

impl<S: Shape, F> BlackBox<S, F> {
    fn of(shape: S, solver: F) -> Result<Self, Error> {
        error::check_dim(shape)?;
        Ok(Self { shape, solver, offset: Linear, sense: PhantomData })
    }

    /// The same function as one that is given costs c = −θ and minimises ⟨y, c⟩.
    pub fn minimizing(self) -> BlackBox<S, F, Minimize> {
        let Self { shape, solver, offset, .. } = self;
        BlackBox { shape, solver, offset, sense: PhantomData }
    }
}

impl<S: Shape, F, G> BlackBox<S, F, G> {
    /// The same function for objectives ⟨y, θ⟩ + h(y), with h = `offset` in the sense of a score: where the function
    /// minimises, it minimises ⟨y, c⟩ − h(y).
    pub fn with_offset<H>(self, offset: H) -> BlackBox<S, F, G, Offset<H>> {
        let Self { shape, solver, .. } = self;
        BlackBox { shape, solver, offset: Offset(offset), sense: PhantomData }
    }
}

impl<S: Shape, F, G, H> fmt::Debug for BlackBox<S, F, G, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlackBox").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The memory of a black box.
pub struct BlackBoxWork<T: Real, S: Shape, M> {
    costs: S::Array<T>,
    memory: M,
}

impl<T: Real, S: Shape, M> fmt::Debug for BlackBoxWork<T, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlackBoxWork").finish_non_exhaustive()
    }
}

impl<T: Real, S: Shape, F: Solver<T>, G: Sense, H: OffsetOf<T>> Oracle<T> for BlackBox<S, F, G, H> {
    type Shape = S;
    type Work = BlackBoxWork<T, S, F::Memory>;

    fn properties(&self) -> Properties {
        Properties::new("black box").with_linear(H::LINEAR)
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) -> Self::Work {
        BlackBoxWork { costs: self.shape.array(T::ZERO), memory: self.solver.memory() }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        let BlackBoxWork { costs, memory } = work;
        if G::MINIMIZES {
            for (cost, &score) in costs.as_mut().iter_mut().zip(theta) {
                *cost = -score;
            }
            self.solver.solve(costs.as_ref(), y, memory)?;
        } else {
            self.solver.solve(theta, y, memory)?;
        }
        let offset = self.offset.offset(y);
        if !(offset.is_finite() && y.iter().all(|y| y.is_finite())) {
            return Err("it gave a number that is not finite");
        }
        Ok(dot(theta, y) + offset)
    }

    fn offset(&self, y: &[T]) -> T {
        self.offset.offset(y)
    }
}
