#![no_std]
#![doc = include_str!("../README.md")]
// Documentation is for the header, which also says once what holds for all pointers.
#![allow(clippy::doc_markdown, clippy::missing_safety_doc)]

// Tests on a host bring std's panic handler; a firmware has the one below.
#[cfg(not(target_os = "none"))]
extern crate std;

mod argmax;
mod bounded;
mod grid_path;
mod layer;
mod model;
mod noise;
mod pointer;
mod ranking;
mod seed;
mod shared;
mod status;
mod top_k;

pub use argmax::*;
pub use bounded::{PERTURB_MAX_CELLS, PERTURB_MAX_SCORES};
pub use grid_path::*;
pub use model::*;
pub use noise::NoiseKind;
pub use ranking::*;
pub use seed::*;
pub use shared::*;
pub use status::*;
pub use top_k::*;

/// Asked for by the compiler and never linked: `build.sh` looks at the symbols.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
