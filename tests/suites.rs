//! Every suite that host and devices share: the digests of golden computations, and test bodies. Firmware runs them one by
//! one.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use perturb_lanes::{Width, limit};
use perturb_tests::golden::{GOLDEN, expected};
use perturb_tests::suite::{Cases, NAMES, suite};

/// Widths are of the whole process: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// With samples one after the other, and side by side in vectors of every width that this machine has.
#[test]
fn bits_are_the_golden_ones() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let known: Vec<_> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
    for width in Width::ALL {
        limit(width);
        let mut found = Vec::new();
        for name in NAMES {
            if let Cases::Golden(cases) = suite(name).cases {
                let before = found.len();
                cases(&mut |name, digest| found.push((name.to_owned(), digest.expect(name))));
                assert!(found.len() > before, "{name} is empty");
            }
        }
        let mut table = String::new();
        for (name, digest) in &found {
            let words: [u64; 4] = std::array::from_fn(|i| digest >> (48 - 16 * i) & 0xFFFF);
            let [a, b, c, d] = words;
            writeln!(table, "    (\"{name}\", 0x{a:04X}_{b:04X}_{c:04X}_{d:04X}),").unwrap();
        }
        let changed: Vec<_> = found.iter().filter(|case| !known.contains(case)).map(|case| &case.0).collect();
        let width = width.name();
        assert!(found == known, "value-breaking in {changed:?} ({width}); the table is now\n{table}");
    }
}

/// Names are unique, and so are their digests, by which a device finds them.
#[test]
fn golden_names_are_unique() {
    for (i, &(name, digest)) in GOLDEN.iter().enumerate() {
        assert!(GOLDEN.iter().take(i).all(|(earlier, _)| *earlier != name), "{name}");
        assert_eq!(expected(name), Some(digest), "{name}");
    }
    assert_eq!(expected("f32 nothing"), None);
}

/// So that none is lost unnoticed.
const CASES: usize = 190;

#[test]
fn every_asserted_case_passes() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
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
fn suite_names_are_unique() {
    for (i, name) in NAMES.iter().enumerate() {
        assert_eq!(suite(name).name, *name);
        assert!(!NAMES[..i].contains(name), "{name}");
    }
}
