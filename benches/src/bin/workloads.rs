//! Times the workloads that other implementations are compared on, and prints one line of JSON each.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;
use perturb_benches::Failure;
use perturb_benches::arguments::{WidthName, all_threads, exit, pool, refusal, say};
use perturb_benches::call::prepare;
use perturb_benches::record::Record;
use perturb_benches::workload::{NoiseName, Selection, Variant};

/// Times workloads: one call is one gradient of the whole batch, with noise of its own.
///
/// Answers are checked first. Prints one JSON line per workload, for those that have the variant.
#[derive(Parser, Debug)]
#[command(name = "workloads", max_term_width = 100)]
struct Arguments {
    /// Workloads such as W1a,W3b, or all
    workloads: Selection,
    /// Repetitions of as many calls as fill 0.1 s
    repetitions: NonZeroUsize,
    /// How they are computed
    #[arg(long, value_enum, default_value = "sampled")]
    variant: Variant,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Another noise than the workload's own
    #[arg(long, value_enum)]
    noise: Option<NoiseName>,
    /// The widest vectors [default: the processor's]
    #[arg(long, value_enum)]
    width: Option<WidthName>,
}

fn main() -> ExitCode {
    exit("workloads", run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(width) = arguments.width {
        width.limit()?;
    }
    let threads = arguments.threads.map_or_else(all_threads, NonZeroUsize::get);
    let pool = pool(threads)?;
    let mut workloads = arguments.workloads.0.clone();
    workloads.retain(|workload| workload.has(arguments.variant));
    if workloads.is_empty() {
        return Err(refusal(format!(
            "--variant: none of these workloads is computed as {}",
            arguments.variant.name()
        )));
    }
    for workload in &mut workloads {
        workload.noise = arguments.noise.unwrap_or(workload.noise);
        let seconds = pool
            .install(|| prepare(workload, arguments.variant)?.time(arguments.repetitions.get()))
            .map_err(|failure| format!("{}: {failure}", workload.name))?;
        let record = Record::new(workload, arguments.variant, threads, &seconds);
        say(serde_json::to_string(&record)?)?;
    }
    Ok(())
}
