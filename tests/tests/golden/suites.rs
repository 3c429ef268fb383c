//! Every suite of test bodies, as microcontrollers run them.

use perturb_tests::suite::{Cases, GROUPS, NAMES, Suite, count, is_asked, suites};

const ASSERTED: [Suite; count("asserted")] = suites("asserted");

/// So that none is lost unnoticed.
const CASES: usize = 237;

#[test]
fn every_asserted_case_passes() {
    let mut found = 0;
    for suite in &ASSERTED {
        let Cases::Asserted(cases) = suite.cases else { panic!("{} is golden", suite.name) };
        assert!(!cases.is_empty(), "{}", suite.name);
        for (case, body) in cases {
            println!("{}: {case}", suite.name);
            body();
            found += 1;
        }
    }
    println!("{found} cases");
    assert_eq!(found, CASES);
}

#[test]
fn names_are_unique_and_in_one_group() {
    for (i, name) in NAMES.iter().enumerate() {
        assert!(!NAMES[..i].contains(name), "{name}");
        assert_eq!(GROUPS.iter().filter(|group| is_asked(name, group)).count(), 1, "{name}");
    }
}
