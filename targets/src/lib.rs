//! What the firmware binaries share: text to the host without `core::fmt`, and ends that the host sees.
#![no_std]

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hio::{self, HostStream};

/// Text to the host's standard output. `core::fmt` would outweigh the layer that a firmware is about.
pub struct Log(HostStream);

impl Log {
    /// Opens the host's standard output; without a host the firmware ends.
    pub fn open() -> Self {
        match hio::hstdout() {
            Ok(stream) => Self(stream),
            Err(()) => fail(),
        }
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Writes a number in decimal, filled up with spaces on the left to at least `width` of 10 characters.
    pub fn decimal(&mut self, mut number: u32, width: usize) -> &mut Self {
        let mut text = [b' '; 10];
        let mut start = text.len();
        for character in text.iter_mut().rev() {
            *character = b'0' + (number % 10) as u8;
            number /= 10;
            start -= 1;
            if number == 0 {
                break;
            }
        }
        let start = start.min(text.len().saturating_sub(width));
        self.bytes(text.get(start..).unwrap_or(&text))
    }

    /// Writes all 16 hexadecimal digits.
    pub fn hexadecimal(&mut self, number: u64) -> &mut Self {
        let mut text = [0; 16];
        for (i, character) in text.iter_mut().rev().enumerate() {
            *character = match (number >> (4 * i) & 15) as u8 {
                digit @ 0..=9 => b'0' + digit,
                digit => b'a' + digit - 10,
            };
        }
        self.bytes(&text)
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        if self.0.write_all(bytes).is_err() {
            fail();
        }
        self
    }
}

/// Ends the run: the host sees exit code 0.
pub fn succeed() -> ! {
    debug::exit(EXIT_SUCCESS);
    halt()
}

/// Ends the run: the host sees exit code 1.
pub fn fail() -> ! {
    debug::exit(EXIT_FAILURE);
    halt()
}

/// On hardware without a debugger the exit returns.
fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

/// A panic ends the run; its message would drag `core::fmt` into every firmware.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Ok(stream) = hio::hstdout() {
        let mut log = Log(stream);
        log.text("panicked");
        if let Some(place) = info.location() {
            log.text(" at ").text(place.file()).text(":").decimal(place.line(), 1);
        }
        log.text("\n");
    }
    fail()
}

/// A fault ends the run: the runtime's own handler would spin.
#[allow(unsafe_code, reason = "the runtime demands the keyword")]
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    fail()
}
