//! Places the program in memory. Here rather than in `.cargo/config.toml`, where a `RUSTFLAGS` of the
//! user's would replace it and a changed `memory.x` would not link again.

fn main() {
    println!("cargo::rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
}
