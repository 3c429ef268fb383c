//! Wrong arguments are refused before any work, with exit code 2 and a message that says what was expected.

use super::{perturb, refuse, votes};

#[test]
fn arguments_out_of_range_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    votes(folder);
    std::fs::write(folder.join("sets.csv"), "2,1,2\n0.5,1,2\n0.2,2,1\n").expect("writable");
    let greater = "expected a finite number greater than 0";
    for (arguments, expected) in [
        ("train", "--data <FILE>"),
        ("trian", "a similar subcommand exists: 'train'"),
        ("train --data votes.csv --epoch 3", "a similar argument exists: '--epochs'"),
        ("train --data votes.csv --epsilon 0", greater),
        ("train --data votes.csv --epsilon -1", greater),
        ("train --data votes.csv --epsilon=-1", greater),
        ("train --data votes.csv --epsilon nan", greater),
        ("train --data votes.csv --epsilon 1e99", greater),
        ("train --data votes.csv --rate 0", greater),
        ("train --data votes.csv --rate inf", greater),
        ("train --data votes.csv --lambda 0", greater),
        ("train --data votes.csv --epochs 0", "expected a whole number from 1 to 1000000000"),
        ("train --data votes.csv --batch 0", "expected a whole number from 1 to 1000000000"),
        (
            "train --data votes.csv --batch 99999999999999999999",
            "expected a whole number from 1 to 1000000000",
        ),
        ("train --data votes.csv --patience 0", "expected a whole number from 1 to 1000000000"),
        ("train --data votes.csv --validation 1", "expected a number from 0 to less than 1"),
        ("train --data votes.csv --validation nan", "expected a number from 0 to less than 1"),
        ("train --data votes.csv --samples -1", "expected a whole number from 0 to 4294967295"),
        ("train --data votes.csv --samples 1e3", "expected a whole number from 0 to 4294967295"),
        ("train --data votes.csv --checkpoint-every -1", "expected a number of seconds from 0 to 1e9"),
        ("train --data votes.csv --noise pink", "[possible values: gumbel, laplace, logistic, normal]"),
        ("train --data votes.csv --threads 0", "expected a whole number from 1 to 1024"),
        ("train --data votes.csv --seed 1.5", "expected a whole number from 0 to 18446744073709551615"),
        ("demo --maps 99999999999", "expected a whole number from 1 to 10000"),
        ("demo --steps 0", "expected a whole number from 1 to 1000000000"),
        ("experiment synthetic-ranking --epochs 0", "expected a whole number from 1 to 1000000000"),
        ("experiment knapsack --data votes.csv --runs 0", "expected a whole number from 1 to 65535"),
        ("experiment benchmark --degrees 0", "expected a whole number from 1 to 16"),
        ("experiment benchmark --rows 4", "expected a whole number from 5 to 1000000"),
        ("experiment benchmark --problem path", "[possible values: shortest-path, knapsack, subset]"),
        ("export --model m", "--format <FORMAT>"),
        ("export --model m --format rust --name x", "--name applies to --format c only"),
        ("train --data votes.csv --patience 3 --validation 0", "--patience needs validation rows"),
        ("train --data sets.csv --ordering x", "which has no column names"),
        (
            "train --data votes.csv --epochs 0 --json",
            "{\"error\":\"invalid value '0' for '--epochs <N>': expected a whole number from 1 to 1000000000\"}\n",
        ),
        ("experiment asymptotics --resume", "--resume needs the --out or --checkpoint"),
        ("completions sh", "[possible values: bash, elvish, fish, powershell, zsh]"),
    ] {
        let words: Vec<&str> = arguments.split(' ').collect();
        let output = perturb(folder, &words);
        let complaint = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments}: {complaint}");
        assert!(complaint.contains(expected), "{arguments}: {complaint}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
    std::fs::remove_file(folder.join("sets.csv")).expect("the file");
    let left: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["votes.csv"]);
}

/// Experiments that train networks, in a program that was built without networks.
#[test]
fn what_was_left_out_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for arguments in
        [&["experiment", "classification"][..], &["experiment", "shortest-path", "--quick", "--data", "maps"]]
    {
        let message = refuse(folder.path(), arguments);
        assert!(message.contains("--features nn"), "{message}");
    }
}
