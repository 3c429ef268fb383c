//! Sampled estimates within Z = 4.5 standard errors of the closed forms, M = 640, and in one pass as in several.

use perturb_core::quantity::{
    FenchelYoungWithoutOmega, Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, Vjp,
};
use perturb_core::{
    BlackBox, ClosedForm, Const, Error, Exact, Gumbel, Laplace, Logistic, MonteCarlo, Normal, Oracle,
    Perturbed, Ranking, Real, Seed, Simplex, Single, TopK, noise::Law,
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

/// One sample by its type has the bits of a mean over one, the sign of zero and errors included.
fn one_sample<T: Real>(oracle: impl Oracle<T, Shape = Const<5>>, u: [T; 5], target: [T; 5]) -> Option<Error> {
    let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
    let theta = reals::<T, 5>(NEAR);
    let bits = |x: Result<[T; 5], Error>| x.map(|x| x.map(|x| x.to_f64().to_bits()));
    let mut error = None;
    for seed in (0..20).map(Seed) {
        let (one, mean) = (Single(seed), MonteCarlo::plain(1, seed));
        assert_eq!(bits(layer.maximizer(&theta, one)), bits(layer.maximizer(&theta, mean)));
        assert_eq!(bits(layer.vjp(&theta, &u, one)), bits(layer.vjp(&theta, &u, mean)));
        let gradient = layer.fenchel_young_gradient(&theta, &target, one);
        assert_eq!(bits(gradient), bits(layer.fenchel_young_gradient(&theta, &target, mean)));
        let rest = (Value, Jacobian, FenchelYoungWithoutOmega { target: &target });
        assert_eq!(layer.compute(&theta, &rest, one), layer.compute(&theta, &rest, mean));
        error = gradient.err();
    }
    error
}

pub(crate) fn single<T: Real>() {
    let u = reals([0.3, -1.7, 0.0, 0.1, 2.2]);
    let other = reals::<T, 5>([0.5, -0.0, 3.0, 1e6, -2.0]);
    assert_eq!(one_sample::<T>(Simplex::new(Const).unwrap(), u, reals([0.25, 0.5, 0.0, 0.0, 0.25])), None);
    assert_eq!(
        one_sample::<T>(Ranking::ascending(Const).unwrap(), u, reals([2.0, 4.5, 1.0, 4.5, 3.0])),
        None
    );
    assert_eq!(one_sample::<T>(Ranking::new(Const, &other).unwrap(), u, other), None);
    let zeros = |theta: &[T], y: &mut [T]| {
        y.iter_mut().zip(theta).for_each(|(y, &theta)| *y = T::ZERO * theta);
    };
    assert_eq!(one_sample::<T>(BlackBox::new(Const, zeros).unwrap(), u, u), None);
    // A difference beyond the number type.
    let largest = T::from_f64(if T::NAME == "f64" { f64::MAX } else { f64::from(f32::MAX) });
    let far = |_: &[T], y: &mut [T]| {
        y.fill(T::ZERO);
        y[0] = largest / T::from_f64(64.0);
    };
    let u = [-largest, T::ZERO, T::ZERO, T::ZERO, T::ZERO];
    let found = one_sample::<T>(BlackBox::new(Const, far).unwrap(), u, u);
    assert_eq!(found, Some(Error::Overflow { quantity: "the gradient" }));
}
