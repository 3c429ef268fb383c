//! Soaks a robot's steps and training, prints what was seen, and fails where it is not what it should be.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use perturb_soak::{Failure, firmware, training};

/// Runs a robot's steps and training for long, and watches regret, weights, memory, file handles and threads.
#[derive(Parser, Debug)]
#[command(name = "soak", max_term_width = 100)]
struct Arguments {
    /// Steps of the robots in all, as a number such as 1e9
    #[arg(long, default_value = "1e9", value_parser = steps)]
    steps: u64,
    /// Minutes of training after that
    #[arg(long, default_value_t = 5.0, value_parser = minutes)]
    minutes: f64,
}

fn steps(text: &str) -> Result<u64, String> {
    let least = firmware::LEAST;
    match text.parse::<f64>() {
        Ok(steps) if steps >= least as f64 && steps <= 1e15 => Ok(steps as u64),
        _ => Err(format!("expected {least} to 1e15")),
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.01..=1e6).contains(&minutes) => Ok(minutes),
        _ => Err("expected 0.01 to 1e6".into()),
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("soak: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let start = Instant::now();
    firmware::soak(arguments.steps, |report| {
        println!("{report}\n  after {:.0} s", start.elapsed().as_secs_f64());
        Ok(())
    })?;
    let folder = tempfile::tempdir()?;
    let report = training::soak(Duration::from_secs_f64(60.0 * arguments.minutes), folder.path())?;
    println!("{report}");
    report.judge()?;
    println!("nothing grew, and nothing got worse");
    Ok(())
}
