//! Any solver as a closure.

use core::fmt;

use super::{Oracle, dot};
use crate::{Error, Real, Shape, error};

/// Any maximiser: a function that writes y*(θ) ∈ argmax ⟨y, θ⟩ into its second argument.
///
/// Only the sampled estimates apply; nothing about C need be known. The function must maximise; a solver
/// that minimises costs c = −θ negates its input first. Cost: the function's own plus one inner product.
///
/// ```
/// use perturb_core::{BlackBox, Const, MonteCarlo, Normal, Perturbed, Seed};
/// // The better of two bundles.
/// let oracle = BlackBox::new(Const::<3>, |theta: &[f64], y: &mut [f64]| {
///     y.copy_from_slice(if theta[0] + theta[1] > theta[2] { &[1.0, 1.0, 0.0] } else { &[0.0, 0.0, 1.0] });
/// })?;
/// let layer = Perturbed::new(oracle, Normal, 0.5)?;
/// let y = layer.maximizer(&[0.2, 0.3, 0.5], MonteCarlo::new(1000, Seed(1)))?;
/// assert!((y[0] - 0.5).abs() < 0.1);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct BlackBox<S, F> {
    shape: S,
    solver: F,
}

impl<S: Shape, F> BlackBox<S, F> {
    /// `solver(theta, y)` over vectors of `shape`.
    pub fn new(shape: S, solver: F) -> Result<Self, Error> {
        error::check_dim(shape)?;
        Ok(Self { shape, solver })
    }
}

impl<S: Shape, F> fmt::Debug for BlackBox<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlackBox").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<T: Real, S: Shape, F: Fn(&[T], &mut [T])> Oracle<T> for BlackBox<S, F> {
    type Shape = S;
    type Work = ();
    const NAME: &'static str = "black box";

    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) {}

    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> T {
        (self.solver)(theta, y);
        dot(theta, y)
    }
}
