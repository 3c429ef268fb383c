//! Argmax: the softmax for Gumbel noise, one quadrature for any other.

use super::ClosedForm;
use super::blocks::{self, BLOCK};
use super::quadrature::integrate;
use crate::engine::lanes;
use crate::method::Cost;
use crate::noise::Law;
use crate::vector::{self, LongSum, Sum};
use crate::{Error, Oracle, Real, Shape, Simplex};

/// With P(x) = Π_j G(x − θ_j) and the reversed hazards r_i = f(x − θ_i)/G(x − θ_i):
/// p_i = ∫ P r_i dx, F_1 = ∫ x P Σr dx, J_ij = −∫ P r_i r_j dx for i ≠ j, and rows of J sum to 0.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Simplex<S> {
    /// The scores less their maximum, and the reversed hazards.
    type Memory = (S::Array<T>, S::Array<T>);

    fn memory(&self) -> Self::Memory {
        let array = Oracle::<T>::shape(self).array(T::ZERO);
        (array.clone(), array)
    }

    fn shift_invariant(&self) -> bool {
        true
    }

    fn samples_of_equal_cost(&self, _: &N, cost: Cost) -> Option<u32> {
        let samples = match cost {
            Cost::Value if N::MAX_STABLE => [5, 2, 1],
            Cost::Maximizer if N::MAX_STABLE => [7, 3, 1],
            Cost::Product if N::MAX_STABLE => [2, 1, 1],
            Cost::Jacobian | Cost::Curvature if N::MAX_STABLE => [2, 7, 50],
            // Panels split at every score.
            Cost::Value if N::KINKED => [900, 1_900, 4_200],
            Cost::Maximizer if N::KINKED => [1_450, 3_600, 8_400],
            Cost::Product if N::KINKED => [950, 450, 1_700],
            Cost::Jacobian if N::KINKED => [600, 7_000, 70_000],
            Cost::Curvature if N::KINKED => return None,
            Cost::Value => [550, 320, 100],
            Cost::Maximizer => [950, 670, 210],
            Cost::Product if N::HINGE_IN_VECTORS => [520, 290, 130],
            Cost::Product => [220, 50, 30],
            Cost::Jacobian | Cost::Curvature => [500, 1_300, 10_000],
            Cost::CurvatureProduct => return None,
        };
        Some(super::measured(Oracle::<T>::shape(self).dim(), samples))
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<T, Error> {
        if N::MAX_STABLE {
            let (largest, total) = lanes::run(Softmax { theta, p: y });
            return Ok(largest + total.ln() + noise.mean());
        }
        y.fill(T::ZERO);
        let largest = center(theta, memory.0.as_mut());
        let mut value = Sum::ZERO;
        race(noise, memory, |x, weight, hazards| {
            let mut total = LongSum::ZERO;
            for (y, hazards) in y.chunks_mut(COLUMNS).zip(hazards.chunks(COLUMNS)) {
                vector::add_scaled(y, weight, hazards);
                total.add(hazards);
            }
            value.add(weight * total.value() * x);
        });
        Ok(largest + value.value())
    }

    fn maximizer(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<(), Error> {
        if N::MAX_STABLE {
            lanes::run(Softmax { theta, p: y });
            return Ok(());
        }
        self.expect(noise, theta, y, memory)?;
        Ok(())
    }

    fn jacobian(
        &self,
        noise: &N,
        theta: &[T],
        matrix: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        let dim = theta.len();
        matrix.fill(T::ZERO);
        let mut add = |weight: T, p: &[T]| {
            for (i, &a) in p.iter().enumerate() {
                for (j, &b) in p.iter().enumerate().skip(i + 1) {
                    super::add_pair(matrix, dim, (i, j), weight * a * b);
                }
            }
        };
        if N::MAX_STABLE {
            lanes::run(Softmax { theta, p: memory.1.as_mut() });
            add(T::ONE, memory.1.as_ref());
            return Ok(());
        }
        center(theta, memory.0.as_mut());
        race(noise, memory, |_, weight, hazards| add(weight, hazards));
        Ok(())
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
        // Σ_j r_i r_j (u_i − u_j) = r_i (u_i Σr − ⟨r, u⟩)
        let mut add = |weight: T, r: &[T]| {
            // Both sums in one loop: each waits for its own additions.
            let (mut total, mut mean) = (T::ZERO, T::ZERO);
            for (&r, &u) in r.iter().zip(u) {
                total += r;
                mean += r * u;
            }
            for ((product, &r), &u) in product.iter_mut().zip(r).zip(u) {
                *product += weight * r * (u * total - mean);
            }
        };
        if N::MAX_STABLE {
            lanes::run(Softmax { theta, p: memory.1.as_mut() });
            add(T::ONE, memory.1.as_ref());
            return Ok(());
        }
        center(theta, memory.0.as_mut());
        race(noise, memory, |_, weight, hazards| add(weight, hazards));
        Ok(())
    }

    /// Off the diagonal ∫ P r_i r_j (S − (u_i + u_j)R/2 + (u_i − u_j)(r_j + ν′_j − r_i − ν′_i)/2) dx with R = Σr and S = ⟨r, u⟩;
    /// rows sum to 0. Softmax: y_i y_j (2⟨y, u⟩ − u_i − u_j).
    fn curvature(
        &self,
        noise: &N,
        theta: &[T],
        u: &[T],
        matrix: &mut [T],
        memory: &mut Self::Memory,
    ) -> Result<(), Error> {
        if N::KINKED {
            return Err(Error::NoClosedForm {
                because: "the density has a kink, where it has no second derivative",
            });
        }
        let dim = theta.len();
        matrix.fill(T::ZERO);
        if N::MAX_STABLE {
            let p = memory.1.as_mut();
            lanes::run(Softmax { theta, p });
            let twice = T::TWO * vector::inner(p, u);
            for (i, (&a, &u_i)) in p.iter().zip(u).enumerate() {
                for (j, (&b, &u_j)) in p.iter().zip(u).enumerate().skip(i + 1) {
                    super::add_pair(matrix, dim, (i, j), a * b * (u_i + u_j - twice));
                }
            }
            return Ok(());
        }
        let largest = center(theta, memory.0.as_mut());
        race(noise, memory, |x, weight, hazards| {
            let (total, mean) = (vector::sum(hazards.iter().copied()), vector::inner(hazards, u));
            let slope = |theta: T| {
                let (z, mut slope) = (x - (theta - largest), T::ZERO);
                noise.scores(core::slice::from_ref(&z), core::slice::from_mut(&mut slope));
                slope
            };
            let entries = || hazards.iter().zip(u).zip(theta).enumerate();
            for (i, ((&a, &u_i), &theta_i)) in entries() {
                let own = a + slope(theta_i);
                for (j, ((&b, &u_j), &theta_j)) in entries().skip(i + 1) {
                    let other = b + slope(theta_j);
                    let bend = (u_i + u_j) * total * T::HALF - mean - (u_i - u_j) * (other - own) * T::HALF;
                    super::add_pair(matrix, dim, (i, j), weight * a * b * bend);
                }
            }
        });
        Ok(())
    }

    /// Gumbel: Σ y_i ln y_i − γ.
    fn omega(&self, noise: &N, y: &[T]) -> Option<T> {
        if !N::MAX_STABLE || Oracle::<T>::locate(self, y, None) == crate::oracle::Location::Outside {
            return None;
        }
        let negentropy = vector::sum(y.iter().map(|&y| if y > T::ZERO { y * y.ln() } else { T::ZERO }));
        Some(negentropy - noise.mean())
    }
}

/// Writes θ − max θ and returns the maximum.
fn center<T: Real>(theta: &[T], centered: &mut [T]) -> T {
    let largest = blocks::largest(theta);
    for (centered, &theta) in centered.iter_mut().zip(theta) {
        *centered = theta - largest;
    }
    largest
}

/// Writes the softmax, and returns the largest score and the sum of e to the others' distances below it.
struct Softmax<'a, T> {
    theta: &'a [T],
    p: &'a mut [T],
}

impl<T: Real> perturb_lanes::Kernel for Softmax<'_, T> {
    type Output = (T, T);
    #[inline(always)]
    fn run(self) -> (T, T) {
        let Self { theta, p } = self;
        let largest = blocks::largest(theta);
        let mut total = LongSum::ZERO;
        for (theta, p) in theta.chunks(BLOCK).zip(p.chunks_mut(BLOCK)) {
            let mut block = blocks::load(theta);
            for x in block.iter_mut().take(blocks::computed(theta.len(), BLOCK)) {
                *x = (*x - largest).exp();
            }
            blocks::store(&block, p);
            total.add(block.get(..theta.len()).unwrap_or(&block));
        }
        let total = total.value();
        for p in p {
            *p /= total;
        }
        (largest, total)
    }
}

/// Calls `at(x, weight·P(x), hazards)` at the nodes x of the maximum's distribution.
fn race<T: Real, N: Law<T>, A: AsMut<[T]>>(
    noise: &N,
    (scores, hazards): &mut (A, A),
    mut at: impl FnMut(T, T, &[T]),
) {
    let (scores, hazards) = (&*scores.as_mut(), hazards.as_mut());
    // The maximum exceeds the entry with score 0, and with it the lower end of its support.
    integrate::<T, N>(T::from_f64(N::PANEL), scores, noise.support(), |x, weight| {
        let product = lanes::run(Node { noise, x, weight, scores, hazards });
        if product > T::ZERO {
            at(x, product, hazards);
        }
    });
}

/// Columns of entries whose products are formed side by side: whole blocks, the same everywhere.
const COLUMNS: usize = 16;

/// Writes the reversed hazards at x, and returns weight·P(x).
///
/// P is a product of what is below ½ and of factors 1 − q, whose q are kept instead: a hundred thousand factors would lose what
/// each q has below the last digit of 1.
struct Node<'a, T, N> {
    noise: &'a N,
    x: T,
    weight: T,
    scores: &'a [T],
    hazards: &'a mut [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Node<'_, T, N> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        let Self { noise, x, weight, scores, hazards } = self;
        let (mut product, mut missing) = (weight, Sum::ZERO);
        for (scores, hazards) in scores.chunks(COLUMNS * COLUMNS).zip(hazards.chunks_mut(COLUMNS * COLUMNS)) {
            let (mut factors, mut misses) = ([T::ONE; COLUMNS], [T::ZERO; COLUMNS]);
            let (mut factor, mut miss) = (T::ONE, T::ZERO);
            let one_each = scores.len() <= COLUMNS;
            let blocks = scores.chunks(BLOCK).zip(hazards.chunks_mut(BLOCK));
            for ((scores, hazards), number) in blocks.zip(0..) {
                let block = blocks::load(scores);
                let (mut g, mut q, mut ratios) = ([T::ONE; BLOCK], [T::ZERO; BLOCK], [T::ZERO; BLOCK]);
                for k in 0..blocks::computed(scores.len().min(BLOCK), BLOCK) {
                    let (cdf, beyond) = noise.tails(x - block[k]);
                    let ratio = noise.density(x - block[k]) / cdf;
                    ratios[k] = if cdf > T::ZERO { ratio } else { T::ZERO };
                    let low = beyond > T::HALF;
                    g[k] = if low { cdf } else { T::ONE };
                    q[k] = if low { T::ZERO } else { beyond };
                }
                blocks::store(&ratios, hazards);
                if one_each {
                    join(&mut factor, &mut miss, g.iter().zip(&q).take(scores.len()));
                    continue;
                }
                for k in scores.len()..BLOCK {
                    (g[k], q[k]) = (T::ONE, T::ZERO);
                }
                for k in 0..BLOCK {
                    let column = (number * BLOCK + k) % COLUMNS;
                    factors[column] *= g[k];
                    misses[column] += q[k] * (T::ONE - misses[column]);
                }
            }
            if !one_each {
                join(&mut factor, &mut miss, factors.iter().zip(&misses));
            }
            product *= factor;
            missing.add(miss * (T::ONE - missing.value()));
        }
        product * (T::ONE - missing.value())
    }
}

/// Joins factors and what others miss of 1, one after the other.
#[inline(always)]
fn join<'a, T: Real>(factor: &mut T, miss: &mut T, more: impl Iterator<Item = (&'a T, &'a T)>) {
    for (&g, &q) in more {
        *factor *= g;
        *miss += q * (T::ONE - *miss);
    }
}
