//! One solve with the checks that every oracle must pass.

use std::vec;
use std::vec::Vec;

use perturb_core::{Oracle, Real};

use crate::{reals, widened};

/// y*(θ) and F(θ), after checks that the value is ⟨y, θ⟩, that the work is reusable and that y is known as a vertex.
///
/// # Panics
/// If one of these fails.
#[track_caller]
pub fn solve<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64]) -> (Vec<f64>, f64) {
    let theta = reals::<T>(theta);
    let mut work = oracle.work();
    let mut y = vec![T::from_f64(f64::NAN); theta.len()];
    let value = oracle.solve(&theta, &mut y, &mut work);
    let product = y.iter().zip(&theta).fold(T::ZERO, |sum, (&y, &theta)| sum + y * theta);
    assert_eq!(value, product, "{} in {}", O::NAME, T::NAME);
    let mut again = y.clone();
    assert_eq!(oracle.solve(&theta, &mut again, &mut work), value);
    assert_eq!(again, y);
    assert!(oracle.is_vertex(&y, &mut work), "{} does not know its vertex {y:?}", O::NAME);
    (widened(&y), value.to_f64())
}
