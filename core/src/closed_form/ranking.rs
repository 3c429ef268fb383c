//! Ranking by equally spaced reference values: sums over pairs, since the permutahedron is a zonotope.

use super::blocks::{self, BLOCK};
use super::{ClosedForm, add_pair};
use crate::engine::lanes;
use crate::method::Cost;
use crate::noise::Law;
use crate::vector::{LongSum, Sum};
use crate::{Error, Oracle, Ranking, Real, Shape};

/// With v = (v_1, v_1 + a, …), a > 0, and D the difference of two noise entries:
/// y_i = v_1 + a Σ_{j≠i} P(D < θ_i − θ_j), F_1 = v_1 Σ(θ_i + E Z) + a Σ_{i<j} E max(θ_i + Z_i, θ_j + Z_j),
/// J_ij = −a·f_D(θ_i − θ_j) for i ≠ j, and rows of J sum to 0.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Ranking<T, S> {
    type Memory = ();
    fn memory(&self) {}

    fn shift_invariant(&self) -> bool {
        true
    }

    fn samples_of_equal_cost(&self, _: &N, cost: Cost) -> Option<u32> {
        self.spacing().ok()?;
        let samples = match cost {
            Cost::Value if N::HINGE_IN_VECTORS => [25, 48, 100],
            Cost::Value => [34, 200, 800],
            Cost::Maximizer => [18, 23, 37],
            Cost::Product if N::HINGE_IN_VECTORS => [12, 12, 21],
            Cost::Product => [3, 4, 14],
            Cost::Jacobian => [10, 30, 200],
            Cost::Curvature | Cost::CurvatureProduct => return None,
        };
        Some(super::measured(self.shape().dim(), samples))
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, Error> {
        let (first, spacing) = self.spacing()?;
        ClosedForm::maximizer(self, noise, theta, y, &mut ())?;
        let (singles, pairs) = lanes::run(Values { noise, theta });
        Ok(first * singles + spacing * pairs)
    }

    fn maximizer(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<(), Error> {
        let (first, spacing) = self.spacing()?;
        y.fill(first + spacing * T::HALF * T::from_usize(theta.len().saturating_sub(1)));
        lanes::run(Pairs { theta, u: theta, sums: y, flow: Share { noise, spacing } });
        Ok(())
    }

    /// a Σ E(θ_j − θ_i + D)₊ over the pairs with y_i > y_j.
    fn vertex_loss(&self, noise: &N, theta: &[T], y: &[T]) -> Option<T> {
        let (_, spacing) = self.spacing().ok()?;
        Some(spacing * lanes::run(Inversions { noise, theta, y }))
    }

    fn jacobian(&self, noise: &N, theta: &[T], matrix: &mut [T], (): &mut ()) -> Result<(), Error> {
        let (_, spacing) = self.spacing()?;
        matrix.fill(T::ZERO);
        for_pairs(theta, |pair, difference| {
            add_pair(matrix, theta.len(), pair, spacing * noise.difference_density(difference));
        });
        Ok(())
    }

    fn product(&self, noise: &N, theta: &[T], u: &[T], product: &mut [T], (): &mut ()) -> Result<(), Error> {
        let (_, spacing) = self.spacing()?;
        product.fill(T::ZERO);
        lanes::run(Pairs { theta, u, sums: product, flow: Slope { noise, spacing } });
        Ok(())
    }
}

/// What a pair adds to the entry it names first and takes from the other.
trait Flow<T>: Copy {
    /// Of θ_i − θ_j and u_i − u_j.
    fn of(self, difference: T, change: T) -> T;
}

/// Of the maximizer: a(P(D < θ_i − θ_j) − ½).
#[derive(Clone, Copy)]
struct Share<'a, T, N> {
    noise: &'a N,
    spacing: T,
}

impl<T: Real, N: Law<T>> Flow<T> for Share<'_, T, N> {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn of(self, difference: T, _: T) -> T {
        self.spacing * (self.noise.difference_cdf(difference) - T::HALF)
    }
}

/// Of Ju: a·f_D(θ_i − θ_j)(u_i − u_j).
#[derive(Clone, Copy)]
struct Slope<'a, T, N> {
    noise: &'a N,
    spacing: T,
}

impl<T: Real, N: Law<T>> Flow<T> for Slope<'_, T, N> {
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn of(self, difference: T, change: T) -> T {
        self.spacing * self.noise.difference_density(difference) * change
    }
}

/// Partial sums side by side.
const SUMS: usize = 8;
/// Pairs that are computed together.
const PAIRS: usize = if cfg!(target_os = "none") { SUMS } else { 2 * SUMS };

/// Adds the flow of every pair i < j to entry i and takes it from entry j.
///
/// Eight partial sums side by side, merged in a fixed order: pairs can then share a vector register. The pairs that
/// are left over are the last of all entries, whatever i is, and computed with those before them.
struct Pairs<'a, T, F> {
    theta: &'a [T],
    u: &'a [T],
    sums: &'a mut [T],
    flow: F,
}

impl<T: Real, F: Flow<T>> perturb_lanes::Kernel for Pairs<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { theta, u, sums, flow } = self;
        let (last, last_u) = (last(theta), last(u));
        let mut rest = (theta, u, sums);
        while let (Some((&a, theta)), Some((&ua, u)), (own, sums)) =
            (rest.0.split_first(), rest.1.split_first(), rest.2.split_at_mut(rest.2.len().min(1)))
        {
            let (blocks, left) = sums.as_chunks_mut::<PAIRS>();
            let mut partial = [T::ZERO; SUMS];
            let scores = theta.as_chunks::<PAIRS>().0.iter().zip(u.as_chunks::<PAIRS>().0);
            for ((&theta, &u), sums) in scores.zip(blocks) {
                lanes::row_by_row();
                // Into an array of its own: a compiler cannot know that theta and sums are apart.
                let mut flows = [T::ZERO; PAIRS];
                for k in 0..PAIRS {
                    flows[k] = flow.of(a - theta[k], ua - u[k]);
                }
                for (sums, flows) in
                    sums.as_chunks_mut::<SUMS>().0.iter_mut().zip(flows.as_chunks::<SUMS>().0)
                {
                    for k in 0..SUMS {
                        sums[k] -= flows[k];
                        partial[k] += flows[k];
                    }
                }
            }
            let mut partial = lanes::settle(partial);
            if !left.is_empty() {
                let mut flows = [T::ZERO; PAIRS];
                let unused = PAIRS - left.len().min(PAIRS);
                let mut first = unused % SUMS;
                let scores = last.as_chunks::<SUMS>().0.iter().zip(last_u.as_chunks::<SUMS>().0);
                let halves = scores.zip(flows.as_chunks_mut::<SUMS>().0).skip(unused / SUMS);
                for ((theta, u), flows) in halves {
                    lanes::row_by_row();
                    for k in SUMS - blocks::computed(SUMS - first, SUMS)..SUMS {
                        flows[k] = flow.of(a - theta[k], ua - u[k]);
                    }
                    first = 0;
                }
                let flows = flows.get(unused..).unwrap_or(&[]);
                for (sums, flows) in left.chunks_mut(SUMS).zip(flows.chunks(SUMS)) {
                    for ((sum, partial), &flow) in sums.iter_mut().zip(&mut partial).zip(flows) {
                        *sum -= flow;
                        *partial += flow;
                    }
                }
            }
            let [p0, p1, p2, p3, p4, p5, p6, p7] = partial;
            for own in own {
                *own += ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7));
            }
            rest = (theta, u, sums);
        }
    }
}

/// The last entries, at the end of as many as are computed together.
#[inline(always)]
fn last<T: Real>(entries: &[T]) -> [T; PAIRS] {
    let mut last = [T::ZERO; PAIRS];
    for (last, &x) in last.iter_mut().rev().zip(entries.iter().rev()) {
        *last = x;
    }
    last
}

/// How many hinges to compute for `count` of them.
#[inline(always)]
fn hinges<T: Real, N: Law<T>>(count: usize) -> usize {
    let count = count.min(BLOCK);
    if N::HINGE_IN_VECTORS { blocks::computed(count, BLOCK) } else { count }
}

/// Pairs whose sum is plain: whole blocks.
const PAIRS_SUMMED: usize = 16;

/// Σ(θ_i + E Z) and Σ_{i<j} E max(θ_i + Z_i, θ_j + Z_j).
struct Values<'a, T, N> {
    noise: &'a N,
    theta: &'a [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Values<'_, T, N> {
    type Output = (T, T);
    #[inline(always)]
    fn run(self) -> (T, T) {
        let Self { noise, theta } = self;
        let (mut singles, mut pairs) = (Sum::ZERO, LongSum::ZERO);
        let mut rest = theta;
        while let Some((&a, others)) = rest.split_first() {
            singles.add(a + noise.mean());
            // Complete at the same places everywhere.
            for others in others.chunks(PAIRS_SUMMED) {
                for others in others.chunks(BLOCK) {
                    let mut block = blocks::load(others);
                    for b in block.iter_mut().take(hinges::<T, N>(others.len())) {
                        *b = *b + noise.mean() + noise.difference_hinge(a - *b);
                    }
                    pairs.add_plainly(block.get(..others.len()).unwrap_or(&block));
                }
                pairs.close(others.len());
            }
            rest = others;
        }
        (singles.value(), pairs.value())
    }
}

/// Σ E(θ_j − θ_i + D)₊ over the pairs with y_i > y_j.
struct Inversions<'a, T, N> {
    noise: &'a N,
    theta: &'a [T],
    y: &'a [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Inversions<'_, T, N> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        let Self { noise, theta, y } = self;
        let mut loss = Sum::ZERO;
        for (i, (&a, &above)) in theta.iter().zip(y).enumerate() {
            // A sum per entry: half a million terms in one would round away in f32.
            let mut sum = T::ZERO;
            let before = theta.len().min(i);
            let (theta, y) = (theta.get(..before).unwrap_or(theta), y.get(..before).unwrap_or(y));
            for (theta, y) in theta.chunks(BLOCK).zip(y.chunks(BLOCK)) {
                let (mut block, below) = (blocks::load(theta), blocks::load(y));
                for k in 0..hinges::<T, N>(theta.len()) {
                    let by = if above > below[k] { block[k] - a } else { a - block[k] };
                    block[k] = noise.difference_hinge(by);
                }
                for &x in block.iter().take(theta.len()) {
                    sum += x;
                }
            }
            loss.add(sum);
        }
        loss.value()
    }
}

fn for_pairs<T: Real>(theta: &[T], mut at: impl FnMut((usize, usize), T)) {
    for (i, &a) in theta.iter().enumerate() {
        for (j, &b) in theta.iter().enumerate().skip(i + 1) {
            at((i, j), a - b);
        }
    }
}

impl<T: Real, S: Shape> Ranking<T, S> {
    /// (v_1, a) of v = (v_1, v_1 + a, …) in ascending order.
    fn spacing(&self) -> Result<(T, T), Error> {
        let descending = self.reference();
        let (Some(&largest), Some(&smallest)) = (descending.first(), descending.last()) else {
            return Ok((T::ZERO, T::ONE));
        };
        if descending.len() == 1 {
            return Ok((smallest, T::ONE));
        }
        let spacing = (largest - smallest) / T::from_usize(descending.len() - 1);
        // Without any rounding, as integers are.
        if descending.windows(2).all(|pair| matches!(*pair, [more, less] if more - less == spacing)) {
            return Ok((smallest, spacing));
        }
        // Rounding of v may not pass for a difference, nor a difference for rounding.
        let slack = T::EPSILON * T::from_f64(8.0) * largest.abs().larger(smallest.abs());
        if slack > spacing * T::from_f64(1e-3) {
            return Err(Error::NoClosedForm {
                because: "the entries of v are too close together for the number type",
            });
        }
        for (i, &v) in descending.iter().rev().enumerate() {
            if (smallest + T::from_usize(i) * spacing - v).abs() > slack {
                return Err(Error::NoClosedForm { because: "the entries of v are not equally spaced" });
            }
        }
        Ok((smallest, spacing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gumbel, Normal, Seed};

    /// The sums as they are defined: eight partial ones, entry j of the others in the (j mod 8)-th.
    fn defined<T: Real>(theta: &[T], u: &[T], sums: &mut [T], flow: impl Flow<T>) {
        for i in 0..theta.len() {
            let mut partial = [T::ZERO; SUMS];
            for j in i + 1..theta.len() {
                let flow = flow.of(theta[i] - theta[j], u[i] - u[j]);
                sums[j] -= flow;
                partial[(j - i - 1) % SUMS] += flow;
            }
            let [a, b, c, d, e, f, g, h] = partial;
            sums[i] += ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
    }

    fn check<T: Real, N: Law<T>>(noise: N) {
        let (mut theta, mut u) = ([T::ZERO; 40], [T::ZERO; 40]);
        noise.fill(&mut Seed(1).stream(0), &mut theta);
        noise.fill(&mut Seed(2).stream(0), &mut u);
        // An interpreter gets a sample.
        for dim in (1..=40).step_by(if cfg!(miri) { 13 } else { 1 }) {
            let (theta, u) = (&theta[..dim], &u[..dim]);
            let (mut want, mut found) = ([T::ONE; 40], [T::ONE; 40]);
            let flow = Slope { noise: &noise, spacing: T::HALF };
            defined(theta, u, &mut want[..dim], flow);
            lanes::run(Pairs { theta, u, sums: &mut found[..dim], flow });
            assert_eq!(want, found, "{dim}");
            let flow = Share { noise: &noise, spacing: T::HALF };
            defined(theta, theta, &mut want[..dim], flow);
            lanes::run(Pairs { theta, u: theta, sums: &mut found[..dim], flow });
            assert_eq!(want, found, "{dim}");
        }
    }

    #[test]
    fn vectors_give_the_sums_as_defined() {
        check::<f32, _>(Normal);
        check::<f32, _>(Gumbel);
        check::<f64, _>(Normal);
    }
}
