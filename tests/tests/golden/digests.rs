//! The digests of every golden computation on this machine; firmware checks the same table.

use std::fmt::Write;

use perturb_tests::golden::{GOLDEN, expected};
use perturb_tests::suite::{Cases, Suite, count, suites};
use perturb_tests::widths::{Width, Widths};

const F32: [Suite; count("golden-f32")] = suites("golden-f32");
const F64: [Suite; count("golden-f64")] = suites("golden-f64");

/// With samples one after the other, and side by side in vectors of every width that this machine has.
#[test]
fn bits_are_the_golden_ones() {
    let known: Vec<_> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
    let widths = Widths::alone();
    for width in Width::ALL {
        widths.limit(width);
        let mut found = Vec::new();
        for suite in F32.iter().chain(&F64) {
            let Cases::Golden(cases) = suite.cases else { panic!("{} is not golden", suite.name) };
            let before = found.len();
            cases(&mut |name, digest| found.push((name.to_owned(), digest.expect(name))));
            assert!(found.len() > before, "{} is empty", suite.name);
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
fn names_are_unique() {
    for (i, &(name, digest)) in GOLDEN.iter().enumerate() {
        assert!(GOLDEN.iter().take(i).all(|(earlier, _)| *earlier != name), "{name}");
        assert_eq!(expected(name), Some(digest), "{name}");
    }
    assert_eq!(expected("f32 nothing"), None);
}
