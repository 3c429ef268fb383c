//! I-MLE's gradient against its expectation.

use perturb::loss::imle_gradient;
use perturb::{Const, Dyn, Error, Gumbel, MonteCarlo, Normal, Perturbed, Real, Seed, Shape, Simplex};
use perturb_tests::reals;
use perturb_tests::statistics::Mean;

use crate::scores::{THETA, softmax};

/// On the simplex with Gumbel noise I-MLE is (softmax(θ) − softmax(θ − λg))/λ in expectation: 500 estimates of 200
/// samples, M = 10⁵, Z = 4.5, seed 140.
fn imle<T: Real>(shape: impl Shape) {
    let layer = Perturbed::new(Simplex::new(shape).unwrap(), Gumbel, T::ONE).unwrap();
    let (g, lambda) = ([0.5, -1.0, 1.5, 0.0, -0.25], 0.8);
    let moved: Vec<f64> = THETA.iter().zip(&g).map(|(a, g)| a - lambda * g).collect();
    let mut found = vec![Vec::new(); 5];
    for replicate in 0..500 {
        let how = MonteCarlo::new(200, Seed(140).fold(replicate));
        let gradient =
            imle_gradient(&layer, &reals::<T>(&THETA), &reals::<T>(&g), T::from_f64(lambda), how).unwrap();
        found.iter_mut().zip(gradient.as_ref()).for_each(|(list, x)| list.push(x.to_f64()));
    }
    let (here, there) = (softmax(&THETA), softmax(&moved));
    for (i, found) in found.into_iter().enumerate() {
        let want = (here[i] - there[i]) / lambda;
        Mean::of(found).assert_near(want, 0.0, T::EPSILON.to_f64(), format_args!("entry {i}"));
    }
}

#[test]
fn imle_matches_the_softmax() {
    imle::<f32>(Const::<5>);
    imle::<f64>(Dyn(5));
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
    let how = MonteCarlo::new(1, Seed(0));
    let (theta, g) = ([0.0, 1.0], [1.0, 0.0]);
    let lambda = Error::NotPositive { parameter: "lambda" };
    assert_eq!(imle_gradient(&layer, &theta, &g, -1.0, how).unwrap_err(), lambda);
}
