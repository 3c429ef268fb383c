//! Runs both catalogues at scale and prints what they found, as the tables of `tests/REPORT.md`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use perturb_differential::oracles::{self, Outcome};
use perturb_differential::{Size, bits, estimates};

/// Oracles against naive specifications and estimates against exact values, at scale.
#[derive(Parser, Debug)]
struct Arguments {
    /// How many thousand instances of each cheap oracle; dear ones get a tenth.
    #[arg(long, default_value_t = 100)]
    factor: u64,
    /// Samples of an estimate in f64, at least 16384; estimates in f32 have at most 131072.
    #[arg(long, default_value_t = 1 << 18, value_parser = clap::value_parser!(u32).range(1 << 14..=1 << 24))]
    samples: u32,
    /// Take every how many-th layer of the estimates.
    #[arg(long, default_value_t = 1)]
    thinned: usize,
    /// Names all instances and all noise.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The oracles alone.
    #[arg(long, conflicts_with = "estimates_only")]
    oracles_only: bool,
    /// The estimates alone.
    #[arg(long)]
    estimates_only: bool,
}

fn main() -> ExitCode {
    let Arguments { factor, samples, thinned, seed, oracles_only, estimates_only } = Arguments::parse();
    // Blocks are whole.
    let size = Size { instances: factor.saturating_mul(1000), samples: samples / 64 * 64, thinned, seed };
    let mut faults = 0;
    if !estimates_only {
        faults += solve(size);
    }
    if !oracles_only {
        faults += estimate(size);
    }
    println!("\n{faults} faults");
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn solve(size: Size) -> u64 {
    println!("| check | instances | failed |\n|---|---|---|");
    let start = Instant::now();
    let mut faults = 0;
    let mut total = 0;
    let mut tell = |outcome: &Outcome| {
        println!("| {} | {} | {} |", outcome.name, outcome.instances, outcome.failed);
        if let Some(first) = &outcome.first {
            eprintln!("{}: {first}", outcome.name);
        }
        faults += outcome.failed;
        total += outcome.instances;
    };
    let _ = oracles::run_all(size, &mut tell);
    bits::run_all(size.instances.div_ceil(100), size.seed).iter().for_each(tell);
    println!(
        "\n{total} instances of oracles, seed {}, in {:.0} s\n",
        size.seed,
        start.elapsed().as_secs_f64()
    );
    faults
}

fn estimate(size: Size) -> u64 {
    let start = Instant::now();
    let done = AtomicUsize::new(0);
    let comparisons = estimates::run_all(size, &|all| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(100) || done == all {
            eprintln!("{done} of {all} estimates, {:.0} s", start.elapsed().as_secs_f64());
        }
    });
    let verdict = estimates::judge(&comparisons);
    println!(
        "M = {} samples in f64, seed {}, in {:.0} s",
        size.samples,
        size.seed,
        start.elapsed().as_secs_f64()
    );
    println!("{verdict}");
    verdict.faults.iter().for_each(|fault| println!("{fault}"));
    verdict.faults.len() as u64
}
