//! Independent decisions: one distribution function each.

use super::ClosedForm;
use crate::{Error, Hypercube, Law, Real, Shape};

/// y_i = low + (high − low)·P(θ_i + Z > 0), F_1 = Σ low·(θ_i + E Z) + (high − low)·E(θ_i + Z)₊,
/// J = (high − low)·diag f(−θ_i).
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Hypercube<T, S> {
    type Memory = ();
    fn memory(&self) {}

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, Error> {
        let width = self.high - self.low;
        let mut value = T::ZERO;
        for (y, &theta) in y.iter_mut().zip(theta) {
            *y = self.high - width * noise.cdf(-theta);
            value += self.low * (theta + noise.mean()) + width * noise.hinge(theta);
        }
        Ok(value)
    }

    /// Coordinate by coordinate: (high − low)·E(θ_i + Z)₊ where y_i = low, less θ_i + E Z where it is high.
    fn vertex_loss(&self, noise: &N, theta: &[T], y: &[T]) -> Option<T> {
        let mut loss = T::ZERO;
        for (&theta, &y) in theta.iter().zip(y) {
            let paid = if y == self.high { theta + noise.mean() } else { T::ZERO };
            loss += (noise.hinge(theta) - paid).larger(T::ZERO);
        }
        Some((self.high - self.low) * loss)
    }

    fn jacobian(&self, noise: &N, theta: &[T], matrix: &mut [T], (): &mut ()) -> Result<(), Error> {
        matrix.fill(T::ZERO);
        for (diagonal, &theta) in matrix.iter_mut().step_by(theta.len() + 1).zip(theta) {
            *diagonal = (self.high - self.low) * noise.density(-theta);
        }
        Ok(())
    }

    fn product(&self, noise: &N, theta: &[T], u: &[T], product: &mut [T], (): &mut ()) -> Result<(), Error> {
        for ((product, &u), &theta) in product.iter_mut().zip(u).zip(theta) {
            *product = (self.high - self.low) * noise.density(-theta) * u;
        }
        Ok(())
    }
}
