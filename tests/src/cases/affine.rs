//! The single-sample training step against its definition.

use perturb_core::{Affine, Const, Error, Gumbel, Perturbed, Ranking, Real, Seed};

use crate::layers::reals;

/// W −= rate·(y*(θ + εZ) − y) xᵀ, b −= rate·(y*(θ + εZ) − y), written out entry by entry.
pub(crate) fn step_by_definition<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, T::from_f64(0.7)).unwrap();
    let mut model = Affine::<T, 2, 3>::zeros();
    let (mut weights, mut bias) = ([[T::ZERO; 2]; 3], [T::ZERO; 3]);
    let (x, rate): ([T; 2], T) = (reals([0.75, -1.5]), T::from_f64(0.125));
    let target: [T; 3] = reals([2.0, 3.0, 1.0]);
    for step in 0..100 {
        let seed = Seed(130).fold(step);
        let mut theta = bias;
        for (theta, row) in theta.iter_mut().zip(weights) {
            *theta = *theta + row[0] * x[0] + row[1] * x[1];
        }
        assert_eq!(model.scores(&x).unwrap(), theta);
        let y = layer.sample(&theta, seed, 0).unwrap();
        assert_eq!(model.step(&layer, &x, &target, rate, seed).unwrap(), y);
        for i in 0..3 {
            let gradient = y[i] - target[i];
            bias[i] -= rate * gradient;
            for j in 0..2 {
                weights[i][j] -= rate * x[j] * gradient;
                assert_eq!(model.weights[(i, j)], weights[i][j]);
            }
            assert_eq!(model.bias[i], bias[i]);
        }
    }
}

/// Two contexts with opposite rankings are told apart.
pub(crate) fn learns<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, T::from_f64(0.1)).unwrap();
    let mut model = Affine::<T, 2, 3>::zeros();
    let contexts: [([T; 2], [T; 3]); 2] =
        [(reals([1.0, 0.0]), reals([1.0, 2.0, 3.0])), (reals([0.0, 1.0]), reals([3.0, 1.0, 2.0]))];
    for step in 0..200 {
        let (x, ranks) = &contexts[step % 2];
        model.step(&layer, x, ranks, T::from_f64(0.05), Seed(1).fold(step as u64)).unwrap();
    }
    for (x, ranks) in &contexts {
        assert_eq!(layer.decide(&model.scores(x).unwrap()).unwrap().1, *ranks);
    }
}

/// One absurd reading is refused, and the model goes on as if it had not been.
pub(crate) fn absurd_readings_are_refused<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, T::ONE).unwrap();
    let (target, rate): ([T; 3], T) = (reals([1.0, 2.0, 3.0]), T::ONE);
    let (mut model, mut calm) = (Affine::<T, 2, 3>::zeros(), Affine::<T, 2, 3>::zeros());
    let huge = T::from_f64(if T::NAME == "f32" { 3e38 } else { 1.7e308 });
    for step in 0..20 {
        let (x, seed) = (reals([0.5, -0.25]), Seed(3).fold(step));
        let y = model.step(&layer, &x, &target, rate, seed).unwrap();
        assert_eq!(calm.step(&layer, &x, &target, rate, seed).unwrap(), y);
        for absurd in [[huge, T::ZERO], [T::ONE, -huge]] {
            let before = (model.weights, model.bias);
            let refused = model.step(&layer, &absurd, &target, rate, seed);
            assert!(matches!(refused, Err(Error::Overflow { .. })));
            assert!(before == (model.weights, model.bias));
        }
    }
    assert!((model.weights, model.bias) == (calm.weights, calm.bias));
}
