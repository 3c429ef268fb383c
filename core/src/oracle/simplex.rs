//! Pick one: the unit simplex.

use super::Oracle;
use crate::lanes::{self, LANES, LaneMemory, Solved};
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

    fn solve_lanes(
        &self,
        theta: &[[T; LANES]],
        y: &mut [[T; LANES]],
        _: LaneMemory<'_, T>,
    ) -> Option<Solved<T>> {
        Some(Solved { values: lanes::run(Race { theta, y }), doubtful: 0 })
    }

    fn small_integers(&self) -> bool {
        true
    }
}

/// The first of the largest scores, in every lane.
struct Race<'a, T> {
    theta: &'a [[T; LANES]],
    y: &'a mut [[T; LANES]],
}

impl<T: Real> perturb_lanes::Kernel for Race<'_, T> {
    type Output = [T; LANES];
    #[inline(always)]
    fn run(self) -> [T; LANES] {
        let mut best = [0u32; LANES];
        let mut values = self.theta.first().copied().unwrap_or([T::ZERO; LANES]);
        for (row, i) in self.theta.iter().zip(0u32..) {
            for ((value, best), &score) in values.iter_mut().zip(&mut best).zip(row) {
                let larger = score > *value;
                *value = if larger { score } else { *value };
                *best = if larger { i } else { *best };
            }
        }
        for (row, i) in self.y.iter_mut().zip(0u32..) {
            for (y, &best) in row.iter_mut().zip(&best) {
                *y = if best == i { T::ONE } else { T::ZERO };
            }
        }
        values
    }
}
