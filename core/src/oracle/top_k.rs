//! Pick k.

use super::{Decides, Location, Oracle, Properties, allowed, hull};
use crate::engine::codes::{Codes, Mark, bits};
use crate::engine::lanes::{self, LANES};
use crate::engine::{SolveGroup, Wanted, network};
use crate::model_file::OracleKind;
use crate::sort::select;
use crate::{Error, Real, Shape, error};

/// Pick k of d: C = {0 ≤ y ≤ 1, ⟨1, y⟩ = k}, y*(θ) marks the k largest scores with 1.
///
/// F(θ) is the sum of the k largest scores. Scores of −∞ forbid entries, of which k must be left. Cost O(d) on
/// average, on a microcontroller that of a sort; working memory one sort key an entry.
///
/// ```
/// use perturb_core::{Const, Oracle, TopK};
/// let oracle = TopK::new(Const::<4>, 2)?;
/// let mut y = [0.0f64; 4];
/// assert_eq!(oracle.solve(&[1.0, 3.0, 1.0, 2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(5.0));
/// assert_eq!(y, [0.0, 1.0, 0.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("argpartition", "subset selection"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TopK<S> {
    shape: S,
    k: usize,
}

impl<S: Shape> TopK<S> {
    /// Picks `k` of `shape.dim()` entries; 1 ≤ k ≤ d.
    pub fn new(shape: S, k: usize) -> Result<Self, Error> {
        error::check_dim(shape)?;
        error::check_range("k", k, 1, shape.dim())?;
        Ok(Self { shape, k })
    }
    /// How many entries are picked.
    pub fn k(&self) -> usize {
        self.k
    }
}

impl<T: Real, S: Shape> Oracle<T> for TopK<S> {
    type Shape = S;
    type Work = S::Array<T::Key>;

    fn properties(&self) -> Properties {
        let properties = Properties::new("top-k").with_decides(Decides::Largest).with_small_integers(true);
        Properties { forbids: true, kind: Some(OracleKind::TopK), parameter: self.k as u32, ..properties }
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) -> Self::Work {
        self.shape.array(T::Key::default())
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        let keys = work.as_mut();
        for (i, (key, &score)) in keys.iter_mut().zip(theta).enumerate() {
            *key = score.key(i);
        }
        let last = T::NEG_INFINITY.key(u32::MAX as usize);
        let threshold = if self.k < keys.len() { select(keys, self.k - 1).unwrap_or(last) } else { last };
        let mut value = T::ZERO;
        for (i, (y, &score)) in y.iter_mut().zip(theta).enumerate() {
            let picked = score.key(i) <= threshold;
            *y = if picked { T::ONE } else { T::ZERO };
            value += if picked { score } else { T::ZERO };
        }
        allowed(value, theta, y)
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, hull::no_pick(y, self.k), y, work)
    }

    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        let SolveGroup { theta, count, wanted, memory } = group;
        let codes = Codes::new(theta.len()).filter(|_| self.k < theta.len())?;
        let (k, rows) = (self.k, memory.codes);
        let mut doubtful = codes.write(theta, rows);
        let mut best = [[0; LANES]; network::BLOCK];
        let largest = if k < network::BLOCK {
            network::largest(rows, k + 1, &mut best);
            best.as_slice()
        } else {
            network::sort_descending(rows);
            &*rows
        };
        let &[last, next] = largest.get(k - 1..=k)? else { return None };
        let mut tied = [0; LANES];
        codes.tied(&last, &next, &mut tied);
        doubtful |= bits(&tied);
        if k >= network::BLOCK {
            codes.write(theta, rows);
        }
        let mark = |sums| {
            let marked = |lane| lane < count && doubtful >> lane & 1 == 0;
            let bounds = core::array::from_fn(|lane| if marked(lane) { next[lane] } else { u32::MAX });
            lanes::run(Mark { codes: rows, bounds, sums });
        };
        match wanted {
            Wanted::Each { y, values } => {
                y.fill([T::ZERO; LANES]);
                mark(&mut *y);
                let found = lanes::values(theta, y);
                // No decision, or one that overflowed.
                doubtful |= lanes::not_finite(&found);
                if let Some(values) = values {
                    *values = found;
                }
            }
            Wanted::Sum { sums } => mark(sums),
        }
        Some(doubtful)
    }
}
