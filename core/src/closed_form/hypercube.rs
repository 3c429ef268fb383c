//! Independent decisions: one distribution function each.

use super::ClosedForm;
use super::blocks::{self, BLOCK};
use crate::engine::lanes;
use crate::method::Cost;
use crate::noise::Law;
use crate::vector::{LongSum, Sum};
use crate::{Error, Hypercube, Oracle, Real, Shape};

/// y_i = low + (high − low)·P(θ_i + Z > 0), F_1 = Σ low·(θ_i + E Z) + (high − low)·E(θ_i + Z)₊,
/// J = (high − low)·diag f(−θ_i).
impl<T: Real, N: Law<T>, S: Shape> ClosedForm<T, N> for Hypercube<T, S> {
    type Memory = ();
    fn memory(&self) {}

    fn samples_of_equal_cost(&self, _: &N, cost: Cost) -> Option<u32> {
        let samples = match cost {
            // A series for the hinge.
            Cost::Value if N::MAX_STABLE => [130, 150, 70],
            Cost::Value if !N::HINGE_IN_VECTORS => [15, 15, 6],
            Cost::Value => [5, 3, 1],
            Cost::Maximizer => [6, 3, 1],
            Cost::Product => [4, 1, 1],
            Cost::Jacobian => [4, 3, 3],
            Cost::Curvature | Cost::CurvatureProduct => return None,
        };
        Some(super::measured(self.shape().dim(), samples))
    }

    fn expect(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<T, Error> {
        let (low, high) = (self.low, self.high);
        Ok(lanes::run(Expect { noise, low, high, theta, y }))
    }

    fn maximizer(&self, noise: &N, theta: &[T], y: &mut [T], (): &mut ()) -> Result<(), Error> {
        lanes::run(Share { noise, low: self.low, width: self.high - self.low, theta, y });
        Ok(())
    }

    /// Coordinate by coordinate: (high − low)·E(θ_i + Z)₊ where y_i = low, less θ_i + E Z where it is high.
    fn vertex_loss(&self, noise: &N, theta: &[T], y: &[T]) -> Option<T> {
        let mut loss = Sum::ZERO;
        for (&theta, &y) in theta.iter().zip(y) {
            let paid = if y == self.high { theta + noise.mean() } else { T::ZERO };
            loss.add((noise.hinge(theta) - paid).larger(T::ZERO));
        }
        Some((self.high - self.low) * loss.value())
    }

    fn jacobian(&self, noise: &N, theta: &[T], matrix: &mut [T], (): &mut ()) -> Result<(), Error> {
        matrix.fill(T::ZERO);
        for (diagonal, &theta) in matrix.iter_mut().step_by(theta.len() + 1).zip(theta) {
            *diagonal = (self.high - self.low) * noise.density(-theta);
        }
        Ok(())
    }

    fn product(&self, noise: &N, theta: &[T], u: &[T], product: &mut [T], (): &mut ()) -> Result<(), Error> {
        lanes::run(Slope { noise, width: self.high - self.low, theta, u, product });
        Ok(())
    }
}

/// y of every entry.
struct Share<'a, T, N> {
    noise: &'a N,
    low: T,
    width: T,
    theta: &'a [T],
    y: &'a mut [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Share<'_, T, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { noise, low, width, theta, y } = self;
        for (theta, y) in theta.chunks(BLOCK).zip(y.chunks_mut(BLOCK)) {
            let mut block = blocks::load(theta);
            for x in block.iter_mut().take(blocks::computed(theta.len(), BLOCK)) {
                *x = low + width * noise.tails(-*x).1;
            }
            blocks::store(&block, y);
        }
    }
}

/// y of every entry, and the sum of their values.
struct Expect<'a, T, N> {
    noise: &'a N,
    low: T,
    high: T,
    theta: &'a [T],
    y: &'a mut [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Expect<'_, T, N> {
    type Output = T;
    #[inline(always)]
    fn run(self) -> T {
        let Self { noise, low, high, theta, y } = self;
        let width = high - low;
        let mut value = LongSum::ZERO;
        for (theta, y) in theta.chunks(BLOCK).zip(y.chunks_mut(BLOCK)) {
            let mut shares = blocks::load(theta);
            let mut values = [T::ZERO; BLOCK];
            for k in 0..blocks::computed(theta.len().min(BLOCK), BLOCK) {
                let theta = shares[k];
                shares[k] = low + width * noise.tails(-theta).1;
                values[k] = low * (theta + noise.mean()) + width * noise.hinge(theta);
            }
            blocks::store(&shares, y);
            value.add(values.get(..theta.len()).unwrap_or(&values));
        }
        value.value()
    }
}

/// The product of every entry.
struct Slope<'a, T, N> {
    noise: &'a N,
    width: T,
    theta: &'a [T],
    u: &'a [T],
    product: &'a mut [T],
}

impl<T: Real, N: Law<T>> perturb_lanes::Kernel for Slope<'_, T, N> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { noise, width, theta, u, product } = self;
        for ((product, &u), &theta) in product.iter_mut().zip(u).zip(theta) {
            *product = width * noise.density(-theta) * u;
        }
    }
}
