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

/// The same direction at every scale and far from 0, and gradients that fall as the scale grows.
#[test]
fn scores_are_standardized_at_every_scale() {
    let oracle = Simplex::new(Const::<3>).unwrap();
    // θ − mean θ = (−10, 14, −4)/3
    let norm = 312f64.sqrt();
    let want = [-10.0, 14.0, -4.0].map(|x| x / norm);
    for scale in [1e-38, 1e-23, 1e-4, 1.0, 1e8, 1e19, 1e20, 3e37] {
        let theta = [1.0, 9.0, 3.0].map(|x: f64| (x * scale) as f32);
        let p = Projection::Standardize.project(&oracle, &theta).unwrap();
        for (&p, want) in p.iter().zip(want) {
            assert!((f64::from(p) - want).abs() < 1e-6, "{scale:e}: {p} for {want}");
        }
        let found = Projection::Standardize.gradient(&oracle, &theta, &[1.0, 0.0, 0.0]);
        let Ok(found) = found else {
            assert!(scale < 1e-37, "{scale:e}: {found:?}");
            continue;
        };
        for (found, (centred, p)) in found.iter().zip([2.0, -1.0, -1.0].into_iter().zip(want)) {
            let want = (centred / 3.0 - p * want[0]) / (norm / 3.0);
            let off = f64::from(*found) * scale - want;
            assert!(off.abs() < 2e-6 || f64::from(*found).abs() < 1e-37, "{scale:e}: {found} for {want}");
        }
    }
    let p = Projection::Standardize.project(&oracle, &[1e8f32, 1e8 + 8.0, 1e8]).unwrap();
    for (&p, want) in p.iter().zip([-1.0, 2.0, -1.0].map(|x| x / 6f64.sqrt())) {
        assert!((f64::from(p) - want).abs() < 1e-6, "{p} for {want}");
    }
    let p = Projection::Standardize.project(&oracle, &[3e38f32, -3e38, 0.0]).unwrap();
    assert!((p[0] - 0.5f32.sqrt()).abs() < 1e-6 && (p[1] + p[0]).abs() < 1e-6, "{p:?}");
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
