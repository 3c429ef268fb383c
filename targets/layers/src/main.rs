//! One layer alone: what it costs, as numbers to the host. Compiled once for each layer, named by `PERTURB_LAYER`.
//!
//! No log and no test lies beside the layer, so the size of this program is that of the layer and of the start-up, and
//! nothing in it may panic.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use perturb_board::clock::Clock;
use perturb_board::{fail, report, succeed};

mod layers;

use layers::{Cost, Layer, layer};

const LAYER: Layer = layer(match option_env!("PERTURB_LAYER") {
    Some(name) => name,
    None => "ranking-learner-8x16",
});

#[entry]
fn main() -> ! {
    let Some(peripherals) = cortex_m::Peripherals::take() else { fail() };
    match (LAYER.measure)(&Clock::start(peripherals.SYST)) {
        Ok(Cost { gradient, decision, stack, stack_in_all }) => {
            let [a, b] = [gradient, decision].map(|ticks| [ticks.sum, ticks.least, ticks.most, ticks.large]);
            report([a, b].as_flattened());
            report(&[stack, stack_in_all]);
        }
        Err(_) => fail(),
    }
    succeed()
}

/// Never linked: the runner looks.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    fail()
}
