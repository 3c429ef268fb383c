//! Programs whose whole log stands beside them.

use std::path::Path;

use crate::cargo::{self, Profile};
use crate::core::{CORES, Core};
use crate::elf::Needs;
use crate::error::{Failure, file};
use crate::suites::on_every;
use crate::{log, qemu};

/// Programs with an expected log, of the firmware's package.
const PROGRAMS: [&str; 2] = ["robot", "chooser"];

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

/// Runs a program and prints what it wrote: its log, if it has one of `defmt`, else text. On the core that is named, else that of
/// the target's folder in its path, else the first that runs it.
pub(crate) fn run_one(elf: &Path, core: Option<&'static Core>) -> Result<i32, Failure> {
    let needs = Needs::of(elf)?;
    let of_target = || {
        let parts = elf.components().rev().filter_map(|part| part.as_os_str().to_str());
        parts.into_iter().find_map(|part| CORES.iter().find(|core| core.target == part))
    };
    let core = core.or_else(of_target).or_else(|| needs.core());
    // What the last core says is true of most that no core runs.
    let core = core.ok_or_else(|| needs.check(&CORES[2]).err().unwrap_or_default());
    let refused = |why| format!("{} does not run: {why}", elf.display());
    let core = core.map_err(refused)?;
    needs.check(core).map_err(refused)?;
    let run = qemu::run(core, elf, false)?;
    match log::decoded(elf, &run.output)? {
        Some(lines) => lines.iter().for_each(|line| println!("{line}")),
        None => print!("{}", String::from_utf8_lossy(&run.output)),
    }
    if let Some(complaint) = run.complaint() {
        eprintln!("{} on {core}: {complaint}", elf.display());
    }
    Ok(run.code.unwrap_or(1))
}
