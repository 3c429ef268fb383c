//! One solve with the checks that every oracle must pass.

use perturb_core::{Oracle, Real, Shape};

/// Writes y*(θ) and returns F(θ), after checks that the value is ⟨y, θ⟩, that the work is reusable and that y is known
/// as a vertex.
///
/// # Panics
/// If one of these fails.
#[track_caller]
pub fn solve_into<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], y: &mut [f64]) -> f64 {
    let shape = oracle.shape();
    let (mut scores, mut found) = (shape.array(T::ZERO), shape.array(T::from_f64(f64::NAN)));
    for (score, &theta) in scores.as_mut().iter_mut().zip(theta) {
        *score = T::from_f64(theta);
    }
    let (scores, mut work) = (scores.as_ref(), oracle.work());
    let value = oracle.solve(scores, found.as_mut(), &mut work).unwrap();
    let product = found.as_ref().iter().zip(scores).fold(T::ZERO, |sum, (&y, &theta)| sum + y * theta);
    assert_eq!(value, product, "{} in {}", oracle.properties().name, T::NAME);
    let mut again = found.clone();
    assert_eq!(oracle.solve(scores, again.as_mut(), &mut work).unwrap(), value);
    assert_eq!(again.as_ref(), found.as_ref());
    assert!(
        oracle.locate(found.as_ref(), Some(&mut work)).is_vertex(),
        "{} does not know its vertex",
        oracle.properties().name
    );
    for (y, found) in y.iter_mut().zip(found.as_ref()) {
        *y = found.to_f64();
    }
    value.to_f64()
}

/// [`solve_into`] with a vector of its own.
///
/// # Panics
/// As it does.
#[cfg(feature = "std")]
#[track_caller]
pub fn solve<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64]) -> (std::vec::Vec<f64>, f64) {
    let mut y = std::vec![0.0; theta.len()];
    let value = solve_into::<T, O>(oracle, theta, &mut y);
    (y, value)
}
