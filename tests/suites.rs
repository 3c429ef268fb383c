//! Every suite of test bodies, as microcontrollers run them one by one.

use perturb_tests::suite::{Cases, NAMES, suite};

#[test]
fn every_asserted_case_passes() {
    let mut count = 0;
    for name in NAMES {
        if let Cases::Asserted(cases) = suite(name).cases {
            for (case, body) in cases {
                println!("{name}: {case}");
                body();
                count += 1;
            }
        }
    }
    println!("{count} cases");
    assert!(count >= 60);
}

#[test]
fn names_are_unique() {
    for (i, name) in NAMES.iter().enumerate() {
        assert_eq!(suite(name).name, *name);
        assert!(!NAMES[..i].contains(name), "{name}");
    }
}
