//! Runs the golden cases on the device: every digest must be the one that the host's tests expect.
//!
//! `golden.out` beside this file is the whole log when all bits agree; a case that differs is named, and the
//! run fails.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use perturb_targets::{Log, fail, succeed};
use perturb_tests::golden::{GOLDEN, run};

#[entry]
fn main() -> ! {
    let mut log = Log::open();
    let mut table = GOLDEN.iter();
    let mut equal = !GOLDEN.is_empty();
    run(&mut |name, found| {
        let expected = table.next();
        match (found, expected) {
            (Ok(found), Some(&(expected, digest))) if (name, found) == (expected, digest) => return,
            (Ok(found), _) => log.text("found    ").hexadecimal(found),
            (Err(_), _) => log.text("refused  ").text("an input        "),
        };
        log.text("  ").text(name).text("\n");
        if let Some(&(name, digest)) = expected {
            log.text("expected ").hexadecimal(digest).text("  ").text(name).text("\n");
        }
        equal = false;
    });
    for &(name, _) in table {
        log.text("missing  ").text(name).text("\n");
        equal = false;
    }
    if !equal {
        fail()
    }
    log.text("every golden case has the host's bits\n");
    succeed()
}
