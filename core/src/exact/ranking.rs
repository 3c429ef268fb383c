//! Ranking by equally spaced reference values: sums over pairs, since the permutahedron is a zonotope.

use super::{ClosedForm, add_pair};
use crate::{Error, Law, Ranking, Real, Shape};

/// With v = (v_1, v_1 + a, …), a > 0, and D the difference of two noise entries:
/// y_i = v_1 + a Σ_{j≠i} P(D < θ_i − θ_j), F_1 = v_1 Σ(θ_i + E Z) + a Σ_{i<j} E max(θ_i + Z_i, θ_j + Z_j),
/// J_ij = −a·f_D(θ_i − θ_j) for i ≠ j, and rows of J sum to 0.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Ranking<T, S> {
    const SHIFT_INVARIANT: bool = true;
    type Memory = ();
    fn memory(&self) {}

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, Error> {
        let (first, spacing) = self.spacing()?;
        ClosedForm::maximizer(self, noise, theta, y, &mut ())?;
        let mut pairs = T::ZERO;
        let mut singles = T::ZERO;
        for (i, &a) in theta.iter().enumerate() {
            singles += a + noise.mean();
            for &b in theta.iter().skip(i + 1) {
                pairs += b + noise.mean() + noise.difference_hinge(a - b);
            }
        }
        Ok(first * singles + spacing * pairs)
    }

    fn maximizer(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<(), Error> {
        let (first, spacing) = self.spacing()?;
        y.fill(first + spacing * T::HALF * T::from_usize(theta.len().saturating_sub(1)));
        sum_pairs(theta, theta, y, |difference, _| spacing * (noise.difference_cdf(difference) - T::HALF));
        Ok(())
    }

    /// a Σ E(θ_j − θ_i + D)₊ over the pairs with y_i > y_j.
    fn vertex_loss(&self, noise: &N, theta: &[T], y: &[T]) -> Option<T> {
        let (_, spacing) = self.spacing().ok()?;
        let mut loss = T::ZERO;
        for (i, (&a, &above)) in theta.iter().zip(y).enumerate() {
            // A sum per entry: half a million terms in one would round away in f32.
            let pairs = theta.iter().zip(y).take(i);
            loss += pairs
                .map(|(&b, &below)| noise.difference_hinge(if above > below { b - a } else { a - b }))
                .sum::<T>();
        }
        Some(spacing * loss)
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
        sum_pairs(theta, u, product, |difference, change| {
            spacing * noise.difference_density(difference) * change
        });
        Ok(())
    }
}

/// Adds flow(θ_i − θ_j, u_i − u_j) to entry i and takes it from entry j, for every pair i < j.
///
/// Eight partial sums side by side, merged in a fixed order: pairs can then share a vector register.
fn sum_pairs<T: Real>(theta: &[T], u: &[T], sums: &mut [T], flow: impl Fn(T, T) -> T) {
    const LANES: usize = 8;
    let mut rest = (theta, u, sums);
    while let (Some((&a, theta)), Some((&ua, u)), (own, sums)) =
        (rest.0.split_first(), rest.1.split_first(), rest.2.split_at_mut(rest.2.len().min(1)))
    {
        let mut lanes = [T::ZERO; LANES];
        let blocks = theta.chunks(LANES).zip(u.chunks(LANES)).zip(sums.chunks_mut(LANES));
        for ((theta, u), sums) in blocks {
            for (((&b, &ub), sum), lane) in theta.iter().zip(u).zip(sums).zip(&mut lanes) {
                let flow = flow(a - b, ua - ub);
                *sum -= flow;
                *lane += flow;
            }
        }
        let [l0, l1, l2, l3, l4, l5, l6, l7] = lanes;
        for own in own {
            *own += ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7));
        }
        rest = (theta, u, sums);
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
