//! The value of the loss at targets that are no vertices, against values that need no Ω.

use perturb::{
    AnyLayer, AnyNoise, AnyOracle, AnyReal, ClosedForm, Const, Dyn, Error, Exact, How, Hypercube, MonteCarlo,
    Noise, Normal, Oracle, Perturbed, Question, Ranking, Seed, Simplex, TopK,
};
use perturb_tests::naive::dot;
use perturb_tests::reals;

/// Normal numbers that f32 represents, times `scale`.
fn normals(seed: u64, dim: usize, scale: f64) -> Vec<f64> {
    let mut z = vec![0.0; dim];
    Normal.fill(&mut Seed(seed).stream(0), &mut z);
    z.iter().map(|z: &f64| f64::from((z * scale) as f32)).collect()
}

fn oracle<T: AnyReal>(name: &str) -> AnyOracle<T> {
    match name {
        "simplex of 5" => Simplex::new(Dyn(5)).unwrap().into(),
        "simplex of 2" => Simplex::new(Dyn(2)).unwrap().into(),
        "top-3 of 7" => TopK::new(Dyn(7), 3).unwrap().into(),
        "hypercube" => Hypercube::binary(Dyn(4)).unwrap().into(),
        _ => Ranking::ascending(Dyn(6)).unwrap().into(),
    }
}

/// F_ε(θ) and y_ε(θ).
fn value_and_maximizer(layer: &AnyLayer<f64>, theta: &[f64], how: How) -> (f64, Vec<f64>) {
    let mut numbers = layer.compute(theta, Question::ValueAndMaximizer, how).unwrap();
    let y = numbers.split_off(1);
    (numbers[0], y)
}

/// For y = y_ε(θ′) the loss is F_ε(θ) − F_ε(θ′) − ⟨y, θ − θ′⟩. The scores of `outer` may be moved by a constant where all
/// vertices have one sum, so that large ones do not cancel.
fn divergence(layer: &AnyLayer<f64>, theta: &[f64], there: &[f64], how: How) -> (f64, Vec<f64>) {
    let (value_there, y) = value_and_maximizer(layer, there, how);
    let invariant = layer.layer().oracle().shift_invariant();
    let middle = if invariant { dot(theta, &y) / y.iter().sum::<f64>() } else { 0.0 };
    let theta: Vec<f64> = theta.iter().map(|x| x - middle).collect();
    let step: Vec<f64> = theta.iter().zip(there).map(|(a, b)| a - b).collect();
    (layer.value(&theta, how).unwrap() - value_there - dot(&y, &step), y)
}

/// The largest errors over temperatures of 0.01 to 10, targets from the middle to within 10⁻⁷ of a face, and scores that lie up
/// to thousands of ε apart, relative to max(loss, ε): of f64, and of f32 with the target rounded.
fn worst(name: &str, noise: AnyNoise) -> (f64, f64) {
    let mut worst = (0.0f64, 0.0f64);
    let mut seed = 0;
    for epsilon in [0.01, 0.3, 1.0, 10.0] {
        let epsilon = f64::from(epsilon as f32);
        let layer = AnyLayer::of(oracle::<f64>(name), noise, epsilon).unwrap();
        let single = AnyLayer::of(oracle::<f32>(name), noise, epsilon as f32).unwrap();
        for inner in [0.1, 1.0, 3.0] {
            for outer in [0.1, 1.0, 10.0, 100.0, 1000.0] {
                seed += 1;
                let there = normals(seed, layer.dim(), inner * epsilon);
                let theta = normals(seed + 1000, layer.dim(), outer * epsilon);
                let (want, y) = divergence(&layer, &theta, &there, How::Exact);
                let found = layer.fenchel_young(&theta, &y, How::Exact).unwrap().loss;
                worst.0 = worst.0.max((found - want).abs() / want.max(epsilon));

                // The derivative in the target is θ′ − θ, but for a constant where all vertices have one sum.
                let rounded = reals::<f32>(&y);
                let total: f64 = y.iter().sum();
                let middles = if layer.layer().oracle().shift_invariant() {
                    (dot(&there, &y) / total, dot(&theta, &y) / total)
                } else {
                    (0.0, 0.0)
                };
                let moved: f64 = (0..y.len())
                    .map(|i| (f64::from(rounded[i]) - y[i]) * (there[i] - middles.0 - theta[i] + middles.1))
                    .sum();
                let found = single.fenchel_young(&reals(&theta), &rounded, How::Exact).unwrap().loss;
                let off = (f64::from(found) - want - moved).abs() / want.max(epsilon);
                worst.1 = worst.1.max(off);
            }
        }
    }
    worst
}

#[test]
fn exact_losses_are_divergences() {
    for name in ["simplex of 5", "simplex of 2", "top-3 of 7", "hypercube", "ranking of 6"] {
        for noise in AnyNoise::ALL {
            let (double, single) = worst(name, noise);
            println!("{name} {}: {double:e} in f64, {single:e} in f32", noise.name());
            assert!(double <= 1e-11, "{name} {}: {double:e}", noise.name());
            assert!(single <= 1e-5, "{name} {}: {single:e} in f32", noise.name());
        }
    }
}

/// Values of before were too small by up to nine tenths: one entry of a hypercube at .2, where F_ε(θ) − .2θ grows by .8, and a
/// simplex of two.
#[test]
fn losses_far_from_the_target() {
    let layer = Perturbed::new(Hypercube::binary(Const::<1>).unwrap(), Normal, 1.0f64).unwrap();
    let single = Perturbed::new(Hypercube::binary(Const::<1>).unwrap(), Normal, 1.0f32).unwrap();
    for (theta, want) in (5..13).map(f64::from).zip([3.72, 4.52, 5.32, 6.12, 6.92, 7.72, 8.52, 9.32]) {
        let found = layer.fenchel_young(&[theta], &[0.2], Exact).unwrap().loss;
        assert!((found - want).abs() < 1e-4, "{theta}: {found}");
        let found = single.fenchel_young(&[theta as f32], &[0.2], Exact).unwrap().loss;
        assert!((f64::from(found) - want).abs() < 1e-4, "{theta}: {found} in f32");
    }
    let layer = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Normal, 1.0f64).unwrap();
    let found = layer.fenchel_young(&[-2.11, 1.66], &[0.9, 0.1], Exact).unwrap().loss;
    assert!((found - 3.1465).abs() < 1e-4, "{found}");
}

/// On a face, Ω is that of the smaller problems that are left, whose θ′ is finite: zeros of the simplex, zeros and ones of the
/// hypercube, and a ranking whose first labels share the first ranks.
fn on_faces<T: AnyReal>(noise: AnyNoise, tolerance: f64)
where
    AnyOracle<T>: ClosedForm<T, AnyNoise, Shape = Dyn>,
{
    // εΩ of y_ε(θ′) in f64, and that y.
    let omega = |oracle: AnyOracle<f64>, there: &[f64], epsilon: f64| {
        let layer = AnyLayer::of(oracle, noise, epsilon).unwrap();
        let (value, y) = value_and_maximizer(&layer, there, How::Exact);
        (dot(&y, there) - value, y)
    };
    let check = |oracle: (AnyOracle<f64>, AnyOracle<T>), epsilon: f64, omega: f64, y: &[f64], seed: u64| {
        let (double, layer) = (
            AnyLayer::of(oracle.0, noise, epsilon).unwrap(),
            AnyLayer::of(oracle.1, noise, T::from_f64(epsilon)).unwrap(),
        );
        let theta = normals(seed, y.len(), 3.0 * epsilon);
        let want = double.value(&theta, How::Exact).unwrap() - dot(&theta, y) + omega;
        let found = layer.fenchel_young(&reals(&theta), &reals(y), How::Exact).unwrap().loss.to_f64();
        assert!(
            (found - want).abs() <= tolerance * want.max(epsilon),
            "{} {}, ε = {epsilon}: {found}, not {want}",
            layer.layer().oracle().properties().name,
            noise.name()
        );
    };
    let mean = Noise::<f64>::mean(&noise);
    for epsilon in [0.0625, 1.0, 8.0] {
        let there = [0.4 * epsilon, -0.7 * epsilon, 1.1 * epsilon];
        let (value, y) = omega(Simplex::new(Dyn(3)).unwrap().into(), &there, epsilon);
        let y = [y[0], 0.0, y[1], 0.0, y[2]];
        let simplex = Simplex::new(Dyn(5)).unwrap();
        check((simplex.into(), simplex.into()), epsilon, value, &y, 41);

        let (value, y) = omega(Hypercube::binary(Dyn(2)).unwrap().into(), &there[..2], epsilon);
        let cubes = (Hypercube::binary(Dyn(4)).unwrap().into(), Hypercube::binary(Dyn(4)).unwrap().into());
        check(cubes, epsilon, value - epsilon * mean, &[1.0, y[0], 0.0, y[1]], 42);

        let (low, first) = omega(Ranking::ascending(Dyn(2)).unwrap().into(), &there[..2], epsilon);
        let (high, rest) = omega(Ranking::ascending(Dyn(3)).unwrap().into(), &there, epsilon);
        let y: Vec<f64> = first.iter().copied().chain(rest.iter().map(|y| y + 2.0)).collect();
        let rankings =
            (Ranking::ascending(Dyn(5)).unwrap().into(), Ranking::ascending(Dyn(5)).unwrap().into());
        check(rankings, epsilon, low + high - 6.0 * epsilon * mean, &y, 43);
    }
}

#[test]
fn losses_on_faces() {
    for noise in AnyNoise::ALL {
        on_faces::<f64>(noise, 1e-9);
        on_faces::<f32>(noise, 1e-5);
    }
}

/// Sampled, with few samples and many: within 10⁻⁶ε of the divergence under the same noise, from scores near and far.
#[test]
fn sampled_losses_are_divergences() {
    for name in ["simplex of 5", "simplex of 2", "top-3 of 7", "hypercube", "ranking of 6"] {
        let epsilon = 0.5;
        let layer = AnyLayer::of(oracle::<f64>(name), AnyNoise::Normal, epsilon).unwrap();
        for samples in [1, 2, 3, 10, 300] {
            for seed in 0..5 {
                let how = How::MonteCarlo(MonteCarlo::new(samples, Seed(seed)));
                let there = normals(seed + 50, layer.dim(), epsilon);
                for outer in [0.3, 3.0, 100.0] {
                    let theta = normals(seed + 60, layer.dim(), outer * epsilon);
                    let (want, y) = divergence(&layer, &theta, &there, how);
                    let found = layer.fenchel_young(&theta, &y, how).unwrap().loss;
                    assert!(
                        (found - want).abs() <= 1.01e-6 * epsilon,
                        "{name}, M = {samples}: {found}, {want}"
                    );
                }
            }
        }
    }
    // A target that no θ′ gives: above what two θ′ prove, and in f32 the same.
    let (theta, target) = ([0.69, -1.68, 0.44], [0.9, 0.05, 0.05]);
    let how = MonteCarlo::new(3, Seed(11));
    let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.1f64).unwrap();
    let found = layer.fenchel_young(&theta, &target, how).unwrap().loss;
    let bound = |there: [f64; 3]| {
        let gap = |theta: &[f64; 3]| layer.value(theta, how).unwrap() - dot(theta, &target);
        gap(&theta) - gap(&there)
    };
    for seed in 0..200 {
        let there = normals(seed, 3, 0.2);
        assert!(found >= bound([there[0], there[1], there[2]]) - 1e-7);
    }
    assert!(found > 0.1087, "{found}");
    // Far outside, at any number of samples.
    for samples in [1, 3, 100] {
        let how = MonteCarlo::new(samples, Seed(1));
        let refused = layer.fenchel_young(&theta, &[0.9, 0.9, 0.0], how);
        assert_eq!(refused.unwrap_err(), Error::OutsideHull { parameter: "target" });
    }
}
