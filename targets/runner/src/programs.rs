//! Programs whose whole log stands beside them.

use std::path::Path;

use crate::cargo::{self, Profile};
use crate::core::{CORES, Core};
use crate::error::{Failure, file};
use crate::suites::on_every;
use crate::{log, qemu};

/// Programs with an expected log, of the firmware's package.
const PROGRAMS: [&str; 1] = ["robot"];

/// Runs them on `cores`, and fails where a log differs from the expected one.
pub(crate) fn run(cores: &[&'static Core]) -> Result<(), Failure> {
    for program in PROGRAMS {
        let path = cargo::workspace().join("src/bin").join(program).with_extension("out");
        let expected = std::fs::read_to_string(&path).map_err(file("read", &path))?;
        on_every(cores, |core| {
            let elf = cargo::build(core, Profile::Small, "perturb-targets", program, ("PERTURB_SUITE", ""))?;
            let run = qemu::run(core, &elf, false)?;
            let lines = log::lines(&elf, &run.output)?;
            if let Some(complaint) = run.complaint() {
                return Err(format!("{program} on {core}: {complaint}\n{}", lines.join("\n")).into());
            }
            match difference(&expected, &lines) {
                Some(difference) => Err(format!("{program} on {core}: {difference}").into()),
                None => Ok(()),
            }
        })?;
        println!("{program}: the expected log on {}", join(cores));
    }
    Ok(())
}

fn difference(expected: &str, found: &[String]) -> Option<String> {
    let expected: Vec<&str> = expected.lines().collect();
    let lines = expected.len().max(found.len());
    (0..lines).find_map(|i| {
        let (expected, found) = (expected.get(i).copied(), found.get(i).map(String::as_str));
        (expected != found).then(|| {
            let or_end = |line: Option<&str>| line.unwrap_or("the end of the log").to_owned();
            format!("line {}: expected\n  {}\nfound\n  {}", i + 1, or_end(expected), or_end(found))
        })
    })
}

fn join(cores: &[&'static Core]) -> String {
    cores.iter().map(|core| core.title).collect::<Vec<_>>().join(", ")
}

/// Runs one program that Cargo has compiled, on the core of its target, and prints its log. For Cargo's `runner`.
pub(crate) fn run_one(elf: &Path, core: Option<&'static Core>) -> Result<i32, Failure> {
    let of_target = || {
        let parts = elf.components().rev().filter_map(|part| part.as_os_str().to_str());
        parts.into_iter().find_map(|part| CORES.iter().find(|core| core.target == part))
    };
    let core = core.or_else(of_target).ok_or_else(|| {
        format!("{}: no folder of the path is a known target; name the core by --core", elf.display())
    })?;
    let run = qemu::run(core, elf, false)?;
    for line in log::lines(elf, &run.output)? {
        println!("{line}");
    }
    if let Some(complaint) = run.complaint() {
        eprintln!("{} on {core}: {complaint}", elf.display());
    }
    Ok(run.code.unwrap_or(1))
}
