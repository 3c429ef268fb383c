//! Projections, and their gradients against finite differences.

use perturb::loss::Projection;
use perturb::{Const, Error, Simplex};
use perturb_tests::naive::dot;
use perturb_tests::statistics::slope;
use proptest::prelude::*;

use crate::scores::{config, quarters};

proptest! {
    #![proptest_config(config())]

    /// The gradient of a projection is its transposed Jacobian: differences in every direction.
    #[test]
    fn projections_have_their_gradients(theta in quarters(4), g in quarters(4), v in quarters(4)) {
        let oracle = Simplex::new(Const::<4>).unwrap();
        // Equal scores have no direction.
        prop_assume!(theta.iter().any(|x| *x != theta[0]));
        for projection in [Projection::None, Projection::Mean, Projection::Standardize] {
            let gradient = projection.gradient(&oracle, &theta, &g).unwrap();
            let at = |h: f64| {
                let moved: Vec<f64> = theta.iter().zip(&v).map(|(a, v)| a + h * v).collect();
                dot(&projection.project(&oracle, &moved).unwrap(), &g)
            };
            let found = slope(0.0, 1e-4, at);
            prop_assert!((found - dot(&gradient, &v)).abs() < 1e-7, "{projection:?}");
        }
    }
}

#[test]
fn equal_scores_are_projected_to_zero() {
    let oracle = Simplex::new(Const::<3>).unwrap();
    assert_eq!(Projection::Standardize.project(&oracle, &[2.0f32; 3]).unwrap(), [0.0; 3]);
    assert_eq!(Projection::Standardize.gradient(&oracle, &[2.0f32; 3], &[1.0, 0.0, 2.0]).unwrap(), [0.0; 3]);
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let theta = [0.0, 1.0];
    let nan = Error::NotFinite { parameter: "cotangent", index: 1 };
    assert_eq!(Projection::Mean.gradient(&oracle, &theta, &[0.0, f64::NAN]).unwrap_err(), nan);
}
