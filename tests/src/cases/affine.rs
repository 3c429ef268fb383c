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

/// A clipped step has the direction of one that is not, and a length of at most rate·norm; absurd readings are no exception.
pub(crate) fn steps_are_clipped<T: Real>() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Gumbel, T::ONE).unwrap();
    let target: [T; 3] = reals([1.0, 2.0, 3.0]);
    let rate = T::from_f64(0.25);
    let huge = T::from_f64(if T::NAME == "f32" { 2e38 } else { 1e308 });
    let (mut whole, mut clipped) = (Affine::<T, 2, 3>::zeros(), Affine::<T, 2, 3>::zeros());
    let mut moved = 0;
    let readings = [reals([0.5, -0.25]), reals([300.0, -400.0]), [huge, -huge], [T::ZERO, huge]];
    for (x, sample) in readings.iter().cycle().zip(0..16) {
        let seed = Seed(8).fold(sample);
        clipped.weights.fill(T::ZERO);
        clipped.bias.fill(T::ZERO);
        whole.clone_from(&clipped);
        let free = clipped.clone().step_clipped(&layer, x, &target, rate, T::from_f64(1e4), seed).unwrap();
        let y = clipped.step_clipped(&layer, x, &target, rate, T::TWO, seed).unwrap();
        assert_eq!(y, free);
        let numbers = clipped.weights.iter().chain(&clipped.bias);
        let length = numbers.clone().map(|w| w.to_f64() * w.to_f64()).sum::<f64>().sqrt();
        assert!(length <= 0.5 * (1.0 + 8.0 * T::EPSILON.to_f64()), "{length}");
        if y == target {
            continue;
        }
        moved += 1;
        if x[0].abs() < huge && x[1].abs() < huge {
            whole.step(&layer, x, &target, rate, seed).unwrap();
            let entries = whole.weights.iter().chain(&whole.bias);
            let own = entries.clone().map(|w| w.to_f64() * w.to_f64()).sum::<f64>().sqrt();
            let factor = (0.5 / own).min(1.0);
            for (whole, clipped) in entries.zip(numbers) {
                let off = whole.to_f64() * factor - clipped.to_f64();
                assert!(off.abs() <= 16.0 * T::EPSILON.to_f64(), "{whole} {clipped}");
            }
        } else {
            assert!(length > 0.5 * (1.0 - 64.0 * T::EPSILON.to_f64()), "{length}");
            assert!(whole.step(&layer, x, &target, rate, seed).is_err());
        }
    }
    assert!(moved >= 8);
    let refused = clipped.step_clipped(&layer, &[T::ONE; 2], &target, rate, T::ZERO, Seed(8));
    assert_eq!(refused, Err(Error::NotPositive { parameter: "norm" }));
}
