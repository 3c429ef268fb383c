//! The digests of every golden computation on this machine; firmware checks the same table, suite by suite.

use std::fmt::Write;

use perturb_lanes::{Width, limit};
use perturb_tests::golden::{GOLDEN, expected, run};
use perturb_tests::suite::{Cases, NAMES, suite};

/// With samples one after the other, and side by side in vectors of every width that this machine has.
#[test]
fn bits_are_the_golden_ones() {
    for width in Width::ALL {
        limit(width);
        let mut found = Vec::new();
        run(&mut |name, digest| found.push((name.to_owned(), digest.expect(name))));
        let mut table = String::new();
        for (name, digest) in &found {
            let words: [u64; 4] = std::array::from_fn(|i| digest >> (48 - 16 * i) & 0xFFFF);
            let [a, b, c, d] = words;
            writeln!(table, "    (\"{name}\", 0x{a:04X}_{b:04X}_{c:04X}_{d:04X}),").unwrap();
        }
        let known: Vec<_> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
        let changed: Vec<_> = found.iter().filter(|case| !known.contains(case)).map(|case| &case.0).collect();
        let width = width.name();
        assert!(found == known, "value-breaking in {changed:?} ({width}); the table is now\n{table}");
    }
}

/// Names are unique, and so are their digests, by which a device finds them.
#[test]
fn names_are_unique() {
    for (i, &(name, digest)) in GOLDEN.iter().enumerate() {
        assert!(GOLDEN.iter().take(i).all(|(earlier, _)| *earlier != name), "{name}");
        assert_eq!(expected(name), Some(digest), "{name}");
    }
    assert_eq!(expected("f32 nothing"), None);
}

/// Every case is in one suite, once.
#[test]
fn suites_report_the_table() {
    let mut missing: Vec<&str> = GOLDEN.iter().map(|&(name, _)| name).collect();
    for name in NAMES {
        if let Cases::Golden(cases) = suite(name).cases {
            let before = missing.len();
            cases(&mut |case, _| {
                let place = missing.iter().position(|name| *name == case);
                missing.remove(
                    place.unwrap_or_else(|| panic!("{case} of {name} is not in the table, or twice")),
                );
            });
            assert!(missing.len() < before, "{name} is empty");
        }
    }
    assert!(missing.is_empty(), "no suite has {missing:?}");
}
