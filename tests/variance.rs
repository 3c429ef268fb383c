//! Variance reduction: what the baseline saves, and that it changes no expectation.

use perturb::estimator::Jacobian;
use perturb::{Const, Exact, Gumbel, Law, MonteCarlo, Normal, Perturbed, Seed, Simplex};
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
}

/// Baseline less plain on the same noise: each entry has mean 0, within 4.5 standard errors.
#[test]
fn the_baseline_changes_no_expectation() {
    fn check<N: Law<f64>>(noise: N) {
        let layer = Perturbed::new(Simplex::new(Const::<5>).unwrap(), noise, 0.5).unwrap();
        let mut differences = vec![Vec::new(); 25];
        for replicate in 0..5000 {
            let seed = Seed(111).fold(replicate);
            let with = layer.estimate(&CLASSES, &Jacobian, MonteCarlo::new(M, seed)).unwrap();
            let without = layer.estimate(&CLASSES, &Jacobian, MonteCarlo::plain(M, seed)).unwrap();
            for ((list, with), without) in differences.iter_mut().zip(with.as_ref()).zip(without.as_ref()) {
                list.push(with - without);
            }
        }
        for (entry, differences) in differences.into_iter().enumerate() {
            let mean = Mean::of(differences);
            mean.assert_near(0.0, 0.0, f64::EPSILON, format_args!("J entry {entry}, {}", N::NAME));
        }
    }
    check(Normal);
    check(Gumbel);
}
