//! Any loss through the maximizer against finite differences.

use perturb::loss::composed;
use perturb::{Const, Error, Exact, Normal, Perturbed, Ranking, Simplex};
use perturb_tests::naive::dot;
use perturb_tests::statistics::slope;

use crate::scores::THETA;

/// Any loss through the maximizer: the gradient of ln(1 + ‖y_ε‖²) against differences.
#[test]
fn composed_losses_have_their_gradients() {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>).unwrap(), Normal, 0.8).unwrap();
    let loss = |y: &[f64], g: &mut [f64]| {
        let square = dot(y, y);
        g.iter_mut().zip(y).for_each(|(g, y)| *g = 2.0 * y / (1.0 + square));
        (1.0 + square).ln()
    };
    let found = composed(&layer, &THETA, Exact, Exact, loss).unwrap();
    for i in 0..5 {
        let at = |x: f64| {
            let mut theta = THETA;
            theta[i] = x;
            composed(&layer, &theta, Exact, Exact, loss).unwrap().loss
        };
        assert!((slope(THETA[i], 1e-3, at) - found.gradient[i]).abs() < 1e-9);
    }
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
    let theta = [0.0, 1.0];
    let infinite = composed(&layer, &theta, Exact, Exact, |_, _| f64::INFINITY).unwrap_err();
    assert_eq!(infinite, Error::Overflow { quantity: "the loss" });
}
