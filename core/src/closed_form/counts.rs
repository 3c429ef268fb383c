//! How many of independent events happen, leaving one or two out: the Poisson-binomial recursion, side by side.

use super::blocks::BLOCK;
use crate::Real;
use crate::engine::lanes;
use crate::vector;
use perturb_lanes::Kernel;

/// Numbers at nodes of a quadrature side by side, one of each.
pub(super) type Nodes<T> = [T; BLOCK];

/// P(θ_j + Z_j ≤ x) and P(θ_j + Z_j > x) of all entries.
#[derive(Clone, Copy)]
pub(super) struct Odds<'a, T> {
    pub(super) below: &'a [Nodes<T>],
    pub(super) above: &'a [Nodes<T>],
}

impl<T: Real> Odds<'_, T> {
    /// Writes the distributions of the count among the entries after each at one node, k numbers each in rows of d; of nothing
    /// for entry 0.
    pub(super) fn suffixes(self, node: usize, k: usize, after: &mut [T]) {
        let dim = self.below.len();
        let (running, rows) = after.split_at_mut(dim);
        let running = vector::cut(running, k);
        start(running.as_chunks_mut::<1>().0);
        for (row, entry) in rows.chunks_exact_mut(dim).zip(1..dim).rev() {
            vector::copy(row, running);
            self.include(entry, node, running);
        }
        start(running.as_chunks_mut::<1>().0);
    }

    /// Adds entry `entry` to a count.
    pub(super) fn include(self, entry: usize, node: usize, counts: &mut [T]) {
        if let (Some(q), Some(p)) = (self.below.get(entry), self.above.get(entry)) {
            count(counts.as_chunks_mut::<1>().0, pick(q, node), pick(p, node));
        }
    }
}

/// Replaces densities by shares weight·f(x − θ_i)·P(at most k − 1 others exceed x), at `W` nodes from `node` on: k is how many
/// numbers `head` and `after` have.
pub(super) struct Shares<'a, T, const W: usize> {
    pub(super) node: usize,
    pub(super) weight: [T; W],
    /// The distribution of the count among the entries before one, and after it.
    pub(super) head: &'a mut [[T; W]],
    pub(super) after: &'a mut [[T; W]],
    /// Their sums.
    pub(super) totals: [T; W],
}

impl<T: Real, const W: usize> Shares<'_, T, W> {
    /// Of some entries, which lie between those of `head` and those of `after`; with memory for a row of `width` ≥ k numbers each.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        odds: Odds<'_, T>,
        density: &mut [Nodes<T>],
        before: &mut [[T; W]],
        width: usize,
    ) {
        let (k, node) = (self.head.len(), self.node);
        let odds = || odds.below.iter().zip(odds.above).map(|(q, p)| (pick(q, node), pick(p, node)));
        for (row, (q, p)) in before.chunks_exact_mut(width).zip(odds()) {
            keep(row, self.head, q, p);
        }
        for ((row, (q, p)), density) in before.chunks_exact(width).zip(odds()).zip(density).rev() {
            let at_most = cumulate(row.get(..k).unwrap_or(row), self.after, q, p);
            if let Some(share) = density.get_mut(node..).and_then(|density| density.first_chunk_mut::<W>()) {
                *share = core::array::from_fn(|lane| self.weight[lane] * share[lane] * at_most[lane]);
                for (total, &share) in self.totals.iter_mut().zip(&*share) {
                    *total += share;
                }
            }
        }
    }
}

/// [`Shares`] at nodes side by side.
pub(super) struct Lockstep<'a, T> {
    pub(super) odds: Odds<'a, T>,
    pub(super) density: &'a mut [Nodes<T>],
    pub(super) shares: Shares<'a, T, BLOCK>,
    /// Distributions before the first of each panel but one, and before each entry of a panel: [`kept`] of them.
    pub(super) before: &'a mut [Nodes<T>],
    /// Entries whose distributions are kept together.
    pub(super) panel: usize,
}

/// How many distributions [`Lockstep`] keeps for `dim` entries.
pub(super) fn kept(dim: usize, panel: usize) -> usize {
    dim.div_ceil(panel) - 1 + panel
}

impl<T: Real> Kernel for Lockstep<'_, T> {
    type Output = Nodes<T>;
    #[inline(always)]
    fn run(self) -> Nodes<T> {
        let Self { odds: Odds { below, above }, density, mut shares, before, panel } = self;
        let k = shares.head.len();
        let panels = below.chunks(panel).zip(above.chunks(panel)).map(|(below, above)| Odds { below, above });
        let (starts, rows) = before.split_at_mut(k * (panels.len() - 1));
        start(shares.head);
        for (odds, first) in panels.clone().zip(starts.chunks_exact_mut(k)) {
            for (q, p) in odds.below.iter().zip(odds.above) {
                count(shares.head, *q, *p);
            }
            vector::copy(first, shares.head);
        }
        start(shares.after);
        for (number, (odds, density)) in panels.zip(density.chunks_mut(panel)).enumerate().rev() {
            match number.checked_sub(1).and_then(|number| starts.chunks_exact(k).nth(number)) {
                Some(first) => vector::copy(shares.head, first),
                None => start(shares.head),
            }
            shares.add(odds, density, rows, k);
        }
        shares.totals
    }
}

/// Σ over a + b ≤ k − 1 of before(a)·after(b), and adds one more to what is after.
#[inline(always)]
fn cumulate<T: Real, const W: usize>(
    before: &[[T; W]],
    after: &mut [[T; W]],
    q: [T; W],
    p: [T; W],
) -> [T; W] {
    let [mut cumulative, mut at_most, mut fewer] = [[T::ZERO; W]; 3];
    for (a, b) in before.iter().rev().zip(after) {
        lanes::row_by_row();
        let here = *b;
        for lane in 0..W {
            cumulative[lane] += here[lane];
            at_most[lane] += a[lane] * cumulative[lane];
        }
        *b = core::array::from_fn(|lane| here[lane] * q[lane] + fewer[lane] * p[lane]);
        fewer = here;
    }
    at_most
}

/// The terms of w_ij = −J_ij at one node, for entries i side by side from `first` on and all j > i.
pub(super) struct Pairs<'a, T> {
    pub(super) odds: Odds<'a, T>,
    pub(super) density: &'a [Nodes<T>],
    pub(super) node: usize,
    pub(super) weight: T,
    pub(super) first: usize,
    /// Distributions of the count after each entry, in rows of d; that before `first` in the place of entry 0.
    pub(super) after: &'a [T],
    /// That of all before j but i.
    pub(super) head: &'a mut [Nodes<T>],
    /// Of every j.
    pub(super) terms: &'a mut [Nodes<T>],
}

impl<T: Real> Kernel for Pairs<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { odds: Odds { below, above }, density, node, weight, first, after, head, terms } = self;
        for (head, &count) in head.iter_mut().zip(after) {
            *head = [count; BLOCK];
        }
        let mut own = [T::ZERO; BLOCK];
        for (own, density) in own.iter_mut().zip(density.iter().skip(first)) {
            let [density] = pick(density, node);
            *own = weight * density;
        }
        let rows = after.chunks_exact(below.len()).zip(terms);
        let entries = below.iter().zip(above).zip(density).zip(rows).skip(first);
        for ((((q, p), density), (after, terms)), place) in entries.zip(0..) {
            let ([q], [p], [density]) = (pick(q, node), pick(p, node), pick(density, node));
            let mut exactly = [T::ZERO; BLOCK];
            for (a, &b) in head.iter().rev().zip(after) {
                lanes::row_by_row();
                for lane in 0..BLOCK {
                    exactly[lane] += a[lane] * b;
                }
            }
            *terms = core::array::from_fn(|lane| own[lane] * density * exactly[lane]);
            // Entry i leaves itself out.
            let own =
                |number: T, none: T| core::array::from_fn(|lane| if lane == place { none } else { number });
            count(head, own(q, T::ONE), own(p, T::ZERO));
        }
    }
}

/// `W` numbers from the `node`-th on.
#[inline(always)]
pub(super) fn pick<T: Real, const W: usize>(numbers: &Nodes<T>, node: usize) -> [T; W] {
    numbers.get(node..).and_then(|numbers| numbers.first_chunk()).copied().unwrap_or([T::ZERO; W])
}

/// The distribution of a count of nothing.
#[inline(always)]
pub(super) fn start<T: Real, const W: usize>(counts: &mut [[T; W]]) {
    counts.fill([T::ZERO; W]);
    if let Some(none) = counts.first_mut() {
        *none = [T::ONE; W];
    }
}

/// The same, and keeps the count as it was.
#[inline(always)]
fn keep<T: Real, const W: usize>(kept: &mut [[T; W]], counts: &mut [[T; W]], q: [T; W], p: [T; W]) {
    let mut fewer = [T::ZERO; W];
    for (kept, count) in kept.iter_mut().zip(counts) {
        lanes::row_by_row();
        let here = *count;
        *kept = here;
        *count = core::array::from_fn(|lane| here[lane] * q[lane] + fewer[lane] * p[lane]);
        fewer = here;
    }
}

/// Adds one Bernoulli(p) variable, q = 1 − p, to a count, kept for the values 0 … k − 1.
#[inline(always)]
pub(super) fn count<T: Real, const W: usize>(counts: &mut [[T; W]], q: [T; W], p: [T; W]) {
    let mut fewer = [T::ZERO; W];
    for count in counts {
        lanes::row_by_row();
        let here = *count;
        *count = core::array::from_fn(|lane| here[lane] * q[lane] + fewer[lane] * p[lane]);
        fewer = here;
    }
}
