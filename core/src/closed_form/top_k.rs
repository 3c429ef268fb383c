//! Top-k: a quadrature over the level x, and a Poisson-binomial recursion for how many entries exceed it.

use super::quadrature::integrate;
use super::{ClosedForm, add_pair, add_pair_product, blocks};
use crate::engine::lanes;
use crate::method::Cost;
use crate::noise::Law;
use crate::vector::Sum;
use crate::{Error, Oracle, Real, Shape, TopK, error};

/// Working memory of the recursion: O(d²).
#[derive(Clone, Debug)]
pub struct Levels<A, M> {
    /// Scores less the k-th largest.
    scores: A,
    /// P(θ_j + Z_j ≤ x).
    below: A,
    /// P(θ_j + Z_j > x).
    above: A,
    /// f(x − θ_i).
    density: A,
    /// Distribution of the count among the entries before one, in rows.
    before: M,
    /// Distribution of the count among the entries after one.
    after: A,
    /// Distribution of the count among the entries before i, in the pass over pairs.
    head: A,
}

/// E y_i = ∫ f(x − θ_i) P(at most k − 1 others exceed x) dx, F_1 = Σ_i ∫ x f(x − θ_i) P(…) dx,
/// J_ij = −∫ f(x − θ_i) f(x − θ_j) P(exactly k − 1 others exceed x) dx for i ≠ j, and rows of J sum to 0.
/// The count of others is a sum of independent Bernoulli variables: prefixes and suffixes of its recursion
/// leave entries out without division, so that no cancellation occurs.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for TopK<S> {
    type Memory = Levels<S::Array<T>, S::Matrix<T>>;

    fn memory(&self) -> Self::Memory {
        let shape = Oracle::<T>::shape(self);
        let array = || shape.array(T::ZERO);
        Levels {
            scores: array(),
            below: array(),
            above: array(),
            density: array(),
            before: shape.matrix(T::ZERO),
            after: array(),
            head: array(),
        }
    }

    fn shift_invariant(&self) -> bool {
        true
    }

    /// Fitted to k = 1, 5 and 50 at d = 10 and 100, within a third.
    fn samples_of_equal_cost(&self, _: &N, cost: Cost) -> Option<u32> {
        let dim = u32::try_from(Oracle::<T>::shape(self).dim()).unwrap_or(u32::MAX);
        let k = u32::try_from(self.k()).unwrap_or(u32::MAX);
        let one = if dim < 32 { 1_000u32 } else { 2_000 };
        let levels = one.saturating_add(one.saturating_mul(k) / 15);
        // Entries that contend for the last place need shorter panels.
        let value =
            if k.saturating_mul(4).min(dim) > 44 { levels.saturating_add(levels / 2) } else { levels };
        Some(match cost {
            Cost::Value | Cost::Maximizer => value,
            Cost::Product if N::HINGE_IN_VECTORS => value.saturating_mul(dim) / 2,
            Cost::Product => value.saturating_mul(dim) / 8,
            Cost::Jacobian => value.saturating_mul(2 + dim / 20),
        })
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<T, Error> {
        y.fill(T::ZERO);
        let k = self.k();
        let mut value = Sum::ZERO;
        let level = sweep(noise, theta, k, memory, |x, weight, levels| {
            let (before, after) = (levels.before.as_mut(), levels.after.as_mut());
            let (below, above) = (levels.below.as_ref(), levels.above.as_ref());
            let dim = after.len();
            start(levels.head.as_mut());
            for (row, (&q, &p)) in before.chunks_exact_mut(dim).zip(below.iter().zip(above)) {
                row.copy_from_slice(levels.head.as_ref());
                count(levels.head.as_mut(), k, (q, p));
            }
            start(after);
            let mut shares = T::ZERO;
            let rows = before.chunks_exact(dim).zip(below.iter().zip(above));
            for (((row, (&q, &p)), &density), y) in rows.zip(levels.density.as_ref()).zip(y.iter_mut()).rev()
            {
                // Σ over a + b ≤ k − 1 of before(a)·after(b)
                let mut cumulative = T::ZERO;
                let mut at_most = T::ZERO;
                for (&a, &b) in row.iter().take(k).rev().zip(after.iter()) {
                    cumulative += b;
                    at_most += a * cumulative;
                }
                let share = weight * density * at_most;
                *y += share;
                shares += share;
                count(after, k, (q, p));
            }
            value.add(shares * x);
        })?;
        // Above all that contends for the last place, at most k − 1 others are: what an entry has there, it is picked with.
        let (_, high) = noise.support();
        for (y, &score) in y.iter_mut().zip(memory.scores.as_ref()).filter(|&(_, &score)| score > T::ZERO) {
            let (_, share) = noise.tails(high - score);
            *y += share;
            value.add(high * share + noise.hinge(score - high));
        }
        Ok(value.value() + T::from_usize(k) * level)
    }

    fn jacobian(
        &self,
        noise: &N,
        theta: &[T],
        matrix: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        matrix.fill(T::ZERO);
        for_pairs(noise, theta, self.k(), memory, |pair, w| add_pair(matrix, theta.len(), pair, w))
    }

    fn product(
        &self,
        noise: &N,
        theta: &[T],
        u: &[T],
        product: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        product.fill(T::ZERO);
        for_pairs(noise, theta, self.k(), memory, |pair, w| add_pair_product(product, u, pair, w))
    }
}

/// Calls `at(x, weight, levels)` at every node with `below`, `above` and `density` filled in; returns the k-th largest score.
///
/// The k-th largest of the perturbed scores lies within the noise's support around that score: nodes are needed there alone.
///
/// Among n equal contenders the k-th largest concentrates like 1/√n, and so must the panels: for the largest
/// of k the contenders are a few times k, and d at most. Panels of 6/√n keep the error of the rule below
/// 10⁻¹³ in f64 and 3·10⁻⁷ in f32 for all four noises, where panels of fixed length leave 10⁻⁸ at d = 60.
fn sweep<T: Real, N: Law<T>, A: AsMut<[T]> + AsRef<[T]> + Clone, M: AsMut<[T]>>(
    noise: &N,
    theta: &[T],
    k: usize,
    levels: &mut Levels<A, M>,
    mut at: impl FnMut(T, T, &mut Levels<A, M>),
) -> Result<T, Error> {
    let level = largest_but(k - 1, theta, levels.head.as_mut());
    for (score, &theta) in levels.scores.as_mut().iter_mut().zip(theta) {
        *score = theta - level;
    }
    if !error::stays_finite(levels.scores.as_ref(), theta) {
        return Err(Error::Overflow { quantity: "theta / epsilon" });
    }
    let scores = levels.scores.clone();
    let allowed = theta.iter().filter(|&&theta| theta > T::NEG_INFINITY).count();
    let contenders = T::from_usize(k.saturating_mul(4).min(allowed));
    let panel = T::from_f64(N::PANEL).smaller(T::from_f64(6.0) / contenders.sqrt());
    integrate::<T, N>(panel, scores.as_ref(), noise.support(), |x, weight| {
        let (below, above) = (levels.below.as_mut(), levels.above.as_mut());
        let density = levels.density.as_mut();
        lanes::run(blocks::Levels { noise, x, scores: scores.as_ref(), below, above, density });
        at(x, weight, levels);
    });
    Ok(level)
}

/// The largest entry but `count` others, with memory for all.
fn largest_but<T: Real>(count: usize, entries: &[T], left: &mut [T]) -> T {
    left.copy_from_slice(entries);
    for _ in 0..count {
        let largest = blocks::largest(left);
        if let Some(place) = left.iter_mut().find(|x| **x == largest) {
            *place = T::NEG_INFINITY;
        }
    }
    blocks::largest(left)
}

/// Calls `at((i, j), w)` with the terms of w_ij = −J_ij, node by node.
fn for_pairs<T: Real, N: Law<T>, A: AsMut<[T]> + AsRef<[T]> + Clone, M: AsMut<[T]>>(
    noise: &N,
    theta: &[T],
    k: usize,
    levels: &mut Levels<A, M>,
    mut at: impl FnMut((usize, usize), T),
) -> Result<(), Error> {
    let dim = theta.len();
    sweep(noise, theta, k, levels, |_, weight, levels| {
        let (before, after, head) = (levels.before.as_mut(), levels.after.as_mut(), levels.head.as_mut());
        let odds = levels.below.as_ref().iter().zip(levels.above.as_ref());
        let density = levels.density.as_ref();
        start(head);
        for (i, ((&q, &p), &f)) in odds.clone().zip(density).enumerate() {
            // Prefixes over all entries but i, from i on; then suffixes back to i.
            after.copy_from_slice(head);
            for (row, (&q, &p)) in before.chunks_exact_mut(dim).zip(odds.clone()).skip(i + 1) {
                row.copy_from_slice(after);
                count(after, k, (q, p));
            }
            start(after);
            let rows = before.chunks_exact(dim).zip(odds.clone()).zip(density).enumerate().skip(i + 1);
            for (j, ((row, (&q, &p)), &g)) in rows.rev() {
                let exactly = row.iter().take(k).rev().zip(after.iter()).map(|(&a, &b)| a * b).sum::<T>();
                at((i, j), weight * f * g * exactly);
                count(after, k, (q, p));
            }
            count(head, k, (q, p));
        }
    })?;
    Ok(())
}

/// The distribution of a count of nothing.
fn start<T: Real>(counts: &mut [T]) {
    counts.fill(T::ZERO);
    if let Some(none) = counts.first_mut() {
        *none = T::ONE;
    }
}

/// Adds one Bernoulli(p) variable, q = 1 − p, to a count, kept for the values 0 … k − 1.
fn count<T: Real>(counts: &mut [T], k: usize, (q, p): (T, T)) {
    let mut fewer = T::ZERO;
    for count in counts.iter_mut().take(k) {
        let here = *count;
        *count = here * q + fewer * p;
        fewer = here;
    }
}
