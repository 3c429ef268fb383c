//! Argmax: the softmax for Gumbel noise, one quadrature for any other.

use super::ClosedForm;
use super::quadrature::integrate;
use crate::oracle::dot;
use crate::{Error, Law, Oracle, Real, Shape, Simplex};

/// With P(x) = Π_j G(x − θ_j) and the reversed hazards r_i = f(x − θ_i)/G(x − θ_i):
/// p_i = ∫ P r_i dx, F_1 = ∫ x P Σr dx, J_ij = −∫ P r_i r_j dx for i ≠ j, and rows of J sum to 0.
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Simplex<S> {
    const SHIFT_INVARIANT: bool = true;
    /// The scores less their maximum, and the reversed hazards.
    type Memory = (S::Array<T>, S::Array<T>);

    fn memory(&self) -> Self::Memory {
        let array = Oracle::<T>::shape(self).array(T::ZERO);
        (array.clone(), array)
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], memory: &mut Self::Memory) -> Result<T, Error> {
        y.fill(T::ZERO);
        let largest = center(theta, memory.0.as_mut());
        if N::MAX_STABLE {
            let total = softmax(memory.0.as_ref(), y);
            return Ok(largest + total.ln() + noise.mean());
        }
        let mut value = T::ZERO;
        race(noise, memory, |x, weight, hazards| {
            let mut total = T::ZERO;
            for (y, &hazard) in y.iter_mut().zip(hazards) {
                *y += weight * hazard;
                total += hazard;
            }
            value += weight * total * x;
        })?;
        Ok(largest + value)
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
        center(theta, memory.0.as_mut());
        let mut add = |weight: T, p: &[T]| {
            for (i, &a) in p.iter().enumerate() {
                for (j, &b) in p.iter().enumerate().skip(i + 1) {
                    super::add_pair(matrix, dim, (i, j), weight * a * b);
                }
            }
        };
        if N::MAX_STABLE {
            softmax(memory.0.as_ref(), memory.1.as_mut());
            add(T::ONE, memory.1.as_ref());
            return Ok(());
        }
        race(noise, memory, |_, weight, hazards| add(weight, hazards))
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
        center(theta, memory.0.as_mut());
        // Σ_j r_i r_j (u_i − u_j) = r_i (u_i Σr − ⟨r, u⟩)
        let mut add = |weight: T, r: &[T]| {
            let total = r.iter().copied().sum::<T>();
            let mean = dot(r, u);
            for ((product, &r), &u) in product.iter_mut().zip(r).zip(u) {
                *product += weight * r * (u * total - mean);
            }
        };
        if N::MAX_STABLE {
            softmax(memory.0.as_ref(), memory.1.as_mut());
            add(T::ONE, memory.1.as_ref());
            return Ok(());
        }
        race(noise, memory, |_, weight, hazards| add(weight, hazards))
    }

    /// Gumbel: Σ y_i ln y_i − γ.
    fn omega(&self, noise: &N, y: &[T]) -> Option<T> {
        let total = y.iter().copied().sum::<T>();
        let slack = T::EPSILON * T::from_usize(4 * y.len() + 4);
        let inside = y.iter().all(|&y| y >= T::ZERO) && (total - T::ONE).abs() <= slack;
        if !(N::MAX_STABLE && inside) {
            return None;
        }
        let negentropy = y.iter().map(|&y| if y > T::ZERO { y * y.ln() } else { T::ZERO }).sum::<T>();
        Some(negentropy - noise.mean())
    }
}

/// Writes θ − max θ and returns the maximum.
fn center<T: Real>(theta: &[T], centered: &mut [T]) -> T {
    let largest = theta.iter().copied().fold(T::NEG_INFINITY, T::larger);
    for (centered, &theta) in centered.iter_mut().zip(theta) {
        *centered = theta - largest;
    }
    largest
}

/// Writes the softmax of scores whose maximum is 0, and returns Σ eˢ.
fn softmax<T: Real>(scores: &[T], p: &mut [T]) -> T {
    let mut total = T::ZERO;
    for (p, &score) in p.iter_mut().zip(scores) {
        *p = score.exp();
        total += *p;
    }
    for p in p {
        *p /= total;
    }
    total
}

/// Calls `at(x, weight·P(x), hazards)` at the nodes x of the maximum's distribution.
fn race<T: Real, N: Law<T>, A: AsMut<[T]>>(
    noise: &N,
    (scores, hazards): &mut (A, A),
    mut at: impl FnMut(T, T, &[T]),
) -> Result<(), Error> {
    let (scores, hazards) = (&*scores.as_mut(), hazards.as_mut());
    // The maximum exceeds the entry with score 0, and with it the lower end of its support.
    let (low, high) = noise.support();
    integrate(noise, T::from_f64(N::PANEL), scores, (low, high), |x, weight| {
        let mut product = weight;
        for (hazard, &score) in hazards.iter_mut().zip(scores) {
            let cdf = noise.cdf(x - score);
            product *= cdf;
            *hazard = if cdf > T::ZERO { noise.density(x - score) / cdf } else { T::ZERO };
        }
        if product > T::ZERO {
            at(x, product, hazards);
        }
    })
}
