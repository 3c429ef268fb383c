//! Solvers given as closures: senses, failures, memory, offsets.

use perturb_core::quantity::{Jacobian, Maximizer};
use perturb_core::{BlackBox, Const, Error, MonteCarlo, Normal, Oracle, Perturbed, Real, Seed, Simplex};

use crate::layers::reals;
use crate::vertices::hypercube;

fn largest<T: Real>(theta: &[T], y: &mut [T]) {
    let mut best = 0;
    for i in 0..theta.len() {
        best = if theta[i] > theta[best] { i } else { best };
    }
    y.fill(T::ZERO);
    y[best] = T::ONE;
}
fn least<T: Real>(costs: &[T], y: &mut [T]) {
    let mut scores = [T::ZERO; 4];
    scores.iter_mut().zip(costs).for_each(|(score, &cost)| *score = -cost);
    largest(&scores[..costs.len()], y);
}

/// A maximising and a minimising closure, one that may fail and one with memory: the bits of the simplex.
pub(crate) fn kinds<T: Real>() {
    fn estimate<T: Real>(oracle: impl Oracle<T, Shape = Const<4>>) -> ([T; 4], T) {
        let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
        let (theta, how) = (reals([0.3, -0.2, 0.35, 0.1]), MonteCarlo::new(70, Seed(1)));
        let (y, jacobian) = layer.compute(&theta, &(Maximizer, Jacobian), how).unwrap();
        (y, jacobian.as_ref().iter().copied().sum())
    }
    let shape = Const::<4>;
    let want = estimate::<T>(Simplex::new(shape).unwrap());
    assert_eq!(estimate(BlackBox::new(shape, largest::<T>).unwrap()), want);
    assert_eq!(estimate(BlackBox::new(shape, least::<T>).unwrap().minimizing()), want);
    let fallible = |theta: &[T], y: &mut [T]| {
        largest(theta, y);
        Ok(())
    };
    assert_eq!(estimate(BlackBox::fallible(shape, fallible).unwrap()), want);
    let remembering = |costs: &[T], y: &mut [T], calls: &mut u32| {
        *calls += 1;
        least(costs, y);
        Ok(())
    };
    assert_eq!(estimate(BlackBox::with_memory(shape, || 0u32, remembering).unwrap().minimizing()), want);
}

/// The first failing sample is named, and numbers that are not finite are failures.
pub(crate) fn failures<T: Real>() {
    let because = "out of range";
    let limit = T::from_f64(2.0);
    let oracle = BlackBox::fallible(Const::<3>, |theta: &[T], y: &mut [T]| {
        largest(theta, y);
        if theta.iter().any(|&x| x > limit) { Err("out of range") } else { Ok(()) }
    });
    let layer = Perturbed::new(oracle.unwrap(), Normal, T::ONE).unwrap();
    let theta = [T::ZERO; 3];
    let first = (0..1000).find(|&index| layer.sample(&theta, Seed(3), index).is_err());
    let found = layer.maximizer(&theta, MonteCarlo::new(1000, Seed(3))).err();
    assert_eq!(found, Some(Error::Solver { sample: first, because }));
    assert_eq!(layer.decide(&[T::from_f64(3.0); 3]).err(), Some(Error::Solver { sample: None, because }));
    let infinite = BlackBox::new(Const::<3>, |_: &[T], y: &mut [T]| y.fill(T::INFINITY)).unwrap();
    let layer = Perturbed::new(infinite, Normal, T::ONE).unwrap();
    let because = "it gave a number that is not finite";
    let found = layer.maximizer(&theta, MonteCarlo::new(10, Seed(0))).err();
    assert_eq!(found, Some(Error::Solver { sample: Some(0), because }));
}

/// A reward for the second of three choices: θᵀy + h(y) against the enumeration.
pub(crate) fn offsets<T: Real>() {
    let reward = |y: &[T]| T::from_f64(0.75) * y[1];
    let solver = |theta: &[T], y: &mut [T]| {
        let scores = [theta[0], theta[1] + T::from_f64(0.75), theta[2]];
        for (y, score) in y.iter_mut().zip(scores) {
            *y = if score > T::ZERO { T::ONE } else { T::ZERO };
        }
    };
    let oracle = BlackBox::new(Const::<3>, solver).unwrap().with_offset(reward);
    let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
    let theta = [0.25, -0.5, -0.25];
    let mut most = f64::NEG_INFINITY;
    hypercube(3, 0.0, 1.0, &mut |y| most = most.max(crate::vertices::dot(y, &theta) + 0.75 * y[1]));
    assert_eq!(layer.decide(&reals(theta)).unwrap().0.to_f64(), most);
    let how = MonteCarlo::new(50, Seed(8));
    let y = layer.maximizer(&reals(theta), how).unwrap();
    // At the maximizer under the same noise the loss vanishes.
    assert_eq!(layer.fenchel_young(&reals(theta), &y, how).unwrap().loss, T::ZERO);
}
