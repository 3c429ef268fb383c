//! Multiplicative noise: its reference values, its limits, and its additive twin.

use perturb::{
    Const, Dyn, Error, GridPath, Hypercube, MonteCarlo, Multiplicative, Normal, Perturbed, Real, Rect, Seed,
    Shape, Simplex,
    oracle::{NegativeCost, Neighbours},
};
use perturb_tests::reals;
use perturb_tests::statistics::Mean;

/// InferOpt's point: θ = (3, 5, 4, 2), ε = 1, by quadrature.
const THETA: [f64; 4] = [3.0, 5.0, 4.0, 2.0];
const MAXIMIZER: [f64; 4] = [0.200_217_646_94, 0.394_632_097_113, 0.297_148_098_123, 0.108_002_157_824];
const DIAGONAL: [f64; 4] =
    [0.075_002_654_037_4, 0.061_552_468_014_9, 0.069_099_384_100_7, 0.075_426_667_198_4];

/// 100 estimates of 2000 samples, M = 2·10⁵ in all, seeds 120 and 121; their spread is the standard error, Z = 4.5.
fn reference<T: Real>(shape: impl Shape, seed: Seed) {
    let layer = Multiplicative::new(Simplex::new(shape).unwrap(), T::ONE).unwrap();
    let theta = reals::<T>(&THETA);
    let mut found = vec![Vec::new(); 12];
    for replicate in 0..100 {
        let how = MonteCarlo::new(2000, seed.fold(replicate));
        let y = layer.maximizer(&theta, how).unwrap();
        let jacobian = layer.jacobian(&theta, how).unwrap();
        let product = layer.vjp(&theta, &reals::<T>(&[1.0, 0.0, 0.0, 0.0]), how).unwrap();
        for i in 0..4 {
            found[i].push(y.as_ref()[i].to_f64());
            found[4 + i].push(jacobian.as_ref()[5 * i].to_f64());
            // Jᵀe₀ is row 0.
            found[8 + i].push(product.as_ref()[i].to_f64() - jacobian.as_ref()[i].to_f64());
        }
    }
    let zeros = [0.0; 4];
    let wanted = MAXIMIZER.iter().chain(&DIAGONAL).chain(&zeros);
    for (i, (found, &want)) in found.into_iter().zip(wanted).enumerate() {
        Mean::of(found).assert_near(want, 0.0, T::EPSILON.to_f64(), format_args!("entry {i} in {}", T::NAME));
    }
}

#[test]
fn the_reference_is_met() {
    reference::<f64>(Const::<4>, Seed(120));
    reference::<f64>(Dyn(4), Seed(120));
    reference::<f32>(Const::<4>, Seed(121));
    reference::<f32>(Dyn(4), Seed(121));
}

/// For argmax of positive scores it is the additive layer at log θ: the same decisions under the same noise, but for
/// ties within rounding.
#[test]
fn the_twin_is_additive_in_the_logarithm() {
    let layer = Multiplicative::new(Simplex::new(Const::<4>).unwrap(), 0.7).unwrap();
    let twin = Perturbed::new(Simplex::new(Const::<4>).unwrap(), Normal, 0.7).unwrap();
    let how = MonteCarlo::new(5000, Seed(122));
    let logarithms = THETA.map(f64::ln);
    assert_eq!(layer.maximizer(&THETA, how).unwrap(), twin.maximizer(&logarithms, how).unwrap());
    // The chain rule: J = J_twin·diag(1/θ).
    let (own, other) = (layer.jacobian(&THETA, how).unwrap(), twin.jacobian(&logarithms, how).unwrap());
    for (i, (a, b)) in own.as_ref().iter().zip(other.as_ref()).enumerate() {
        assert!((a - b / THETA[i % 4]).abs() < 1e-12);
    }
    for index in 0..100 {
        assert_eq!(layer.sample(&THETA, Seed(3), index), twin.sample(&logarithms, Seed(3), index));
    }
}

/// Zeros stay zeros, their columns are 0, and nothing is 0/0.
#[test]
fn zeros_stay_zeros() {
    let layer = Multiplicative::new(Hypercube::binary(Const::<3>).unwrap(), 2.0f32).unwrap();
    let theta = [0.0, 1.0, -1.0];
    let how = MonteCarlo::plain(100, Seed(4));
    assert_eq!(layer.maximizer(&theta, how).unwrap(), [0.0, 1.0, 0.0]);
    let jacobian = layer.jacobian(&theta, how).unwrap();
    assert!(jacobian.as_ref().iter().all(|x| x.is_finite()));
    assert!(jacobian.as_ref().iter().step_by(3).all(|&x| x == 0.0));
    assert_eq!(layer.vjp(&[0.0; 3], &[1.0; 3], how).unwrap(), [0.0; 3]);
}

/// F is positively homogeneous (exactly so for powers of two), its loss nonnegative and 0 at θ = 0, and its gradient
/// that of the value between kinks.
#[test]
fn the_value_is_homogeneous() {
    let layer = Multiplicative::new(Simplex::new(Const::<4>).unwrap(), 1.0).unwrap();
    let how = MonteCarlo::new(300, Seed(5));
    let (value, gradient) = layer.value_and_gradient(&THETA, how).unwrap();
    assert_eq!(layer.value_and_gradient(&THETA.map(|x| 4.0 * x), how).unwrap(), (4.0 * value, gradient));
    let target = [0.0, 0.0, 0.0, 1.0];
    let found = layer.fenchel_young(&THETA, &target, how).unwrap();
    assert!(found.loss > 0.0);
    assert_eq!(layer.fenchel_young(&[0.0; 4], &target, how).unwrap().loss, 0.0);
    for i in 0..4 {
        let at = |h: f64| {
            let mut theta = THETA;
            theta[i] += h;
            layer.value_and_gradient(&theta, how).unwrap().0
        };
        assert!(((at(1e-6) - at(-1e-6)) / 2e-6 - gradient[i]).abs() < 1e-6);
    }
}

/// Costs keep their sign: a strict search never fails, where additive noise makes it.
#[test]
fn costs_keep_their_sign() {
    let grid = GridPath::new(Rect::<3, 3>, Neighbours::Eight).unwrap();
    let strict = grid.with_negative_costs(NegativeCost::Refuse).unwrap();
    let theta = [-1.0f64; 9];
    let how = MonteCarlo::new(2000, Seed(6));
    assert!(Multiplicative::new(strict, 1.0).unwrap().maximizer(&theta, how).is_ok());
    assert!(Perturbed::new(strict, Normal, 1.0).unwrap().maximizer(&theta, how).is_err());
}

/// Temperatures at which factors would round to 0 are refused; at the largest that are not, equal scores share the
/// decisions: M = 10⁵, Z = 4.5, seed 123.
fn largest_temperature<T: Real>(largest: f64) {
    let simplex = || Simplex::new(Const::<4>).unwrap();
    for epsilon in [1.5 * largest, 1e3, 1e30] {
        let refused = Multiplicative::new(simplex(), T::from_f64(epsilon)).unwrap_err();
        assert_eq!(refused, Error::Overflow { quantity: "epsilon" });
    }
    let layer = Multiplicative::new(simplex(), T::from_f64(largest)).unwrap();
    let y = layer.maximizer(&[T::ONE; 4], MonteCarlo::new(100_000, Seed(123))).unwrap();
    for (class, share) in y.into_iter().enumerate() {
        let mean = Mean::of_means(share.to_f64(), share.to_f64(), 1e5);
        mean.assert_near(0.25, 1.0, T::EPSILON.to_f64(), format_args!("class {class} in {}", T::NAME));
    }
}

#[test]
fn temperatures_keep_factors_above_zero() {
    largest_temperature::<f32>(7.0);
    largest_temperature::<f64>(27.0);
}
