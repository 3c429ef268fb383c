//! Pack: the 0/1 knapsack.

use super::{Location, Oracle, Properties, hull};
use crate::vector::total;
use crate::{Error, Real, Shape, error};

/// Pack a knapsack: C = conv{y ∈ {0, 1}ᵈ : ⟨w, y⟩ ≤ capacity} for integer weights w; y marks what is packed.
///
/// F(θ) = max ⟨y, θ⟩ over those y. Items with a score of 0 or less stay out, items without weight go in as
/// soon as their score is positive. Of several optimal packings one is returned, always the same.
///
/// The optimum is exact: dynamic programming over the capacities 0, …, c, f(c) = max(f(c), f(c − w_i) + θ_i)
/// item by item (Bellman 1957), in units of the weights' greatest common divisor. Values are floating-point
/// sums: where two packings differ by less than the rounding of their sums, either may win; sums of integers
/// below 1/epsilon of the type (2²³ for `f32`) are exact. The value returned is ⟨y, θ⟩ of the packing
/// returned.
///
/// No table of choices is kept. The items are halved, the tables of both halves say how the capacity is best
/// shared among them, and each half is solved again with its share (Hirschberg 1975): cost O(d·c), at most
/// twice the additions of one table; working memory 3(c + 1) numbers and d items, with c = capacity in units
/// of the divisor.
///
/// `W` is the shape of a table: any with at least c + 1 entries, so `Const<61>` or `Dyn(61)` for a capacity
/// of 60.
///
/// ```
/// use perturb_core::{Const, Knapsack, Oracle};
/// const CAPACITY: u32 = 10;
/// let table = Const::<{ CAPACITY as usize + 1 }>;
/// let oracle = Knapsack::new(Const::<4>, table, &[5, 4, 6, 3], CAPACITY)?;
/// let mut y = [0.0; 4];
/// assert_eq!(oracle.solve(&[10.0, 40.0, 30.0, 50.0], &mut y, &mut oracle.work()), Ok(90.0));
/// assert_eq!(y, [0.0, 1.0, 0.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("packing"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knapsack<S: Shape, W> {
    shape: S,
    table: W,
    /// In units of the divisor.
    weights: S::Array<u32>,
    /// In units of the divisor, and never more than all weights together.
    capacity: u32,
}

impl<S: Shape, W: Shape> Knapsack<S, W> {
    /// Items of weights `weights`, in any unit, that together may weigh up to `capacity`.
    ///
    /// Refused: another number of weights than `shape` has entries, and a `table` with fewer than c + 1
    /// entries.
    pub fn new(shape: S, table: W, weights: &[u32], capacity: u32) -> Result<Self, Error> {
        error::check_dim(shape)?;
        if weights.len() != shape.dim() {
            return Err(Error::Length { parameter: "weights", expected: shape.dim(), found: weights.len() });
        }
        let limit = capacity;
        let usable = || weights.iter().copied().filter(|&weight| weight <= limit);
        let divisor = usable().fold(0, greatest_common_divisor).max(1);
        let sum = usable().map(|weight| u64::from(weight / divisor)).sum::<u64>();
        let capacity = (limit / divisor).min(u32::try_from(sum).unwrap_or(u32::MAX));
        if table.dim() <= capacity as usize {
            return Err(Error::Capacity { quantity: "table entries (capacity + 1)", capacity: table.dim() });
        }
        let mut scaled = shape.array(0);
        for (scaled, &weight) in scaled.as_mut().iter_mut().zip(weights) {
            *scaled = if weight > limit { u32::MAX } else { weight / divisor };
        }
        Ok(Self { shape, table, weights: scaled, capacity })
    }
    /// Whether y weighs more than the capacity, or packs what never fits.
    fn overloads<T: Real>(&self, y: &[T]) -> bool {
        let mut weight = T::ZERO;
        for (&w, &y) in self.weights().iter().zip(y) {
            if w > self.capacity && y > hull::slack(0) {
                return true;
            }
            weight += if y.is_zero() { T::ZERO } else { T::from_usize(w as usize) * y };
        }
        hull::sum_within(y, T::ZERO, T::ONE).is_none()
            || hull::exceeds(weight, T::from_usize(self.capacity as usize), y.len())
    }

    /// The weights in units of their greatest common divisor; [`u32::MAX`] for an item that never fits.
    pub fn weights(&self) -> &[u32] {
        self.weights.as_ref()
    }
    /// The capacity in the same units, and never more than all items that fit weigh together.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }
}

/// Written out, since a derive would ask for `S: Format` where the array S makes must be formatted.
#[cfg(feature = "defmt")]
impl<S: Shape, W> defmt::Format for Knapsack<S, W> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let weights = self.weights.as_ref();
        defmt::write!(f, "Knapsack {{ weights: {=[?]}, capacity: {=u32} }}", weights, self.capacity);
    }
}

impl<T: Real, S: Shape, W: Shape> Oracle<T> for Knapsack<S, W> {
    type Shape = S;
    /// The items worth packing, and three tables.
    type Work = (S::Array<Item<T>>, [W::Array<T>; 3]);

    fn properties(&self) -> Properties {
        Properties::new("knapsack").with_small_integers(true)
    }
    fn shape(&self) -> S {
        self.shape
    }
    fn work(&self) -> Self::Work {
        let table = || self.table.array(T::ZERO);
        (self.shape.array((0, 0, T::ZERO)), [table(), table(), table()])
    }

    fn solve(&self, theta: &[T], y: &mut [T], (items, tables): &mut Self::Work) -> Result<T, &'static str> {
        let mut worth = 0;
        let mut free = items.as_mut().iter_mut();
        for (index, ((y, &score), &weight)) in y.iter_mut().zip(theta).zip(self.weights.as_ref()).enumerate()
        {
            *y = if score > T::ZERO && weight == 0 { T::ONE } else { T::ZERO };
            if score > T::ZERO
                && (1..=self.capacity).contains(&weight)
                && let Some(item) = free.next()
            {
                *item = (index as u32, weight, score);
                worth += 1;
            }
        }
        let items = items.as_ref().get(..worth).unwrap_or_default();
        pack(items, self.capacity, tables.each_mut().map(AsMut::as_mut), |index| {
            if let Some(y) = y.get_mut(index as usize) {
                *y = T::ONE;
            }
        });
        Ok(total(theta, y))
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, self.overloads(y), y, work)
    }
}

/// An item worth packing: its index, weight and score.
type Item<T> = (u32, u32, T);

/// Tells `chosen` the index of every item of a best packing. Scores and weights are positive; each table has
/// more than `capacity` entries.
fn pack<T: Real>(
    items: &[Item<T>],
    capacity: u32,
    [first, second, third]: [&mut [T]; 3],
    mut chosen: impl FnMut(u32),
) {
    // Halving fewer than 2³² items leaves at most one waiting part per level.
    let mut waiting = [(items, capacity); 33];
    let mut count = 1usize;
    while let Some(&(items, capacity)) = count.checked_sub(1).and_then(|top| waiting.get(top)) {
        count -= 1;
        if items.iter().map(|&(_, weight, _)| u64::from(weight)).sum::<u64>() <= u64::from(capacity) {
            for &(index, ..) in items {
                chosen(index);
            }
            continue;
        }
        if let [a, b] = items {
            // Not both; a single item that reached this point does not fit.
            let &(index, weight, _) = if b.1 <= capacity && (a.1 > capacity || b.2 > a.2) { b } else { a };
            if weight <= capacity {
                chosen(index);
            }
        }
        if items.len() <= 2 {
            continue;
        }
        let (low, high) = items.split_at(items.len() / 2);
        let (low_table, spare) = fill(low, capacity, first, second);
        let (high_table, _) = fill(high, capacity, third, spare);
        let share = best_share(low_table, high_table, capacity);
        for part in [(low, share), (high, capacity - share)] {
            if let Some(free) = waiting.get_mut(count) {
                *free = part;
                count += 1;
            }
        }
    }
}

/// The best value for each capacity up to the one from where on more room adds nothing, and the spare table.
fn fill<'a, T: Real>(
    items: &[Item<T>],
    capacity: u32,
    mut table: &'a mut [T],
    mut next: &'a mut [T],
) -> (&'a [T], &'a mut [T]) {
    let mut reach = 0;
    if let Some(nothing) = table.first_mut() {
        *nothing = T::ZERO;
    }
    for &(_, weight, score) in items.iter().filter(|&&(_, weight, _)| weight <= capacity) {
        let weight = weight as usize;
        let farther = (reach + weight).min(capacity as usize);
        let most = table.get(reach).copied().unwrap_or(T::ZERO);
        if let Some(new) = table.get_mut(reach + 1..=farther) {
            new.fill(most);
        }
        reach = farther;
        if let Some((light, skipped)) = table.get(..=reach).and_then(|table| table.split_at_checked(weight))
            && let Some((new_light, new)) = next.split_at_mut_checked(weight)
        {
            new_light.copy_from_slice(light);
            for ((new, &skipped), &rest) in new.iter_mut().zip(skipped).zip(&*table) {
                let taken = rest + score;
                *new = if taken > skipped { taken } else { skipped };
            }
        }
        core::mem::swap(&mut table, &mut next);
    }
    (table.get(..=reach).unwrap_or_default(), next)
}

/// How much of `capacity` the first half gets: the least that is best. Each table ends where more room adds
/// nothing.
fn best_share<T: Real>(low: &[T], high: &[T], capacity: u32) -> u32 {
    let least = (capacity as usize + 1).saturating_sub(high.len());
    let low = low.get(least..).unwrap_or_default();
    let high = high.get(..=capacity as usize - least).unwrap_or_default();
    let (mut best, mut share) = (T::NEG_INFINITY, least);
    for (extra, (&low, &high)) in low.iter().zip(high.iter().rev()).enumerate() {
        if low + high > best {
            (best, share) = (low + high, least + extra);
        }
    }
    share as u32
}

/// Of two numbers, where 0 is divided by everything.
fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}
