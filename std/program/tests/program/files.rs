//! Files that are taken for one another, and cells for text.

use std::path::Path;

use super::{perturb, succeed, votes};

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
