//! Variance reduction: what it saves, that it changes no expectation, and that standard errors are right.

use perturb::quantity::{Jacobian, Jvp, Maximizer, MaximizerByScore, Value, Vjp};
use perturb::{
    ClosedForm, Const, Error, Exact, Gumbel, Laplace, Logistic, MonteCarlo, Normal, Perturbed, Ranking, Real,
    Seed, Simplex, TopK,
    method::{Control, Draws, Variance},
    noise::Law,
};
use perturb_tests::statistics::Mean;

const CLASSES: [f64; 5] = [-0.6, 1.9, -0.2, 1.1, -1.0];
/// Estimates of 64 samples each, seeds `fold`ed by number.
const REPLICATES: u64 = 20_000;
const M: u32 = 64;

/// ‖J_M − J‖² over the replicates: its mean is the total variance Σ Var J_ij of one estimate.
fn total_variance(epsilon: f64, how: fn(u32, Seed) -> MonteCarlo) -> Mean {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, epsilon).unwrap();
    let exact = layer.jacobian(&CLASSES, Exact).unwrap();
    Mean::of((0..REPLICATES).map(|replicate| {
        let found = layer.jacobian(&CLASSES, how(M, Seed(110).fold(replicate))).unwrap();
        let pairs = found.as_ref().iter().zip(exact.as_ref());
        pairs.map(|(found, exact)| (found - exact) * (found - exact)).sum()
    }))
}

/// The published figures have three digits: half a unit of the last is added to 4.5 standard errors.
#[track_caller]
fn assert_variance(found: Mean, want: f64, half_unit: f64) {
    println!("total variance {} ± {}, {want}", found.mean, found.error);
    let off = (found.mean - want).abs();
    assert!(off <= 4.5 * found.error + half_unit, "{found:?}, not {want}");
}

#[test]
fn total_variances_are_the_published_ones() {
    assert_variance(total_variance(0.5, MonteCarlo::plain), 0.307, 0.0005);
    assert_variance(total_variance(0.5, MonteCarlo::new), 0.106, 0.0005);
    assert_variance(total_variance(0.1, MonteCarlo::plain), 7.79, 0.005);
    assert!(total_variance(0.1, MonteCarlo::new).mean < 0.01);
    let leave_one_out = |samples, seed| MonteCarlo::new(samples, seed).leave_one_out();
    assert_variance(total_variance(0.5, leave_one_out), 0.0875, 0.00005);
    assert!(total_variance(0.1, leave_one_out).mean < 0.01);
    let antithetic = |samples, seed| MonteCarlo::plain(samples, seed).antithetic();
    assert_variance(total_variance(0.5, antithetic), 0.101, 0.0005);
    assert!(total_variance(0.1, antithetic).mean < 0.05);
    // Without a published figure: less than half of the baseline alone.
    let quasi_random = total_variance(0.5, |samples, seed| MonteCarlo::new(samples, seed).quasi_random());
    println!("total variance {} ± {}, quasi-random", quasi_random.mean, quasi_random.error);
    assert!(quasi_random.mean + 4.5 * quasi_random.error < 0.05);
    assert!(total_variance(0.1, |samples, seed| MonteCarlo::new(samples, seed).quasi_random()).mean < 0.01);
}

/// Baseline less plain on the same noise: each entry has mean 0, within 4.5 standard errors.
#[test]
fn the_baseline_changes_no_expectation() {
    fn check<N: Law<f64>>(noise: N) {
        let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), noise, 0.5).unwrap();
        let mut differences = vec![Vec::new(); 25];
        for replicate in 0..5000 {
            let seed = Seed(111).fold(replicate);
            let with = layer.compute(&CLASSES, &Jacobian, MonteCarlo::new(M, seed)).unwrap();
            let without = layer.compute(&CLASSES, &Jacobian, MonteCarlo::plain(M, seed)).unwrap();
            for ((list, with), without) in differences.iter_mut().zip(with.as_ref()).zip(without.as_ref()) {
                list.push(with - without);
            }
        }
        for (entry, differences) in differences.into_iter().enumerate() {
            let mean = Mean::of(differences);
            mean.assert_near(0.0, 0.0, f64::EPSILON, format_args!("J entry {entry}, {}", noise.name()));
        }
    }
    check(Normal);
    check(Gumbel);
}

/// Every combination of control and draws.
fn combinations(samples: u32, seed: Seed) -> impl Iterator<Item = MonteCarlo> {
    let controls = [Control::None, Control::Baseline, Control::LeaveOneOut];
    let draws = [Draws::Independent, Draws::Antithetic, Draws::QuasiRandom];
    let all = controls.into_iter().flat_map(move |control| draws.map(|draws| Variance { control, draws }));
    all.map(move |variance| MonteCarlo { samples, seed, variance })
}

/// Every combination against the closed form: M = 102 400 in 1600 units of one block each, Z = 4.5, seeds 112–114.
/// The means of units are normal enough for that; the estimate's own standard error is used.
#[test]
fn no_combination_changes_an_expectation() {
    fn check<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, theta: &[f64], seed: Seed) {
        let layer = Perturbed::new(oracle, noise, T::HALF).unwrap();
        let theta: Vec<T> = theta.iter().map(|&x| T::from_f64(x)).collect();
        let u: Vec<T> = [0.3, -1.7, 0.9, 0.1, 2.2].map(T::from_f64)[..theta.len()].to_vec();
        let (value, y) = layer.value_and_maximizer(&theta, Exact).unwrap();
        let jacobian = layer.jacobian(&theta, Exact).unwrap();
        let product = layer.vjp(&theta, &u, Exact).unwrap();
        for how in combinations(102_400, seed) {
            let what = format!(
                "{} {} {} {:?}",
                layer.oracle().properties().name,
                noise.name(),
                T::NAME,
                how.variance
            );
            let estimators = (
                (Value, Maximizer, MaximizerByScore),
                Jacobian,
                (Vjp { cotangent: &u }, Jvp { tangent: &u }),
            );
            let found = layer.compute_with_error(&theta, &estimators, how).unwrap();
            let near = |mean: &[T], error: &[T], want: &[T], what: &str| {
                for ((mean, error), want) in mean.iter().zip(error).zip(want) {
                    let (mean, error, want) = (mean.to_f64(), error.to_f64(), want.to_f64());
                    let rounding = 64.0 * T::EPSILON.to_f64() * want.abs().max(1.0);
                    assert!(
                        (mean - want).abs() <= 4.5 * error + rounding,
                        "{what}: {mean} ± {error}, not {want}"
                    );
                }
            };
            let ((mean, error), one) = ((&found.mean, &found.standard_error), std::slice::from_ref);
            near(one(&mean.0.0), one(&error.0.0), one(&value), &format!("{what} value"));
            near(mean.0.1.as_ref(), error.0.1.as_ref(), y.as_ref(), &format!("{what} maximizer"));
            near(mean.0.2.as_ref(), error.0.2.as_ref(), y.as_ref(), &format!("{what} by score"));
            near(mean.1.as_ref(), error.1.as_ref(), jacobian.as_ref(), &format!("{what} jacobian"));
            near(mean.2.0.as_ref(), error.2.0.as_ref(), product.as_ref(), &format!("{what} vjp"));
            near(mean.2.1.as_ref(), error.2.1.as_ref(), product.as_ref(), &format!("{what} jvp"));
            // The mean has the bits of the estimate without errors.
            assert_eq!(layer.compute(&theta, &Jacobian, how).unwrap().as_ref(), mean.1.as_ref(), "{what}");
        }
    }
    // Nearer to one another than the classes above: no outcome is too rare for a normal mean.
    let near = [-0.3, 0.6, -0.1, 0.5, -0.2];
    check::<f64, _, _>(Simplex::new(Const::<5>).unwrap(), Normal, &near, Seed(112));
    check::<f64, _, _>(Simplex::new(Const::<5>).unwrap(), Gumbel, &near, Seed(112));
    check::<f32, _, _>(Ranking::ascending(Const::<5>).unwrap(), Gumbel, &near, Seed(113));
    check::<f64, _, _>(Ranking::ascending(Const::<4>).unwrap(), Laplace, &[0.3, 0.0, -0.2, 0.25], Seed(113));
    check::<f32, _, _>(TopK::new(Const::<5>, 2).unwrap(), Logistic, &near, Seed(114));
}

/// The squared error over the squared standard error has mean 1 over 1000 replicates of 4096 samples, entry by entry:
/// its own standard error is measured, Z = 4.5, seed 115. Student's t of 63 and more degrees of freedom adds up to
/// (n − 1)/(n − 3) − 1 of the units n, which is taken out.
#[test]
fn standard_errors_are_right() {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, 1.0f64).unwrap();
    let exact = layer.vjp(&CLASSES, &[1.0, -1.0, 0.5, 0.0, 2.0], Exact).unwrap();
    let vjp = Vjp { cotangent: &[1.0, -1.0, 0.5, 0.0, 2.0] };
    for how in combinations(4096, Seed(115)) {
        let mut ratios = vec![Vec::new(); 5];
        for replicate in 0..1000 {
            let how = MonteCarlo { seed: how.seed.fold(replicate), ..how };
            let found = layer.compute_with_error(&CLASSES, &vjp, how).unwrap();
            let units = f64::from(found.units);
            for ((list, i), exact) in ratios.iter_mut().zip(0..).zip(exact) {
                let off: f64 = (found.mean[i] - exact) / found.standard_error[i];
                list.push(off * off * (units - 3.0) / (units - 1.0));
            }
        }
        for (entry, ratios) in ratios.into_iter().enumerate() {
            let mean = Mean::of(ratios);
            let off = (mean.mean - 1.0).abs();
            assert!(off <= 4.5 * mean.error, "{:?} entry {entry}: {mean:?}", how.variance);
        }
    }
}

/// The square of the standard error has the expectation of the squared error, also where the last unit is not whole: their
/// difference over 4000 replicates, entry by entry, Z = 4.5, seed 116.
#[test]
fn standard_errors_count_every_sample() {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, 1.0f64).unwrap();
    let u = [1.0, -1.0, 0.5, 0.0, 2.0];
    let exact = layer.vjp(&CLASSES, &u, Exact).unwrap();
    for samples in [5, 129, 130, 191] {
        for how in combinations(samples, Seed(116)).filter(|how| 2 * how.unit() <= samples) {
            let mut differences = vec![Vec::new(); 5];
            for replicate in 0..4000 {
                let how = MonteCarlo { seed: how.seed.fold(replicate), ..how };
                let found = layer.compute_with_error(&CLASSES, &Vjp { cotangent: &u }, how).unwrap();
                for ((list, i), exact) in differences.iter_mut().zip(0..).zip(exact) {
                    let (off, error): (f64, f64) = (found.mean[i] - exact, found.standard_error[i]);
                    list.push(error * error - off * off);
                }
            }
            for (entry, differences) in differences.into_iter().enumerate() {
                let mean = Mean::of(differences);
                let off = mean.mean.abs();
                assert!(off <= 4.5 * mean.error, "{:?} M = {samples} entry {entry}: {mean:?}", how.variance);
            }
        }
    }
    // Pairs whose mean is always the same, and one sample.
    let ranking = Perturbed::new(Ranking::ascending(Const::<2>).unwrap(), Normal, 1.0f64).unwrap();
    let how = MonteCarlo::plain(5, Seed(3)).antithetic();
    let found = ranking.compute_with_error(&[0.0; 2], &Maximizer, how).unwrap();
    assert_eq!(found.units, 3);
    // x̄ is .1 from 1.5, as x_L is .5: w = 2/5, 2/5, 1/5, A = 2·.16/.2·.01 + .04/.6·.16, B = 2·.16/.2 + .04/.6.
    let want: f64 = (1.6 * 0.01 + 0.04 / 0.6 * 0.16) / (1.0 + 1.6 + 0.04 / 0.6);
    assert!((found.standard_error[0] - want.sqrt()).abs() < 1e-12, "{found:?}, {}", want.sqrt());
}

/// Fewer than two units have no standard error, and say how many samples would.
#[test]
fn too_few_samples_have_no_error() {
    let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), Normal, 1.0f64).unwrap();
    let refused = |how| layer.compute_with_error(&CLASSES, &Maximizer, how).unwrap_err();
    let error =
        |least, found| Error::OutOfRange { parameter: "samples", least, greatest: u32::MAX as usize, found };
    assert_eq!(refused(MonteCarlo::new(1, Seed(0))), error(2, 1));
    assert_eq!(refused(MonteCarlo::new(3, Seed(0)).antithetic()), error(4, 3));
    assert_eq!(refused(MonteCarlo::new(127, Seed(0)).quasi_random()), error(128, 127));
    assert_eq!(layer.compute_with_error(&CLASSES, &Maximizer, MonteCarlo::new(2, Seed(0))).unwrap().units, 2);
}
