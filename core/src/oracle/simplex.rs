//! Pick one: the unit simplex.

use super::{Decides, FORBIDDEN, Location, Oracle, Properties, hull};
use crate::engine::lanes::{self, LANES};
use crate::engine::{SolveGroup, Wanted};
use crate::model_file::OracleKind;
use crate::{Error, Real, Shape, error};

/// Pick one of d: C = {y ≥ 0, ⟨1, y⟩ = 1}, y*(θ) is the one-hot vector of the largest score.
///
/// F(θ) = max θ_i. Scores of −∞ forbid classes, of which one must be left. Cost O(d), no working memory.
///
/// ```
/// use perturb_core::{Const, Oracle, Simplex};
/// let oracle = Simplex::new(Const::<3>)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[0.5, 2.0, 2.0], &mut y, &mut ()), Ok(2.0));
/// assert_eq!(y, [0.0, 1.0, 0.0]); // the tie goes to the lower index
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("argmax", "softmax", "one-hot", "multinomial logit"))]
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

    fn properties(&self) -> Properties {
        let properties = Properties::new("simplex").with_decides(Decides::Largest).with_small_integers(true);
        Properties { largest: true, forbids: true, kind: Some(OracleKind::Simplex), ..properties }
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) {}

    fn solve(&self, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, &'static str> {
        let Some((&first, _)) = theta.split_first() else { return Ok(T::ZERO) };
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
        if value > T::NEG_INFINITY { Ok(value) } else { Err(FORBIDDEN) }
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, hull::no_pick(y, 1), y, work)
    }

    fn solve_group(&self, SolveGroup { theta, count, wanted, .. }: SolveGroup<'_, T>) -> Option<u32> {
        let (best, found) = lanes::run(Largest { theta });
        let doubtful = lanes::not_finite(&found);
        match wanted {
            Wanted::Each { y, values } => {
                y.fill([T::ZERO; LANES]);
                mark(&best, count, doubtful, y);
                if let Some(values) = values {
                    *values = found;
                }
            }
            Wanted::Sum { sums } => mark(&best, count, doubtful, sums),
        }
        Some(doubtful)
    }
}

/// Adds 1 to the best entries of lanes 0 to `count` − 1 that are not doubtful.
fn mark<T: Real>(best: &[u32; LANES], count: usize, doubtful: u32, y: &mut [[T; LANES]]) {
    for (lane, &best) in best.iter().enumerate().take(count).filter(|(lane, _)| doubtful >> lane & 1 == 0) {
        if let Some(row) = y.get_mut(best as usize) {
            row[lane] += T::ONE;
        }
    }
}

/// The first of the largest scores, in every lane, and its score.
struct Largest<'a, T> {
    theta: &'a [[T; LANES]],
}

impl<T: Real> perturb_lanes::Kernel for Largest<'_, T> {
    type Output = ([u32; LANES], [T; LANES]);
    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut best = [0u32; LANES];
        let mut values = self.theta.first().copied().unwrap_or([T::ZERO; LANES]);
        for (row, i) in self.theta.iter().zip(0u32..) {
            lanes::row_by_row();
            for lane in 0..LANES {
                let larger = row[lane] > values[lane];
                values[lane] = if larger { row[lane] } else { values[lane] };
                best[lane] = if larger { i } else { best[lane] };
            }
        }
        (lanes::settle(best), lanes::settle(values))
    }
}
