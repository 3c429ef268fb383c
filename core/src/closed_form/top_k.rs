//! Top-k: a quadrature over the level x, and a Poisson-binomial recursion for how many entries exceed it.

use super::blocks::{self, BLOCK};
use super::counts::{self, Lockstep, Nodes, Odds, Pairs, Shares};
use super::quadrature::integrate;
use super::{ClosedForm, add_pair, add_pair_product};
use crate::engine::lanes;
use crate::method::Cost;
use crate::noise::Law;
use crate::vector::{Sum, cut};
use crate::{Error, Oracle, Real, Shape, TopK, error};

/// Working memory of the recursion: O(d²).
#[derive(Debug)]
pub struct Levels<S: Shape, T: Real> {
    /// Scores less the k-th largest.
    scores: S::Array<T>,
    /// P(θ_j + Z_j ≤ x), at nodes side by side as all that follows.
    below: S::Array<Nodes<T>>,
    /// P(θ_j + Z_j > x).
    above: S::Array<Nodes<T>>,
    /// f(x − θ_i), then what entry i has of the integral.
    density: S::Array<Nodes<T>>,
    /// Distribution of the count among the entries before one.
    head: S::Array<Nodes<T>>,
    /// Distribution of the count among the entries after one; or terms of pairs.
    after: S::Array<Nodes<T>>,
    /// Distributions of the count among the entries before each.
    before: S::Array<[Nodes<T>; ROOM]>,
    /// The same of one node, in rows.
    single: S::Matrix<T>,
}

/// Numbers of every node per entry for distributions: enough for k ≤ 5√d.
const ROOM: usize = if cfg!(target_os = "none") { 0 } else { 10 };

/// E y_i = ∫ f(x − θ_i) P(at most k − 1 others exceed x) dx, F_1 = Σ_i ∫ x f(x − θ_i) P(…) dx,
/// J_ij = −∫ f(x − θ_i) f(x − θ_j) P(exactly k − 1 others exceed x) dx for i ≠ j, and rows of J sum to 0.
/// The count of others is a sum of independent Bernoulli variables: prefixes and suffixes of its recursion
/// leave entries out without division, so that no cancellation occurs.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for TopK<S> {
    type Memory = Levels<S, T>;

    fn memory(&self) -> Self::Memory {
        let shape = Oracle::<T>::shape(self);
        let array = || shape.array([T::ZERO; BLOCK]);
        Levels {
            scores: shape.array(T::ZERO),
            below: array(),
            above: array(),
            density: array(),
            head: array(),
            after: array(),
            before: shape.array([[T::ZERO; BLOCK]; ROOM]),
            single: shape.matrix(T::ZERO),
        }
    }

    fn shift_invariant(&self) -> bool {
        true
    }

    /// Fitted to k = 1, 5, 20 and 50 at d = 10, 100 and 1000 under normal, Gumbel and logistic noise, mostly within a factor of two.
    fn samples_of_equal_cost(&self, _: &N, cost: Cost) -> Option<u32> {
        let dim = u32::try_from(Oracle::<T>::shape(self).dim()).unwrap_or(u32::MAX);
        let k = u32::try_from(self.k()).unwrap_or(u32::MAX);
        let levels = super::measured(dim as usize, [200u32, 300, 100]).saturating_add(k.saturating_mul(40));
        // Without room for distributions at several nodes, one node after the other.
        let value = if k / 5 > dim.isqrt() { levels.saturating_mul(7) } else { levels };
        Some(match cost {
            Cost::Value | Cost::Maximizer => value,
            Cost::Product if N::HINGE_IN_VECTORS => levels.saturating_mul(4 + dim / 3),
            Cost::Product => levels.saturating_mul(2 + dim / 10),
            Cost::Jacobian => levels.saturating_mul(3 + dim / 50),
            Cost::Curvature | Cost::CurvatureProduct => return None,
        })
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<T, Error> {
        y.fill(T::ZERO);
        let k = self.k();
        let mut value = Sum::ZERO;
        let level = sweep(noise, theta, k, memory, |nodes, levels| {
            let totals = levels.shares(k, nodes);
            for (y, shares) in y.iter_mut().zip(levels.density.as_ref()) {
                for &share in shares.iter().take(nodes.count) {
                    *y += share;
                }
            }
            for (&total, &x) in totals.iter().zip(&nodes.x).take(nodes.count) {
                value.add(total * x);
            }
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

/// Nodes of the quadrature side by side.
struct Group<T> {
    x: Nodes<T>,
    weight: Nodes<T>,
    count: usize,
}

/// Calls `at(nodes, levels)` for all nodes in order with `below`, `above` and `density` filled in; returns the k-th largest score.
///
/// The k-th largest of the perturbed scores lies within the noise's support around that score: nodes are needed there alone.
///
/// Among n equal contenders the k-th largest concentrates like 1/√n, and so must the panels: for the largest
/// of k the contenders are a few times k, and d at most. Panels of 6/√n keep the error of the rule below
/// 10⁻¹³ in f64 and 3·10⁻⁷ in f32 for all four noises, where panels of fixed length leave 10⁻⁸ at d = 60.
fn sweep<T: Real, N: Law<T>, S: Shape>(
    noise: &N,
    theta: &[T],
    k: usize,
    levels: &mut Levels<S, T>,
    mut at: impl FnMut(&Group<T>, &mut Levels<S, T>),
) -> Result<T, Error> {
    let level = largest_but(k - 1, theta, cut(levels.head.as_mut().as_flattened_mut(), theta.len()));
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
    let mut group = Group { x: [T::ZERO; BLOCK], weight: [T::ZERO; BLOCK], count: 0 };
    let mut visit = |group: &mut Group<T>| {
        let (below, above) = (levels.below.as_mut(), levels.above.as_mut());
        let density = levels.density.as_mut();
        let Group { x, count, .. } = *group;
        lanes::run(blocks::Levels { noise, x, count, scores: scores.as_ref(), below, above, density });
        at(group, levels);
        group.count = 0;
    };
    integrate::<T, N>(panel, scores.as_ref(), noise.support(), |x, weight| {
        if let (Some(place), Some(share)) = (group.x.get_mut(group.count), group.weight.get_mut(group.count))
        {
            (*place, *share) = (x, weight);
            group.count += 1;
        }
        if group.count == BLOCK {
            visit(&mut group);
        }
    });
    if BLOCK > 1 && group.count > 0 {
        visit(&mut group);
    }
    Ok(level)
}

impl<S: Shape, T: Real> Levels<S, T> {
    /// Writes weight·f·P(at most k − 1 others exceed x) of every entry; returns their sums.
    fn shares(&mut self, k: usize, nodes: &Group<T>) -> Nodes<T> {
        let Self { below, above, density, head, after, before, single, .. } = self;
        let odds = Odds { below: below.as_ref(), above: above.as_ref() };
        let (density, dim) = (density.as_mut(), odds.below.len());
        let (head, after) = (head.as_mut(), after.as_mut());
        let before = before.as_mut().as_flattened_mut();
        // Fewer panels, fewer distributions to compute again.
        let mut panels = (1..=dim.isqrt() + 1).map(|count| dim.div_ceil(count));
        let fits = |&panel: &usize| counts::kept(dim, panel).saturating_mul(k) <= before.len();
        let mut totals = [T::ZERO; BLOCK];
        if BLOCK > 1
            && let Some(panel) = panels.find(fits)
        {
            let (head, after) = (cut(head, k), cut(after, k));
            let shares = Shares { node: 0, weight: nodes.weight, head, after, totals };
            return lanes::run(Lockstep { odds, density, shares, before, panel });
        }
        for (node, (total, &weight)) in totals.iter_mut().zip(&nodes.weight).enumerate().take(nodes.count) {
            let head = cut(head.as_flattened_mut().as_chunks_mut().0, k);
            let after = cut(after.as_flattened_mut().as_chunks_mut().0, k);
            counts::start(head);
            counts::start(after);
            let mut shares = Shares { node, weight: [weight], head, after, totals: [T::ZERO] };
            shares.add(odds, density, single.as_mut().as_chunks_mut().0, dim);
            [*total] = shares.totals;
        }
        totals
    }
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
fn for_pairs<T: Real, N: Law<T>, S: Shape>(
    noise: &N,
    theta: &[T],
    k: usize,
    levels: &mut Levels<S, T>,
    mut at: impl FnMut((usize, usize), T),
) -> Result<(), Error> {
    let dim = theta.len();
    sweep(noise, theta, k, levels, |nodes, levels| {
        let Levels { below, above, density, head, after, single, .. } = levels;
        let odds = Odds { below: below.as_ref(), above: above.as_ref() };
        let (density, terms) = (density.as_ref(), after.as_mut());
        let (head, after) = (cut(head.as_mut(), k), single.as_mut());
        for (node, &weight) in nodes.weight.iter().enumerate().take(nodes.count) {
            odds.suffixes(node, k, after);
            for first in (0..dim).step_by(BLOCK) {
                lanes::run(Pairs { odds, density, node, weight, first, after, head, terms });
                for lane in 0..BLOCK.min(dim - first) {
                    let i = first + lane;
                    for (j, terms) in terms.iter().enumerate().skip(i + 1).rev() {
                        at((i, j), terms[lane]);
                    }
                    odds.include(i, node, cut(after, k));
                }
            }
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Const, Gumbel, Normal, Seed};

    /// The distribution of how many of some entries exceed x, by the recursion as it is defined.
    fn counts<T: Real>(odds: impl Iterator<Item = (T, T)>, k: usize) -> [T; 48] {
        let mut counts = [T::ZERO; 48];
        counts[0] = T::ONE;
        for (q, p) in odds {
            for a in (0..k).rev() {
                let fewer = if a > 0 { counts[a - 1] } else { T::ZERO };
                counts[a] = counts[a] * q + fewer * p;
            }
        }
        counts
    }

    /// y and Ju, node by node and entry by entry.
    fn defined<T: Real, N: Law<T>, const D: usize>(
        noise: &N,
        k: usize,
        theta: &[T; D],
        u: &[T; D],
    ) -> [[T; D]; 2] {
        let (mut y, mut product) = ([T::ZERO; D], [T::ZERO; D]);
        let level = largest_but(k - 1, theta, &mut [T::ZERO; D]);
        let scores = theta.map(|theta| theta - level);
        let panel = T::from_f64(6.0) / T::from_usize(D.min(4 * k)).sqrt();
        integrate::<T, N>(T::from_f64(N::PANEL).smaller(panel), &scores, noise.support(), |x, weight| {
            let odds = scores.map(|score| noise.tails(x - score));
            let density = scores.map(|score| noise.density(x - score));
            for i in 0..D {
                let (before, after) =
                    (counts(odds[..i].iter().copied(), k), counts(odds[i + 1..].iter().rev().copied(), k));
                let (mut cumulative, mut at_most) = (T::ZERO, T::ZERO);
                for a in 0..k {
                    cumulative += after[a];
                    at_most += before[k - 1 - a] * cumulative;
                }
                y[i] += weight * density[i] * at_most;
                for j in (i + 1..D).rev() {
                    let between = odds.iter().copied().enumerate().take(j).filter(|&(place, _)| place != i);
                    let before = counts(between.map(|(_, odds)| odds), k);
                    let after = counts(odds[j + 1..].iter().rev().copied(), k);
                    let exactly = (0..k).map(|a| before[k - 1 - a] * after[a]).sum::<T>();
                    add_pair_product(&mut product, u, (i, j), weight * density[i] * density[j] * exactly);
                }
            }
        });
        let (_, high) = noise.support();
        for (y, &score) in y.iter_mut().zip(&scores).filter(|&(_, &score)| score > T::ZERO) {
            *y += noise.tails(high - score).1;
        }
        [y, product]
    }

    fn check<T: Real, N: Law<T>, const D: usize>(noise: N) {
        let (mut theta, mut u) = ([T::ZERO; D], [T::ZERO; D]);
        noise.fill(&mut Seed(1).stream(0), &mut theta);
        noise.fill(&mut Seed(2).stream(0), &mut u);
        for k in [1, 4, 13, D - 1, D].into_iter().filter(|&k| 0 < k && k <= D) {
            let oracle = TopK::new(Const::<D>, k).unwrap();
            let mut memory = ClosedForm::<T, N>::memory(&oracle);
            let (mut y, mut product) = ([T::ZERO; D], [T::ZERO; D]);
            ClosedForm::expect(&oracle, &noise, &theta, &mut y, &mut memory).unwrap();
            ClosedForm::product(&oracle, &noise, &theta, &u, &mut product, &mut memory).unwrap();
            assert_eq!(defined(&noise, k, &theta, &u), [y, product], "{k} of {D}");
        }
    }

    /// With room for all distributions, for those of a panel, and for those of one node.
    #[test]
    fn nodes_side_by_side_give_the_sums_as_defined() {
        check::<f32, _, 5>(Normal);
        if cfg!(miri) {
            return; // An interpreter gets a sample.
        }
        check::<f32, _, 1>(Normal);
        check::<f32, _, 40>(Normal);
        check::<f64, _, 19>(Normal);
        check::<f32, _, 24>(Gumbel);
    }
}
