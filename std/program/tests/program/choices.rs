//! What is said of picks beside their weights: elasticities and importance.

#![allow(clippy::format_push_string, reason = "tables are written row by row")]

use std::path::Path;

use perturb::model_file::ModelFile;
use serde_json::Value;

use super::{json, perturb, succeed};

/// Trips by air and by car of three people; a decision has both.
pub(super) fn trips(folder: &Path) {
    let mut text = "trip,mode,cost,took,who\n".to_owned();
    for trip in 0..30u32 {
        let [air, car] = [40 + trip * 37 % 50, 30 + trip * 17 % 60];
        let by_air = air < car + trip * 29 % 40;
        let [a, c] = [by_air, !by_air].map(u8::from);
        text += &format!("{trip},air,{air},{a},{}\n{trip},car,{car},{c},{}\n", trip % 3, trip % 3);
    }
    std::fs::write(folder.join("trips.csv"), text).unwrap();
}

/// Travellers who choose as Greene's do, in the columns of his set.
pub(super) fn travellers(folder: &Path) {
    let mut text = "traveller,mode,chosen,ttme,gc,hinc\n".to_owned();
    for traveller in 0..80u32 {
        let terms = [("air", 60), ("train", 40), ("bus", 40), ("car", 0)];
        let rows: Vec<(u32, u32)> = (0..)
            .zip(terms)
            .map(|(at, (_, time))| {
                (time * (6 + traveller * (3 + at) % 7) / 9, 40 + traveller * (17 + 6 * at) % 90)
            })
            .collect();
        let luck = |at: usize| (traveller * 37 + at as u32 * 53) % 97;
        let best = (0..4).min_by_key(|&at| rows[at].0 + rows[at].1 + 2 * luck(at)).unwrap();
        for (at, ((mode, _), (ttme, gc))) in terms.into_iter().zip(rows).enumerate() {
            text += &format!(
                "{traveller},{mode},{},{ttme},{gc},{}\n",
                u8::from(at == best),
                20 + traveller * 13 % 50
            );
        }
    }
    std::fs::write(folder.join("modechoice.csv"), text).unwrap();
}

/// Queries whose grades follow two features of three, roughly.
pub(super) fn queries(folder: &Path, count: u32) {
    let mut text = String::new();
    for query in 0..count {
        for document in 0..8u32 {
            let of = |a: u32, b: u32, c: u32| f64::from((query * a + document * b) % c) / f64::from(c);
            let (x, y, z) = (of(7, 5, 11), of(3, 8, 13), of(5, 3, 17));
            let grade = (2.0 * x + y + 0.7 * of(11, 7, 19)) as u32;
            text += &format!("{grade} qid:{query} 1:{x} 2:{y} 3:{z}\n");
        }
    }
    std::fs::write(folder.join("queries.txt"), text).unwrap();
}

pub(super) const FIT: [&str; 12] = [
    "train",
    "--data",
    "trips.csv",
    "--group",
    "trip",
    "--chosen",
    "took",
    "--features",
    "cost",
    "--constants",
    "mode",
    "--quiet",
];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// The logit's own formula at the probabilities that the program predicts.
#[test]
fn elasticities_are_those_of_the_predicted_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trips(folder);
    let found =
        json(&succeed(folder, &[&FIT[..], &["--elasticity", "cost", "--cluster", "who", "--json"]].concat()));
    let w = number(&found["weights"][1]);
    let rows: Vec<Value> = succeed(folder, &["predict", "--data", "trips.csv", "--id", "cost", "--json"])
        .lines()
        .map(json)
        .collect();
    let all = found["elasticities"].as_array().unwrap();
    assert_eq!(all.len(), 4);
    for one in all {
        let (mut sum, mut total) = (0.0, 0.0);
        for trip in rows.chunks(2) {
            let of = |mode: &Value| trip.iter().find(|row| row["mode"] == *mode).unwrap();
            let (changed, own) = (of(&one["changed"]), f64::from(u8::from(one["changed"] == one["of"])));
            let p = number(&of(&one["of"])["expected"]);
            sum += p * w * number(&changed["cost"]) * (own - number(&changed["expected"]));
            total += p;
        }
        assert!((number(&one["value"]) - sum / total).abs() < 1e-6, "{one} {}", sum / total);
        assert!(["model", "robust", "clustered"].iter().all(|name| number(&one["errors"][*name]) > 0.0));
    }
    let text = succeed(folder, &[&FIT[..], &["--elasticity", "cost"]].concat());
    let line = text.lines().find(|line| line.starts_with("cost of air ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(3).collect();
    assert!(words.len() == 4 && text.contains("elasticity of picks of"), "{text}");
    for (value, one) in words.iter().step_by(2).zip(all) {
        assert_eq!(*value, format!("{:.4}", number(&one["value"])));
    }
}

#[test]
fn what_has_no_elasticity_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trips(folder);
    let plain = &FIT[..9];
    for (fit, expected) in [
        (
            [&FIT[..], &["--elasticity", "price"]].concat(),
            "--elasticity price: expected a term, one of mode=car, cost",
        ),
        (
            [plain, &["--elasticity", "cost"]].concat(),
            "--elasticity needs the column that names the options: --alternatives",
        ),
        (
            [&FIT[..], &["--decide", "each", "--elasticity", "cost"]].concat(),
            "--elasticity belongs to --decide pick",
        ),
        (
            ["train", "--data", "trips.csv", "--ordering", "mode", "--elasticity", "cost"].to_vec(),
            "--elasticity belongs to tables of options",
        ),
    ] {
        let output = perturb(folder, &fit);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{expected}: {text}");
        assert!(!folder.join("model.perturb").exists());
    }
}

/// |w| times the root of the mean variance within decisions, here half of the difference squared.
#[test]
fn importance_is_the_weight_in_deviations_within_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trips(folder);
    let found = json(&succeed(folder, &[&FIT[..], &["--json"]].concat()));
    let table = std::fs::read_to_string(folder.join("trips.csv")).unwrap();
    let costs: Vec<f64> =
        table.lines().skip(1).map(|row| row.split(',').nth(2).unwrap().parse().unwrap()).collect();
    let squares: f64 = costs.chunks(2).map(|pair| (pair[0] - pair[1]) * (pair[0] - pair[1]) / 4.0).sum();
    let cost = number(&found["weights"][1]).abs() * (squares / 30.0).sqrt();
    // Of two options one is a car: a deviation of one half.
    let car = number(&found["weights"][0]).abs() * 0.5;
    let file = ModelFile::load(folder.join("model.perturb")).unwrap();
    for (place, expected) in [car, cost].into_iter().enumerate() {
        for importance in [&found["importance"], &json(&succeed(folder, &["show", "--json"]))["importance"]] {
            assert!((number(&importance[place]) - expected).abs() < 1e-6, "{importance} {expected}");
        }
    }
    let shown = succeed(folder, &["show"]);
    assert!(shown.contains("importance") && shown.contains(&format!("{cost:.4}")), "{shown}");

    // A model of before keeps no deviations.
    let mut old = file;
    old.provenance.deviations.clear();
    assert!(!serde_json::to_string(&old.provenance).unwrap().contains("deviations"));
    old.save(folder.join("model.perturb")).unwrap();
    let shown = succeed(folder, &["show"]);
    assert!(shown.contains("cost") && !shown.contains("importance"), "{shown}");
    assert_eq!(json(&succeed(folder, &["show", "--json"]))["importance"], Value::Null);
}

/// Numbers of the experiment are those of `train` on the same files.
#[test]
fn the_experiment_says_what_training_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    travellers(folder);
    queries(folder, 30);
    let found = json(&succeed(
        folder,
        &["experiment", "choice", "--data", ".", "--queries", "queries.txt", "--json", "--quiet"],
    ));
    let fit = "train --data modechoice.csv --group traveller --alternatives mode --chosen chosen --features gc,ttme --constants mode \
               --interact hinc:mode=air --reference car --elasticity gc --json --quiet";
    let trained = json(&succeed(folder, &fit.split_whitespace().collect::<Vec<_>>()));
    let of = |quantity: &str| -> Vec<f64> {
        let all = found["numbers"].as_array().unwrap().iter();
        let own = all.filter(|one| one["quantity"] == quantity && one["model"] == "logit");
        own.map(|one| number(&one["value"])).collect()
    };
    let weights: Vec<f64> = trained["weights"].as_array().unwrap().iter().map(number).collect();
    let elasticities: Vec<f64> =
        trained["elasticities"].as_array().unwrap().iter().map(|one| number(&one["value"])).collect();
    assert_eq!((of("weight"), of("elasticity")), (weights, elasticities));
    assert_eq!(of("log-likelihood"), [number(&trained["estimates"]["log_likelihood"])]);

    let rank = "train --data queries.txt --group qid --decide rank --ridge RIDGES --folds 5 --json --quiet";
    let ridges = perturb_experiments::choice::Setting::new(perturb::Seed(0)).ridges;
    let ridges: Vec<String> = ridges.iter().map(f64::to_string).collect();
    let rank = rank.replace("RIDGES", &ridges.join(","));
    let trained = json(&succeed(folder, &rank.split(' ').collect::<Vec<_>>()));
    for one in found["rankings"].as_array().unwrap() {
        let name = one["metric"].as_str().unwrap();
        for way in ["least_squares", "difference"] {
            let beside = &trained["cross_validation"]["scores"][name][way];
            for part in ["mean", "error"] {
                assert!(
                    (number(&one[way][part]) - number(&beside[part])).abs() < 1e-12,
                    "{name} {way} {part}"
                );
            }
        }
    }
    let output = perturb(folder, &["experiment", "choice", "--data", ".", "--sets", "mode"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2)
            && text.contains("expected some of modechoice, ModeCanada, swissmetro"),
        "{text}"
    );
    let none = super::refuse(folder, &["experiment", "choice", "--data", ".", "--sets", "swissmetro"]);
    assert!(none.contains("swissmetro.csv"), "{none}");
}
