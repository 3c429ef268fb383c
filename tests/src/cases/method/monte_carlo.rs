//! Sampled estimates within Z = 4.5 standard errors of the closed forms, M = 640, and in one pass as in several.

use perturb_core::quantity::{Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, Vjp};
use perturb_core::{
    ClosedForm, Const, Exact, Gumbel, Laplace, Logistic, MonteCarlo, Normal, Perturbed, Ranking, Real, Seed,
    Simplex, TopK, noise::Law,
};

use crate::cases::NEAR;
use crate::layers::reals;

const M: u32 = 640;
const Z: f64 = 4.5;

/// Within Z standard errors, or where an event is too rare for a normal mean, within the bound of the empirical
/// Bernstein inequality (Maurer and Pontil 2009), (7/3)·ln(1/δ)·range/M with ln(1/δ) = Z²/2.
#[track_caller]
pub(crate) fn assert_near<T: Real>(mean: &[T], error: &[T], want: &[T], range: f64, what: &str) {
    for ((mean, error), want) in mean.iter().zip(error).zip(want) {
        let (mean, error, want) = (mean.to_f64(), error.to_f64(), want.to_f64());
        let bound = (Z * error).max(7.0 / 6.0 * Z * Z * range / f64::from(M));
        let rounding = 64.0 * T::EPSILON.to_f64() * want.abs().max(1.0);
        assert!((mean - want).abs() <= bound + rounding, "{what}: {mean} for {want}");
    }
}

/// The first formulas, with the baseline and plain.
fn against_exact<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, seed: Seed) {
    let layer = Perturbed::new(oracle, noise, T::ONE).unwrap();
    let (theta, u) = (reals::<T, 5>(NEAR), reals::<T, 5>([0.3, -1.7, 0.9, 0.1, 2.2]));
    let (value, y) = layer.value_and_maximizer(&theta, Exact).unwrap();
    let product = layer.vjp(&theta, &u, Exact).unwrap();
    for how in [MonteCarlo::new(M, seed), MonteCarlo::plain(M, seed.fold(1))] {
        let products = (Vjp { cotangent: &u }, Jvp { tangent: &u });
        let found = layer.compute_with_error(&theta, &(Value, Maximizer, products), how).unwrap();
        let (mean, error) = (found.mean, found.standard_error);
        assert_near(&[mean.0], &[error.0], &[value], 0.0, noise.name());
        assert_near(mean.1.as_ref(), error.1.as_ref(), y.as_ref(), 0.0, noise.name());
        assert_near(mean.2.0.as_ref(), error.2.0.as_ref(), product.as_ref(), 0.0, noise.name());
        assert_near(mean.2.1.as_ref(), error.2.1.as_ref(), product.as_ref(), 0.0, noise.name());
    }
}

pub(crate) fn simplex<T: Real>() {
    against_exact::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Gumbel, Seed(340));
    against_exact::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Normal, Seed(341));
}
pub(crate) fn top_k<T: Real>() {
    against_exact::<T, _, _>(TopK::new(Const::<5>, 2).unwrap(), Logistic, Seed(342));
}
pub(crate) fn ranking<T: Real>() {
    against_exact::<T, _, _>(Ranking::ascending(Const::<5>).unwrap(), Laplace, Seed(343));
    against_exact::<T, _, _>(Ranking::ascending(Const::<5>).unwrap(), Normal, Seed(344));
}

/// A tuple of estimators has the bits of separate passes.
pub(crate) fn one_pass<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>).unwrap(), Gumbel, T::HALF).unwrap();
    let (theta, u) = (reals::<T, 5>(NEAR), reals::<T, 5>([0.3, -1.7, 0.9, 0.1, 2.2]));
    for how in [MonteCarlo::new(1, Seed(36)), MonteCarlo::new(70, Seed(36)), MonteCarlo::plain(64, Seed(36))]
    {
        let rest = ((Vjp { cotangent: &u }, Jvp { tangent: &u }), MaximizerByScore, JacobianByCurvature);
        let (a, b) = layer.compute(&theta, &((Value, Maximizer, Jacobian), rest), how).unwrap();
        assert_eq!((a.0, a.1), layer.value_and_maximizer(&theta, how).unwrap());
        assert_eq!(a.2, layer.jacobian(&theta, how).unwrap());
        assert_eq!(b.0.0, layer.vjp(&theta, &u, how).unwrap());
        assert_eq!(b.0.1, layer.jvp(&theta, &u, how).unwrap());
        assert_eq!(b.1, layer.compute(&theta, &MaximizerByScore, how).unwrap());
        assert_eq!(b.2, layer.compute(&theta, &JacobianByCurvature, how).unwrap());
    }
}

/// The mean over samples is what the samples are, and shares of outcomes are the same means.
pub(crate) fn samples<T: Real>() {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, T::HALF).unwrap();
    let theta = reals::<T, 5>(NEAR);
    let mut counts = [T::ZERO; 5];
    for index in 0..64 {
        let y = layer.sample(&theta, Seed(37), index).unwrap();
        counts.iter_mut().zip(y).for_each(|(count, y)| *count += y);
    }
    let mean = layer.maximizer(&theta, MonteCarlo::new(64, Seed(37))).unwrap();
    assert_eq!(counts.map(|count| count / T::from_f64(64.0)), mean);
    let outcomes = layer.distribution::<5>(&theta, 64, Seed(37)).unwrap();
    for (decision, share) in &outcomes {
        let class = decision.iter().position(|&y| y == T::ONE).unwrap();
        assert_eq!(*share, mean[class]);
    }
    assert!(outcomes.is_sorted_by(|a, b| a.1 >= b.1));
}
