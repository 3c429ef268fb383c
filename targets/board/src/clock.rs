//! A clock that counts instructions, when the emulator is told that each takes the same time.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// The largest count of the timer, 24 bits.
const LONGEST: u32 = 0x00FF_FFFF;

/// The system timer of every Cortex-M, counting the processor's clock.
pub struct Clock(());

impl Clock {
    /// Starts it.
    pub fn start(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(LONGEST);
        timer.clear_current();
        timer.enable_counter();
        Self(())
    }

    /// Ticks that `work` takes, fewer than 2²⁴.
    #[inline(never)]
    pub fn ticks<R>(&self, work: impl FnOnce() -> R) -> (u32, R) {
        let before = SYST::get_current();
        let result = work();
        let after = SYST::get_current();
        (before.wrapping_sub(after) & LONGEST, result)
    }
}
