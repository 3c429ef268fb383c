//! The digests of every golden computation on this machine, of every oracle under noises that are chosen at run time.
//!
//! `host/any_layer.rs` has them of every noise under oracles that are chosen at run time, and firmware has them of all pairs: each
//! pair compiled for itself takes minutes.

use std::fmt::Write;

use perturb_tests::golden::{GOLDEN, NOISES, Report, TYPES, expected};
use perturb_tests::widths::{Width, Widths};

/// All cases, in the order of the table.
fn all(report: Report<'_>) {
    for (_, families, others) in TYPES {
        for noise in NOISES {
            for (_, family) in families {
                family(noise, report);
            }
        }
        for (_, other) in others {
            other(report);
        }
    }
}

/// With samples one after the other, and side by side in vectors of every width that this machine has.
#[test]
fn bits_are_the_golden_ones() {
    let known: Vec<_> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
    let widths = Widths::alone();
    for width in Width::ALL {
        widths.limit(width);
        let mut found = Vec::new();
        all(&mut |name, digest| found.push((name.to_owned(), digest.expect(name))));
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
