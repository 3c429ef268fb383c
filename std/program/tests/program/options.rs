//! Tables of options, end to end.

#![allow(clippy::format_push_string, clippy::format_collect, reason = "tables are written row by row")]

#[path = "../../../tests/decisions/generate.rs"]
mod generate;

use std::path::Path;

use perturb::data::frame::Columns;
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Judgement};
use perturb::model_file::ModelFile;
use perturb::{AnyNoise, How, MonteCarlo, Seed};

use super::{json, refuse, succeed};
use generate::{Kind, kinds, weights};

fn write(folder: &Path, name: &str, text: &str) -> String {
    std::fs::write(folder.join(name), text).unwrap();
    name.to_owned()
}

/// Trains on 300 decisions by the program.
fn train(folder: &Path, kind: &Kind) -> ModelFile {
    write(folder, "train.csv", &kind.table(300, Seed(1), true));
    let target = if kind.decide == Decide::Rank { ["--ranks", "made"] } else { ["--chosen", "made"] };
    let mut arguments = vec!["train", "--data", "train.csv", "--group", "group", "--features", "x1,x2,x3"];
    arguments.extend(
        ["--noise", "normal", "--epsilon", "0.5", "--quiet"].iter().chain(&target).chain(kind.arguments),
    );
    let text = succeed(folder, &arguments);
    assert!(text.contains("least squares") && text.contains("robust s.e."), "{text}");
    ModelFile::load(folder.join("model.perturb")).unwrap()
}

/// Every kind of decision is trained, judged and predicted. On 400 new decisions the share of what was chosen (of rankings, the
/// correlation) is not below that of the model which made them by more than two standard errors.
#[test]
fn every_kind_is_learned_from_a_table() {
    for kind in kinds() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let file = train(folder, &kind);
        let recipe = file.provenance.recipe.clone().unwrap();
        write(folder, "test.csv", &kind.table(400, Seed(2), true));

        let scores = &json(&succeed(folder, &["evaluate", "--data", "test.csv", "--json"]))["scores"];
        let text = std::fs::read(folder.join("test.csv")).unwrap();
        let frame = parse_table("test.csv".as_ref(), &text, Format::default(), |table| {
            table.frame(&recipe.columns().iter().map(String::as_str).collect::<Vec<_>>())
        })
        .unwrap();
        let test = recipe.read(&frame).unwrap();
        let learned: Vec<f64> = file.weights.iter().map(|&w| f64::from(w)).collect();
        let judge = |w: &[f64]| -> Vec<(&'static str, f64)> {
            let how = How::MonteCarlo(MonteCarlo::new(2, Seed(3)));
            let all = test.judge(w, (AnyNoise::Normal, 0.5), how).unwrap();
            let of = |one: &Judgement| {
                // Of decisions that choose nothing there is no share.
                let named = match kind.decide {
                    Decide::Pick => ("agreement", one.agreement),
                    Decide::Rank => ("Spearman", one.spearman),
                    _ => ("overlap", one.overlap),
                };
                Some(named).filter(|(_, x)| !x.is_nan())
            };
            all.iter().filter_map(|(_, one)| of(one)).collect()
        };
        let (found, truth) = (judge(&learned), judge(&weights(&kind)));
        let differences: Vec<f64> = found.iter().zip(&truth).map(|(a, b)| a.1 - b.1).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let error = (differences.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0) / n).sqrt();
        let name = kind.decide.name();
        assert!(mean >= -2.0 * error, "{name}: {mean} {error}");
        let shown = scores[found[0].0]["mean"].as_f64().unwrap();
        let own = found.iter().map(|(_, x)| x).sum::<f64>() / n;
        assert!((shown - own).abs() < 1e-6, "{name}: {shown} {own}");
        assert!(shown > scores[found[0].0]["all_scores_equal"].as_f64().unwrap() + 0.05, "{name}");

        // Predictions need no decisions, and say the same of each option.
        write(folder, "new.csv", &kind.table(50, Seed(6), false));
        let table = succeed(folder, &["predict", "--data", "new.csv"]);
        let lines = succeed(folder, &["predict", "--data", "new.csv", "--json"]);
        let objects: Vec<_> = lines.lines().map(json).collect();
        assert_eq!(table.lines().count(), objects.len() + 1);
        let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
        let of = if kind.decide == Decide::Rank { "expected_rank" } else { "expected" };
        let (place, kept) = (header.iter().position(|name| *name == of).unwrap(), objects.len() / 50);
        for (line, object) in table.lines().skip(1).zip(&objects) {
            let cell: f64 = line.split(',').nth(place).unwrap().parse().unwrap();
            // The reader of JSON rounds once more.
            assert!((cell - object[of].as_f64().unwrap()).abs() <= 1e-15 * cell.abs());
        }
        if kind.decide == Decide::Pick {
            for group in objects.chunks(kept) {
                assert!(
                    (group.iter().map(|one| one["expected"].as_f64().unwrap()).sum::<f64>() - 1.0).abs()
                        < 1e-12
                );
                assert_eq!(group.iter().map(|one| one["chosen"].as_u64().unwrap()).sum::<u64>(), 1);
            }
        }
        assert!(succeed(folder, &["show"]).contains(&format!("decision     {name}")));
    }
}

/// A value of a column with constants that training has not seen scores as the reference does, and is told of.
#[test]
fn unseen_constants_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = |bus: &str| {
        let row = |i: usize| {
            let took = [i.is_multiple_of(3) ^ i.is_multiple_of(7), i % 3 == 1].map(u8::from);
            format!("{i},car,{},{}\n{i},{bus},{},{}\n", i % 5, 1 - took[1], i % 4, took[1])
        };
        format!("trip,mode,cost,took\n{}", (0..40).map(row).collect::<String>())
    };
    write(folder, "trips.csv", &table("bus"));
    write(folder, "others.csv", &table("tram"));
    let train = "train --data trips.csv --group trip --chosen took --features cost --constants mode --quiet";
    succeed(folder, &train.split(' ').collect::<Vec<_>>());
    let said = |command: &str| {
        let output = super::perturb(folder, &command.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{command}");
        String::from_utf8(output.stderr).unwrap()
    };
    let want =
        "others.csv: warning: column `mode` has values in 40 rows that the model was not trained on: tram";
    for command in ["evaluate --data others.csv", "predict --data others.csv"] {
        assert!(said(command).contains(want), "{}", said(command));
    }
    assert!(said(&format!("{train} --validation others.csv")).contains(want));
    assert!(!said("predict --data trips.csv").contains("warning"));
}

/// A high constant rate makes later epochs no better: the best one is kept, and the descent ends before its last. What is kept is at
/// least as good as the last in validation; a run that is told to save and to go on ends with the same model.
#[test]
fn patience_ends_a_descent() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kind = kinds().into_iter().find(|kind| matches!(kind.decide, Decide::Route(_))).unwrap();
    write(folder, "train.csv", &kind.table(100, Seed(1), true));
    write(folder, "others.csv", &kind.table(100, Seed(2), true));
    let arguments = [
        &["train", "--data", "train.csv", "--group", "group", "--features", "x1,x2,x3", "--chosen", "made"],
        &["--validation", "others.csv", "--samples", "1", "--rate", "1", "--schedule", "constant"][..],
        &["--epochs", "200", "--patience", "3"],
        kind.arguments,
    ]
    .concat();
    let output = super::perturb(folder, &arguments);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let numbers: Vec<usize> = said
        .lines()
        .rfind(|line| line.starts_with("ended after epoch"))
        .expect("an early end")
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .collect();
    let [ended, kept] = numbers[..] else { panic!("{said}") };
    assert!(ended == kept + 3 && ended < 200, "{said}");
    let refused = super::perturb(folder, &[&arguments[..9], &["--patience", "3"], kind.arguments].concat());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--patience needs validation decisions"));
}

/// A descent is interrupted and resumed with the same bits, whatever the number of threads.
#[test]
fn a_descent_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kind = kinds().into_iter().find(|kind| kind.decide.name() == "span").unwrap();
    let whole = train(folder, &kind);
    let again = {
        let mut arguments = vec![
            "train",
            "--data",
            "train.csv",
            "--group",
            "group",
            "--features",
            "x1,x2,x3",
            "--chosen",
            "made",
        ];
        arguments.extend(
            ["--noise", "normal", "--epsilon", "0.5", "--quiet", "--threads", "3"]
                .iter()
                .chain(kind.arguments),
        );
        succeed(folder, &arguments);
        ModelFile::load(folder.join("model.perturb")).unwrap()
    };
    assert_eq!(again.weights, whole.weights);
}

const TRIPS: &str = "trip,mode,cost,income,took,who\n\
    1,air,90,40,1,a\n1,car,50,40,0,a\n2,car,30,20,1,a\n2,air,80,20,0,a\n3,air,60,30,0,b\n3,car,70,30,1,b\n\
    4,air,50,30,1,b\n4,car,40,30,0,b\n5,air,40,90,1,c\n5,car,60,90,0,c\n6,air,70,10,0,c\n6,car,60,10,1,c\n";

#[test]
fn estimates_are_shown_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "trips.csv", TRIPS);
    let fit = [
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
    ];
    let text = succeed(
        folder,
        &[&fit[..], &["--reference", "car", "--cluster", "who", "--ratio", "mode=air/cost"]].concat(),
    );
    for part in [
        "mode=air",
        "clustered s.e.",
        "log-likelihood",
        "of constants alone",
        "clustered in 3 groups",
        "mode=air/cost: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = json(&succeed(folder, &["show", "--json"]));
    let found = json(&succeed(folder, &[&fit[..], &["--reference", "car", "--json", "--quiet"]].concat()));
    assert_eq!(shown["estimates"]["weights"], found["estimates"]["weights"]);
    assert_eq!(found["terms"], serde_json::json!(["mode=air", "cost"]));
    // A model shows beside another.
    succeed(
        folder,
        &[&fit[..], &["--model", "other.perturb", "--loss", "likelihood", "--noise", "normal", "--quiet"]]
            .concat(),
    );
    let both = succeed(folder, &["show", "model.perturb", "other.perturb"]);
    assert!(
        both.contains("mode=car") && both.lines().last().unwrap().contains("cost")
            || both.contains("other.perturb"),
        "{both}"
    );
    // The best option of each decision alone.
    let top = succeed(folder, &["predict", "--data", "trips.csv", "--top", "1", "--id", "who"]);
    assert_eq!(top.lines().next(), Some("trip,mode,who,score,chosen,expected"));
    assert_eq!(top.lines().count(), 7);
}

#[test]
fn a_row_a_decision_gives_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "trips.csv", TRIPS);
    let mut wide = "air_cost,car_cost,income,took,who\n".to_owned();
    let mut code = "cost.air,cost.car,n,who\n".to_owned();
    for trip in TRIPS.lines().skip(1).collect::<Vec<_>>().chunks(2) {
        let cells: Vec<Vec<&str>> = trip.iter().map(|row| row.split(',').collect()).collect();
        let of = |mode: &str| cells.iter().find(|row| row[1] == mode).unwrap();
        let took = cells.iter().find(|row| row[4] == "1").unwrap();
        wide += &format!("{},{},{},{},{}\n", of("air")[2], of("car")[2], took[3], took[1], took[5]);
        code += &format!(
            "{},{},{},{}\n",
            of("air")[2],
            of("car")[2],
            if took[1] == "air" { 1 } else { 2 },
            took[5]
        );
    }
    write(folder, "wide.csv", &wide);
    write(folder, "code.csv", &code);
    let weights = |arguments: &[&str]| {
        let common = ["train", "--features", "cost", "--reference", "car", "--json", "--quiet"];
        json(&succeed(folder, &[&common[..], arguments].concat()))["weights"].clone()
    };
    let long =
        weights(&["--data", "trips.csv", "--group", "trip", "--chosen", "took", "--constants", "mode"]);
    assert_eq!(
        weights(&["--data", "wide.csv", "--options", "air,car", "--chosen", "took", "--constants", "option"]),
        long
    );
    let by_number =
        ["--data", "code.csv", "--options", "air,car", "--pattern", "{column}.{option}", "--chosen", "n"];
    assert_eq!(weights(&[&by_number[..], &["--alternatives", "mode", "--constants", "mode"]].concat()), long);
    let predicted = succeed(folder, &["predict", "--data", "code.csv"]);
    assert!(predicted.starts_with("decision,mode,score,chosen,expected\n1,air,"), "{predicted}");
}

#[test]
fn refusals_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "trips.csv", TRIPS);
    let with = |more: &[&str]| {
        let common = ["train", "--data", "trips.csv", "--group", "trip", "--chosen", "took", "--quiet"];
        [&common[..], more].concat().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    for (more, expected) in [
        (&["--features", "income"][..], "the term `income` is the same for all options of every decision"),
        (&["--features", "cost, 2 * cost"], "are collinear"),
        (&["--features", "took"], "predicts the decisions without error"),
        (&["--features", "price"], "trips.csv, line 1: expected a column named `price`"),
        (&["--features", "cost", "--where", "cost > 1000"], "all are filtered out or unavailable"),
        (&["--features", "cost", "--count", "-1"], "expected one weight of at least 0"),
        (
            &["--features", "cost", "--available", "mode == 'car'"],
            "found none (`took` is 0); a condition such as available",
        ),
        (&["--features", "cost", "--decide", "route"], "expected a column named"),
    ] {
        let arguments = with(more);
        let text = refuse(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.contains(expected), "{more:?}: {text}");
        assert!(!folder.join("model.perturb").exists());
    }
    for (more, expected) in [
        (&["--features", "cost +"][..], "--features: expression: expected an expression such as"),
        (&["--features", "cost", "--interact", "income"], "--interact income: expected EXPRESSION:COLUMN"),
        (&["--features", "cost", "--decide", "pack"], "--decide pack needs --capacity"),
        (
            &["--features", "cost", "--decide", "span", "--edges", "mode,who", "--samples", "0"],
            "--decide span has no exact expectation",
        ),
        (&["--features", "cost", "--ratio", "cost/time"], "--ratio cost/time: expected two terms"),
        (&["--features", "cost", "--patience", "3"], "--patience belongs to descents"),
        (&["--features", "cost", "--k", "2"], "--k belongs to --decide pick-k"),
        (&["--features", "cost", "--epochs", "9"], "--epochs belongs to descents"),
        (&["--features", "cost", "--units", "1"], "--units belongs to --decide flow"),
        (&["--features", "cost", "--k", "-1"], "expected a whole number from 1 to"),
        (
            &["--features", "cost", "--decide", "route", "--edges", "mode,who", "--straight"],
            "--straight belongs to --decide route over cells",
        ),
        (
            &["--features", "cost", "--decide", "route", "--ends", "a,b"],
            "--ends belongs to --decide flow, and to --decide route along edges",
        ),
    ] {
        let arguments = with(more);
        let output = super::perturb(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{more:?}: {text}");
    }
    let output = super::perturb(folder, &["train", "--data", "trips.csv", "--features", "cost"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features belongs to tables of options"));
    succeed(folder, &with(&["--features", "cost"]).iter().map(String::as_str).collect::<Vec<_>>());
    for (command, expected) in [
        ("evaluate --data trips.csv --ranks cost", "--ranks belongs to rankings, of labels"),
        (
            "train --data trips.csv --from model.perturb --features cost",
            "--features belongs to models that begin anew",
        ),
    ] {
        let output = super::perturb(folder, &command.split(' ').collect::<Vec<_>>());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{command}: {text}");
    }
    let output = super::perturb(
        folder,
        &["train", "--data", "trips.csv", "--loss", "likelihood", "--ordering", "mode"],
    );
    assert!(!output.status.success());
}

/// Learning to rank from a file of queries.
#[test]
fn queries_are_ranked_by_grades() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut text = String::new();
    for query in 0..30 {
        for document in 0..6 {
            let (a, b) = ((query * 7 + document * 5) % 11, (query * 3 + document * 8) % 13);
            let grade = (2 * a + b) / 12;
            text += &format!("{grade} qid:{query} 1:{} 3:{}\n", f64::from(a) / 11.0, f64::from(b) / 13.0);
        }
    }
    write(folder, "queries.txt", &text);
    let arguments = [
        "train",
        "--data",
        "queries.txt",
        "--group",
        "qid",
        "--decide",
        "rank",
        "--ridge",
        "0.001,0.1",
        "--folds",
        "3",
    ];
    let text = succeed(folder, &arguments);
    for part in
        ["NDCG@10", "f3", "chosen by cross-validation", "30 decisions, 3 folds", "least squares (s.e.)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let scores = &json(&succeed(folder, &["evaluate", "--data", "queries.txt", "--json"]))["scores"];
    assert!(scores["NDCG@10"]["mean"].as_f64().unwrap() > 0.9, "{scores}");
    let predicted = succeed(folder, &["predict", "--data", "queries.txt", "--top", "2"]);
    assert!(predicted.starts_with("qid,score,rank,expected_rank\n0,"), "{predicted}");
}

/// What is wrong is said with what there is, and with where it stands.
#[test]
fn faults_name_what_there_is_and_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "trips.csv", TRIPS);
    write(folder, "wide.csv", "air_cost,car_cost,took\n90,50,air\n80,30,Car\n");
    write(folder, "queries.txt", "1 qid:1 1:2\n0 qid:1 1:3\n");
    let refused = |command: &str| {
        let words = shlex::split(command).unwrap();
        let output = super::perturb(folder, &words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!output.status.success(), "{command}");
        String::from_utf8(output.stderr).unwrap()
    };
    let group = "train --data trips.csv --group trip --chosen took --quiet";
    for (command, expected) in [
        (format!("{group} --features log(cost)"), "found `log`; did you mean ln?"),
        (
            format!("{group} --features cost --constants mode --reference bus"),
            "expected one of air, car, found `bus`",
        ),
        (
            format!("{group} --features 'cost / mode'"),
            "trips.csv, line 2, column 2: expected in `mode` a number for /, found `air`",
        ),
        (
            format!("{group} --features cost --where 'ln(who)'"),
            "trips.csv, line 2, column 6: expected in `who` a number for ln",
        ),
        (
            format!("{group} --features cost --interact income:mode=bus"),
            "expected one of air, car in `mode`, found `bus`",
        ),
        (
            "train --data wide.csv --options air,car --chosen took --features cost".into(),
            "wide.csv, line 3: expected one chosen option in the decision `2`, found none (`took` is Car; `option` is air, car)",
        ),
        ("train --data trips.csv".into(), "name the column of decisions with --group"),
        (
            "train --data queries.txt".into(),
            "queries.txt is in SVMlight's format: its rows are options, and --group qid",
        ),
    ] {
        let found = refused(&command);
        assert!(found.contains(expected), "{command}: {found}");
    }
    // A code has a constant, in its place among numbers.
    let codes = TRIPS.replace("air", "10").replace("car", "9");
    write(folder, "codes.csv", &codes);
    let fit = "train --data codes.csv --group trip --chosen took --features cost/100 --constants mode --json --quiet";
    let found = json(&succeed(folder, &fit.split(' ').collect::<Vec<_>>()));
    assert_eq!(found["terms"], serde_json::json!(["mode=10", "cost/100"]));
    // A cell that is no number, where a model is used.
    write(folder, "new.csv", "trip,mode,cost\n1,10,50\n1,9,-\n");
    let found = refused("predict --data new.csv");
    assert!(
        found.contains("new.csv, line 3, column 3: expected in `cost` a number for /, found `-`"),
        "{found}"
    );
}

/// As Excel writes them in Germany: a mark, semicolons, decimal commas, CR LF.
#[test]
fn tables_of_options_have_decimal_commas() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let price = |text: &str| {
        let rows = text.lines().map(|row| {
            let cells: Vec<&str> = row.split(',').collect();
            let cost = cells[2].parse::<f64>().map_or("cost".to_owned(), |cost| (cost / 8.0).to_string());
            format!("{},{},{cost},{},{}\n", cells[0], cells[1], cells[3], cells[4])
        });
        rows.collect::<String>()
    };
    let trips = price(TRIPS);
    let german = format!("\u{FEFF}{}", trips.replace(',', ";").replace('.', ",").replace('\n', "\r\n"));
    assert!(german.contains(";11,25;"), "{german}");
    write(folder, "trips.csv", &trips);
    write(folder, "german.csv", &german);
    let fit = |data: &str, features: &str, more: &[&str]| {
        let common =
            ["train", "--group", "trip", "--chosen", "took", "--constants", "mode", "--quiet", "--json"];
        super::perturb(folder, &[&common[..], &["--data", data, "--features", features], more].concat())
    };
    let layout = ["--separator", ";", "--decimal", ","];
    let (plain, same) = (fit("trips.csv", "cost", &[]), fit("german.csv", "cost", &layout));
    assert!(
        plain.status.success() && plain.stdout == same.stdout,
        "{}",
        String::from_utf8_lossy(&same.stderr)
    );
    let predict = |data: &str, more: &[&str]| succeed(folder, &[&["predict", "--data", data], more].concat());
    assert_eq!(predict("trips.csv", &[]), predict("german.csv", &layout));
    let evaluate =
        |data: &str, more: &[&str]| succeed(folder, &[&["evaluate", "--data", data], more].concat());
    assert_eq!(evaluate("trips.csv", &[]), evaluate("german.csv", &layout));
    // By option, too.
    write(
        folder,
        "wide.csv",
        "air_cost;car_cost;took\r\n1,5;2;air\r\n3;1,25;air\r\n2,5;2;car\r\n1,5;1,75;car\r\n",
    );
    let wide = [
        "train",
        "--data",
        "wide.csv",
        "--options",
        "air,car",
        "--chosen",
        "took",
        "--features",
        "cost",
        "--quiet",
    ];
    succeed(folder, &[&wide[..], &layout].concat());

    write(folder, "thousands.csv", &german.replace("11,25", "1.200"));
    write(folder, "comma.csv", &german);
    write(folder, "queries.txt", "1 qid:1 1:2\n0 qid:1 1:3\n");
    let semicolons = ["--separator", ";"];
    for (data, features, more, expected) in [
        (
            "german.csv",
            "cost",
            &semicolons[..],
            "line 2, column 3: expected in `cost` a number such as -1200.5, not a decimal comma, found `11,25`; the option decimal reads",
        ),
        (
            "german.csv",
            "cost / 2",
            &semicolons,
            "line 2, column 3: expected in `cost` a number such as -1200.5, not a decimal comma, found `11,25`",
        ),
        (
            "thousands.csv",
            "cost",
            &layout,
            "line 2, column 3: expected in `cost` a number such as -1200,5, not separated thousands, found `1.200`",
        ),
        (
            "thousands.csv",
            "-cost",
            &layout,
            "line 2, column 3: expected in `cost` a number such as -1200,5, not separated thousands",
        ),
        (
            "trips.csv",
            "cost",
            &["--decimal", ","],
            "expected in `cost` a number such as -1200,5, not a decimal point, found `11.25`",
        ),
        (
            "queries.txt",
            "f1",
            &layout,
            "queries.txt is in SVMlight's format; --comment, --skip-lines, --separator and --decimal apply to tables",
        ),
    ] {
        let refused = fit(data, features, more);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && text.contains(expected), "{data} {features} {more:?}: {text}");
    }
}

/// A table of more than eight megabytes is read piece by piece, with the output of its parts, from a file and from a pipe; if the rows of
/// a decision do not stand together, as a whole.
#[test]
fn large_tables_are_predicted_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "trips.csv", TRIPS);
    let fit = "train --data trips.csv --group trip --chosen took --features cost/100 --constants mode --available income>0 --quiet";
    succeed(folder, &fit.split(' ').collect::<Vec<_>>());
    // 90,000 trips of three options, of which some are not available, in two files and in one. Column `note` has texts at its end.
    let head = "note,trip,mode,cost,income\n".to_owned();
    let trip = |trip: u32| {
        let row = |mode: u32| {
            let note = if trip < 89_000 { "1.50".to_owned() } else { format!("t{trip}") };
            let (mode, cost) = (["air", "car", "bus"][mode as usize], (trip * 7919 + mode * 104_729) % 997);
            format!("{note:0>20},{trip},{mode},{cost}.25,{}\n", u8::from(!(trip + cost).is_multiple_of(9)))
        };
        (0..3).map(row).collect::<String>()
    };
    let of = |trips: std::ops::Range<u32>| trips.map(trip).collect::<String>();
    let whole = of(0..90_000);
    assert!(whole.len() > 10 << 20);
    write(folder, "whole.csv", &(head.clone() + &whole));
    // The same column of texts in each.
    let last = "x,99999999,car,1,1\n";
    write(folder, "a.csv", &format!("{head}{}{last}", of(0..45_000)));
    write(folder, "b.csv", &format!("{head}{}{last}", of(45_000..90_000)));
    let predict = |data: &str, more: &[&str]| {
        succeed(folder, &[&["predict", "--data", data, "--id", "note,income"], more].concat())
    };
    for more in [&[][..], &["--json"], &["--top", "1"]] {
        let parts = ["a.csv", "b.csv"].map(|part| {
            let text = predict(part, more);
            // Without the header and the last decision.
            let rows = text.lines().skip(usize::from(more != ["--json"]));
            rows.filter(|row| !row.contains("99999999")).map(|row| format!("{row}\n")).collect::<String>()
        });
        let all = predict("whole.csv", more);
        let rows = if more == ["--json"] { &all[..] } else { all.split_once('\n').unwrap().1 };
        assert!(rows == parts.concat(), "{more:?}");
        let program = env!("CARGO_BIN_EXE_perturb");
        let line = format!(
            "cat whole.csv | '{program}' predict --data - --id note,income {} | cksum; cksum < whole.out",
            more.join(" ")
        );
        write(folder, "whole.out", &all);
        let output =
            std::process::Command::new("sh").args(["-c", &line]).current_dir(folder).output().unwrap();
        let sums = String::from_utf8(output.stdout).unwrap();
        let sums: Vec<&str> = sums.lines().collect();
        assert!(sums.len() == 2 && sums[0] == sums[1], "{sums:?}");
    }
    // By option, decisions are numbered through.
    let wide = "train --data wide.csv --options air,car --chosen took --features cost --model w --quiet";
    write(folder, "wide.csv", "air_cost,car_cost,took\n1,2,air\n2,1,car\n3,2,air\n1,2,car\n");
    succeed(folder, &wide.split(' ').collect::<Vec<_>>());
    let rows: String = (0..500_000).map(|i| format!("{}.125,{}.5000\n", i % 97, i % 89)).collect();
    write(folder, "wide.csv", &format!("air_cost,car_cost\n{}\n", rows.trim_end()));
    assert!(rows.len() > 3 << 21);
    let text = succeed(folder, &["predict", "--data", "wide.csv", "--model", "w"]);
    assert_eq!(text.lines().count(), 1_000_001);
    assert!(text.lines().last().unwrap().starts_with("500000,car,"));
    // Rows that do not stand together; a fault in a late row, whose file is not there.
    let (first, rest) = whole.split_once('\n').unwrap();
    write(folder, "apart.csv", &format!("{head}{rest}{first}\n"));
    let (apart, together) = (predict("apart.csv", &[]), predict("whole.csv", &[]));
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert!(sorted(&apart) == sorted(&together));
    write(folder, "late.csv", &format!("{head}{whole}x,late,air,oops,1\n"));
    let error = refuse(folder, &["predict", "--data", "late.csv", "--out", "late.out"]);
    assert!(
        error.contains("late.csv, line 270002, column 4: expected in `cost` a number for /, found `oops`"),
        "{error}"
    );
    assert!(!folder.join("late.out").exists());
}
