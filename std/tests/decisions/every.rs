//! Every kind of decision is learned from a table.

use perturb::decisions::Judgement;
use perturb::inference::Estimation;
use perturb::train::{Loss, Training};
use perturb::{AnyNoise, How, MonteCarlo, Seed};

use crate::generate::{Kind, kinds, weights};

/// Of 400 new decisions, the share of what was chosen (of rankings, the correlation) of learned weights less that of the weights which
/// made the decisions: not below −2 standard errors of the mean difference.
fn is_as_good_as_the_truth(kind: &Kind, w: &[f64]) {
    let test = kind.recipe().read(&kind.frame(&kind.table(400, Seed(2), true))).unwrap();
    let judge = |w: &[f64]| -> Vec<f64> {
        let all =
            test.judge(w, (AnyNoise::Normal, 0.5), How::MonteCarlo(MonteCarlo::new(10, Seed(3)))).unwrap();
        let of = |one: &Judgement| {
            [one.overlap, one.spearman, one.agreement].into_iter().find(|x| !x.is_nan()).unwrap()
        };
        all.iter().map(|(_, one)| of(one)).collect()
    };
    let differences: Vec<f64> = judge(w).iter().zip(judge(&weights(kind))).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let error = (differences.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0) / n).sqrt();
    let nothing: f64 = judge(&[0.0; 3]).iter().sum::<f64>() / n;
    let truth: f64 = judge(&weights(kind)).iter().sum::<f64>() / n;
    eprintln!(
        "{}: {mean:+.4} ± {error:.4}, truth {truth:.4}, nothing {nothing:.4}, {w:?}",
        kind.decide.name()
    );
    assert!(mean >= -2.0 * error, "{}: {mean} {error}", kind.decide.name());
    assert!(truth + mean > nothing + 0.05, "{}: {truth} {nothing}", kind.decide.name());
}

/// 300 decisions, ten samples a gradient, the recipe of the program.
#[test]
fn by_stochastic_gradients() {
    for kind in kinds() {
        let train = kind.recipe().read(&kind.frame(&kind.table(300, Seed(1), true))).unwrap();
        let training = Training { seed: Seed(4), ..Training::default() };
        let how = How::MonteCarlo(MonteCarlo::new(10, Seed(0)));
        let run =
            training.start_options((AnyNoise::Normal, 0.5), Loss::FenchelYoung, how, &train, None).unwrap();
        let w = run.finish().unwrap();
        is_as_good_as_the_truth(&kind, &w);
        // Errors by samples, which are of the order of the difference from the truth.
        let estimation = Estimation {
            noise: AnyNoise::Normal,
            epsilon: 0.5,
            how: How::MonteCarlo(MonteCarlo::new(500, Seed(5))),
            ..Estimation::default()
        };
        let found = estimation.at(&train, &w).unwrap();
        let z = found
            .coefficients()
            .iter()
            .zip(weights(&kind))
            .zip(found.standard_errors(perturb::inference::Errors::Robust).unwrap());
        for ((w, truth), error) in z {
            eprintln!("   {w:.4} {truth} ± {error:.4}");
            assert!((w - truth).abs() < 4.0 * error, "{}: {w} {truth} {error}", kind.decide.name());
        }
    }
}

/// Where there is a closed form: 300 decisions, exactly.
#[test]
fn by_exact_newton_steps() {
    let estimation = Estimation { noise: AnyNoise::Normal, epsilon: 0.5, ..Estimation::default() };
    let mut exact = 0;
    for kind in kinds() {
        let train = kind.recipe().read(&kind.frame(&kind.table(300, Seed(1), true))).unwrap();
        match estimation.fit(&train) {
            Ok(found) => {
                exact += 1;
                is_as_good_as_the_truth(&kind, found.coefficients());
            }
            Err(error) => assert!(error.to_string().contains("closed form"), "{error}"),
        }
    }
    assert_eq!(exact, 4);
}

/// The same bits with any number of threads, and after an interruption.
#[test]
fn trainings_resume_with_the_same_bits() {
    for kind in kinds().into_iter().step_by(4) {
        let train = kind.recipe().read(&kind.frame(&kind.table(100, Seed(1), true))).unwrap();
        let training = Training { seed: Seed(4), least_steps: 60, ..Training::default() };
        let how = How::MonteCarlo(MonteCarlo::new(3, Seed(0)));
        let start = || {
            training.start_options((AnyNoise::Normal, 0.5), Loss::FenchelYoung, how, &train, None).unwrap()
        };
        let whole = start().finish().unwrap();
        let mut first = start();
        for _ in 0..25 {
            first.step().unwrap();
        }
        let mut second = start();
        second.restore(first.state()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(pool.install(|| second.finish().unwrap()), whole);
    }
}
