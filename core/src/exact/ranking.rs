//! Ranking by equally spaced reference values: sums over pairs, since the permutahedron is a zonotope.

use super::{ClosedForm, add_pair, add_pair_product};
use crate::{Error, Law, Ranking, Real, Shape};

/// With v = (v_1, v_1 + a, …), a > 0, and D the difference of two noise entries:
/// y_i = v_1 + a Σ_{j≠i} P(D < θ_i − θ_j), F_1 = v_1 Σ(θ_i + E Z) + a Σ_{i<j} E max(θ_i + Z_i, θ_j + Z_j),
/// J_ij = −a·f_D(θ_i − θ_j) for i ≠ j, and rows of J sum to 0.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Ranking<T, S> {
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
        y.fill(first);
        for (i, &a) in theta.iter().enumerate() {
            let mut wins = T::ZERO;
            for (y, &b) in y.iter_mut().zip(theta).skip(i + 1) {
                let p = noise.difference_cdf(a - b);
                wins += p;
                *y += spacing * (T::ONE - p);
            }
            if let Some(y) = y.get_mut(i) {
                *y += spacing * wins;
            }
        }
        Ok(())
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
        for_pairs(theta, |pair, difference| {
            add_pair_product(product, u, pair, spacing * noise.difference_density(difference));
        });
        Ok(())
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
        let slack = T::EPSILON * T::from_f64(8.0) * largest.abs().larger(smallest.abs());
        for (i, &v) in descending.iter().rev().enumerate() {
            if (smallest + T::from_usize(i) * spacing - v).abs() > slack {
                return Err(Error::NoClosedForm { because: "the entries of v are not equally spaced" });
            }
        }
        Ok((smallest, spacing))
    }
}
