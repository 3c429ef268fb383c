//! Arguments that several programs have.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::ValueEnum;
use clap::error::ErrorKind as Refusal;
use perturb_lanes::Width;

use crate::Failure;

/// `--width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WidthName {
    /// No lanes
    Scalar,
    /// What every processor of the target has
    Baseline,
    /// AVX2
    Avx2,
    /// AVX-512
    Avx512,
}

impl WidthName {
    /// Limits the process to this width. An error if the processor has less.
    pub fn limit(self) -> Result<(), Failure> {
        let width = match self {
            Self::Scalar => Width::Scalar,
            Self::Baseline => Width::Baseline,
            Self::Avx2 => Width::Avx2,
            Self::Avx512 => Width::Avx512,
        };
        perturb_lanes::limit(width);
        match perturb_lanes::width() {
            has if has == width => Ok(()),
            has => Err(refusal(format!("--width: this processor has {} at most", has.name()))),
        }
    }
}

/// An argument that is wrong, though it could be read: [`exit`] makes it exit code 2.
pub fn refusal(message: impl Display) -> Failure {
    Box::new(clap::Error::raw(Refusal::ValueValidation, format!("{message}\n")))
}

/// How many threads can run at once.
pub fn all_threads() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A pool of `threads` threads; at least 1.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, Failure> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?)
}

/// Prints `text` and a line break. `println!` would panic when a reader such as `head` has gone.
pub fn say(text: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Exit code 0 for success, and when the reader has gone; 2 for wrong arguments, 1 for what failed.
pub fn exit(program: &str, result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    if let Some(error) = failure.downcast_ref::<std::io::Error>()
        && error.kind() == ErrorKind::BrokenPipe
    {
        return ExitCode::SUCCESS;
    }
    let wrong = failure.downcast_ref::<clap::Error>().is_some();
    let message = failure.to_string();
    eprintln!("{program}: {}", message.trim_start_matches("error: ").trim_end());
    if wrong { ExitCode::from(2) } else { ExitCode::FAILURE }
}
