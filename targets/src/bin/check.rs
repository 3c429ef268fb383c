//! One suite of the tests that host and devices share, or a group of them. Compiled once for each that `PERTURB_SUITE` names:
//! a suite alone fits the smallest device.
//!
//! The runner reads a line `suite NAME: P passed, F failed` for each, and the last: cases in all, and the deepest stack.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use defmt::{error, info};
use defmt_semihosting as _;
use perturb_board::{fail, panicked, stack, succeed};
use perturb_tests::golden;
use perturb_tests::suite::{Cases, NAMES, Suite, count, suites};

const ASKED: &str = match option_env!("PERTURB_SUITE") {
    Some(name) => name,
    None => NAMES[0],
};
const SUITES: [Suite; count(ASKED)] = suites(ASKED);

#[entry]
fn main() -> ! {
    let (mut passed, mut failed) = (0u32, 0u32);
    let depth = stack::depth(|| {
        for suite in &SUITES {
            let (good, bad) = check(suite);
            info!("suite {=str}: {} passed, {} failed", suite.name, good, bad);
            passed += good;
            failed += bad;
        }
    });
    if depth.overflown {
        error!("the stack overflew");
        failed += 1;
    }
    info!("{} passed, {} failed, {} bytes of stack", passed, failed, depth.in_all);
    if failed > 0 {
        fail()
    }
    succeed()
}

/// How many cases of a suite passed, and failed.
fn check(suite: &Suite) -> (u32, u32) {
    let (mut passed, mut failed) = (0, 0);
    match suite.cases {
        Cases::Golden(run) => run(&mut |name, found| match (found, golden::expected(name)) {
            (Ok(found), Some(expected)) if found == expected => passed += 1,
            (found, expected) => {
                failed += 1;
                let found = found.ok();
                error!("{=str}: found {=?:016x}, expected {=?:016x}", name, found, expected);
            }
        }),
        Cases::Asserted(cases) => {
            for &(name, case) in cases {
                info!("{=str}", name);
                case();
                passed += 1;
            }
        }
    }
    (passed, failed)
}

/// A failed assertion.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    panicked(info)
}
