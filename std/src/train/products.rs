//! Blocked products with the bits of an affine model of the core ([`AffineRef`](perturb_core::AffineRef)), row after row.
//!
//! Every entry of a result is one accumulator: its terms are added in the order of the contract, each a rounded product.
//! Accumulators of several rows and of neighbouring columns stay in registers while their terms pass. Tiles that do not fit
//! overlap, which computes some entries twice, alike.

use std::convert::Infallible;

use perturb_core::Real;
use perturb_lanes::{Kernel, Width, run, width};

use crate::share::{self, Pace, RowsMut, Units};

/// Rows of a tile: with [`VECTOR`] columns, as many accumulators as the narrowest vectors have registers.
const ROWS: usize = 4;

/// Bytes of a tile's row, one vector of AVX-512.
const VECTOR: usize = 64;

/// θ = Wx + b in every row: `x` is rows × features, `theta` rows × scores, W has one column of scores a feature.
pub(super) fn scores<T: Real>(weights: &[T], bias: &[T], x: &[T], theta: &mut [T]) {
    let (columns, terms) = (bias.len(), weights.len() / bias.len().max(1));
    product(&Product { left: ByRow { values: x, terms }, start: Some(bias), right: weights, columns }, theta);
}

/// Σᵣ lᵣ gᵣᵀ from 0 upwards: `left` is rows × m, `right` rows × `columns`, `out` m × `columns`.
pub(super) fn outer_products<T: Real>(left: &[T], right: &[T], columns: usize, out: &mut [T]) {
    let left = ByTerm { values: left, rows: out.len() / columns.max(1) };
    product(&Product { left, start: None, right, columns }, out);
}

/// The left factor: a number for each row and term.
trait Left<T> {
    /// The numbers of R rows from `first` on, term by term.
    fn terms<const R: usize>(&self, first: usize) -> impl Iterator<Item = [T; R]>;
}

/// The terms of a row lie side by side.
struct ByRow<'a, T> {
    values: &'a [T],
    terms: usize,
}

impl<T: Real> Left<T> for ByRow<'_, T> {
    #[inline(always)]
    fn terms<const R: usize>(&self, first: usize) -> impl Iterator<Item = [T; R]> {
        let row = |r| &self.values[(first + r) * self.terms..][..self.terms];
        let rows: [&[T]; R] = std::array::from_fn(row);
        (0..self.terms).map(move |term| std::array::from_fn(|r| rows[r][term]))
    }
}

/// The rows of a term lie side by side.
struct ByTerm<'a, T> {
    values: &'a [T],
    rows: usize,
}

impl<T: Real> Left<T> for ByTerm<'_, T> {
    #[inline(always)]
    fn terms<const R: usize>(&self, first: usize) -> impl Iterator<Item = [T; R]> {
        self.values.chunks_exact(self.rows).map(move |rows| panels::<T, R, 1>(rows, first)[0])
    }
}

/// `start` (or 0) in every row, plus Σ leftₖ rightₖᵀ in ascending k.
struct Product<'a, T, L> {
    left: L,
    start: Option<&'a [T]>,
    right: &'a [T],
    columns: usize,
}

/// Seconds that a multiplication and an addition take, about: less than a tenth of a nanosecond.
const PACE: f64 = 0.08e-9;

/// On as many threads as are worth it.
fn product<T: Real, L: Left<T> + Sync>(product: &Product<'_, T, L>, out: &mut [T]) {
    let columns = product.columns.max(1);
    let (range, cargo) = (0..out.len() / columns, RowsMut { numbers: out, width: columns });
    let pace = &mut Pace::of(PACE);
    let units = Units { range, grain: ROWS, numbers: product.right.len(), pace, cargo };
    let done: Result<(), (usize, Infallible)> = units.share(&mut share::crowd(), |(), rows, out| {
        some_rows(product, rows.start, out.numbers);
        Ok(())
    });
    let Ok(()) = done;
}

fn some_rows<T: Real, L: Left<T>>(product: &Product<'_, T, L>, first: usize, out: &mut [T]) {
    let most = VECTOR / size_of::<T>();
    match product.columns.min(most) {
        0 => {}
        1 => run(Tiles::<_, _, 1, 1> { product, first, out }),
        2..4 => run(Tiles::<_, _, 2, 1> { product, first, out }),
        4..8 => run(Tiles::<_, _, 4, 1> { product, first, out }),
        // Twelve accumulators of AVX-512 hide the latency of additions; fewer registers could not hold them.
        8..16 if most == 8 && width() == Width::Avx512 => run(Tiles::<_, _, 8, 3> { product, first, out }),
        8..16 => run(Tiles::<_, _, 8, 1> { product, first, out }),
        _ if width() == Width::Avx512 => run(Tiles::<_, _, 16, 3> { product, first, out }),
        _ => run(Tiles::<_, _, 16, 1> { product, first, out }),
    }
}

/// A product by tiles of C columns, or P times as many while there are enough.
struct Tiles<'a, T, L, const C: usize, const P: usize> {
    product: &'a Product<'a, T, L>,
    /// The first row of `out`.
    first: usize,
    out: &'a mut [T],
}

impl<T: Real, L: Left<T>, const C: usize, const P: usize> Kernel for Tiles<'_, T, L, C, P> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let columns = self.product.columns;
        let wide = columns - columns % (C * P);
        for column in (0..wide).step_by(C * P) {
            self.product.columns_from::<C, P>(column, self.first, self.out);
        }
        for column in (wide..columns).step_by(C) {
            self.product.columns_from::<C, 1>(column.min(columns - C), self.first, self.out);
        }
    }
}

impl<T: Real, L: Left<T>> Product<'_, T, L> {
    /// C·P columns from `column` on.
    #[inline(always)]
    fn columns_from<const C: usize, const P: usize>(&self, column: usize, first: usize, out: &mut [T]) {
        let rows = out.len() / self.columns;
        if rows < ROWS {
            for row in 0..rows {
                self.tile::<1, C, P>((first, row), column, out);
            }
        } else {
            for row in (0..rows).step_by(ROWS) {
                self.tile::<ROWS, C, P>((first, row.min(rows - ROWS)), column, out);
            }
        }
    }

    #[inline(always)]
    fn tile<const R: usize, const C: usize, const P: usize>(
        &self,
        (first, row): (usize, usize),
        column: usize,
        out: &mut [T],
    ) {
        let start: [[T; C]; P] = match self.start {
            Some(start) => panels(start, column),
            None => [[T::ZERO; C]; P],
        };
        let mut sums = [start; R];
        for (left, right) in self.left.terms::<R>(first + row).zip(self.right.chunks_exact(self.columns)) {
            let right: [[T; C]; P] = panels(right, column);
            for (sums, left) in sums.iter_mut().zip(left) {
                for (sums, right) in sums.iter_mut().zip(&right) {
                    for (sum, &right) in sums.iter_mut().zip(right) {
                        *sum += left * right;
                    }
                }
            }
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(self.columns).skip(row)) {
            out[column..][..C * P].copy_from_slice(sums.as_flattened());
        }
    }
}

/// P times C numbers of `row` from `first` on.
#[inline(always)]
fn panels<T: Real, const C: usize, const P: usize>(row: &[T], first: usize) -> [[T; C]; P] {
    let mut panels = [[T::ZERO; C]; P];
    panels.as_flattened_mut().copy_from_slice(&row[first..][..C * P]);
    panels
}

#[cfg(test)]
mod tests {
    use perturb_core::{AffineMut, AffineRef, Noise, Normal, Seed};
    use perturb_lanes::limit;

    use super::*;

    fn draw<T: Real>(seed: u64, count: usize) -> Vec<T> {
        let mut numbers = vec![T::ZERO; count];
        Normal.fill(&mut Seed(seed).stream(0), &mut numbers);
        numbers
    }

    /// Bits: f64 holds every f32, and what is computed here is never NaN.
    fn bits<T: Real>(numbers: &[T]) -> Vec<u64> {
        numbers.iter().map(|x| x.to_f64().to_bits()).collect()
    }

    fn check<T: Real>(rows: usize, features: usize, columns: usize) {
        let x: Vec<T> = draw(1, rows * features);
        let slopes: Vec<T> = draw(2, rows * columns);
        let (weights, bias): (Vec<T>, Vec<T>) = (draw(3, features * columns), draw(4, columns));
        let rate = T::from_f64(-1.0 / rows as f64);

        let mut theta = vec![T::ZERO; rows * columns];
        let (mut descended, mut intercept) = (vec![T::ZERO; features * columns], vec![T::ZERO; columns]);
        let mut left = Vec::new();
        let row_by_row = x.chunks_exact(features).zip(slopes.chunks_exact(columns));
        for ((x, slope), theta) in row_by_row.zip(theta.chunks_exact_mut(columns)) {
            AffineRef::new(&weights, &bias).unwrap().forward(x, theta);
            AffineMut::new(&mut descended, &mut intercept).unwrap().descend(x, slope, rate);
            left.extend(x.iter().chain(&[T::ONE]).map(|&x| -rate * x));
        }
        descended.extend(&intercept);

        for most in Width::ALL {
            limit(most);
            let case = format!("{} {rows} × {features} × {columns}, {}", T::NAME, most.name());
            let mut found = vec![T::ONE; rows * columns];
            scores(&weights, &bias, &x, &mut found);
            assert_eq!(bits(&found), bits(&theta), "{case}");
            let mut found = vec![T::ONE; (features + 1) * columns];
            outer_products(&left, &slopes, columns, &mut found);
            assert_eq!(bits(&found), bits(&descended), "{case}");
        }
        limit(Width::Avx512);
    }

    #[test]
    fn products_have_the_bits_of_row_after_row() {
        for columns in 1..=70 {
            for (rows, features) in [(1, 1), (33, 40), (1 + columns % 33, 1 + columns * 7 % 40)] {
                check::<f32>(rows, features, columns);
                check::<f64>(rows, features, columns);
            }
        }
        for features in 1..=40 {
            for rows in 1..=33 {
                check::<f32>(rows, features, 19);
                check::<f64>(rows, features, 10);
            }
        }
    }

    #[test]
    fn without_scores_nothing_is_written() {
        scores::<f32>(&[], &[], &[1.0, 2.0], &mut []);
        outer_products::<f32>(&[1.0, 2.0], &[], 0, &mut []);
    }
}
