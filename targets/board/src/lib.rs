//! What firmware programs share: their place in memory, ends that the host sees, and instruments.
//!
//! A program says what it did by `defmt`, over semihosting; one that is measured [`report`]s numbers instead.
#![no_std]

use cortex_m_rt::{ExceptionFrame, exception};
use semihosting::io::Write;

pub mod clock;
pub mod stack;

/// Ends the run: the host sees exit code 0.
pub fn succeed() -> ! {
    semihosting::process::exit(0)
}

/// Ends the run: the host sees exit code 1.
pub fn fail() -> ! {
    semihosting::process::exit(1)
}

/// Sends numbers to the host as they are, little-endian words.
pub fn report(words: &[u32]) {
    let Ok(mut host) = semihosting::io::stdout() else { fail() };
    for word in words {
        if host.write_all(&word.to_le_bytes()).is_err() {
            fail();
        }
    }
}

/// What a program that logs does about a panic: it says where and why, and ends the run.
#[cfg(feature = "log")]
pub fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    fail()
}

/// A fault ends the run: the runtime's own handler would spin.
#[allow(unsafe_code, reason = "the runtime demands the keyword")]
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    semihosting::process::exit(3)
}
