//! The digests of every golden computation on this machine; firmware checks the same table.

use std::fmt::Write;

use perturb_tests::golden::{GOLDEN, run};

#[test]
fn bits_are_the_golden_ones() {
    let mut found = Vec::new();
    run(&mut |name, digest| found.push((name.to_owned(), digest.expect(name))));
    let mut table = String::new();
    for (name, digest) in &found {
        let words: [u64; 4] = std::array::from_fn(|i| digest >> (48 - 16 * i) & 0xFFFF);
        let [a, b, c, d] = words;
        writeln!(table, "    (\"{name}\", 0x{a:04X}_{b:04X}_{c:04X}_{d:04X}),").unwrap();
    }
    let expected: Vec<_> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
    let changed: Vec<_> = found.iter().filter(|case| !expected.contains(case)).map(|case| &case.0).collect();
    assert!(found == expected, "value-breaking in {changed:?}; the table is now\n{table}");
}

#[test]
fn names_are_unique() {
    for (i, (name, _)) in GOLDEN.iter().enumerate() {
        assert!(GOLDEN.iter().take(i).all(|(earlier, _)| earlier != name), "{name}");
    }
}
