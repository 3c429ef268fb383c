//! Picks, choices of several and yes or no on labels, end to end; `tune`.

use std::fmt::Write;
use std::path::Path;

use perturb::data::table::{self, Targets};
use perturb::decisions::Judgement;
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;
use perturb::{AnyLayer, AnyNoise, AnyOracle, Noise, Normal, OracleSpec, Seed};

use super::{json, refuse, succeed, votes};

const LABELS: [&str; 4] = ["bike", "bus", "car", "tram"];

/// A model of labels and what it is called on the command line.
struct Kind {
    decide: &'static str,
    oracle: OracleSpec,
    noise: AnyNoise,
    file: OracleKind,
    /// In the output of `evaluate`.
    metric: &'static str,
}

fn kinds() -> [Kind; 3] {
    let each = OracleSpec::Hypercube { dim: 4, sign: false };
    let (normal, gumbel) = (AnyNoise::Normal, AnyNoise::Gumbel);
    [
        Kind {
            decide: "pick",
            oracle: OracleSpec::Simplex { dim: 4 },
            noise: gumbel,
            file: OracleKind::Simplex,
            metric: "agreement",
        },
        Kind {
            decide: "pick-k",
            oracle: OracleSpec::TopK { dim: 4, k: 2 },
            noise: normal,
            file: OracleKind::TopK,
            metric: "overlap",
        },
        Kind { decide: "each", oracle: each, noise: normal, file: OracleKind::Hypercube, metric: "right" },
    ]
}

/// Three weights a label, which make the decisions.
fn truth() -> LinearModel<f64> {
    let weights = vec![1.5, -0.5, 0.0, -1.0, 0.5, 1.0, -1.5, 0.0, -1.0, 0.0, 0.5, 1.0];
    LinearModel::from_parts(3, weights, vec![0.0; 4]).unwrap()
}

impl Kind {
    /// Rows with three normal features, and what the truth decides under noise.
    fn write(&self, folder: &Path, name: &str, rows: usize, seed: Seed) {
        let mut features = vec![0.0f64; 3 * rows];
        Normal.fill(&mut seed.fold(0).stream(0), &mut features);
        let layer = AnyLayer::of(AnyOracle::new(&self.oracle).unwrap(), self.noise, 0.5).unwrap();
        let decided = if self.decide == "pick" { "mode".into() } else { LABELS.join(",") };
        let mut text = format!("x,y,z,{decided}\n");
        let mut theta = [0.0; 4];
        for (row, x) in features.chunks_exact(3).enumerate() {
            truth().score(x, &mut theta);
            let y = layer.sample(&theta, seed.fold(1), row as u64).unwrap();
            let cells = if self.decide == "pick" {
                LABELS[y.iter().position(|&y| y == 1.0).unwrap()].to_owned()
            } else {
                y.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            };
            writeln!(text, "{},{},{},{cells}", x[0], x[1], x[2]).unwrap();
        }
        std::fs::write(folder.join(name), text).unwrap();
    }

    fn targets(&self) -> Targets {
        let names = LABELS.map(String::from).to_vec();
        match self.decide {
            "pick" => Targets::Pick("mode".into()),
            "pick-k" => Targets::PickK(names),
            _ => Targets::Each(names),
        }
    }
}

/// Trained on 2,000 rows. On 1,000 others, what the metric says is not below the truth's by more than two standard errors of the paired
/// difference; the program's figures are the library's; predictions are the model's decisions and expectations.
#[test]
fn labels_are_decided_as_the_truth_does() {
    for kind in kinds() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        kind.write(folder, "train.csv", 2000, Seed(1));
        kind.write(folder, "test.csv", 1000, Seed(2));
        let chosen = if kind.decide == "pick" { "mode".to_owned() } else { LABELS.join(",") };
        let arguments = ["train", "--data", "train.csv", "--decide", kind.decide, "--chosen", &chosen];
        let rest = ["--epsilon", "0.5", "--epochs", "60", "--validation", "test.csv", "--json", "--quiet"];
        let trained = json(&succeed(folder, &[&arguments[..], &rest].concat()));

        let file = ModelFile::load(folder.join("model.perturb")).unwrap();
        assert_eq!((file.oracle, file.noise), (kind.file, kind.noise));
        assert_eq!(file.parameter, if kind.decide == "pick-k" { 2 } else { 0 });
        assert_eq!(file.provenance.label_names, LABELS);
        let bytes = std::fs::read(folder.join("test.csv")).unwrap();
        let test = table::parse::<f32>("test.csv".as_ref(), &bytes, &kind.targets()).unwrap();
        let learned = LinearModel::from_parts(3, file.weights.clone(), file.bias.clone()).unwrap();
        let narrow = |x: &f64| *x as f32;
        let best = LinearModel::from_parts(3, truth().weights().iter().map(narrow).collect(), vec![0.0; 4]);
        let judge = |model: &LinearModel<f32>| -> Vec<f64> {
            let all = Judgement::of_rows(model, &test, (kind.noise, 0.5)).unwrap();
            let of = |one: &Judgement| match kind.metric {
                "agreement" => one.agreement,
                "overlap" => one.overlap,
                _ => one.right,
            };
            all.iter().map(of).collect()
        };
        let (learned_scores, best) = (judge(&learned), judge(&best.unwrap()));
        let n = best.len() as f64;
        let differences: Vec<f64> = learned_scores.iter().zip(&best).map(|(a, b)| a - b).collect();
        let mean = differences.iter().sum::<f64>() / n;
        let error = (differences.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0) / n).sqrt();
        assert!(mean >= -2.0 * error, "{}: {mean} {error}", kind.decide);

        let judged = json(&succeed(folder, &["evaluate", "--data", "test.csv", "--json"]));
        let expected = learned_scores.iter().sum::<f64>() / n;
        assert!((judged[kind.metric].as_f64().unwrap() - expected).abs() < 1e-12, "{judged} {expected}");
        assert_eq!(trained["validation"], judged);
        // One decision for all rows is far worse.
        let baseline = trained["baseline"][kind.metric].as_f64().unwrap();
        assert!(baseline < expected - 0.05, "{}: {baseline} {expected}", kind.decide);

        // What was decided need not be known.
        let layer = AnyLayer::of(AnyOracle::new(test.oracle()).unwrap(), kind.noise, 0.5f32).unwrap();
        let predicted = succeed(folder, &["predict", "--data", "test.csv"]);
        let objects = succeed(folder, &["predict", "--data", "test.csv", "--json"]);
        let mut lines = predicted.lines();
        assert_eq!(lines.next(), Some("bike,bus,car,tram,chosen"));
        for ((row, line), object) in lines.enumerate().zip(objects.lines()) {
            let mut theta = vec![0.0; 4];
            learned.score(test.x(row), &mut theta);
            let (_, y) = layer.decide(&theta).unwrap();
            let expected = layer.maximizer(&theta, perturb::How::Exact).unwrap();
            let names: Vec<&str> =
                LABELS.into_iter().zip(&y).filter(|(_, y)| **y == 1.0).map(|of| of.0).collect();
            let (numbers, object) = (expected.iter().map(|y| format!("{y:?}")), json(object));
            let cells: Vec<String> = numbers.chain([names.join(";")]).collect();
            assert_eq!(line, cells.join(","));
            assert_eq!(object["car"].as_f64().unwrap() as f32, expected[2]);
            let named = if kind.decide == "pick" { names[0].into() } else { serde_json::json!(names) };
            assert_eq!(object["chosen"], named);
        }
    }
}

#[test]
fn refusals_about_labels_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kinds()[1].write(folder, "t.csv", 20, Seed(1));
    let refusal = |arguments: &[&str]| {
        let arguments = [&["train", "--data", "t.csv", "--quiet"], arguments].concat();
        let output = super::perturb(folder, &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (arguments, want) in [
        (
            &["--chosen", "bike,bus"][..],
            "--chosen bike,bus: give --decide pick-k or each, if these are several columns",
        ),
        (&["--decide", "each"], "--decide pick-k and each need --chosen: of labels the columns that are 1"),
        (
            &["--decide", "pick"],
            "--decide pick needs --chosen: of labels the column that names the picked one",
        ),
        (
            &["--decide", "pick", "--chosen", "x", "--loss", "spo-plus"],
            "--loss spo-plus belongs to tables of options by --worth",
        ),
        (&["--decide", "tour", "--chosen", "bike"], "--decide tour belongs to tables of options"),
        (&["--decide", "pick", "--chosen", "x", "--ranks", "y,z"], "--ranks belongs to rankings"),
        (
            &["--decide", "each", "--chosen", "bike,x"],
            "t.csv, line 2, column 1: expected in `x` 1 if the label was chosen",
        ),
        (
            &["--decide", "each", "--chosen", "bike,bike"],
            "chosen: expected each column once, found `bike` twice",
        ),
        (&["--decide", "each", "--chosen", "bike,bus", "--validation", "absent.csv"], "absent.csv"),
    ] {
        let found = refusal(arguments);
        assert!(found.contains(want), "{found}");
    }
    // Another number of chosen labels than the model has.
    let arguments =
        ["train", "--data", "t.csv", "--decide", "pick-k", "--chosen", "bike,bus,car,tram", "--quiet"];
    succeed(folder, &arguments);
    std::fs::write(folder.join("one.csv"), "x,y,z,bike,bus,car,tram\n1,2,3,1,0,0,0\n").unwrap();
    let found = refuse(folder, &["evaluate", "--data", "one.csv"]);
    assert!(found.contains("one.csv has 1 chosen labels in each row; the model chooses 2"), "{found}");
}

/// A training that ends with a loss above that at its start is worse than any that does not, however it decides.
#[test]
fn what_diverges_is_not_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kinds()[0].write(folder, "t.csv", 200, Seed(1));
    let arguments = ["tune", "--data", "t.csv", "--decide", "pick", "--chosen", "mode", "--rates", "1e9,0.1"];
    let found = json(&succeed(folder, &[&arguments[..], &["--epochs", "2", "--json", "--quiet"]].concat()));
    assert_eq!(found["tuning"]["chosen"], "rate 0.1");
    assert_eq!(found["tuning"]["metric"], "minus log-loss");
    assert!(found["tuning"]["scores"][0]["mean"].is_null());
}

/// Of three rates, of which one is too small to learn anything, the choice is not that one; the model is the one that `train` makes
/// with the chosen settings.
#[test]
fn settings_are_chosen_by_cross_validation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    votes(folder);
    let tune = ["tune", "--data", "votes.csv", "--model", "tuned", "--quiet", "--rates", "1e-9,0.1,1e9"];
    let found =
        json(&succeed(folder, &[&tune[..], &["--loss", "squared", "--nested", "3", "--json"]].concat()));
    let tuning = &found["tuning"];
    assert_eq!((&tuning["chosen"], &tuning["metric"]), (&"rate 0.1".into(), &"Spearman".into()));
    let scores = tuning["scores"].as_array().unwrap();
    assert_eq!(scores.len(), 3);
    assert!(scores[1]["mean"].as_f64() > scores[0]["mean"].as_f64());
    // Infinities are no numbers of JSON.
    assert!(scores[2]["mean"].is_null());
    assert_eq!(tuning["nested"]["chosen"], serde_json::json!(["rate 0.1", "rate 0.1", "rate 0.1"]));
    assert_eq!(found["rows"], 400);
    let train = ["train", "--data", "votes.csv", "--model", "trained", "--quiet", "--rate", "0.1"];
    succeed(folder, &[&train[..], &["--loss", "squared", "--validation", "0"]].concat());
    let weights = |name| ModelFile::load(folder.join(name)).map(|file| (file.weights, file.bias)).unwrap();
    assert_eq!(weights("tuned"), weights("trained"));
    // The same with any number of threads.
    let one = json(&succeed(
        folder,
        &[&tune[..], &["--loss", "squared", "--nested", "3", "--json", "--threads", "1"]].concat(),
    ));
    assert_eq!(one, found);

    let text =
        succeed(folder, &[&tune[..], &["--losses", "fenchel-young,squared", "--epsilons", "0.5,2"]].concat());
    assert!(text.starts_with("5 folds ") && text.contains("chosen: loss "), "{text}");
    assert!(text.contains("diverged"), "{text}");
    for (arguments, want) in [
        (&["--rates", "0.1"][..], "tune needs a choice"),
        (
            &["--losses", "squared,pairwise-logistic", "--epsilons", "1,2"],
            "--epsilon belongs to --loss fenchel-young",
        ),
        (&["--rates", "0.1,1", "--ratio", "a/b"], "--ratio belongs to tables of options"),
        (&["--rates", "0.1,1", "--folds", "401"], "--folds: expected 2 to 400 folds of 400 rows, found 401"),
    ] {
        let output = super::perturb(folder, &[&["tune", "--data", "votes.csv"], arguments].concat());
        let found = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && found.contains(want), "{found}");
    }
}
