//! Places programs in the memory of the board that emulates their target. Here rather than in `.cargo/config.toml`, where a
//! `RUSTFLAGS` of the user's would replace it and a changed file would not link again.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let board = match env::var("TARGET")?.as_str() {
        "thumbv6m-none-eabi" => "microbit",
        "thumbv8m.main-none-eabihf" => "an505",
        _ => "mps2",
    };
    let whole = if env::var_os("CARGO_FEATURE_WHOLE_MEMORY").is_some() { "-whole" } else { "" };
    let layout = Path::new("../memory").join(format!("{board}{whole}.x"));
    let out = env::var("OUT_DIR")?;
    fs::copy(&layout, Path::new(&out).join("memory.x"))?;
    println!("cargo::rustc-link-search={out}");
    println!("cargo::rerun-if-changed={}", layout.display());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
