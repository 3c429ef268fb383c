//! Whether estimates agree with the exact answer.

/// The most standard errors by which estimates may miss.
pub const STANDARD_ERRORS: f64 = 5.0;
/// Fewer rows than this have no standard error to go by.
pub const LEAST_ROWS: usize = 8;

/// By how many standard errors the means of several independent estimates miss `exact` more than they should.
///
/// For each entry with mean error D and variance V between R estimates, E(RD² − V) = 0 if the estimates are unbiased. Sums
/// of this over the entries of a row are independent from row to row, so that their mean over rows has a standard error;
/// a bias in any entry of any row makes it larger.
pub fn miss(exact: &[f64], estimates: &[Vec<f32>], dim: usize) -> f64 {
    let count = estimates.len() as f64;
    let excess: Vec<f64> = (0..exact.len() / dim)
        .map(|row| {
            let entry = |i: usize| {
                let errors = || estimates.iter().map(move |y| f64::from(y[i]) - exact[i]);
                let mean = errors().sum::<f64>() / count;
                let variance = errors().map(|error| (error - mean).powi(2)).sum::<f64>() / (count - 1.0);
                count * mean * mean - variance
            };
            (row * dim..(row + 1) * dim).map(entry).sum()
        })
        .collect();
    let rows = excess.len() as f64;
    let mean = excess.iter().sum::<f64>() / rows;
    let variance = excess.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (rows - 1.0);
    mean / (variance / rows).sqrt()
}

/// Asserts that several independent estimates of rows with `dim` entries are those of `exact`.
///
/// # Panics
/// If their means miss it by more than [`STANDARD_ERRORS`]. There must be [`LEAST_ROWS`].
pub fn assert_agreement(what: &str, exact: &[f64], estimates: &[Vec<f32>], dim: usize) {
    let miss = miss(exact, estimates, dim);
    assert!(miss.abs() < STANDARD_ERRORS, "{what}: {miss:.1} standard errors from the exact answer");
}

/// Asserts that f32 and f64 give the same.
///
/// # Panics
/// If a number is further from its like than 10⁻⁴ of the largest.
pub fn assert_equality(what: &str, exact: &[f64], found: &[f32]) {
    let size = exact.iter().fold(0.0f64, |size, y| size.max(y.abs()));
    for (exact, &found) in exact.iter().zip(found) {
        assert!((exact - f64::from(found)).abs() <= 1e-4 * size, "{what}: {found} is not {exact}");
    }
}

#[cfg(test)]
mod tests {
    use perturb::Seed;

    use super::*;
    use crate::data::normals;

    /// A bias of one standard error of the mean in every entry, and of five in a tenth of them.
    #[test]
    fn bias_is_seen() {
        let (exact, dim) = (vec![0.0; 3200], 100);
        let estimates = |bias: fn(usize) -> f32| -> Vec<Vec<f32>> {
            let estimate =
                |seed| normals(Seed(seed), 3200).iter().enumerate().map(|(i, z)| z + bias(i) / 4.0).collect();
            (0..16).map(estimate).collect()
        };
        assert!(miss(&exact, &estimates(|_| 0.0), dim).abs() < 3.0);
        assert!(miss(&exact, &estimates(|_| 1.0), dim) > 2.0 * STANDARD_ERRORS);
        assert!(miss(&exact, &estimates(|i| if i % 10 == 0 { 5.0 } else { 0.0 }), dim) > STANDARD_ERRORS);
    }
}
