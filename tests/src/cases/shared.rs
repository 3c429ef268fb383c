//! Weights that options share: scores and the single-sample training step against their definition.

use perturb_core::{
    Affine, Const, Error, Gumbel, Noise, Normal, Oracle, Perturbed, Ranking, Real, Seed, Shape, SharedMut,
    SharedRef, Simplex, TopK, UpTo,
};

use crate::layers::reals;

/// Options of three features, for four scores.
fn options<T: Real>(seed: u64) -> [T; 12] {
    let mut options = [T::ZERO; 12];
    Normal.fill(&mut Seed(140).fold(seed).stream(0), &mut options);
    options
}

/// w −= rate·Φᵀ(y*(θ + εZ) − y) and θ = Φw, written out entry by entry.
pub(crate) fn step_by_definition<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, T::from_f64(0.7)).unwrap();
    let (rate, target): (T, [T; 4]) = (T::from_f64(0.125), reals([2.0, 4.0, 1.0, 3.0]));
    let (mut weights, mut w) = ([T::ZERO; 3], [T::ZERO; 3]);
    let mut model = SharedMut::new(&mut weights).unwrap();
    for step in 0..100 {
        let (phi, seed) = (options::<T>(step), Seed(141).fold(step));
        let mut theta = [T::ZERO; 4];
        for e in 0..4 {
            theta[e] = w[0] * phi[3 * e] + w[1] * phi[3 * e + 1] + w[2] * phi[3 * e + 2];
        }
        let mut scores = [T::ZERO; 4];
        model.as_ref().scores(&phi, &mut scores).unwrap();
        assert_eq!(scores, theta);
        let y = layer.sample(&theta, seed, 0).unwrap();
        assert_eq!(model.step(&layer, &phi, &target, rate, seed).unwrap(), y);
        for e in 0..4 {
            let move_by = rate * (y[e] - target[e]);
            for j in 0..3 {
                w[j] -= move_by * phi[3 * e + j];
            }
        }
        assert_eq!(model.as_ref(), SharedRef::new(&w).unwrap());
        assert_eq!(model.as_ref().decide(&layer, &phi), layer.decide(&theta_of(&w, &phi)).map(|(_, y)| y));
    }
}

fn theta_of<T: Real>(w: &[T; 3], phi: &[T; 12]) -> [T; 4] {
    let mut theta = [T::ZERO; 4];
    SharedRef::new(w).unwrap().forward(phi, &mut theta);
    theta
}

/// θ = Wx + b is the model whose option e has the features (e's unit vector, x in e's place), to the same bits where y is of zeros
/// and ones.
pub(crate) fn labels_are_features<T: Real>() {
    check_labels(
        &Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, T::ONE).unwrap(),
        [0.0, 1.0, 0.0],
    );
    check_labels(
        &Perturbed::new(TopK::new(Const::<3>, 2).unwrap(), Normal, T::ONE).unwrap(),
        [1.0, 0.0, 1.0],
    );
}

fn check_labels<T: Real, O, N>(layer: &Perturbed<O, N, T>, target: [f64; 3])
where
    O: Oracle<T, Shape = Const<3>>,
    N: Noise<T>,
{
    let mut target: [T; 3] = reals(target);
    let (mut affine, mut weights) = (Affine::<T, 2, 3>::zeros(), [T::ZERO; 9]);
    let mut shared = SharedMut::new(&mut weights).unwrap();
    let mut moved = 0;
    for step in 0..50 {
        target.rotate_left(1);
        let (mut x, mut phi) = ([T::ZERO; 2], [T::ZERO; 27]);
        Normal.fill(&mut Seed(142).fold(step).stream(0), &mut x);
        for (e, row) in phi.chunks_exact_mut(9).enumerate() {
            // Constants, then one block of three a feature, as the weights of the affine model lie.
            row[e] = T::ONE;
            row[3 + e] = x[0];
            row[6 + e] = x[1];
        }
        let (rate, seed) = (T::from_f64(0.3), Seed(143).fold(step));
        let y = affine.step(layer, &x, &target, rate, seed).unwrap();
        assert_eq!(shared.step(layer, &phi, &target, rate, seed).unwrap(), y);
        moved += usize::from(y != target);
        let mut theta = [T::ZERO; 3];
        shared.as_ref().scores(&phi, &mut theta).unwrap();
        assert_eq!(theta, affine.scores(&x).unwrap());
        assert_eq!(shared.as_ref().decide(layer, &phi), affine.decide(layer, &x));
    }
    assert!(moved > 10, "{moved}");
}

/// Up to four options: the bits of a layer of just as many, whatever number there was before.
pub(crate) fn options_come_and_go<T: Real>() {
    fn step<T: Real, O: Oracle<T>>(oracle: O, w: &mut [T; 3], phi: &[T], picked: usize) -> [T; 4] {
        let layer = Perturbed::new(oracle, Gumbel, T::ONE).unwrap();
        let n = layer.oracle().shape().dim();
        let mut target = [T::ZERO; 4];
        target[picked] = T::ONE;
        let mut model = SharedMut::new(w).unwrap();
        let y = model.step(&layer, phi, &target[..n], T::from_f64(0.25), Seed(144)).unwrap();
        let decided = model.as_ref().decide(&layer, phi).unwrap();
        let mut both = [T::ZERO; 4];
        both[..n].copy_from_slice(y.as_ref());
        for (both, &y) in both.iter_mut().zip(decided.as_ref()) {
            *both += T::TWO * y;
        }
        both
    }
    fn pick<const N: usize, T: Real>(w: &mut [T; 3], phi: &[T]) -> [T; 4] {
        step(Simplex::new(Const::<N>).unwrap(), w, phi, N - 1)
    }
    let (mut w, mut fixed) = ([T::ZERO; 3], [T::ZERO; 3]);
    for (round, n) in [2, 4, 1, 3, 4, 2].into_iter().enumerate() {
        let phi = options::<T>(round as u64);
        let phi = &phi[..3 * n];
        let expected = match n {
            1 => pick::<1, T>(&mut fixed, phi),
            2 => pick::<2, T>(&mut fixed, phi),
            3 => pick::<3, T>(&mut fixed, phi),
            _ => pick::<4, T>(&mut fixed, phi),
        };
        let found = step(Simplex::new(UpTo::<4>::new(n).unwrap()).unwrap(), &mut w, phi, n - 1);
        assert_eq!((found, w), (expected, fixed));
    }
    assert_eq!(UpTo::<4>::new(5), Err(Error::Capacity { quantity: "options", capacity: 4 }));
    let none = Error::OutOfRange { parameter: "dimension", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(Simplex::new(UpTo::<4>::new(0).unwrap()), Err(none));
}

/// Everything that does not fit is refused by its name, and the weights stay.
pub(crate) fn refused<T: Real>() {
    let layer = Perturbed::new(Simplex::new(Const::<4>).unwrap(), Gumbel, T::ONE).unwrap();
    let (mut weights, rate): ([T; 3], T) = (reals([1.0, -2.0, 0.5]), T::ONE);
    let before = weights;
    let none = Error::OutOfRange { parameter: "features", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(SharedRef::<T>::new(&[]), Err(none));
    assert_eq!(SharedMut::<T>::new(&mut []), Err(none));
    let mut model = SharedMut::new(&mut weights).unwrap();
    let phi = options::<T>(0);
    let (mut broken, mut large) = (phi, phi);
    broken[7] = T::from_f64(f64::NAN);
    large[5] = T::from_f64(if T::NAME == "f32" { 3e38 } else { 1.7e308 });
    large[4] = -large[5];
    let (length, nan) = (
        Error::Length { parameter: "options", expected: 12, found: 11 },
        Error::NotFinite { parameter: "options", index: 7 },
    );
    let overflow = Error::Overflow { quantity: "the scores of the options" };
    let y: [T; 4] = reals([0.0, 0.0, 1.0, 0.0]);
    for (phi, refused) in [(&phi[..11], length), (&broken, nan), (&large, overflow)] {
        assert_eq!(model.as_ref().scores(phi, &mut [T::ZERO; 4]), Err(refused));
        assert_eq!(model.as_ref().decide(&layer, phi), Err(refused));
        assert_eq!(model.step(&layer, phi, &y, rate, Seed(1)), Err(refused));
        assert_eq!(model.step_clipped(&layer, phi, &y, rate, T::ONE, Seed(1)), Err(refused));
    }
    let target = Error::Length { parameter: "target", expected: 4, found: 3 };
    assert_eq!(model.step(&layer, &phi, &y[..3], rate, Seed(1)), Err(target));
    let outside = Error::OutsideHull { parameter: "target" };
    assert_eq!(model.step(&layer, &phi, &[T::ONE; 4], rate, Seed(1)), Err(outside));
    let positive = |parameter| Err(Error::NotPositive { parameter });
    assert_eq!(model.step(&layer, &phi, &y, T::ZERO, Seed(1)), positive("rate"));
    assert_eq!(model.step_clipped(&layer, &phi, &y, rate, -T::ONE, Seed(1)), positive("norm"));
    assert_eq!(weights, before);
}

/// One absurd reading is refused, and the model goes on as if it had not been; a clipped step has the direction of one that is not,
/// and a length of at most rate·norm, even there.
pub(crate) fn absurd_readings<T: Real>() {
    let layer = Perturbed::new(Simplex::new(Const::<4>).unwrap(), Gumbel, T::ONE).unwrap();
    let (rate, y): (T, [T; 4]) = (T::from_f64(0.25), reals([1.0, 0.0, 0.0, 0.0]));
    let huge = T::from_f64(if T::NAME == "f32" { 2e38 } else { 1e308 });
    let (mut moved, mut clipped) = (0, 0);
    for step in 0..16 {
        let mut phi = options::<T>(step);
        let absurd = step % 4 == 3;
        if absurd {
            // Equal to the right option's, so that some differences of huge numbers are left, and some are none.
            phi.iter_mut().skip(1).step_by(3).for_each(|phi| *phi = huge);
            phi[step as usize % 12] = -huge;
        }
        let (seed, norm) = (Seed(145).fold(step), T::from_f64(0.5));
        let (mut whole, mut short, mut free) = ([T::ZERO; 3], [T::ZERO; 3], [T::ZERO; 3]);
        let stepped = SharedMut::new(&mut whole).unwrap().step(&layer, &phi, &y, rate, seed);
        let by = |w: &mut [T; 3], norm| {
            SharedMut::new(w).unwrap().step_clipped(&layer, &phi, &y, rate, norm, seed)
        };
        let drawn = by(&mut short, norm).unwrap();
        assert_eq!(by(&mut free, huge), Ok(drawn));
        let length = |w: [T; 3]| w.iter().map(|w| w.to_f64() * w.to_f64()).sum::<f64>().sqrt();
        assert!(length(short) <= 0.125 * (1.0 + 8.0 * T::EPSILON.to_f64()), "{short:?}");
        if absurd {
            assert_eq!(stepped, Err(Error::Overflow { quantity: "the step" }));
            assert_eq!(whole, [T::ZERO; 3]);
            assert!(drawn == y || length(short) > 0.12, "{short:?}");
            continue;
        }
        moved += usize::from(drawn != y);
        clipped += usize::from(length(whole) > 0.125);
        let factor = (0.125 / length(whole)).min(1.0);
        for j in 0..3 {
            let near = |a: f64, b: T| (a - b.to_f64()).abs() <= 16.0 * T::EPSILON.to_f64();
            assert!(near(whole[j].to_f64() * factor, short[j]) || drawn == y, "{whole:?} {short:?}");
            assert!(near(whole[j].to_f64(), free[j]), "{whole:?} {free:?}");
        }
    }
    assert!(moved >= 8 && clipped >= 4, "{moved} {clipped}");
}
