//! Plain least squares, the baseline beside the trained losses.

use nalgebra::DMatrix;
use perturb::data::Dataset;
use perturb::train::{LinearModel, Standardization};

use crate::least_squares;

/// The affine model of the least ‖θ − y‖² over all rows; of several, the one of the least weights on standardised features.
pub(super) fn fit(data: &Dataset<f32>) -> LinearModel<f32> {
    let (rows, features, labels) = (data.len(), data.features(), data.labels());
    let standardization = Standardization::of(data, true);
    let mut standardized = vec![0.0f32; features];
    let mut all = Vec::with_capacity(rows * features);
    for row in 0..rows {
        standardization.apply(data.x(row), &mut standardized);
        all.extend(standardized.iter().map(|&x| f64::from(x)));
    }
    let x = DMatrix::from_row_iterator(rows, features, all);
    let y = DMatrix::from_row_iterator(
        rows,
        labels,
        (0..rows).flat_map(|row| data.y(row)).map(|&y| f64::from(y)),
    );
    // Standardised features are centred, but for rounding: the intercept is the mean of y.
    let mean = y.row_mean();
    let weights = least_squares::solve(x, &y);
    let columns = weights.row_iter().flat_map(|row| row.iter().map(|&w| w as f32).collect::<Vec<_>>());
    let model =
        LinearModel::from_parts(features, columns.collect(), mean.iter().map(|&b| b as f32).collect());
    standardization.fold_into(model.unwrap_or_else(|| LinearModel::zeros(features, labels)))
}

#[cfg(test)]
mod tests {
    use perturb::data::numbered;

    use super::*;

    /// y is affine in the first feature; the second is the first again, the third is constant.
    #[test]
    fn affine_decisions_are_found() {
        let x = [0.0f32, 1.0, 0.5, 1.0, 0.0, 0.25];
        let features = x.iter().flat_map(|&x| [x, x, 7.0]).collect();
        let y = x.iter().flat_map(|&x| if x < 0.4 { [1.0, 2.0] } else { [2.0, 1.0] }).collect();
        let data = Dataset::new("affine", numbered("x", 3), numbered("y", 2), features, y).unwrap();
        let model = fit(&data);
        // The least squares on the one feature, by hand: mean of x 11/24, of y 3/2.
        let mean = 11.0 / 24.0;
        let cut = |x: f32| if x < 0.4 { -0.5 } else { 0.5 };
        let (mut product, mut square) = (0.0, 0.0);
        for x in x {
            product += (f64::from(x) - mean) * cut(x);
            square += (f64::from(x) - mean) * (f64::from(x) - mean);
        }
        let slope = product / square;
        let mut theta = [0.0; 2];
        for x in x {
            model.score(&[x, x, 7.0], &mut theta);
            let want = 1.5 + slope * (f64::from(x) - mean);
            assert!((f64::from(theta[0]) - want).abs() < 1e-5, "{theta:?} {want}");
            assert!((f64::from(theta[0] + theta[1]) - 3.0).abs() < 1e-5);
        }
    }
}
