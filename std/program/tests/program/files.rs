//! Files that are taken for one another, and cells for text.

use std::path::Path;

use super::{json, perturb, refuse, succeed, votes};

/// What a command that must fail with this exit code says; the files are as they were.
fn complain(folder: &Path, arguments: &str, code: i32) -> String {
    let files = || ["votes.csv", "m"].map(|name| std::fs::read(folder.join(name)).expect("the file"));
    let before = files();
    let output = perturb(folder, &arguments.split(' ').collect::<Vec<_>>());
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{arguments}: {complaint}");
    assert!(files() == before, "{arguments}");
    complaint
}

#[test]
fn what_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    for (arguments, expected) in [
        ("train --data votes.csv --model ./votes.csv", "--model would overwrite --data votes.csv"),
        ("predict --data votes.csv --model m --out votes.csv", "--out would overwrite --data votes.csv"),
        ("predict --data votes.csv --model m --out m", "--out would overwrite --model m"),
        ("export --model m --format c --out m", "--out would overwrite --model m"),
    ] {
        let complaint = complain(folder, arguments, 2);
        assert!(complaint.contains(expected), "{arguments}: {complaint}");
    }
}

#[test]
fn swapped_files_and_other_tables_are_told_with_a_tip() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    succeed(folder, &["export", "--model", "m", "--format", "bytes", "--out", "bare"]);
    std::fs::write(folder.join("other.csv"), "age,town\n7,Osaka\n").expect("writable");
    for (arguments, code, expected) in [
        ("predict --data m --model votes.csv", 2, "are they swapped?"),
        ("evaluate --data m --model votes.csv", 2, "are they swapped?"),
        ("train --data m --model x", 1, "m is a model file; --data expects a table"),
        ("export --model votes.csv --format c", 1, "expected a model file, as `perturb train` writes it"),
        ("predict --data votes.csv", 1, "expected a model file, as `perturb train` writes it"),
        ("predict --data votes.csv --model bare", 1, "use the file that `perturb train` wrote"),
        ("predict --data other.csv --model m", 1, "; the model's features are x, town=Kyoto, town=Osaka"),
    ] {
        let complaint = complain(folder, arguments, code);
        assert!(complaint.contains(expected), "{arguments}: {complaint}");
    }
}

#[test]
fn a_set_without_a_row_for_each_fold_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("sets")).expect("writable");
    std::fs::write(folder.join("sets/small.csv"), "3,1,2\n0.5,1,2\n0.25,2,1\n1,1,2\n").expect("writable");
    let output = perturb(folder, &["experiment", "label-ranking", "--data", "sets"]);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    let expected =
        "small.csv: expected at least 10 rows for 10 folds, found 3; select other files with --sets";
    assert!(complaint.contains(expected), "{complaint}");
}

#[test]
fn few_texts_among_numbers_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    let text = std::fs::read_to_string(folder.join("votes.csv")).expect("the table");
    std::fs::write(folder.join("slip.csv"), text.replacen("\n-1,", "\nn.a.,", 1)).expect("writable");
    for (data, told) in [
        ("votes.csv", ""),
        (
            "slip.csv",
            "slip.csv: warning: column `x` is read as text with 21 values, because n.a. is not a number\n",
        ),
    ] {
        let output = perturb(folder, &["train", "--data", data, "--model", "m", "--quiet"]);
        assert!(output.status.success(), "{data}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), told);
    }
}

/// The output of a run with this standard input.
fn piped(folder: &Path, arguments: &[&str], input: &[u8]) -> std::process::Output {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_perturb"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // It may have ended already.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("an end")
}

/// Weights and bias of a model.
fn learned(model: &[u8]) -> (Vec<f32>, Vec<f32>) {
    let model = perturb::model_file::ModelFile::from_bytes(model).expect("a model");
    (model.weights, model.bias)
}

/// What comes from a pipe is read once, and whole; `-` is standard input and standard output.
#[test]
fn pipes_are_read_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    // A header of more than 200 bytes, which a second opening would have lost.
    let table = std::fs::read_to_string(votes(folder)).expect("the file");
    let table = table.replacen("x,town", &format!("{},town", "long".repeat(80)), 1);
    std::fs::write(folder.join("votes.csv"), &table).expect("writable");
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    let model = std::fs::read(folder.join("m")).expect("the model");

    let output = piped(folder, &["train", "--data", "-", "--model", "-"], table.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(learned(&output.stdout), learned(&model));
    assert!(!folder.join("-").exists() && !folder.join("-.checkpoint").exists());
    let summary = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(summary.contains("3 labels, trained on 360 rows"), "{summary}");

    let predicted = succeed(folder, &["predict", "--data", "votes.csv", "--model", "m"]);
    for arguments in [
        ["predict", "--data", "-", "--model", "m", "--out", "-"],
        ["predict", "--data", "votes.csv", "--model", "-", "--out", "-"],
    ] {
        let input = if arguments[2] == "-" { table.as_bytes() } else { &model };
        let output = piped(folder, &arguments, input);
        assert_eq!(String::from_utf8_lossy(&output.stdout), predicted, "{arguments:?}");
    }
    let output = piped(folder, &["predict", "--data", "-", "--model", "-"], &model);
    assert_eq!(output.status.code(), Some(2));

    #[cfg(unix)]
    {
        let output = piped(folder, &["train", "--data", "/dev/stdin", "--model", "n"], table.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(learned(&std::fs::read(folder.join("n")).expect("the model")), learned(&model));
        // A named pipe, which is gone when it has been read.
        let made = std::process::Command::new("mkfifo").arg(folder.join("fifo")).status();
        assert!(made.expect("mkfifo runs").success());
        let (fifo, text) = (folder.join("fifo"), table.clone());
        let writer = std::thread::spawn(move || std::fs::write(fifo, text));
        succeed(folder, &["train", "--data", "fifo", "--model", "o"]);
        writer.join().expect("a thread").expect("written");
        assert_eq!(learned(&std::fs::read(folder.join("o")).expect("the model")), learned(&model));
    }
}

/// Tables that would be read as something else are refused, and what was taken for what is said.
#[test]
fn tables_are_not_misread_in_silence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let train = |table: &str| {
        std::fs::write(folder.join("t.csv"), table).expect("writable");
        perturb(folder, &["train", "--data", "t.csv", "--model", "m"])
    };
    let rows = |row: &str| format!("{row}\n").repeat(6);
    for (table, expected) in [
        (
            "order,town\na>b,Kyoto\nb>a,\"Osaka\na>b,Nara\nb>a,Kobe\na>b,Uji\n".to_owned(),
            "t.csv, line 3: expected a quote that ends the cell which a quote begins here",
        ),
        (format!("x,r\n{}", rows("\"1,5\",a>b")), "not a decimal comma, found `1,5`"),
        (format!("x,r\n{}", rows("\"1,200\",a>b")), "not separated thousands, found `1,200`"),
        (format!("x,r\n{}", rows("45%,a>b")), "not a percent sign, found `45%`"),
        (format!("x,r\n{}", rows("2026-11-28,a>b")), "not a date, found `2026-11-28`"),
        (format!("x|r\n{}", rows("1|a>b")), "expected columns that commas separate"),
        (format!("0.5,1,2\n{}", rows("0.1,2,1")), "expected a header with the names of the columns"),
        (format!("x,a,b,ordering\n{}", rows("1,1,2,a>b")), "a feature that is not named like a label"),
        (format!("x,a>b,c\n{}", rows("1,1,2")), "a label's name without `>`"),
        (format!("x,ordering,c\n{}", rows("1,1,2")), "a label is named `ordering`"),
    ] {
        let output = train(&table);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{table}{complaint}");
        assert!(complaint.contains(expected), "{table}{complaint}");
        assert!(!folder.join("m").exists());
    }

    // Half of the times are in seconds, half since 1970: no centre is near both.
    let time = |i: u32| if i.is_multiple_of(2) { i } else { 1_700_000_000 + i };
    let row = |i: u32| format!("{},{},id{i},a>b\n", time(i), ["Kyoto", "Osaka"][i as usize % 2]);
    let output = train(&format!("time,town,name,r\n{}", (0..40).map(row).collect::<String>()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for expected in [
        "t.csv: ranking of a, b in column r; numbers in time; text in town (2 values), name (40 values)",
        "t.csv: warning: column `time` has 40 distinct values, of which f32 can tell 21 apart",
        "t.csv: warning: column `name` has 40 distinct texts in 40 rows",
    ] {
        assert!(said.contains(expected), "{said}");
    }

    // Values that the model has not seen, and rows that it has.
    std::fs::write(folder.join("new.csv"), "time,town,name\n7,Nara,id1\n8,Uji,id2\n").expect("writable");
    let output = perturb(folder, &["predict", "--data", "new.csv", "--model", "m"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "column `town` has values in 2 rows that the model was not trained on: Nara, Uji";
    assert!(output.status.success() && said.contains(expected), "{said}");
    let output = perturb(folder, &["evaluate", "--data", "t.csv", "--model", "m"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("was trained on these very rows"), "{said}");
}

/// A vote that x decides is learned however far x is from 0, in tables and in the label-ranking format, and predicted.
#[test]
fn features_far_from_zero_are_centred() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("writable");
    let spearman = |name: &str| {
        json(&succeed(folder, &["evaluate", "--data", name, "--model", "m", "--json"]))["spearman"].as_f64()
    };
    for offset in [0u64, 1_000_000, 10_000_000, 16_777_216, 1_700_000_000, 1 << 52] {
        let rows = |from: u64| (from..from + 100).map(move |i| (offset + i * 37 % 101, i * 37 % 101 > 50));
        let table = |from| {
            let row = |(x, late)| format!("{x},{}\n", if late { "a>b" } else { "b>a" });
            format!("x,r\n{}", rows(from).map(row).collect::<String>())
        };
        let counts = |from| {
            let row = |(x, late)| format!("{x},{}\n", if late { "1,2" } else { "2,1" });
            format!("100,1,2\n{}", rows(from).map(row).collect::<String>())
        };
        for (train, test) in [(table(0), table(7)), (counts(0), counts(7))] {
            write("train.csv", train);
            write("test.csv", test.clone());
            succeed(folder, &["train", "--data", "train.csv", "--model", "m", "--quiet"]);
            assert!(spearman("test.csv").is_some_and(|found| found > 0.97), "{offset}");
            let predicted = succeed(folder, &["predict", "--data", "test.csv", "--model", "m"]);
            let orders = predicted.lines().skip(1).map(|line| line.rsplit(',').next().expect("a cell"));
            let right = orders
                .zip(rows(7))
                .filter(|(order, (_, late))| (order.starts_with('a') || order.starts_with("y1")) == *late);
            assert!(right.count() >= 98, "{offset}: {predicted}");
        }
    }
    // Two identifiers that f32 takes for one.
    let rows = (0..60).map(|i| if i % 2 == 0 { "16777216,a>b\n" } else { "16777217,b>a\n" });
    write("ids.csv", format!("id,r\n{}", rows.collect::<String>()));
    succeed(folder, &["train", "--data", "ids.csv", "--model", "m", "--quiet"]);
    assert_eq!(spearman("ids.csv"), Some(1.0));
    // A device that loads a file takes x as it is: such a model goes there with its centres in sight.
    let refused = refuse(folder, &["export", "--model", "m", "--format", "bytes", "--out", "m.bin"]);
    assert!(refused.contains("has no place for the centres of this model's features"), "{refused}");
    let source = succeed(folder, &["export", "--model", "m", "--format", "rust"]);
    assert!(source.contains("pub static CENTRES: [f64; FEATURES] = [16777216.5];"), "{source}");
}

/// Trainings at the same time leave each a model, whole; options without influence leave no trace in it.
#[test]
fn trainings_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    succeed(folder, &["train", "--data", "votes.csv", "--model", "m"]);
    let model = std::fs::read(folder.join("m")).expect("the model");
    for options in [&["--threads", "1"][..], &["--quiet", "--resume"], &["--threads=2", "--json"]] {
        let arguments = [&["train", "--data", "votes.csv", "--model", "n"], options].concat();
        succeed(folder, &arguments);
        assert!(std::fs::read(folder.join("n")).expect("the model") == model, "{options:?}");
    }
    for _ in 0..5 {
        std::fs::remove_file(folder.join("m")).expect("the model");
        let runs = [(); 4].map(|()| {
            let folder = folder.to_owned();
            std::thread::spawn(move || succeed(&folder, &["train", "--data", "votes.csv", "--model", "m"]))
        });
        for run in runs {
            run.join().expect("a run");
        }
        assert!(std::fs::read(folder.join("m")).expect("the model") == model);
    }
}
