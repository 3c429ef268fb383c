//! Tells the gate `instructions` what it was compiled by: instruction counts are that compiler's.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let ask = |name| std::env::var(name).unwrap_or_default();
    let version = Command::new(ask("RUSTC")).arg("--version").output().expect("the compiler runs").stdout;
    let level = ask("OPT_LEVEL");
    // Flags are separated by the character 0x1f.
    let flags = ask("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " ");
    let compiler = format!("{} -Copt-level={level} {flags}", String::from_utf8_lossy(&version).trim());
    println!("cargo::rustc-env=PERTURB_COMPILER={}", compiler.trim());
}
