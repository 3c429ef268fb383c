//! Runnable examples live beside this file; see the `[[example]]` entries of `Cargo.toml`.
