//! Every kind of decision on labels, each with weights of its own, is learned by an affine model.

use perturb::data::Dataset;
use perturb::decisions::Judgement;
use perturb::train::{LinearModel, Loss, Objective, Training};
use perturb::{
    AnyLayer, AnyNoise, AnyOracle, How, MonteCarlo, Noise, Normal, Oracle, OracleSpec, Perturbed, Seed, Shape,
};

const FEATURES: usize = 3;
const EPSILON: f64 = 0.5;

/// A grid of 3 × 3 nodes with edges to the right and down.
fn edges() -> Vec<(u32, u32)> {
    let node = |row: u32, column: u32| 3 * row + column;
    let right = (0..3).flat_map(|row| (0..2).map(move |column| (node(row, column), node(row, column + 1))));
    let down = (0..2).flat_map(|row| (0..3).map(move |column| (node(row, column), node(row + 1, column))));
    right.chain(down).collect()
}

/// All but grid path and shortest path, whose costs must be positive: the scores of an affine model change sign. `every.rs` learns
/// them from options.
fn oracles() -> Vec<OracleSpec> {
    vec![
        OracleSpec::Simplex { dim: 5 },
        OracleSpec::TopK { dim: 6, k: 2 },
        OracleSpec::GroupTopK { groups: vec![0, 0, 0, 1, 1, 1], limits: vec![1, 1], k: 2 },
        OracleSpec::Hypercube { dim: 4, sign: false },
        OracleSpec::Ranking { reference: (1..=5).map(f64::from).collect() },
        OracleSpec::Tour { cities: 5, sweeps: 10 },
        OracleSpec::DagPath { nodes: 9, edges: edges(), source: 0, sink: 8 },
        OracleSpec::Flow { nodes: 9, edges: edges(), source: 0, sink: 8, units: 1 },
        OracleSpec::Assignment { rows: 3, columns: 3, warm_start: false },
        OracleSpec::SpanningTree { nodes: 9, edges: edges(), labels: vec![None; 12] },
        OracleSpec::Knapsack { weights: vec![3, 1, 4, 1, 5], capacity: 7 },
    ]
}

/// Standard normal numbers.
fn normals(seed: Seed, count: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    Normal.fill(&mut seed.stream(0), &mut numbers);
    numbers
}

/// The model that decides: its weights are standard normal.
fn truth(oracle: &AnyOracle<f64>) -> LinearModel<f64> {
    let labels = oracle.shape().dim();
    LinearModel::from_parts(FEATURES, normals(Seed(1), FEATURES * labels), vec![0.0; labels]).unwrap()
}

/// Rows with normal features, and what the noisy truth decides in them.
fn data(oracle: &OracleSpec, rows: usize, seed: Seed) -> Dataset<f64> {
    let any = AnyOracle::new(oracle).unwrap();
    let truth = truth(&any);
    let layer = AnyLayer::of(any, AnyNoise::Normal, EPSILON).unwrap();
    let features = normals(seed.fold(0), FEATURES * rows);
    let mut theta = vec![0.0; truth.scores()];
    let y = features.chunks_exact(FEATURES).zip(0..).flat_map(|(x, row)| {
        truth.score(x, &mut theta);
        layer.sample(&theta, seed.fold(1), row).unwrap()
    });
    let y = y.collect();
    let names = |stem, count| perturb::data::numbered(stem, count);
    let labels = names("y", truth.scores());
    Dataset::of_oracle("generated", oracle.clone(), names("x", FEATURES), labels, features, y).unwrap()
}

/// 3,000 rows, ten samples a gradient, the recipe of the program for 40 epochs. On 1,000 other rows, the share of what was chosen (of rankings the
/// correlation) by the learned model less that by the model which made the data is not below −2 standard errors of the mean
/// difference, and far above that of a model that knows nothing.
#[test]
fn every_oracle_learns_from_labels() {
    for oracle in oracles() {
        let (train, test) = (data(&oracle, 3000, Seed(2)), data(&oracle, 1000, Seed(3)));
        let any = AnyOracle::<f64>::new(&oracle).unwrap();
        let truth = truth(&any);
        let layer = Perturbed::new(any, AnyNoise::Normal, EPSILON).unwrap();
        let how = How::MonteCarlo(MonteCarlo::new(10, Seed(0)));
        let objective = Objective { layer, loss: Loss::FenchelYoung, how };
        let training = Training { epochs: 40, seed: Seed(4), ..Training::default() };
        let learned = training.fit(&objective, &train).unwrap().model;
        let judge = |model: &LinearModel<f64>| -> Vec<f64> {
            let all = Judgement::of_rows(model, &test, (AnyNoise::Normal, EPSILON)).unwrap();
            let of = |one: Judgement| {
                let share = [one.overlap, one.spearman, one.agreement].into_iter().find(|x| !x.is_nan());
                // No label of a hypercube may have been chosen.
                if one.right.is_nan() { share.unwrap() } else { one.right }
            };
            all.into_iter().map(of).collect()
        };
        let (learned, best) = (judge(&learned), judge(&truth));
        let nothing = judge(&LinearModel::zeros(FEATURES, truth.scores()));
        let differences: Vec<f64> = learned.iter().zip(&best).map(|(a, b)| a - b).collect();
        let n = differences.len() as f64;
        let mean = |of: &[f64]| of.iter().sum::<f64>() / n;
        let off = mean(&differences);
        let error = (differences.iter().map(|x| (x - off) * (x - off)).sum::<f64>() / (n - 1.0) / n).sqrt();
        let (best, nothing) = (mean(&best), mean(&nothing));
        let name = format!("{oracle:?}");
        let name = name.split(' ').next().unwrap();
        eprintln!("{name}: {off:+.4} ± {error:.4}, truth {best:.4}, nothing {nothing:.4}");
        assert!(off >= -2.0 * error, "{name}: {off} {error}");
        assert!(best + off > nothing + 0.05, "{name}: {best} {nothing}");
    }
}

/// Decisions that an oracle cannot make are refused, and oracles of other sizes.
#[test]
fn what_an_oracle_cannot_decide_is_no_data() {
    let refusal = |oracle: OracleSpec, y: &[f64]| {
        let names = |stem, count| perturb::data::numbered(stem, count);
        let made =
            Dataset::of_oracle("bad", oracle, names("x", 1), names("y", y.len()), vec![0.5], y.to_vec());
        made.unwrap_err().to_string()
    };
    let simplex = |dim| OracleSpec::Simplex { dim };
    let none = "targets: expected decisions of simplex, found another in row 0";
    assert_eq!(refusal(simplex(3), &[1.0, 1.0, 0.0]), none);
    assert_eq!(refusal(simplex(3), &[f64::NAN, 1.0, 0.0]), none);
    assert_eq!(refusal(simplex(3), &[1.0, 0.0]), "oracle: expected one of 2 scores, found 3");
    let route = OracleSpec::DagPath { nodes: 3, edges: vec![(0, 1), (1, 2), (0, 2)], source: 0, sink: 2 };
    assert!(refusal(route, &[1.0, 0.0, 0.0]).starts_with("targets: expected decisions of"));
    let error = refusal(OracleSpec::TopK { dim: 2, k: 3 }, &[1.0, 0.0]);
    assert!(error.starts_with("oracle: expected one that can be made, found "), "{error}");
}
