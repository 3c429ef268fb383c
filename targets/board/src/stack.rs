//! How deep the stack got.
#![allow(unsafe_code, reason = "reads and writes memory that no variable lives in")]

use core::ptr;

use cortex_m::register::msp;

/// What unused stack holds.
const PAINT: u32 = 0xCCCC_CCCC;
/// Words below the stack pointer that painting leaves alone: it uses some stack itself, when optimised.
const MARGIN: usize = 32;

unsafe extern "C" {
    /// The lowest address that the stack may use, from the linker script.
    static _stack_end: u32;
    /// Where the stack starts, above its highest address.
    static _stack_start: u32;
}

/// How many bytes of stack were used.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// By the work itself.
    pub here: u32,
    /// From the start of the program.
    pub in_all: u32,
    /// Whether it reached the end of its memory, and perhaps went beyond.
    pub overflown: bool,
}

fn end() -> *mut u32 {
    (&raw const _stack_end).cast_mut()
}

/// How much stack `work` and what it calls use. Optimised programs only.
#[inline(never)]
pub fn depth<R>(work: impl FnOnce() -> R) -> Depth {
    if cfg!(debug_assertions) {
        crate::fail()
    }
    let pointer = msp::read() as usize;
    let (end, words) = (end(), pointer.saturating_sub(end().addr()) / 4);
    for i in 0..words.saturating_sub(MARGIN) {
        // SAFETY: between the end of static memory and the stack pointer, with room to spare, nothing lives, and one core
        // runs without interrupts.
        unsafe {
            ptr::write_volatile(end.add(i), PAINT);
        }
    }
    call(work);
    let untouched = (0..words)
        // SAFETY: aligned words of RAM.
        .take_while(|&i| {
            let word = unsafe { ptr::read_volatile(end.add(i)) };
            word == PAINT
        })
        .count();
    let start = (&raw const _stack_start).addr();
    let here = 4 * (words - untouched) as u32;
    Depth { here, in_all: here + (start - pointer) as u32, overflown: untouched == 0 }
}

/// In a frame of its own, below the pointer.
#[inline(never)]
fn call<R>(work: impl FnOnce() -> R) {
    work();
}
