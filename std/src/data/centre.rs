//! Features around a centre: where a number type cannot tell their values apart as they are.

use perturb_core::Real;

/// How many of their standard deviations features may lie from 0 before they are centred. Up to there, rounding to f32 moves a
/// feature by at most 2⁻¹⁴ of its deviation.
const FAR: f64 = 1024.0;

/// The centre of a feature with these values, to be subtracted before they are rounded to `T`: 0, or where it is far their mean,
/// to within a standard deviation and with few digits, so that differences from it are exact.
pub(super) fn of<T: Real>(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let mean = values.clone().map(|x| x / count).sum::<f64>();
    let deviation = values.map(|x| (x - mean) * (x - mean) / count).sum::<f64>().sqrt();
    // What is coarse is coarse by the digits of the type; f64 has 29 more.
    let far = FAR * f64::from(f32::EPSILON) / T::EPSILON.to_f64();
    if deviation > 0.0 && mean.abs() > far * deviation {
        // The power of two below the deviation.
        let unit = f64::from_bits(deviation.to_bits() & f64::INFINITY.to_bits());
        if unit > 0.0 { (mean / unit).round() * unit } else { mean }
    } else {
        0.0
    }
}

/// The centres of all features, from rows of `features` numbers.
pub(super) fn of_rows<T: Real>(numbers: &[f64], features: usize) -> Vec<f64> {
    (0..features).map(|j| of::<T>(numbers.iter().skip(j).step_by(features.max(1)).copied())).collect()
}

/// Rows of numbers minus their centres, one a feature, as `T`.
pub(super) fn subtract<T: Real>(numbers: &[f64], centres: &[f64]) -> Vec<T> {
    numbers.iter().zip(centres.iter().cycle()).map(|(x, centre)| T::from_f64(x - centre)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_far_features_are_centred() {
        let around = |offset: f64| (0..=100).map(move |x| f64::from(x) + offset);
        assert_eq!(of::<f32>(around(0.0)), 0.0);
        assert_eq!(of::<f32>(around(2000.0)), 0.0);
        assert_eq!(of::<f32>(around(1e6)), 1e6 + 48.0);
        assert_eq!(of::<f32>(around(-1.7e9)), 48.0 - 1.7e9);
        assert_eq!(of::<f64>(around(1.7e9)), 0.0);
        // A constant has nothing to tell apart.
        assert_eq!(of::<f32>([1e9; 5].into_iter()), 0.0);
    }

    #[test]
    fn what_is_subtracted_keeps_its_digits() {
        let numbers = [1.7e9 + 1.0, 5.0, 1.7e9 + 2.0, 7.0];
        let centres = of_rows::<f32>(&numbers, 2);
        assert_eq!(centres, [1.7e9 + 1.5, 0.0]);
        assert_eq!(subtract::<f32>(&numbers, &centres), [-0.5, 5.0, 0.5, 7.0]);
    }
}
