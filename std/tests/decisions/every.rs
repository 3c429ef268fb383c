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

/// The rows that were chosen make a decision by what their columns say, not only by the order of the oracle's entries: a tour visits
/// every city twice and is one round, a tree links all nodes, a route goes on from edge to edge, a pack fits.
#[test]
fn what_was_made_is_what_the_rows_say() {
    use std::collections::BTreeMap;
    let mut seen = 0;
    for kind in kinds() {
        let text = kind.table(40, Seed(8), true);
        for group in 0..40 {
            let start = format!("{group},");
            let rows: Vec<Vec<&str>> = text
                .lines()
                .filter(|line| line.starts_with(&start))
                .map(|line| line.split(',').collect())
                .collect();
            let made: Vec<(&str, &str)> = rows
                .iter()
                .filter(|row| row[4] == "1")
                .map(|row| (row[5], row.get(6).copied().unwrap_or("")))
                .collect();
            let mut degrees: BTreeMap<&str, usize> = BTreeMap::new();
            made.iter().flat_map(|(a, b)| [a, b]).for_each(|node| *degrees.entry(node).or_default() += 1);
            // How many nodes can be reached from the first along chosen edges.
            let reached = || {
                let mut nodes: Vec<&str> = made.first().map(|edge| edge.0).into_iter().collect();
                while let Some((a, b)) = made.iter().find(|(a, b)| nodes.contains(a) != nodes.contains(b)) {
                    nodes.push(if nodes.contains(a) { b } else { a });
                }
                nodes.len()
            };
            let columns = |of: fn(&(&str, &str)) -> String| {
                made.iter().map(of).collect::<std::collections::BTreeSet<_>>().len()
            };
            match kind.decide.name() {
                "tour" => {
                    assert!(made.len() == 6 && degrees.values().all(|&degree| degree == 2) && reached() == 6);
                }
                "span" => assert!(made.len() == 4 && reached() == 5),
                "assign" => assert!(
                    made.len() == 4
                        && columns(|pair| pair.0.into()) == 4
                        && columns(|pair| pair.1.into()) == 4
                ),
                "pack" => assert!(made.iter().map(|item| item.0.parse::<u32>().unwrap()).sum::<u32>() <= 12),
                "route" if kind.recipe().columns().iter().any(|column| column == "row") => {
                    // Each cell but the ends touches two others at least.
                    let cells: Vec<(i32, i32)> =
                        made.iter().map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).collect();
                    let touches = |at: (i32, i32)| {
                        cells
                            .iter()
                            .filter(|cell| {
                                **cell != at && (cell.0 - at.0).abs() <= 1 && (cell.1 - at.1).abs() <= 1
                            })
                            .count()
                    };
                    assert!(
                        cells
                            .iter()
                            .all(|&at| touches(at) >= if at == (0, 0) || at == (4, 4) { 1 } else { 2 })
                    );
                    assert!(made.contains(&("0", "0")) && made.contains(&("4", "4")));
                }
                "route" | "flow" => {
                    let ends = degrees.values().filter(|&&degree| degree % 2 == 1).count();
                    let units = if kind.decide.name() == "flow" { 2 } else { 1 };
                    assert!(made.iter().filter(|edge| edge.0 == "n00").count() == units, "{made:?}");
                    assert!(units == 2 || (ends == 2 && reached() == made.len() + 1));
                }
                _ => continue,
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 8 * 40);
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
