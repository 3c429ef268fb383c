//! Compiles firmware.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::core::Core;
use crate::error::Failure;

/// The firmware's workspace: the folder `targets`.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// How firmware is optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// `opt-level = "s"`: the workspace's release profile.
    Small,
    /// `opt-level = 3`.
    Fast,
    /// Small, but compiled soon: the workspace's profile `suites`.
    Suites,
    /// The same in all code memory of the board, for groups of suites.
    Groups,
}

/// The Cargo that compiles firmware.
pub(crate) fn cargo() -> OsString {
    let cargo = std::env::var_os("PERTURB_CARGO").or_else(|| std::env::var_os("CARGO"));
    cargo.unwrap_or_else(|| "cargo".into())
}

/// A compiler of the distribution, if `targets/ci.sh` found no other: it compiles its own library.
pub(crate) fn with_compiler(command: &mut Command) {
    if let Some(compiler) = std::env::var_os("PERTURB_RUSTC") {
        command.env("RUSTC", compiler).env("RUSTC_BOOTSTRAP", "1");
    }
}

/// A folder of its own for each core, so that two can be compiled at once and no flag rebuilds another's libraries.
pub(crate) fn target_directory(core: &Core) -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    base.join("firmware").join(core.name)
}

/// Compiles one program of the workspace for `core`, with one variable of the environment, and returns the ELF file.
pub(crate) fn build(
    core: &Core,
    profile: Profile,
    package: &str,
    program: &str,
    (name, value): (&str, &str),
) -> Result<PathBuf, Failure> {
    let mut command = Command::new(cargo());
    with_compiler(&mut command);
    let directory = target_directory(core);
    let (folder, options): (_, &[&str]) = match profile {
        Profile::Small | Profile::Fast => ("release", &["--release"]),
        Profile::Suites => ("suites", &["--profile", "suites"]),
        Profile::Groups => ("suites", &["--profile", "suites", "--features", "whole-memory"]),
    };
    let extra = std::env::var("PERTURB_CARGO_ARGS").unwrap_or_default();
    command
        .current_dir(workspace())
        .args(["build", "--locked", "--quiet", "--target", core.target])
        .args(options)
        .args(["--package", package, "--bin", program])
        .args(extra.split_whitespace())
        .env("CARGO_TARGET_DIR", &directory)
        .env("RUSTFLAGS", core.flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("DEFMT_LOG", "info")
        .env(name, value)
        .stdin(Stdio::null());
    if profile == Profile::Fast {
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3");
    }
    let output = command.output().map_err(|source| Failure::Start {
        program: "cargo".into(),
        source,
        hint: "install Rust",
    })?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} ({name}={value}) does not compile for {core}:\n{errors}").into());
    }
    Ok(directory.join(core.target).join(folder).join(program))
}
