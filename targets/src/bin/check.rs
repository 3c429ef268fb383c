//! One suite of the tests that host and devices share. Compiled once for each suite, named by `PERTURB_SUITE`, so that each
//! fits the smallest device.
//!
//! The last line is read by the runner: how many cases passed and failed, and the deepest stack.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use defmt::{error, info};
use defmt_semihosting as _;
use perturb_board::{fail, panicked, stack, succeed};
use perturb_tests::golden;
use perturb_tests::suite::{Cases, Suite, suite};

const SUITE: Suite = suite(match option_env!("PERTURB_SUITE") {
    Some(name) => name,
    None => perturb_tests::suite::NAMES[0],
});

#[entry]
fn main() -> ! {
    let (mut passed, mut failed) = (0u32, 0u32);
    let depth = stack::depth(|| match SUITE.cases {
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

/// A failed assertion.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    panicked(info)
}
