//! Exact expectations of many rows, in memory that is made once for each share of them.

use std::ops::Range;

use perturb_core::{Array, Asked, Error, Evaluate, Noise, Oracle, Perturbed, Real, Shape};

use super::workspace::{LEAST_NUMBERS, SHARES};
use super::{Batch, Layers, PerRow, RowError};

impl<O, N, T> Batch<'_, O, N, T>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
{
    /// y_ε of every row, exactly where its layer has that way.
    pub(super) fn exact_maximizers<H>(self, theta: &[T], how: H, y: &mut [T]) -> Result<(), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let Layers::Shared(layer) = self.layers else {
            return self.each(theta, how, y, |layer, how, _, theta| layer.maximizer(theta, how));
        };
        self.exactly(theta, how, Asked::Maximizer, y, |_, theta, y, memory| {
            how.maximizer_into(layer, theta, y, memory)
        })
    }

    /// Jᵀu of every row, likewise; Ju, too, with a shared layer.
    pub(super) fn exact_products<'x, H>(
        self,
        theta: &[T],
        how: H,
        u: impl Fn(usize) -> &'x [T] + Sync,
        products: &mut [T],
    ) -> Result<(), RowError>
    where
        H: Evaluate<O, N, T> + PerRow,
    {
        let Layers::Shared(layer) = self.layers else {
            return self.each(theta, how, products, |layer, how, r, theta| layer.vjp(theta, u(r), how));
        };
        self.exactly(theta, how, Asked::Product, products, |r, theta, product, memory| {
            how.vjp_into(layer, theta, u(r), product, memory)
        })
    }

    /// `f` in every row that has a layer of its own.
    pub(super) fn each<H: PerRow>(
        self,
        theta: &[T],
        how: H,
        out: &mut [T],
        f: impl Fn(&Perturbed<O, N, T>, H, usize, &[T]) -> Result<Array<O, T>, Error> + Sync,
    ) -> Result<(), RowError> {
        let rows = self.map(theta, how, f)?;
        for (out, &x) in out.iter_mut().zip(rows.iter().flat_map(AsRef::as_ref)) {
            *out = x;
        }
        Ok(())
    }

    /// `f(row, θ of the row, its part of out, memory)` in every row of a shared layer.
    pub(super) fn exactly<H: Evaluate<O, N, T> + PerRow>(
        self,
        theta: &[T],
        how: H,
        asked: Asked,
        out: &mut [T],
        f: impl Fn(usize, &[T], &mut [T], &mut H::Memory) -> Result<(), Error> + Sync,
    ) -> Result<(), RowError> {
        let (Layers::Shared(layer), rows) = (self.layers, self.ranges(theta)?.len()) else { return Ok(()) };
        if rows == 0 {
            return Ok(());
        }
        let dim = layer.oracle().shape().dim();
        let threads = rayon::current_num_threads();
        let samples = how.samples_of_equal_cost(layer, asked) as usize;
        let worth = theta.len().saturating_mul(samples) / LEAST_NUMBERS;
        let shares = if threads == 1 { 1 } else { worth.clamp(1, SHARES * threads) };
        let task = Task { width: out.len() / rows, dim, theta, memory: || how.memory(layer), f };
        task.share(0..rows, shares, out).map_err(|(row, source)| RowError { row, source })
    }
}

/// What is computed.
struct Task<'t, T, M, F> {
    /// Numbers of the result in a row.
    width: usize,
    dim: usize,
    theta: &'t [T],
    memory: M,
    f: F,
}

impl<T, M, F> Task<'_, T, M, F>
where
    T: Real,
    M: Sync,
    F: Sync,
{
    fn share<Memory>(&self, rows: Range<usize>, shares: usize, out: &mut [T]) -> Result<(), (usize, Error)>
    where
        M: Fn() -> Memory,
        F: Fn(usize, &[T], &mut [T], &mut Memory) -> Result<(), Error>,
    {
        if shares <= 1 || rows.len() <= 1 {
            let mut memory = (self.memory)();
            let theta = self.theta.chunks_exact(self.dim).enumerate().skip(rows.start);
            for ((row, theta), out) in theta.zip(out.chunks_exact_mut(self.width)) {
                (self.f)(row, theta, out, &mut memory).map_err(|error| (row, error))?;
            }
            return Ok(());
        }
        let half = shares / 2;
        let middle = (rows.len() * half / shares).max(1);
        let (left, right) = out.split_at_mut(middle * self.width);
        let middle = rows.start + middle;
        let (first, second) = rayon::join(
            || self.share(rows.start..middle, half, left),
            || self.share(middle..rows.end, shares - half, right),
        );
        first.and(second)
    }
}
