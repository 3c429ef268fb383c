//! Pack: the 0/1 knapsack.

use super::{Oracle, dot};
use crate::{Error, Plane, Real, Shape, error};

/// Pack items whose weights stay within a capacity: C = conv{y ∈ {0, 1}ᵈ : ⟨w, y⟩ ≤ W}.
///
/// Exact, by the dynamic programme f_i(c) = max(f_{i−1}(c), f_{i−1}(c − w_i) + θ_i) over all capacities c ≤ W
/// (Bellman 1957). Its sums are rounded: among packings whose values differ by less than that, any may be returned.
/// An item is packed only if it strictly improves on the items before it, so that items with scores ≤ 0 stay out,
/// and ties go to the lower index.
///
/// Cost O(d·W) without branches; working memory d·W bits and 2·W numbers, in blocks of 32 capacities. The shape has
/// one row per item and one column per block: [`blocks`](Knapsack::blocks) says how many.
///
/// ```
/// use perturb_core::{Knapsack, Oracle, Rect};
/// let oracle = Knapsack::new(Rect::<3, { Knapsack::blocks(6) }>, &[3, 4, 2], 6)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[2.0, 3.0, 1.5], &mut y, &mut oracle.work()), 4.5);
/// assert_eq!(y, [0.0, 1.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Knapsack<P: Plane = crate::Rect<0, 0>> {
    shape: P,
    weights: <P::Rows as Shape>::Array<u32>,
    /// W, at most the total weight.
    capacity: usize,
}

impl<P: Plane> Copy for Knapsack<P> where <P::Rows as Shape>::Array<u32>: Copy {}

/// Capacities in a block.
const BLOCK: usize = 32;

impl Knapsack {
    /// How many blocks of 32 capacities hold 0, 1, …, `capacity`: the columns of the shape.
    #[must_use]
    pub const fn blocks(capacity: usize) -> usize {
        capacity / BLOCK + 1
    }
}

impl<P: Plane> Knapsack<P> {
    /// Items of the given `weights`, one per row of `shape`, and a `capacity` that the columns of `shape` hold.
    pub fn new(shape: P, weights: &[u32], capacity: u32) -> Result<Self, Error> {
        let rows = shape.rows();
        error::check_dim(rows)?;
        if weights.len() != rows.dim() {
            return Err(Error::Length { parameter: "weights", expected: rows.dim(), found: weights.len() });
        }
        let total = weights.iter().fold(0usize, |total, &w| total.saturating_add(w as usize));
        let capacity = total.min(capacity as usize);
        let most = shape.columns().dim().saturating_mul(BLOCK).saturating_sub(1);
        error::check_range("capacity", capacity, 0, most)?;
        let mut own = rows.array(0);
        own.as_mut().copy_from_slice(weights);
        Ok(Self { shape, weights: own, capacity })
    }

    /// The weights w.
    pub fn weights(&self) -> &[u32] {
        self.weights.as_ref()
    }
    /// W, or the total weight if that is less.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

/// The memory of the dynamic programme.
pub struct KnapsackWork<P: Plane, T: Real> {
    /// f by capacity, before and after an item.
    before: <P::Columns as Shape>::Array<[T; BLOCK]>,
    after: <P::Columns as Shape>::Array<[T; BLOCK]>,
    /// One bit per item and capacity: whether the item is packed there.
    packed: P::Array<u32>,
}

impl<T: Real, P: Plane> Oracle<T> for Knapsack<P> {
    type Shape = P::Rows;
    type Work = KnapsackWork<P, T>;
    const NAME: &'static str = "knapsack";

    fn shape(&self) -> P::Rows {
        self.shape.rows()
    }
    fn work(&self) -> Self::Work {
        let values = || self.shape.columns().array([T::ZERO; BLOCK]);
        KnapsackWork { before: values(), after: values(), packed: self.shape.array(0) }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> T {
        let states = self.capacity + 1;
        let (mut before, mut after) = (work.before.as_mut(), work.after.as_mut());
        let columns = before.len();
        before.as_flattened_mut().fill(T::ZERO);
        after.as_flattened_mut().fill(T::ZERO);
        let rows = work.packed.as_mut().chunks_exact_mut(columns.max(1));
        for ((&score, &weight), packed) in theta.iter().zip(self.weights.as_ref()).zip(rows) {
            let old = before.as_flattened().get(..states).unwrap_or(&[]);
            let new = after.as_flattened_mut().get_mut(..states).unwrap_or(&mut []);
            let (light, heavy) = new.split_at_mut(states.min(weight as usize));
            let (without_light, without) = old.split_at(light.len());
            light.copy_from_slice(without_light);
            for ((new, &without), &rest) in heavy.iter_mut().zip(without).zip(old) {
                let with = rest + score;
                *new = if with > without { with } else { without };
            }
            for ((packed, new), old) in packed.iter_mut().zip(after.iter()).zip(before.iter()) {
                *packed = 0;
                for (bit, (new, old)) in new.iter().zip(old).enumerate() {
                    *packed |= u32::from(new > old) << bit;
                }
            }
            core::mem::swap(&mut before, &mut after);
        }

        let mut left = self.capacity;
        let rows = work.packed.as_ref().chunks_exact(columns.max(1));
        for ((y, &weight), packed) in y.iter_mut().zip(self.weights.as_ref()).zip(rows).rev() {
            let word = packed.get(left / BLOCK).copied().unwrap_or(0);
            let taken = word >> (left % BLOCK) & 1 == 1;
            *y = if taken { T::ONE } else { T::ZERO };
            left -= if taken { left.min(weight as usize) } else { 0 };
        }
        dot(theta, y)
    }

    /// Every packing is a vertex.
    fn is_vertex(&self, y: &[T], _: &mut Self::Work) -> bool {
        let mut load = 0usize;
        for (&y, &weight) in y.iter().zip(self.weights.as_ref()) {
            if y == T::ONE {
                load = load.saturating_add(weight as usize);
            } else if y != T::ZERO {
                return false;
            }
        }
        load <= self.capacity
    }
}
