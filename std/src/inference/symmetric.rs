//! Symmetric matrices, d × d, row by row: as much linear algebra as estimates need.

use std::sync::atomic::AtomicBool;

use crate::threads::stopped;

/// Pivots of a factorisation below this share of the first count as 0.
const RANK: f64 = 1e-9;

/// The inverse on the span of a positive semidefinite matrix, and the dimension of that span; `None` for a matrix that is 0 or
/// not finite, and if `stop` is set, within O(d²).
///
/// H ≈ LLᵀ by Cholesky's method, which takes the largest pivot first and ends where none is left; then
/// H⁺ = L(LᵀL)⁻¹(LᵀL)⁻¹Lᵀ. O(d³).
pub(crate) fn pseudo_inverse(matrix: &[f64], dim: usize, stop: &AtomicBool) -> Option<(Vec<f64>, usize)> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let columns = semidefinite_factor(matrix, dim, stop);
    let rank = columns.len();
    if rank == 0 {
        return None;
    }
    let factor = factor(products(&columns, stop)?, rank, stop)?;
    let solved = (0..dim).map(|row| {
        let mut x: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        solve(&factor, &mut x);
        (!stopped(stop)).then_some(x)
    });
    Some((products(&solved.collect::<Option<Vec<_>>>()?, stop)?, rank))
}

/// The inner products of all pairs, unless `stop` is set.
fn products(vectors: &[Vec<f64>], stop: &AtomicBool) -> Option<Vec<f64>> {
    let mut products = Vec::with_capacity(vectors.len() * vectors.len());
    for a in vectors {
        products.extend(vectors.iter().map(|b| dot(a, b)));
        if stopped(stop) {
            return None;
        }
    }
    Some(products)
}

/// The columns of L; some of them, if `stop` is set.
fn semidefinite_factor(matrix: &[f64], dim: usize, stop: &AtomicBool) -> Vec<Vec<f64>> {
    // What is left of H: the mean of both triangles, less the columns so far.
    let mut rest: Vec<f64> =
        (0..dim * dim).map(|at| 0.5 * (matrix[at] + matrix[at % dim * dim + at / dim])).collect();
    let mut open: Vec<usize> = (0..dim).collect();
    let (mut columns, mut first) = (Vec::new(), 0.0);
    loop {
        let diagonal = |&row: &usize| rest[row * dim + row];
        let Some(place) = (0..open.len()).max_by(|&a, &b| diagonal(&open[a]).total_cmp(&diagonal(&open[b])))
        else {
            return columns;
        };
        let pivot = diagonal(&open[place]);
        if columns.is_empty() {
            first = pivot;
        }
        if pivot <= RANK * first || pivot <= 0.0 || stopped(stop) {
            return columns;
        }
        let (row, root) = (open[place], pivot.sqrt());
        let mut column = vec![0.0; dim];
        for &i in &open {
            column[i] = rest[row * dim + i] / root;
        }
        open.swap_remove(place);
        for &i in &open {
            for &j in &open {
                rest[i * dim + j] -= column[i] * column[j];
            }
        }
        columns.push(column);
    }
}

/// The lower triangle R of a positive definite matrix RRᵀ, row by row; `None` if rounding leaves it indefinite, or `stop` is set.
fn factor(mut matrix: Vec<f64>, dim: usize, stop: &AtomicBool) -> Option<Vec<f64>> {
    for i in 0..dim {
        if stopped(stop) {
            return None;
        }
        for j in 0..=i {
            let (a, b) = (&matrix[i * dim..i * dim + j], &matrix[j * dim..j * dim + j]);
            let rest = matrix[i * dim + j] - dot(a, b);
            matrix[i * dim + j] = if i > j {
                rest / matrix[j * dim + j]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(matrix)
}

/// x becomes the solution of RRᵀ·solution = x.
fn solve(factor: &[f64], x: &mut [f64]) {
    let dim = x.len();
    for i in 0..dim {
        let row = &factor[i * dim..];
        x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
    }
    for i in (0..dim).rev() {
        let below: f64 = (i + 1..dim).map(|j| factor[j * dim + i] * x[j]).sum();
        x[i] = (x[i] - below) / factor[i * dim + i];
    }
}

/// ABA for symmetric A and B; some of its rows, if `stop` is set.
pub(crate) fn sandwich(outer: &[f64], inner: &[f64], dim: usize, stop: &AtomicBool) -> Vec<f64> {
    let rows = |matrix: &[f64], by: &[f64]| -> Vec<f64> {
        let rows = by.chunks_exact(dim).take_while(|_| !stopped(stop));
        rows.flat_map(|row| times(matrix, row)).collect()
    };
    rows(outer, &rows(inner, outer))
}

/// The product of a symmetric matrix and a vector.
pub(crate) fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(x.len()).map(|row| dot(row, x)).collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest magnitude; NaN if there is one.
pub(crate) fn largest(x: &[f64]) -> f64 {
    x.iter().map(|x| x.abs()).fold(0.0, |most, x| if x <= most || most.is_nan() { most } else { x })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::GO_ON;
    use perturb_core::{Noise, Normal, Seed};

    fn product(a: &[f64], b: &[f64], dim: usize) -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..dim).map(|m| a[i * dim + m] * b[m * dim + j]).sum();
        (0..dim * dim).map(|at| entry(at / dim, at % dim)).collect()
    }

    fn assert_close(a: &[f64], b: &[f64], most: f64) {
        let off = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(a.len() == b.len() && off <= most * largest(b).max(1e-300), "{off}");
    }

    /// Moore's and Penrose's four conditions, which have one solution, for every rank and entries of any size.
    #[test]
    fn pseudo_inverses_are_those_of_moore_and_penrose() {
        for dim in [1, 2, 3, 8, 21] {
            for rank in 1..=dim {
                for scale in [1e-150, 1.0, 1e150] {
                    let mut z = vec![0.0; rank * dim];
                    Normal.fill(&mut Seed(1).stream((dim * 100 + rank) as u64), &mut z);
                    let mut h = vec![0.0; dim * dim];
                    for z in z.chunks_exact(dim) {
                        for (at, h) in h.iter_mut().enumerate() {
                            *h += scale * z[at / dim] * z[at % dim];
                        }
                    }
                    let (inverse, found) = pseudo_inverse(&h, dim, &GO_ON).unwrap();
                    assert_eq!(found, rank, "{dim}");
                    let (left, right) = (product(&h, &inverse, dim), product(&inverse, &h, dim));
                    assert_close(&product(&left, &h, dim), &h, 1e-8);
                    assert_close(&product(&inverse, &left, dim), &inverse, 1e-8);
                    assert_close(&left, &right, 1e-8);
                    assert_close(&sandwich(&inverse, &h, dim, &GO_ON), &inverse, 1e-8);
                }
            }
        }
    }

    #[test]
    fn what_has_no_inverse_is_refused() {
        for matrix in [[0.0; 4], [-1.0, 0.0, 0.0, -1.0], [1.0, f64::NAN, 0.0, 1.0], [f64::INFINITY; 4]] {
            assert_eq!(pseudo_inverse(&matrix, 2, &GO_ON), None, "{matrix:?}");
        }
        // The span of (1, 1).
        let (inverse, rank) = pseudo_inverse(&[2.0; 4], 2, &GO_ON).unwrap();
        assert_eq!(rank, 1);
        assert_close(&inverse, &[0.125; 4], 1e-15);
        assert_eq!(pseudo_inverse(&[2.0; 4], 2, &AtomicBool::new(true)), None);
    }
}
