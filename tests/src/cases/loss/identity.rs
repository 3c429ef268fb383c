//! The identity as a gradient, and what projects it.

use perturb_core::loss::Projection;
use perturb_core::{Const, Real, Simplex};

use crate::cases::{close, rounding};
use crate::layers::reals;

/// Projected scores have mean 0 and norm 1, their gradients are orthogonal to both; equal scores are projected to 0.
pub(crate) fn projections<T: Real>() {
    let oracle = Simplex::new(Const::<4>).unwrap();
    let (theta, g) = (reals::<T, 4>([0.5, -1.0, 0.25, 2.0]), reals::<T, 4>([1.0, 0.5, -2.0, 0.25]));
    let sum = |x: &[T; 4]| x.iter().copied().sum::<T>();
    let inner = |a: &[T; 4], b: &[T; 4]| a.iter().zip(b).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
    let mean = Projection::Mean.project(&oracle, &theta).unwrap();
    close(sum(&mean), 0.0, rounding::<T>(16.0), "mean");
    let unit = Projection::Standardize.project(&oracle, &theta).unwrap();
    close(inner(&unit, &unit), 1.0, rounding::<T>(16.0), "norm");
    let gradient = Projection::Standardize.gradient(&oracle, &theta, &g).unwrap();
    close(sum(&gradient), 0.0, rounding::<T>(32.0), "sum of the gradient");
    close(inner(&gradient, &unit), 0.0, rounding::<T>(32.0), "gradient along the scores");
    assert_eq!(Projection::None.gradient(&oracle, &theta, &g).unwrap(), g);
    assert_eq!(Projection::Standardize.project(&oracle, &[T::TWO; 4]).unwrap(), [T::ZERO; 4]);
}
