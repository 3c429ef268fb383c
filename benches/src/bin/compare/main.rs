//! Times the library and other implementations alternately on the same workloads.

mod peers;
mod report;
mod results;

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use perturb_benches::Failure;
use perturb_benches::arguments::{WidthName, all_threads, exit, pool, refusal, say};
use perturb_benches::call::{Call, prepare};
use perturb_benches::machine::description;
use perturb_benches::markdown::{Part, counted, three_digits};
use perturb_benches::record::Record;
use perturb_benches::workload::{Selection, Variant, WORKLOADS, Workload};
use rayon::ThreadPool;

use peers::{Outcome, Peer, Runner};
use results::{Contender, OURS, Results};

/// Times the library and every peer that can be imported, alternately, with one thread, with two and with all.
///
/// A round goes through the workloads; in each, everyone takes a turn. Prints Markdown; progress goes to standard error.
#[derive(Parser, Debug)]
#[command(name = "compare", max_term_width = 100)]
struct Arguments {
    /// Folder of the peers, one NAME_peer.py each
    #[arg(long, value_name = "DIR")]
    peers: PathBuf,
    /// Python with the peers' packages
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// Workloads such as W1a,W3b, or all
    #[arg(long, default_value = "all")]
    workloads: Selection,
    /// Repetitions in a turn
    #[arg(long, value_name = "N", default_value = "5")]
    reps: NonZeroUsize,
    /// Turns
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// The longest that a turn of a peer may take, in seconds; those that take longer are left out
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    limit: NonZeroU64,
    /// The library's widest vectors [default: the processor's]
    #[arg(long, value_enum)]
    width: Option<WidthName>,
    /// File for one CSV line per contender, written after each round
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Page whose part `compare` is replaced by what is printed
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit("compare", run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(width) = arguments.width {
        width.limit()?;
    }
    let page = arguments.readme.as_deref().map(|file| Part::new(file, "compare")).transpose()?;
    let runner = Runner { python: &arguments.python, limit: Duration::from_secs(arguments.limit.get()) };
    let (peers, missing) = runner.discover(&arguments.peers)?;
    for reason in &missing {
        eprintln!("cannot be imported: {reason}");
    }
    if let Some(file) = &arguments.out {
        // Now, and not after an hour.
        write(file, &report::csv(&Results::default())).map_err(refusal)?;
    }
    let mut comparison = Comparison::new(arguments, runner, peers)?;
    for round in 1..=arguments.rounds.get() {
        for workload in &arguments.workloads.0 {
            eprintln!("round {round} of {}, {}", arguments.rounds, workload.name);
            comparison.turn_of_ours(workload)?;
            comparison.turn_of_peers(workload);
        }
        if let Some(file) = &arguments.out {
            write(file, &report::csv(&comparison.results))?;
        }
    }
    let text = comparison.markdown(missing);
    if let Some(page) = page {
        page.write(&text)?;
    }
    say(text)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// One thread, two, and all.
fn thread_counts() -> Vec<usize> {
    let all = all_threads();
    let mut counts = vec![1, 2.min(all), all];
    counts.dedup();
    counts
}

struct Comparison<'a> {
    arguments: &'a Arguments,
    runner: Runner<'a>,
    peers: Vec<Peer>,
    pools: Vec<(usize, ThreadPool)>,
    calls: BTreeMap<(&'static str, Variant), Call>,
    results: Results,
    /// Peers, variants and workloads that do not go together, or took too long, with the reason for the latter.
    left_out: BTreeMap<Contender, Option<String>>,
}

impl<'a> Comparison<'a> {
    /// Checks the answers of all workloads.
    fn new(arguments: &'a Arguments, runner: Runner<'a>, peers: Vec<Peer>) -> Result<Self, Failure> {
        let pools: Vec<_> = thread_counts()
            .into_iter()
            .map(|count| Ok((count, pool(count)?)))
            .collect::<Result<_, Failure>>()?;
        let mut calls = BTreeMap::new();
        for workload in &arguments.workloads.0 {
            for variant in [Variant::Sampled, Variant::Exact, Variant::Baseline, Variant::Adam] {
                if workload.has(variant) {
                    calls.insert((workload.name, variant), prepare(workload, variant)?);
                }
            }
        }
        let (results, left_out) = (Results::default(), BTreeMap::new());
        Ok(Self { arguments, runner, peers, pools, calls, results, left_out })
    }

    fn turn_of_ours(&mut self, workload: &Workload) -> Result<(), Failure> {
        for ((name, variant), call) in &mut self.calls {
            if *name != workload.name {
                continue;
            }
            for (threads, pool) in &self.pools {
                let seconds = pool.install(|| call.time(self.arguments.reps.get()))?;
                let record = Record::new(workload, *variant, *threads, &seconds);
                let contender = Contender {
                    workload: workload.name,
                    who: OURS.into(),
                    variant: variant.name().into(),
                    threads: *threads,
                };
                eprintln!("  {contender}: {} ns", three_digits(record.ns_per_solve));
                self.results.add(contender, &record);
            }
        }
        Ok(())
    }

    fn turn_of_peers(&mut self, workload: &Workload) {
        for peer in &self.peers {
            for variant in &peer.variants {
                for &(threads, _) in &self.pools {
                    let contender = Contender {
                        workload: workload.name,
                        who: peer.name.clone(),
                        variant: variant.clone(),
                        threads,
                    };
                    if self.left_out.contains_key(&contender) {
                        continue;
                    }
                    let reps = self.arguments.reps.get();
                    match self.runner.run(peer, variant, workload, threads, reps) {
                        Outcome::Measured(record) => {
                            eprintln!("  {contender}: {} ns", three_digits(record.ns_per_solve));
                            self.results.add(contender, &record);
                        }
                        Outcome::Failed(reason) => {
                            eprintln!("  {contender}: {reason}");
                            self.left_out.insert(contender, Some(reason));
                        }
                        // Neither with other threads.
                        Outcome::Unsupported => {
                            for &(threads, _) in &self.pools {
                                self.left_out.insert(Contender { threads, ..contender.clone() }, None);
                            }
                        }
                    }
                }
            }
        }
    }

    fn markdown(&self, missing: Vec<String>) -> String {
        let Arguments { rounds, reps, workloads, .. } = self.arguments;
        let all = all_threads();
        let versions = self.runner.versions().unwrap_or_default();
        let mut text = format!(
            "{}. Peers: {versions}. f32, ε = 1; nanoseconds per perturbed solve, medians of {} of {}; ratios are those of \
             each one's best number of threads.

{}
As many threads on either side, peer / ours:

{}
Everyone at their best, other variants of ours first and shortcuts \
             last:

{}",
            description(),
            counted(rounds.get(), "round"),
            counted(reps.get(), "repetition"),
            report::summary(&self.results, &workloads.0, all),
            report::by_threads(&self.results, &workloads.0, &thread_counts()),
            report::others(&self.results, &workloads.0)
        );
        let failed = self.left_out.iter().filter_map(|(contender, reason)| {
            reason.as_ref().map(|reason| format!("{} {contender}: {reason}", contender.workload))
        });
        let left_out: Vec<String> = missing.into_iter().chain(failed).collect();
        if !left_out.is_empty() {
            text.extend(["\nLeft out: ", &left_out.join("; "), ".\n"]);
        }
        if workloads.0.len() < WORKLOADS.len() {
            text += "\nNot all workloads were run.\n";
        }
        text
    }
}
