//! Builds firmware, runs it in QEMU, reads its log, and measures it.

mod c;
mod cargo;
mod core;
mod elf;
mod error;
mod log;
mod programs;
mod qemu;
mod report;
mod suites;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::core::{CORES, Core};
use crate::error::Failure;

/// Builds firmware, runs it in QEMU, reads its log, and measures it
#[derive(Parser, Debug)]
#[command(name = "perturb-runner", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run any program for a Cortex-M and print what it writes; the exit code is the program's
    #[command(
        after_help = "The program writes by semihosting, text or a log of defmt, and ends by semihosting's exit."
    )]
    Run {
        /// The ELF file, linked to the memory of the emulated board
        elf: PathBuf,
        /// The core to emulate [default: that of the target's folder in the path, else the first that runs the file]
        #[arg(long, value_parser = Core::named)]
        core: Option<&'static Core>,
    },
    /// Run the tests that host and devices share
    Suites {
        /// The suites to run [default: all]
        #[arg(long)]
        suite: Vec<String>,
        /// The cores to run on [default: all]
        #[arg(long, value_parser = Core::named)]
        core: Vec<&'static Core>,
    },
    /// Run the programs whose log is known, and compare
    Programs {
        /// The cores to run on [default: all]
        #[arg(long, value_parser = Core::named)]
        core: Vec<&'static Core>,
    },
    /// Build the C programs, run them, and compare with the expected log
    C {
        /// The cores to run on [default: all]
        #[arg(long, value_parser = Core::named)]
        core: Vec<&'static Core>,
    },
    /// Write the C header from its Rust sources
    Header {
        /// Write nothing; fail if the header is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Measure every layer and write targets/REPORT.md
    Report {
        /// Write nothing; fail where a figure has grown by more than 5 % over the report, or the report breaks a budget
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("perturb-runner: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let all = |cores: Vec<&'static Core>| if cores.is_empty() { CORES.iter().collect() } else { cores };
    match arguments.command {
        Command::Run { elf, core } => {
            let code = programs::run_one(&elf, core)?;
            return Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from));
        }
        Command::Suites { suite, core } => suites::run(&suite, &all(core))?,
        Command::Programs { core } => programs::run(&all(core))?,
        Command::C { core } => c::run(&all(core))?,
        Command::Header { check } => c::header(check)?,
        Command::Report { check } => report::run(check)?,
    }
    Ok(ExitCode::SUCCESS)
}
