//! Multiplicative noise: its limits, and its additive twin.

use perturb_core::{
    Const, Error, GridPath, Hypercube, MonteCarlo, Multiplicative, Normal, Perturbed, Real, Rect, Seed,
    Simplex,
    oracle::{NegativeCost, Neighbours},
};

use crate::layers::reals;

/// For argmax of positive scores it is the additive layer at log θ: the same decisions under the same noise.
pub(crate) fn twin<T: Real>() {
    let layer = Multiplicative::new(Simplex::new(Const::<4>).unwrap(), T::HALF).unwrap();
    let twin = Perturbed::new(Simplex::new(Const::<4>).unwrap(), Normal, T::HALF).unwrap();
    let theta = reals::<T, 4>([3.0, 5.0, 4.0, 2.0]);
    let how = MonteCarlo::new(100, Seed(122));
    assert_eq!(layer.maximizer(&theta, how).unwrap(), twin.maximizer(&theta.map(T::ln), how).unwrap());
}

/// Zeros stay zeros, their columns are 0, and nothing is 0/0.
pub(crate) fn zeros<T: Real>() {
    let layer = Multiplicative::new(Hypercube::binary(Const::<3>).unwrap(), T::TWO).unwrap();
    let theta = reals::<T, 3>([0.0, 1.0, -1.0]);
    let how = MonteCarlo::plain(100, Seed(4));
    assert_eq!(layer.maximizer(&theta, how).unwrap(), reals([0.0, 1.0, 0.0]));
    let jacobian = layer.jacobian(&theta, how).unwrap();
    assert!(jacobian.as_ref().iter().all(|x| x.is_finite()));
    assert!(jacobian.as_ref().iter().step_by(3).all(|&x| x == T::ZERO));
    assert_eq!(layer.vjp(&[T::ZERO; 3], &[T::ONE; 3], how).unwrap(), [T::ZERO; 3]);
}

/// F is positively homogeneous, exactly so for powers of two; the loss is nonnegative and 0 at θ = 0.
pub(crate) fn homogeneous<T: Real>() {
    let layer = Multiplicative::new(Simplex::new(Const::<4>).unwrap(), T::ONE).unwrap();
    let theta = reals::<T, 4>([3.0, 5.0, 4.0, 2.0]);
    let how = MonteCarlo::new(100, Seed(5));
    let four = T::from_f64(4.0);
    let (value, gradient) = layer.value_and_gradient(&theta, how).unwrap();
    assert_eq!(layer.value_and_gradient(&theta.map(|x| four * x), how).unwrap(), (four * value, gradient));
    let target = reals([0.0, 0.0, 0.0, 1.0]);
    assert!(layer.fenchel_young(&theta, &target, how).unwrap().loss > T::ZERO);
    assert_eq!(layer.fenchel_young(&[T::ZERO; 4], &target, how).unwrap().loss, T::ZERO);
}

/// Costs keep their sign: a strict search never fails, where additive noise makes it.
pub(crate) fn signs<T: Real>() {
    let grid = GridPath::<T, _>::new(Rect::<3, 3>, Neighbours::Eight).unwrap();
    let strict = grid.with_negative_costs(NegativeCost::Refuse).unwrap();
    let (theta, how) = ([-T::ONE; 9], MonteCarlo::new(100, Seed(6)));
    assert!(Multiplicative::new(strict, T::ONE).unwrap().maximizer(&theta, how).is_ok());
    assert!(Perturbed::new(strict, Normal, T::ONE).unwrap().maximizer(&theta, how).is_err());
    for epsilon in [1e3, 1e30] {
        let refused = Multiplicative::new(strict, T::from_f64(epsilon)).err();
        assert_eq!(refused, Some(Error::Overflow { quantity: "epsilon" }));
    }
}
