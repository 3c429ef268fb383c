//! What several test files, and the firmware of `targets/`, share.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

pub mod golden;
mod golden_table;
