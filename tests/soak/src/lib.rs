//! Long runs, watched for what only shows after hours: weights that creep away, decisions that get worse, memory, file
//! handles or threads that are not given back.
//!
//! ```sh
//! cargo run --release --package perturb-soak -- --steps 1e9 --minutes 5
//! ```
//!
//! Every number that is learned is a function of the seed; what is counted of the process is that of this machine.

use peak_alloc::PeakAlloc;

pub mod firmware;
pub mod process;
mod robot;
pub mod training;
pub mod trend;

/// Counts the bytes of every allocation in programs that link this library.
#[global_allocator]
pub static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Why a soak failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An error with this text unless `holds`.
pub(crate) fn check(holds: bool, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(text().into()) }
}
