//! An oracle chosen at run time.

use std::fmt;
use std::sync::Arc;

use perturb_core::engine::SolveGroup;
use perturb_core::method::Cost;
use perturb_core::oracle::{Location, Properties};
use perturb_core::{
    AnyNoise, Assignment, BlackBox, ClosedForm, DagPath, Error, Flow, GridPath, GroupTopK, Gumbel, Hypercube,
    Knapsack, Oracle, Ranking, Real, Shape, ShortestPath, Simplex, SpanningTree, TopK, Tour,
};

use super::batched::Batched;
use super::custom::{Custom, CustomWork};
use super::spec::{OracleSpec, Specify};
use crate::{Dyn, DynRect};

/// Writes all code that depends on the kind of an oracle.
macro_rules! kinds {
    ($($kind:ident: $oracle:ty),+ $(,)?) => {
        /// The oracles that there are.
        #[derive(Clone, Debug)]
        enum Kind<T: Real> {
            $($kind($oracle),)+
            Batched(Batched<T>),
            Custom(Custom<T>),
        }

        /// The working memory of an [`AnyOracle`].
        pub struct AnyWork<T: Real>(Work<T>);

        #[expect(clippy::large_enum_variant, reason = "there are as many as threads")]
        enum Work<T: Real> {
            $($kind(<$oracle as Oracle<T>>::Work),)+
            Batched,
            Custom(CustomWork),
        }

        $(
            impl<T: Real> From<$oracle> for AnyOracle<T> {
                fn from(oracle: $oracle) -> Self {
                    let shape = Dyn(Oracle::<T>::shape(&oracle).dim());
                    Self { kind: Kind::$kind(oracle), shape }
                }
            }
        )+

        impl<T: Real> AnyOracle<T> {
            /// The description of this oracle; `None` for a black box.
            pub fn spec(&self) -> Option<OracleSpec> {
                match &self.kind {
                    $(Kind::$kind(oracle) => Some(oracle.specify()),)+
                    Kind::Batched(_) | Kind::Custom(_) => None,
                }
            }
        }

        impl<T: Real> Oracle<T> for AnyOracle<T> {
            type Shape = Dyn;
            type Work = AnyWork<T>;

            fn properties(&self) -> Properties {
                match &self.kind {
                    $(Kind::$kind(oracle) => Oracle::<T>::properties(oracle),)+
                    Kind::Batched(oracle) => oracle.properties(),
                    Kind::Custom(oracle) => oracle.0.properties(),
                }
            }
            fn shape(&self) -> Dyn {
                self.shape
            }
            fn work(&self) -> AnyWork<T> {
                AnyWork(match &self.kind {
                    $(Kind::$kind(oracle) => Work::$kind(Oracle::<T>::work(oracle)),)+
                    Kind::Batched(_) => Work::Batched,
                    Kind::Custom(oracle) => Work::Custom(oracle.0.work()),
                })
            }
            fn solve(&self, theta: &[T], y: &mut [T], work: &mut AnyWork<T>) -> Result<T, &'static str> {
                match (&self.kind, &mut work.0) {
                    $((Kind::$kind(oracle), Work::$kind(work)) => return oracle.solve(theta, y, work),)+
                    (Kind::Batched(oracle), Work::Batched) => return oracle.solve(theta, y, &mut ()),
                    (Kind::Custom(oracle), Work::Custom(work)) => return oracle.0.solve(theta, y, work),
                    _ => {}
                }
                // Memory of another kind.
                *work = self.work();
                self.solve(theta, y, work)
            }
            fn offset(&self, y: &[T]) -> T {
                match &self.kind {
                    $(Kind::$kind(oracle) => oracle.offset(y),)+
                    Kind::Batched(oracle) => oracle.offset(y),
                    Kind::Custom(oracle) => oracle.0.offset(y),
                }
            }
            fn warm_up(&self, theta: &[T], work: &mut AnyWork<T>) {
                match (&self.kind, &mut work.0) {
                    (Kind::Assignment(oracle), Work::Assignment(work)) => oracle.warm_up(theta, work),
                    (Kind::Custom(oracle), Work::Custom(work)) => oracle.0.warm_up(theta, work),
                    _ => {}
                }
            }
            fn locate(&self, y: &[T], work: Option<&mut AnyWork<T>>) -> Location {
                let Some(work) = work else {
                    return match &self.kind {
                        $(Kind::$kind(oracle) => oracle.locate(y, None),)+
                        Kind::Batched(oracle) => oracle.locate(y, None),
                        Kind::Custom(oracle) => oracle.0.locate(y, None),
                    };
                };
                match (&self.kind, &mut work.0) {
                    $((Kind::$kind(oracle), Work::$kind(work)) => return oracle.locate(y, Some(work)),)+
                    (Kind::Batched(oracle), Work::Batched) => return oracle.locate(y, Some(&mut ())),
                    (Kind::Custom(oracle), Work::Custom(work)) => return oracle.0.locate(y, Some(work)),
                    _ => {}
                }
                *work = self.work();
                self.locate(y, Some(work))
            }
            fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
                match &self.kind {
                    $(Kind::$kind(oracle) => oracle.solve_group(group),)+
                    Kind::Batched(_) => None,
                    Kind::Custom(oracle) => oracle.0.solve_group(group),
                }
            }
        }
    };
}

/// Any oracle, chosen at run time. It has the bits of the oracle that it was made [from](AnyOracle#trait-implementations), or
/// that a description given to [`new`](Self::new) names. It costs one choice for each solve, or for each group of sixteen on a
/// host.
///
/// θ and y are vectors of d entries, whatever the shape of the oracle: rectangles row by row.
///
/// ```
/// use perturb::{AnyNoise, AnyOracle, Dyn, MonteCarlo, Normal, OracleSpec, Perturbed, Ranking, Seed};
/// let (theta, how) = ([0.3, -0.2, 1.0], MonteCarlo::new(100, Seed(1)));
/// let oracle = AnyOracle::new(&OracleSpec::Ranking { reference: vec![1.0, 2.0, 3.0] })?;
/// let chosen = Perturbed::new(oracle, AnyNoise::Normal, 0.5f32)?;
/// let typed = Perturbed::new(Ranking::ascending(Dyn(3))?, Normal, 0.5f32)?;
/// assert_eq!(chosen.maximizer(&theta, how)?, typed.maximizer(&theta, how)?);
/// # Ok::<(), perturb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AnyOracle<T: Real> {
    kind: Kind<T>,
    /// Outside of the kinds, because it is read often.
    shape: Dyn,
}

impl<T: Real> fmt::Debug for AnyWork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyWork").finish_non_exhaustive()
    }
}

impl<T: Real> AnyOracle<T> {
    /// Any oracle of another kind, such as a [`BlackBox`] with memory or an offset. It cannot be described by a value.
    pub fn custom<O>(oracle: O) -> Self
    where
        O: Oracle<T, Work: 'static> + Send + Sync + 'static,
    {
        let shape = Dyn(oracle.shape().dim());
        Self { kind: Kind::Custom(Custom(Arc::new(oracle))), shape }
    }

    /// Any solver of `dim` entries as [`BlackBox::fallible`] takes it: it maximises, and writes its decision into its second
    /// argument, or returns the reason why it cannot.
    pub fn black_box(
        dim: usize,
        solver: impl Fn(&[T], &mut [T]) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Ok(Self::custom(BlackBox::fallible(Dyn(dim), solver)?))
    }

    /// A solver that is given many problems of `dim` entries at once, such as one on a graphics processor, in another process
    /// or in another language: `solver(theta, y)` writes the n decisions for n vectors of scores, one after the other, or says
    /// why it cannot. It maximises, and its decision for a problem must not depend on the other problems.
    ///
    /// In an [`AnyLayer`](super::AnyLayer) it is called once for all samples and rows of a call, whose scores and decisions
    /// are in memory together: twice 8·B·M·d bytes at most. The answers have the bits of a solver of one problem at a time.
    /// Losses of targets that are not vertices solve one problem at a time, and so does everything else that takes an oracle.
    ///
    /// ```
    /// use perturb::{AnyLayer, AnyNoise, AnyOracle, How, MonteCarlo, Seed};
    /// // The larger of two entries, for all problems at once.
    /// let oracle = AnyOracle::batched(2, |theta: &[f64], y: &mut [f64]| {
    ///     for (theta, y) in theta.chunks_exact(2).zip(y.chunks_exact_mut(2)) {
    ///         y.copy_from_slice(if theta[0] > theta[1] { &[1.0, 0.0] } else { &[0.0, 1.0] });
    ///     }
    ///     Ok(())
    /// })?;
    /// let layer = AnyLayer::of(oracle, AnyNoise::Gumbel, 1.0)?;
    /// let y = layer.maximizer(&[1.0, 0.0], How::MonteCarlo(MonteCarlo::new(10_000, Seed(1))))?;
    /// assert!((y[0] - 0.731).abs() < 0.02);
    /// # Ok::<(), perturb::Error>(())
    /// ```
    pub fn batched(
        dim: usize,
        solver: impl Fn(&[T], &mut [T]) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        // The same sizes as any other black box.
        BlackBox::new(Dyn(dim), |_: &[T], _: &mut [T]| ())?;
        Ok(Self { kind: Kind::Batched(Batched::new(dim, solver)), shape: Dyn(dim) })
    }

    /// The solver of many problems, if it is one.
    pub(crate) fn as_batched(&self) -> Option<&Batched<T>> {
        match &self.kind {
            Kind::Batched(batched) => Some(batched),
            _ => None,
        }
    }
}

kinds! {
    Simplex: Simplex<Dyn>,
    TopK: TopK<Dyn>,
    GroupTopK: GroupTopK<Dyn, Dyn>,
    Hypercube: Hypercube<T, Dyn>,
    Ranking: Ranking<T, Dyn>,
    Tour: Tour<Dyn, Dyn>,
    GridPath: GridPath<T, DynRect>,
    DagPath: DagPath<Dyn, Dyn>,
    ShortestPath: ShortestPath<T, Dyn, Dyn>,
    Flow: Flow<Dyn, Dyn>,
    Assignment: Assignment<DynRect>,
    SpanningTree: SpanningTree<Dyn, Dyn>,
    Knapsack: Knapsack<Dyn, Dyn>,
}

/// Working memory of the closed forms of an [`AnyOracle`].
pub struct AnyClosedMemory<T: Real>(ClosedMemory<T>);

enum ClosedMemory<T: Real> {
    Simplex(<Simplex<Dyn> as ClosedForm<T, Gumbel>>::Memory),
    TopK(<TopK<Dyn> as ClosedForm<T, Gumbel>>::Memory),
    None,
}

impl<T: Real> fmt::Debug for AnyClosedMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyClosedMemory").finish_non_exhaustive()
    }
}

/// Evaluates `$body` for the oracle in `$any`, if it has closed forms.
macro_rules! by_form {
    ($real:ty, $any:ident, $memory:ident, $oracle:ident => $body:expr) => {
        match (&$any.kind, &mut $memory.0) {
            (Kind::Simplex($oracle), ClosedMemory::Simplex($memory)) => $body,
            (Kind::TopK($oracle), ClosedMemory::TopK($memory)) => $body,
            (Kind::Hypercube($oracle), _) => {
                let $memory = &mut ();
                $body
            }
            (Kind::Ranking($oracle), _) => {
                let $memory = &mut ();
                $body
            }
            // Memory of another kind.
            (Kind::Simplex($oracle), _) => {
                let $memory = &mut ClosedForm::<$real, AnyNoise>::memory($oracle);
                $body
            }
            (Kind::TopK($oracle), _) => {
                let $memory = &mut ClosedForm::<$real, AnyNoise>::memory($oracle);
                $body
            }
            _ => Err(Error::NoClosedForm { because: "this oracle has none" }),
        }
    };
}

// Separately for each number type, like the closed forms under a noise chosen at run time.
macro_rules! closed_form {
    ($real:ty) => {
        impl ClosedForm<$real, AnyNoise> for AnyOracle<$real> {
            type Memory = AnyClosedMemory<$real>;

            fn memory(&self) -> Self::Memory {
                AnyClosedMemory(match &self.kind {
                    Kind::Simplex(o) => ClosedMemory::Simplex(ClosedForm::<$real, AnyNoise>::memory(o)),
                    Kind::TopK(o) => ClosedMemory::TopK(ClosedForm::<$real, AnyNoise>::memory(o)),
                    _ => ClosedMemory::None,
                })
            }
            fn shift_invariant(&self) -> bool {
                matches!(self.kind, Kind::Simplex(_) | Kind::TopK(_) | Kind::Ranking(_))
            }
            fn samples_of_equal_cost(&self, noise: &AnyNoise, cost: Cost) -> Option<u32> {
                match &self.kind {
                    Kind::Simplex(o) => ClosedForm::<$real, _>::samples_of_equal_cost(o, noise, cost),
                    Kind::TopK(o) => ClosedForm::<$real, _>::samples_of_equal_cost(o, noise, cost),
                    Kind::Hypercube(o) => ClosedForm::<$real, _>::samples_of_equal_cost(o, noise, cost),
                    Kind::Ranking(o) => ClosedForm::<$real, _>::samples_of_equal_cost(o, noise, cost),
                    _ => None,
                }
            }
            fn expect(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                y: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<$real, Error> {
                by_form!($real, self, memory, o => o.expect(noise, theta, y, memory))
            }
            fn maximizer(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                y: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                by_form!($real, self, memory, o => ClosedForm::maximizer(o, noise, theta, y, memory))
            }
            fn jacobian(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                matrix: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                by_form!($real, self, memory, o => o.jacobian(noise, theta, matrix, memory))
            }
            fn product(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                u: &[$real],
                product: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                by_form!($real, self, memory, o => o.product(noise, theta, u, product, memory))
            }
            fn curvature(
                &self,
                noise: &AnyNoise,
                theta: &[$real],
                u: &[$real],
                matrix: &mut [$real],
                memory: &mut Self::Memory,
            ) -> Result<(), Error> {
                by_form!($real, self, memory, o => o.curvature(noise, theta, u, matrix, memory))
            }
            fn vertex_loss(&self, noise: &AnyNoise, theta: &[$real], y: &[$real]) -> Option<$real> {
                match &self.kind {
                    Kind::Simplex(o) => o.vertex_loss(noise, theta, y),
                    Kind::TopK(o) => o.vertex_loss(noise, theta, y),
                    Kind::Hypercube(o) => o.vertex_loss(noise, theta, y),
                    Kind::Ranking(o) => o.vertex_loss(noise, theta, y),
                    _ => None,
                }
            }
            fn omega(&self, noise: &AnyNoise, y: &[$real]) -> Option<$real> {
                match &self.kind {
                    Kind::Simplex(o) => o.omega(noise, y),
                    Kind::TopK(o) => o.omega(noise, y),
                    Kind::Hypercube(o) => o.omega(noise, y),
                    Kind::Ranking(o) => o.omega(noise, y),
                    _ => None,
                }
            }
        }
    };
}

closed_form!(f32);
closed_form!(f64);
