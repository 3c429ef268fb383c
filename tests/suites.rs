//! Every suite of test bodies, as microcontrollers run them one by one.

use perturb_tests::suite::{Cases, NAMES, suite};

/// So that none is lost unnoticed.
const CASES: usize = 190;

#[test]
fn every_asserted_case_passes() {
    let mut count = 0;
    for name in NAMES {
        if let Cases::Asserted(cases) = suite(name).cases {
            assert!(!cases.is_empty(), "{name}");
            for (case, body) in cases {
                println!("{name}: {case}");
                body();
                count += 1;
            }
        }
    }
    println!("{count} cases");
    assert_eq!(count, CASES);
}

#[test]
fn names_are_unique() {
    for (i, name) in NAMES.iter().enumerate() {
        assert_eq!(suite(name).name, *name);
        assert!(!NAMES[..i].contains(name), "{name}");
    }
}
