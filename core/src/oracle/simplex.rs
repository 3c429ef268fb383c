//! Pick one: the unit simplex.

use super::Oracle;
use crate::{Error, Real, Shape, error};

/// Pick one of d: C = {y ≥ 0, ⟨1, y⟩ = 1}, y*(θ) is the one-hot vector of the largest score.
///
/// F(θ) = max θ_i. Cost O(d), no working memory.
///
/// ```
/// use perturb_core::{Const, Oracle, Simplex};
/// let oracle = Simplex::new(Const::<3>)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[0.5, 2.0, 2.0], &mut y, &mut ()), 2.0);
/// assert_eq!(y, [0.0, 1.0, 0.0]); // the tie goes to the lower index
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Simplex<S> {
    shape: S,
}

impl<S: Shape> Simplex<S> {
    /// Over `shape.dim()` classes, at least one.
    pub fn new(shape: S) -> Result<Self, Error> {
        error::check_dim(shape)?;
        Ok(Self { shape })
    }
}

impl<T: Real, S: Shape> Oracle<T> for Simplex<S> {
    type Shape = S;
    type Work = ();
    const NAME: &'static str = "simplex";

    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) {}

    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> T {
        let Some((&first, _)) = theta.split_first() else { return T::ZERO };
        let (mut best, mut value) = (0, first);
        for (i, &score) in theta.iter().enumerate() {
            if score > value {
                (best, value) = (i, score);
            }
        }
        y.fill(T::ZERO);
        if let Some(y) = y.get_mut(best) {
            *y = T::ONE;
        }
        value
    }
}
