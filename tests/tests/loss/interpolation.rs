//! The gradient by interpolation against finite differences of its function.

use perturb::loss::interpolation_gradient;
use perturb::{Const, Error, Oracle, Ranking, Simplex};
use perturb_tests::naive::dot;
use perturb_tests::statistics::slope;
use proptest::prelude::*;

use crate::scores::{config, quarters};

proptest! {
    #![proptest_config(config())]

    /// The gradient is the slope of f_λ(θ) = ⟨g, y*(θ)⟩ + ⟨θ, y*(θ) − y_λ(θ)⟩/λ inside its pieces, and f_λ is continuous
    /// where the decision jumps: along a segment, its change is the integral of its slope.
    #[test]
    fn interpolation_has_the_slope_of_its_function(theta in quarters(4), g in quarters(4), lambda in 1u8..8) {
        let oracle = Ranking::<f64, _>::ascending(Const::<4>).unwrap();
        let lambda = f64::from(lambda) / 4.0;
        // Off the ties.
        let theta: Vec<f64> = theta.iter().zip([0.01, 0.023, 0.031, 0.047]).map(|(a, b)| a + b).collect();
        let solve = |theta: &[f64]| {
            let mut y = [0.0; 4];
            oracle.solve(theta, &mut y, &mut oracle.work()).unwrap();
            y
        };
        let f = |theta: &[f64]| {
            let moved: Vec<f64> = theta.iter().zip(&g).map(|(a, g)| a - lambda * g).collect();
            let (y, other) = (solve(theta), solve(&moved));
            dot(&y, &g) + (dot(&y, theta) - dot(&other, theta)) / lambda
        };
        let gradient = interpolation_gradient(&oracle, &theta, &g, lambda).unwrap();
        for i in 0..4 {
            let at = |x: f64| {
                let mut theta = theta.clone();
                theta[i] = x;
                f(&theta)
            };
            prop_assert!((slope(theta[i], 1e-6, at) - gradient[i]).abs() < 1e-6);
            // Continuity: no step of 1e-9 changes it by more than its Lipschitz constant allows.
            for k in 0..200 {
                let x = theta[i] - 1.0 + f64::from(k) / 100.0;
                prop_assert!((at(x + 1e-9) - at(x)).abs() < 1e-7);
            }
        }
    }
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let (theta, g) = ([0.0, 1.0], [1.0, 0.0]);
    let lambda = Error::NotPositive { parameter: "lambda" };
    assert_eq!(interpolation_gradient(&oracle, &theta, &g, 0.0).unwrap_err(), lambda);
    let nan = Error::NotFinite { parameter: "cotangent", index: 1 };
    assert_eq!(interpolation_gradient(&oracle, &theta, &[0.0, f64::NAN], 1.0).unwrap_err(), nan);
}
