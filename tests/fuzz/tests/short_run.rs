//! The short run of every target, and what makes its inputs.

use std::collections::BTreeSet;
use std::process::Command;

use perturb::Seed;
use perturb_fuzz::corpus::{listed, unescape};
use perturb_fuzz::mutate::mutation;
use perturb_fuzz::{TARGETS, target_named};

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
fn targets_begin_with_inputs_that_differ() {
    for target in TARGETS {
        let inputs = target.inputs().expect("lists of inputs can be read");
        assert_eq!(inputs, target.inputs().expect("and again"), "{}", target.name);
        assert!(inputs.len() > 6 && inputs.iter().all(|(_, bytes)| bytes.len() <= 1024), "{}", target.name);
        let names: BTreeSet<_> = inputs.iter().map(|(name, _)| name).collect();
        let contents: BTreeSet<_> = inputs.iter().map(|(_, bytes)| bytes).collect();
        assert_eq!((names.len(), contents.len()), (inputs.len(), inputs.len()), "{}", target.name);
    }
    let begin = |name| target_named(name).expect("a target").inputs().expect("a list");
    let random = |name| begin(name).into_iter().find(|(name, _)| name == "random_00");
    assert_ne!(random("exact"), random("noises"), "bytes of their own");
    assert_eq!(begin("table")[2].1, b"\xEF\xBB\xBFx,y\n1,a>b\n");
}

#[test]
fn listed_inputs_have_a_target() {
    for input in listed() {
        let (target, name, _) = input.expect("a line of the list");
        assert!(target_named(target).is_some(), "{target}/{name}");
    }
}

#[test]
fn listed_inputs_may_be_any_bytes() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(unescape(&all.escape_ascii().to_string()), Some(all));
    for refused in ["\\", "\\x", "\\x4", "\\xg0", "\\x+1", "\\é", "é", "\t", "\\0"] {
        assert_eq!(unescape(refused), None, "{refused}");
    }
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
