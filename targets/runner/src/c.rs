//! The library for C: its header, and its tests on every core.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::core::Core;
use crate::error::{Failure, file};
use crate::suites::on_every;
use crate::{cargo, qemu};

/// Writes `include/perturb.h` from the Rust sources; with `check` fails if it is another.
pub(crate) fn header(check: bool) -> Result<(), Failure> {
    let package = cargo::workspace().join("c");
    let path = package.join("include/perturb.h");
    let mut config = cbindgen::Config::from_file(package.join("cbindgen.toml"))?;
    // The packages share one version.
    let version = env!("CARGO_PKG_VERSION");
    let number = version.split(['.', '-']).take(3).map(str::parse::<u8>);
    let number =
        number.fold(String::from("0x"), |number, part| format!("{number}{:02X}", part.unwrap_or_default()));
    config.after_includes =
        config.after_includes.map(|text| text.replace("@VERSION@", version).replace("@NUMBER@", &number));
    let bindings = cbindgen::generate_with_config(&package, config)
        .map_err(|error| format!("the header of {}: {error}", package.display()))?;
    let mut header = Vec::new();
    bindings.write(&mut header);
    if check {
        let found = std::fs::read(&path).map_err(file("read", &path))?;
        if found != header {
            return Err(
                format!("{} is not what its sources say: perturb-runner header", path.display()).into()
            );
        }
        println!("{} is up to date", path.display());
    } else {
        std::fs::write(&path, header).map_err(file("write", &path))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The stack of a grid of 256 cells and its test are more than the smallest board has.
const SMALLER: &[(&str, &str)] = &[("PERTURB_MAX_CELLS", "144")];

/// Builds the C programs for `cores` and runs them; the tests' log must be the expected one.
pub(crate) fn run(cores: &[&'static Core]) -> Result<(), Failure> {
    let path = cargo::workspace().join("c/test/test.out");
    let expected = std::fs::read_to_string(&path).map_err(file("read", &path))?;
    on_every(cores, |core| {
        let found = build_and_run(core, "test", &[])?;
        if found != expected {
            return Err(format!("the C tests on {core} do not print {}:\n{found}", path.display()).into());
        }
        // Fails by its exit code where a function needs more stack than documented.
        build_and_run(core, "stack", if core.roomy { &[] } else { SMALLER })?;
        // The same tests with other capacities, the least that they need.
        match build_and_run(core, "test", &[("PERTURB_MAX_SCORES", "20"), ("PERTURB_MAX_CELLS", "144")])? {
            found if found == expected => Ok(()),
            found => Err(format!("with other capacities the C tests on {core} print:\n{found}").into()),
        }
    })?;
    let names: Vec<_> = cores.iter().map(|core| core.title).collect();
    println!("C, on {}: {}", names.join(", "), expected.lines().last().unwrap_or_default());
    Ok(())
}

fn build_and_run(core: &Core, program: &str, variables: &[(&str, &str)]) -> Result<String, Failure> {
    let elf = build(core, program, variables)?;
    let run = qemu::run(core, &elf, false)?;
    let log = String::from_utf8_lossy(&run.output).into_owned();
    match run.complaint() {
        Some(complaint) => Err(format!("the C program {program} on {core}: {complaint}\n{log}").into()),
        None => Ok(log),
    }
}

/// Builds a program of `build.sh` with these variables of its environment.
pub(crate) fn build(core: &Core, program: &str, variables: &[(&str, &str)]) -> Result<PathBuf, Failure> {
    let mut command = Command::new("bash");
    command.arg(cargo::workspace().join("c/build.sh")).args([core.name, program]);
    command
        .env("CARGO_TARGET_DIR", cargo::target_directory(core))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command.env("CARGO", cargo::cargo());
    cargo::with_compiler(&mut command);
    let hint = "install bash";
    let output =
        command.output().map_err(|source| Failure::Start { program: "bash".into(), source, hint })?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("targets/c/build.sh {} {program} failed:\n{text}{errors}", core.name).into());
    }
    Ok(text.lines().last().unwrap_or_default().into())
}
