//! Scores whose last digits are near ε: those that a constant makes small have the bits of small ones, masks are no matter, and
//! what cannot be helped is refused.

use perturb_core::quantity::{FenchelYoung, FenchelYoungWithoutOmega, Maximizer, Value, Vjp};
use perturb_core::{
    Affine, Assignment, BlackBox, Const, Error, Gumbel, Hypercube, MonteCarlo, Multiplicative, Normal,
    Oracle, Perturbed, Ranking, Real, Rect, Seed, Simplex, Single, TopK,
};

use crate::layers::reals;

const REFUSED: Error = Error::Overflow { quantity: "theta / epsilon" };

/// 2²² or 2⁵¹: numbers are half of 1 apart.
fn large<T: Real>() -> T {
    T::ONE / (T::EPSILON + T::EPSILON)
}

/// All that is estimated at θ + c has the bits of θ, and the value differs by c times the sum of a vertex.
fn moved<T: Real, O: Oracle<T>, const D: usize>(oracle: O, small: [T; D], sum: T) {
    let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
    let far = small.map(|x| x + large());
    let target = layer.decide(&small).unwrap().1;
    let other = layer.decide(&small.map(|x| -x)).unwrap().1;
    for how in [1, 3, 70].map(|samples| MonteCarlo::new(samples, Seed(19))) {
        for target in [target.as_ref(), other.as_ref()] {
            let all = (FenchelYoung { target }, Maximizer, Vjp { cotangent: &small });
            let near = layer.compute(&small, &all, how).unwrap();
            let found = layer.compute(&far, &all, how).unwrap();
            assert_eq!(near.0.0, found.0.0, "{D} {}", how.samples);
            for (near, found) in [(&near.0.1, &found.0.1), (&near.1, &found.1), (&near.2, &found.2)] {
                assert_eq!(near.as_ref(), found.as_ref(), "{D} {}", how.samples);
            }
        }
        let value = layer.compute(&small, &Value, how).unwrap() + large::<T>() * sum;
        assert_eq!(layer.compute(&far, &Value, how).unwrap(), value);
        let without_omega = FenchelYoungWithoutOmega { target: other.as_ref() };
        let gap = layer.compute(&far, &without_omega, how).unwrap();
        let near = layer.compute(&small, &without_omega, how).unwrap();
        assert_eq!((gap.0, gap.1.as_ref()), (near.0, near.1.as_ref()));
    }
    let single = |theta| layer.fenchel_young_gradient(theta, other.as_ref(), Single(Seed(1))).unwrap();
    assert_eq!(single(&far).as_ref(), single(&small).as_ref());
    let sample = |theta| layer.sample(theta, Seed(1), 5).unwrap();
    assert_eq!(sample(&far).as_ref(), sample(&small).as_ref());
}

/// Each centre is 0 after the move: the largest score, the second largest, the one of least magnitude.
pub(crate) fn bits_of_small_ones<T: Real>() {
    moved(Simplex::new(Const::<4>).unwrap(), reals([-1.0, 0.0, 0.0, -3.0]), T::ONE);
    moved(TopK::new(Const::<4>, 2).unwrap(), reals([1.0, 0.0, 0.0, -3.0]), T::TWO);
    moved(Ranking::ascending(Const::<4>).unwrap(), reals([0.0, 1.0, 1.0, 3.0]), T::from_f64(10.0));
    moved(Assignment::new(Rect::<2, 2>).unwrap(), reals([-1.0, 0.0, 0.0, -1.0]), T::TWO);
    // Among thousands of equal scores, a step decides by noise as well.
    let layer = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Gumbel, T::ONE).unwrap();
    let y = layer.maximizer(&[large::<T>() + large(); 2], MonteCarlo::new(2000, Seed(2))).unwrap();
    assert!((y[0] - T::HALF).abs() < T::from_f64(0.05));
    let mut model = Affine::<T, 1, 2>::zeros();
    model.bias.fill(large::<T>() + large());
    let (mut first, target) = (T::ZERO, reals([1.0, 0.0]));
    for step in 0..200 {
        let y = model.clone().step(&layer, &[T::ZERO], &target, T::ONE, Seed(3).fold(step)).unwrap();
        first += y[0];
    }
    assert!((first - T::from_f64(100.0)).abs() < T::from_f64(32.0));
}

/// A mask decides nothing, and changes no bit of the rest.
pub(crate) fn masks<T: Real>() {
    let how = MonteCarlo::new(40, Seed(4));
    for mask in [-1e20, -3e38].map(T::from_f64) {
        let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, T::ONE).unwrap();
        let y = layer.maximizer(&[T::ONE, mask, T::ZERO], how).unwrap();
        let near = layer.maximizer(&reals([1.0, -1e3, 0.0]), how).unwrap();
        assert_eq!(y, near);
        let layer = Perturbed::new(TopK::new(Const::<4>, 2).unwrap(), Normal, T::ONE).unwrap();
        let y = layer.maximizer(&[T::ONE, mask, T::ZERO, mask], how).unwrap();
        assert_eq!(y, reals([1.0, 0.0, 1.0, 0.0]));
        let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, T::ONE).unwrap();
        let y = layer.maximizer(&[T::ONE, mask, T::ZERO], how).unwrap();
        assert_eq!(y, layer.maximizer(&reals([1.0, -1e3, 0.0]), how).unwrap());
        assert_eq!(layer.maximizer(&[T::ONE, mask, mask], how), Err(REFUSED));
        let layer = Perturbed::new(Assignment::new(Rect::<2, 2>).unwrap(), Normal, T::ONE).unwrap();
        let y = layer.maximizer(&[mask, T::ONE, T::ZERO, T::ONE], how).unwrap();
        assert_eq!(y.as_ref(), reals::<T, 4>([0.0, 1.0, 1.0, 0.0]));
        let layer = Perturbed::new(Hypercube::binary(Const::<2>).unwrap(), Normal, T::ONE).unwrap();
        let y = layer.maximizer(&[mask, T::ZERO], how).unwrap();
        assert!(y[0] == T::ZERO && y[1] > T::ZERO && y[1] < T::ONE);
    }
}

/// Where no constant helps: two routes, or two packs, that are equal but for digits that ε does not reach.
pub(crate) fn refused<T: Real>() {
    let routes = BlackBox::new(Const::<3>, |theta: &[T], y: &mut [T]| {
        let first = theta[0] + theta[1] >= theta[2];
        y.copy_from_slice(&if first { [T::ONE, T::ONE, T::ZERO] } else { [T::ZERO, T::ZERO, T::ONE] });
    })
    .unwrap();
    let layer = Perturbed::new(routes, Normal, T::ONE).unwrap();
    let (whole, how) = (large::<T>(), MonteCarlo::new(8, Seed(5)));
    for (theta, refused) in [
        ([-T::ONE, -T::ONE, -T::ONE], false),
        ([-whole, -whole, -(whole + whole)], true),
        ([-whole, -whole, -whole], false),
        ([-T::ONE, -whole, -T::ONE], false),
        ([-T::ONE, -T::ONE, -whole], false),
        ([T::ONE, -whole, -whole], true),
    ] {
        let want = if refused { Some(REFUSED) } else { None };
        assert_eq!(layer.maximizer(&theta, how).err(), want, "{theta:?}");
        assert_eq!(layer.value(&theta, Single(Seed(1))).err(), want, "{theta:?}");
        assert_eq!(layer.sample(&theta, Seed(1), 0).err(), want, "{theta:?}");
    }
    let tiny = T::EPSILON * T::from_f64(15.0);
    let refused = Multiplicative::new(Simplex::new(Const::<2>).unwrap(), tiny).err();
    assert_eq!(refused, Some(Error::Overflow { quantity: "1 / epsilon" }));
    assert!(Multiplicative::new(Simplex::new(Const::<2>).unwrap(), tiny + tiny).is_ok());
}
