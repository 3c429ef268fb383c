//! The short run of every target, and what makes its inputs.

use std::process::Command;

use perturb::Seed;
use perturb_fuzz::TARGETS;
use perturb_fuzz::mutate::mutation;

/// The corpus, and as many mutations of it as the program takes by default.
#[test]
fn every_target_keeps_its_promise() {
    let output = Command::new(env!("CARGO_BIN_EXE_perturb-fuzz")).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    assert_eq!(told.lines().filter(|line| line.ends_with(": sound")).count(), TARGETS.len());
}

#[test]
fn mutations_are_the_same_every_time_and_differ_from_each_other() {
    let corpus = ["4,2,2\n0.5,-1,1,2\n", "x,ordering\n0.25,a>b>c\n"].map(|text| text.as_bytes().to_vec());
    let all = |longest| (0..1000).map(|index| mutation(&corpus, longest, Seed(1), index)).collect();
    let (first, mut second): (Vec<_>, Vec<_>) = (all(64), all(64));
    assert_eq!(first, second);
    second.sort();
    second.dedup();
    // Some changes are none, and files are taken whole now and then.
    assert!(second.len() > 900, "{}", second.len());
    let short: Vec<_> = all(6);
    assert!(short.iter().all(|bytes| bytes.len() <= 6));
    assert_eq!(mutation(&[], 4, Seed(1), 0).len(), mutation(&[], 4, Seed(1), 0).len());
}
