//! Solvers given as closures: senses, failures, memory, offsets.

use perturb::quantity::{FenchelYoungTerm, Maximizer};
use perturb::{
    BatchExt, BlackBox, Const, Dyn, Error, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real,
    RowError, Seed, Shape, Simplex,
};
use perturb_tests::statistics::slope;

/// Argmax, and argmin of costs.
fn largest<T: Real>(theta: &[T], y: &mut [T]) {
    let best = (0..theta.len()).rev().max_by(|&a, &b| theta[a].partial_cmp(&theta[b]).unwrap()).unwrap();
    y.fill(T::ZERO);
    y[best] = T::ONE;
}
fn least<T: Real>(costs: &[T], y: &mut [T]) {
    let best = (0..costs.len()).min_by(|&a, &b| costs[a].partial_cmp(&costs[b]).unwrap()).unwrap();
    y.fill(T::ZERO);
    y[best] = T::ONE;
}

/// y_ε, J and F.
fn estimate<T: Real, O: Oracle<T>>(oracle: O, theta: &[T], how: MonteCarlo) -> Vec<T> {
    let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
    let (y, jacobian) = layer.compute(theta, &(Maximizer, perturb::quantity::Jacobian), how).unwrap();
    let mut all = y.as_ref().to_vec();
    all.extend_from_slice(jacobian.as_ref());
    all.push(layer.decide(theta).unwrap().0);
    all
}

/// A maximising and a minimising closure, one that may fail and one with memory: the bits of the simplex.
fn all_kinds<T: Real>(shape: impl Shape) {
    let how = MonteCarlo::new(200, Seed(1));
    let theta = [0.3, -0.2, 0.35, 0.1].map(T::from_f64);
    let want = estimate(Simplex::new(shape).unwrap(), &theta, how);
    assert_eq!(estimate(BlackBox::new(shape, largest::<T>).unwrap(), &theta, how), want);
    assert_eq!(estimate(BlackBox::new(shape, least::<T>).unwrap().minimizing(), &theta, how), want);
    let fallible = BlackBox::fallible(shape, |theta: &[T], y: &mut [T]| {
        largest(theta, y);
        Ok(())
    });
    assert_eq!(estimate(fallible.unwrap(), &theta, how), want);
    let with_memory = BlackBox::with_memory(
        shape,
        || vec![0usize; 4],
        |costs: &[T], y: &mut [T], order: &mut Vec<usize>| {
            order.iter_mut().enumerate().for_each(|(i, place)| *place = i);
            order.sort_by(|&a, &b| costs[a].partial_cmp(&costs[b]).unwrap());
            y.fill(T::ZERO);
            y[order[0]] = T::ONE;
            Ok(())
        },
    );
    assert_eq!(estimate(with_memory.unwrap().minimizing(), &theta, how), want);
}

#[test]
fn every_kind_has_the_bits_of_the_native_oracle() {
    all_kinds::<f32>(Const::<4>);
    all_kinds::<f64>(Const::<4>);
    all_kinds::<f32>(Dyn(4));
    all_kinds::<f64>(Dyn(4));
}

/// The first failing sample is named, whatever the number of threads; a batch names the row as well.
#[test]
fn failures_name_the_first_sample() {
    let limit = 2.6;
    let oracle = BlackBox::fallible(Dyn(3), move |theta: &[f64], y: &mut [f64]| {
        largest(theta, y);
        if theta.iter().any(|&x| x > limit) { Err("out of range") } else { Ok(()) }
    });
    let layer = Perturbed::new(oracle.unwrap(), Normal, 1.0).unwrap();
    let theta = [0.0; 3];
    let first = |seed: Seed| {
        let mut z = [0.0; 3];
        (0..100_000).find(|&index| {
            Normal.fill(&mut seed.stream(index), &mut z);
            z.iter().any(|&z: &f64| z > limit)
        })
    };
    let seed = Seed(3);
    let because = "out of range";
    let want = Error::Solver { sample: first(seed), because };
    assert_eq!(layer.maximizer(&theta, MonteCarlo::new(100_000, seed)).unwrap_err(), want);
    assert_eq!(layer.decide(&[3.0, 0.0, 0.0]).unwrap_err(), Error::Solver { sample: None, because });
    assert_eq!(
        want.to_string(),
        format!("the solver failed on sample {}: out of range", first(seed).unwrap())
    );
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| layer.batch().maximizer(&theta, MonteCarlo::new(100_000, seed)));
        let source = Error::Solver { sample: first(seed.fold(0)), because };
        assert_eq!(found.unwrap_err(), RowError { row: 0, source }, "{threads} threads");
    }
}

/// What is not finite is not passed on.
#[test]
fn numbers_that_are_not_finite_are_failures() {
    for bad in [f32::NAN, f32::INFINITY] {
        let oracle =
            BlackBox::new(Const::<2>, move |_: &[f32], y: &mut [f32]| y.copy_from_slice(&[1.0, bad]));
        let layer = Perturbed::new(oracle.unwrap(), Normal, 1.0).unwrap();
        let refused = layer.maximizer(&[0.0, 1.0], MonteCarlo::new(10, Seed(0))).unwrap_err();
        assert_eq!(
            refused,
            Error::Solver { sample: Some(0), because: "it gave a number that is not finite" }
        );
    }
}

/// Open any of three facilities (y₀…y₂ at costs), serve two clients by the best open one: θᵀg + h with a fixed
/// reward h of the service, against the enumeration of all openings.
#[test]
fn offsets_are_part_of_the_objective() {
    const REWARD: [[f64; 3]; 2] = [[1.0, 0.25, 0.0], [0.0, 0.5, 1.5]];
    fn service(y: &[f64]) -> f64 {
        REWARD.iter().map(|client| client.iter().zip(y).map(|(r, y)| r * y).fold(0.0, f64::max)).sum()
    }
    fn openings() -> impl Iterator<Item = [f64; 3]> {
        (0..8u32).map(|bits| [0, 1, 2].map(|i| f64::from(bits >> i & 1)))
    }
    fn objective(y: &[f64], theta: &[f64]) -> f64 {
        y.iter().zip(theta).map(|(y, t)| y * t).sum::<f64>() + service(y)
    }
    let solver = |theta: &[f64], y: &mut [f64]| {
        let best = openings().max_by(|a, b| objective(a, theta).total_cmp(&objective(b, theta))).unwrap();
        y.copy_from_slice(&best);
    };
    let oracle = BlackBox::new(Const::<3>, solver).unwrap().with_offset(service);
    let layer = Perturbed::new(oracle, Normal, 0.4).unwrap();
    let theta = [-0.6, -0.3, -0.9];
    let (value, y) = layer.decide(&theta).unwrap();
    let best = openings().map(|y| objective(&y, &theta)).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!((value, value), (best, objective(&y, &theta)));
    // The costs' view of the same problem.
    let costs = |c: &[f64], y: &mut [f64]| {
        let worth = |y: &[f64]| y.iter().zip(c).map(|(y, c)| y * c).sum::<f64>() - service(y);
        y.copy_from_slice(&openings().min_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap());
    };
    let minimizing = BlackBox::new(Const::<3>, costs).unwrap().minimizing().with_offset(service);
    let other = Perturbed::new(minimizing, Normal, 0.4).unwrap();
    let how = MonteCarlo::new(500, Seed(8));
    assert_eq!(other.value_and_maximizer(&theta, how), layer.value_and_maximizer(&theta, how));
    // The loss: nonnegative, its gradient that of the value, smooth between the kinks of 500 samples.
    let target = [0.0, 0.0, 1.0];
    let found = layer.fenchel_young(&theta, &target, how).unwrap();
    assert!(found.loss > 0.0);
    let at = |x: f64| {
        let theta = [theta[0] + x, theta[1], theta[2]];
        layer.value(&theta, how).unwrap() - theta[2]
    };
    assert!((slope(0.0, 1e-7, at) - found.gradient[0]).abs() < 1e-6);
    // At the maximiser under the same noise it vanishes.
    let y = layer.maximizer(&theta, how).unwrap();
    assert_eq!(layer.fenchel_young(&theta, &y, how).unwrap().loss, 0.0);
}

/// Perturbed scores that overflow stay an error, not NaN.
#[test]
fn overflow_is_refused() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, 1.0f32).unwrap();
    assert!(matches!(layer.decide(&[f32::MAX, f32::MAX, 0.0]), Err(Error::Overflow { .. })));
}

/// On the simplex an offset h is a shift of the scores: at a vertex the term with h(y) is that of the linear twin at
/// θ + h under the same noise (M = 1000, seed 9), to the rounding of a thousand terms near 1; so is the dual.
#[test]
fn losses_at_vertices_know_the_offset() {
    const H: [f64; 3] = [0.75, -0.5, 0.25];
    let theta = [0.25, 0.125, -0.5];
    let moved = [0, 1, 2].map(|i| theta[i] + H[i]);
    let twin = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.5).unwrap();
    let how = MonteCarlo::new(1000, Seed(9));
    for class in 0..3 {
        let oracle = BlackBox::new(Const::<3>, |theta: &[f64], y: &mut [f64]| {
            let worth = |i: &usize| theta[*i] + H[*i];
            let best = (0..3).max_by(|i, j| worth(i).total_cmp(&worth(j))).unwrap();
            y.fill(0.0);
            y[best] = 1.0;
        });
        let oracle =
            oracle.unwrap().with_offset(|y: &[f64]| y.iter().zip(H).map(|(y, h)| y * h).sum::<f64>());
        let layer = Perturbed::new(oracle, Normal, 0.5).unwrap();
        let mut target = [0.0; 3];
        target[class] = 1.0;
        let term = FenchelYoungTerm { target: &target, offset: layer.oracle().offset(&target) };
        let (loss, gradient) = layer.compute(&theta, &term, how).unwrap();
        let want = twin.fenchel_young(&moved, &target, how).unwrap();
        assert!((loss - want.loss).abs() < 1e-14, "class {class}: {loss}, not {}", want.loss);
        assert_eq!(gradient, want.gradient);
        // The dual of the same sampled problem reaches it.
        let dual = layer.fenchel_young(&theta, &target, how).unwrap().loss;
        assert!((dual - loss).abs() < 1e-12, "class {class}: {dual}, not {loss}");
        let refused = FenchelYoungTerm { target: &target, offset: f64::NAN };
        let refused = layer.compute(&theta, &refused, how).unwrap_err();
        assert_eq!(refused, Error::NotFinite { parameter: "offset", index: 0 });
    }
}
