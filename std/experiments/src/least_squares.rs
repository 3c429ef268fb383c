//! Plain least squares.

use nalgebra::DMatrix;

/// Singular values below this share of the largest are 0.
const RANK: f64 = 1e-10;

/// The W of the least ‖xW − y‖²; of several, the smallest.
pub(super) fn solve(x: DMatrix<f64>, y: &DMatrix<f64>) -> DMatrix<f64> {
    let zero = DMatrix::zeros(x.ncols(), y.ncols());
    let svd = x.svd(true, true);
    let least = RANK * svd.singular_values.max();
    // Both factors are there.
    svd.solve(y, least).unwrap_or(zero)
}
