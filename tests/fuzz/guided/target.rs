//! The target that the binary is called after.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<&perturb_fuzz::Target> =
    LazyLock::new(|| perturb_fuzz::target_named(env!("CARGO_BIN_NAME")).expect("a target has this name"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
