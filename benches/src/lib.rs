//! Benches live beside this file; see the `[[bench]]` entries of `Cargo.toml`.
