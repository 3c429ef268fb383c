//! Variance reduction changes no expectation, and says what it cannot do.

use perturb_core::quantity::{Jacobian, Maximizer, MaximizerByScore, Vjp};
use perturb_core::{
    Const, Error, Exact, Gumbel, MonteCarlo, Perturbed, Ranking, Real, Seed,
    method::{Control, Draws, Variance},
};

use super::monte_carlo::assert_near;
use crate::cases::NEAR;
use crate::layers::reals;

fn layer<T: Real>() -> Perturbed<Ranking<T, Const<5>>, Gumbel, T> {
    Perturbed::new(Ranking::ascending(Const).unwrap(), Gumbel, T::ONE).unwrap()
}

/// Every combination of control and draws against the closed form: M = 1280 in 20 to 1280 units, for which
/// Student's t is allowed half as much again, 6.75 standard errors. Seed 350.
pub(crate) fn combinations<T: Real>() {
    let (layer, theta, u) = (layer::<T>(), reals::<T, 5>(NEAR), reals::<T, 5>([0.3, -1.7, 0.9, 0.1, 2.2]));
    let y = layer.maximizer(&theta, Exact).unwrap();
    let product = layer.vjp(&theta, &u, Exact).unwrap();
    for control in [Control::None, Control::Baseline, Control::LeaveOneOut] {
        for draws in [Draws::Independent, Draws::Antithetic, Draws::QuasiRandom] {
            let how = MonteCarlo { samples: 1280, seed: Seed(350), variance: Variance { control, draws } };
            let estimators = (Maximizer, MaximizerByScore, Vjp { cotangent: &u });
            let found = layer.compute_with_error(&theta, &estimators, how).unwrap();
            let wider = |error: [T; 5]| error.map(|error| T::from_f64(1.5) * error);
            let ((a, b, c), (e, f, g)) = (found.mean, found.standard_error);
            assert_near(&a, &wider(e), &y, 0.0, "maximizer");
            assert_near(&b, &wider(f), &y, 0.0, "by score");
            assert_near(&c, &wider(g), &product, 0.0, "vjp");
            // The mean has the bits of the estimate without errors.
            assert_eq!(layer.compute(&theta, &Maximizer, how).unwrap(), a);
        }
    }
}

/// The baseline lowers the variance of the Jacobian here: ten estimates of 64 samples each, seed 351.
pub(crate) fn baseline_helps<T: Real>() {
    let (layer, theta) = (layer::<T>(), reals::<T, 5>([-0.6, 1.9, -0.2, 1.1, -1.0]));
    let exact = layer.jacobian(&theta, Exact).unwrap();
    let spread = |how: fn(u32, Seed) -> MonteCarlo| -> f64 {
        let squares = (0..10).map(|replicate| {
            let found = layer.compute(&theta, &Jacobian, how(64, Seed(351).fold(replicate))).unwrap();
            let pairs = found.as_ref().iter().zip(exact.as_ref());
            pairs.map(|(&a, &b)| (a - b).to_f64() * (a - b).to_f64()).sum::<f64>()
        });
        squares.sum()
    };
    assert!(2.0 * spread(MonteCarlo::new) < spread(MonteCarlo::plain));
}

/// Fewer than two units have no standard error, and say how many samples would.
pub(crate) fn too_few<T: Real>() {
    let (layer, theta) = (layer::<T>(), reals::<T, 5>(NEAR));
    for (how, least) in [
        (MonteCarlo::new(1, Seed(0)), 2),
        (MonteCarlo::new(3, Seed(0)).antithetic(), 4),
        (MonteCarlo::new(127, Seed(0)).quasi_random(), 128),
        (MonteCarlo::new(100, Seed(0)).leave_one_out(), 128),
    ] {
        let found = how.samples as usize;
        let error = Error::OutOfRange { parameter: "samples", least, greatest: u32::MAX as usize, found };
        assert_eq!(layer.compute_with_error(&theta, &Maximizer, how).err(), Some(error));
    }
}
