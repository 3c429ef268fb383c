//! The program end to end, as a user runs it.

mod arguments;
#[cfg(unix)]
mod checkpoints;
mod choices;
mod doors;
mod export;
mod files;
mod formulas;
mod labels;
mod manual;
mod options;
#[cfg(not(feature = "nn"))]
mod pages;
mod tables;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn perturb(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perturb"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("PERTURB_DATA")
        .output()
        .expect("the program runs")
}

/// Standard output of a run that must succeed.
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = perturb(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Standard error of a run that must fail with exit code 1.
fn refuse(folder: &Path, arguments: &[&str]) -> String {
    let output = perturb(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}

/// 400 rows whose ordering of a, b, c follows from x and a town.
fn votes(folder: &Path) -> PathBuf {
    let rows = (0..400).map(|i| {
        let (x, town) = (f64::from(i % 20) / 10.0 - 1.0, ["Kyoto", "Osaka"][i as usize % 2]);
        let ordering = match (x > 0.0, town) {
            (true, "Kyoto") => "a>b>c",
            (true, _) => "a>c>b",
            (false, "Kyoto") => "b>c>a",
            (false, _) => "c>b>a",
        };
        format!("{x},{town},{ordering}\n")
    });
    let text = format!("x,town,ordering\n{}", rows.collect::<String>());
    let file = folder.join("votes.csv");
    std::fs::write(&file, text).expect("a temporary folder is writable");
    file
}

#[test]
fn a_model_is_trained_judged_and_used() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let trained = json(&succeed(folder, &["train", "--data", "votes.csv", "--model", "m", "--json"]));
    assert_eq!(trained["seed"], 0);
    // 1000 steps, 11 an epoch.
    assert_eq!(trained["curve"].as_array().map(Vec::len), Some(91));

    let judged = json(&succeed(folder, &["evaluate", "--data", "votes.csv", "--model", "m", "--json"]));
    assert!(judged["spearman"].as_f64() > Some(0.85), "{judged}");

    // Columns in another order, one more column, no ranking.
    std::fs::write(folder.join("new.csv"), "town,id,x\nOsaka,7,0.8\nKyoto,8,-0.9\n").expect("writable");
    let predicted = succeed(folder, &["predict", "--data", "new.csv", "--model", "m"]);
    assert_eq!(predicted, "a,b,c,ordering\n1,3,2,a>c>b\n3,1,2,b>c>a\n");
}

#[test]
fn a_model_is_a_function_of_its_seed_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let model = |name: &str, seed: &str, threads: &str| {
        let arguments =
            ["train", "--data", "votes.csv", "--model", name, "--seed", seed, "--threads", threads];
        succeed(folder, &arguments);
        let bytes = std::fs::read(folder.join(name)).expect("the model");
        bytes[32..32 + 4 * (3 + 1) * 3].to_vec() // weights and bias: 3 features, 3 scores
    };
    let one = model("one", "5", "1");
    assert_eq!(one, model("three", "5", "3"));
    assert_ne!(one, model("other", "6", "1"));
}

#[test]
fn every_loss_and_noise_trains() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let perturbed = ["fenchel-young", "perturbed-squared"].into_iter().flat_map(|loss| {
        ["gumbel", "normal", "laplace", "logistic"].into_iter().flat_map(move |noise| {
            ["0", "2"].map(|samples| format!("{loss} --noise {noise} --samples {samples}"))
        })
    });
    for loss in perturbed.chain(["squared", "blackbox"].map(String::from)) {
        let arguments = format!("train --data votes.csv --epochs 30 --json --loss {loss}");
        let trained = json(&succeed(folder, &arguments.split(' ').collect::<Vec<_>>()));
        let spearman = trained["validation"]["spearman"].as_f64();
        assert!(spearman > Some(0.7), "{loss}: {spearman:?}");
    }
}

#[test]
fn faults_are_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    std::fs::write(folder.join("bad.csv"), "2,1,2\n0.5,1,2\nabc,2,1\n").expect("writable");
    assert_eq!(
        refuse(folder, &["train", "--data", "bad.csv", "--model", "m"]),
        "perturb: bad.csv, line 3, column 1: expected a finite decimal number within f32, found `abc`\n"
    );
    assert!(!folder.join("m").exists());
    let absent = refuse(folder, &["train", "--data", "badd.csv"]);
    assert!(absent.starts_with("perturb: cannot read badd.csv: "), "{absent}");
    assert!(absent.ends_with("; did you mean ./bad.csv?\n"), "{absent}");
    let lost = refuse(folder, &["train", "--data", "bad.csv", "--model", "no/m"]);
    assert_eq!(lost, "perturb: cannot write no/m: the folder no does not exist\n");
    std::fs::create_dir(folder.join("folder")).expect("writable");
    let lost = refuse(folder, &["train", "--data", "bad.csv", "--model", "folder"]);
    assert_eq!(lost, "perturb: cannot write folder: it is a folder; name a file in it\n");
    let absent = refuse(folder, &["train", "--data", "none.csv", "--json"]);
    assert!(json(&absent)["error"].as_str().is_some_and(|error| error.starts_with("cannot read none.csv: ")));
    assert!(refuse(folder, &["experiment", "label-ranking", "--data", "."]).contains("line 3, column 1"));

    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    let lost = refuse(folder, &["export", "--model", "m", "--format", "c", "--out", "no/m.h"]);
    assert_eq!(lost, "perturb: cannot write no/m.h: the folder no does not exist\n");
    let mut bytes = std::fs::read(folder.join("m")).expect("the model");
    bytes[40] ^= 1;
    std::fs::write(folder.join("m"), bytes).expect("writable");
    assert!(refuse(folder, &["evaluate", "--data", "votes.csv", "--model", "m"]).contains("checksum"));
}

/// The loss that holds the solver finds routes that losses of cells do not, on a terminal of 40 columns.
#[test]
fn the_demo_learns_and_reports() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let text = succeed(folder, &["demo", "--out", "report", "--quiet"]);
    assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    let page = std::fs::read_to_string(folder.join("report/demo.html")).expect("the page");
    assert!(page.contains("<svg") && page.contains("perturb demo --out report --quiet"));
    let learned = json(&succeed(folder, &["demo", "--json", "--quiet", "--seed", "3"]));
    let cheapest = |loss: usize| learned[loss]["cheapest"].as_f64().expect("a share");
    // Of 200 maps, a share of one half has a standard error of 0.035.
    assert!(cheapest(0) > 0.85 && cheapest(1) < 0.6 && cheapest(2) < 0.5, "{learned}");
    let cost = |kind: &str| learned[0]["costs"][kind].as_f64().expect("a cost");
    assert!(cost("earth") < cost("forest") && cost("forest") < cost("water"), "{learned}");
}

/// What the firmware carries is what the program makes of the robot's demonstrations.
#[test]
fn the_firmwares_model_can_be_trained_again() {
    use perturb::model_file::ModelFile;
    let folder = tempfile::tempdir().unwrap();
    let mut data = String::new();
    perturb_robot::write_demonstrations(500, &mut data).unwrap();
    std::fs::write(folder.path().join("robot.csv"), data).unwrap();
    let arguments =
        "train --data robot.csv --model robot.perturb --epsilon 0.5 --seed 7 --epochs 20 --samples 1";
    succeed(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    let trained = ModelFile::load(folder.path().join("robot.perturb")).unwrap();
    let carried = ModelFile::from_bytes(perturb_robot::TRAINED).unwrap();
    assert_eq!((trained.weights, trained.bias), (carried.weights, carried.bias));
    assert_eq!(trained.provenance, carried.provenance);
}

/// What the firmware `chooser` carries is what the command of the guide to firmware writes, to the byte.
#[test]
fn the_choosers_model_can_be_trained_again() {
    const GUIDE: &str = include_str!("../../../../targets/README.md");
    let carried: &[u8] = include_bytes!("../../../../targets/chooser/chooser.perturb");
    let command = GUIDE.split("```sh\n").find(|block| block.starts_with("perturb train")).expect("a command");
    let command = command.split("```").next().unwrap_or("").replace("\\\n", " ");
    let commands: Vec<Vec<String>> =
        command.split('|').map(|command| shlex::split(command).expect("a command of a shell")).collect();
    let [train, export] = &commands[..] else { panic!("{command}") };
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("PERTURB_DATA").map_or(beside, Into::into).join("choice/modechoice.csv");
    if !data.exists() {
        eprintln!("SKIPPED: {} is not there; set PERTURB_DATA to the folder of real data", data.display());
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    std::fs::copy(data, folder.join("modechoice.csv")).expect("writable");
    let words = |of: &[String], from: &str, to: &str| -> Vec<String> {
        let own = of.iter().skip(1).map(|word| if word == from { to.to_owned() } else { word.clone() });
        own.collect()
    };
    // Files in the places of the pipe and of the clone.
    let (train, export) = (words(train, "-", "m"), words(export, "-", "m"));
    let export: Vec<String> =
        export.into_iter().map(|word| if word.contains('/') { "bytes".into() } else { word }).collect();
    for command in [train, export] {
        succeed(folder, &command.iter().map(String::as_str).collect::<Vec<_>>());
    }
    assert_eq!(std::fs::read(folder.join("bytes")).expect("the bytes"), carried);
}

/// The commands of the tutorial that name this program print what it shows, on the data that its program makes.
#[test]
fn the_tutorials_commands_print_what_it_shows() {
    const TUTORIAL: &str = include_str!("../../../../docs/tutorial.md");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    for (name, rows) in [("trips.csv", 0..300), ("more_trips.csv", 300..400)] {
        std::fs::write(folder.join(name), trips(rows)).expect("writable");
    }
    let mut commands = 0;
    for block in TUTORIAL.split("```console\n").skip(1).filter_map(|block| block.split("```").next()) {
        for entry in block.split("$ ").skip(1) {
            let (command, shown) = entry.split_once('\n').expect("a command ends its line");
            let words: Vec<&str> = command.split_whitespace().collect();
            match words.as_slice() {
                ["perturb", arguments @ ..] => {
                    commands += 1;
                    assert_eq!(succeed(folder, arguments).trim_end(), shown.trim_end(), "{command}");
                }
                ["head", "-3", file] => {
                    let text = std::fs::read_to_string(folder.join(file)).expect("a file of the tutorial");
                    assert!(text.starts_with(shown.trim_end()), "{command}");
                }
                ["printf", text, ">", file] => {
                    let text = text.trim_matches('\'').replace("\\n", "\n");
                    std::fs::write(folder.join(file), text).expect("writable");
                }
                _ => {} // of the reader's own project
            }
        }
    }
    assert_eq!(commands, 3);
}

/// The table that the tutorial's program `train` writes.
fn trips(rows: std::ops::Range<u32>) -> String {
    let row = |i: u32| {
        let (rain, km) = (f64::from(i * 37 % 101) / 100.0, f64::from(i * 53 % 97) / 16.0);
        let (luggage, bag) = if i.is_multiple_of(3) { ("bag", 1.0) } else { ("none", 0.0) };
        let mut trouble = [
            ("bus", 1.5 + 0.25 * km + 0.5 * bag),
            ("bike", 0.5 * km + 2.0 * rain + bag),
            ("walk", 1.25 * km + rain + 0.5 * bag),
        ];
        trouble.sort_by(|a, b| a.1.total_cmp(&b.1));
        format!("{rain},{km},{luggage},{}\n", trouble.map(|way| way.0).join(">"))
    };
    format!("rain,km,luggage,order\n{}", rows.map(row).collect::<String>())
}
