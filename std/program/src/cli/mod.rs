//! Arguments, dispatch and exit codes.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod chart;
#[cfg(feature = "nn")]
mod classification;
mod demo;
mod evaluate;
mod experiment;
mod export;
mod follow;
mod interrupt;
mod knapsack;
mod manual;
#[cfg(feature = "nn")]
mod network;
mod number;
mod predict;
mod progress;
mod report;
mod save;
mod saved;
#[cfg(feature = "nn")]
mod shortest_path;
mod source;
mod table;
mod theory;
mod train;

use interrupt::Interrupted;

/// Turns discrete decisions into layers that learn by gradient descent.
///
/// Start with `perturb demo`. Then `train` a ranking model on a table, `evaluate` it, `predict` with it, `export` it to
/// firmware; the `experiment` commands reproduce the paper's.
///
/// Exit codes: 0 success, 1 the work failed (the message says why), 2 the arguments are wrong, 130 the work was
/// interrupted (and, where it can go on, saved).
#[derive(Parser, Debug)]
#[command(name = "perturb", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options of every command, behind the command's own.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Common {
    /// Names all randomness: equal seeds give equal results on every machine and number of threads
    #[arg(
        long,
        global = true,
        default_value_t = 0,
        value_name = "N",
        value_parser = number::seed,
        allow_negative_numbers = true
    )]
    seed: u64,
    /// Worker threads, 1 to 1024 [default: one per core]
    #[arg(
        long,
        global = true,
        value_name = "N",
        value_parser = number::threads,
        allow_negative_numbers = true
    )]
    threads: Option<usize>,
    /// Print results as one JSON document instead of tables, and an error as {"error": …} on standard error
    #[arg(long, global = true)]
    json: bool,
    /// No progress on standard error
    #[arg(long, global = true)]
    quiet: bool,
    /// Progress as lines, not as a bar, on a terminal, too. Colours, of help alone, go with the variable NO_COLOR
    #[arg(long, global = true)]
    plain: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Learn to rank on generated data with four losses: a table and learning curves in seconds
    Demo(demo::Demo),
    /// Train a ranking model on a file
    Train(train::Train),
    /// Judge a trained model on a file with known ranks
    Evaluate(evaluate::Evaluate),
    /// Rank the labels of new rows with a trained model
    Predict(predict::Predict),
    /// Write a trained model as bytes, Rust or C, for firmware
    Export(export::Export),
    /// Reproduce an experiment of the paper
    #[command(
        subcommand,
        after_help = "Examples:
  perturb experiment temperature                                  # seconds
  perturb experiment asymptotics --out out                        # with a page of plots
  perturb experiment synthetic-ranking --out out --resume         # after an interrupt
  perturb experiment label-ranking --data sets --sets iris,glass  # files of yours"
    )]
    Experiment(Experiment),
    /// Print what a shell needs to complete commands and options
    Completions(manual::Completions),
    /// Print the manual page, or write one for every command
    Man(manual::Manual),
}

#[derive(Subcommand, Debug)]
enum Experiment {
    /// Tables 1 and 2: four losses on a folder of label-ranking files, nested cross-validation
    LabelRanking(experiment::LabelRanking),
    /// Figures 4, 7 and 8: four losses on synthetic rankings of 100 labels against the noise level
    SyntheticRanking(experiment::SyntheticRanking),
    /// Prices to predict and a knapsack to pack: regret of the squared, SPO+ and Fenchel-Young losses
    Knapsack(knapsack::Knapsack),
    /// Figure 2: images to classify, Fenchel-Young losses against cross entropy
    #[cfg(feature = "nn")]
    Classification(classification::Classification),
    /// Figures 5 and 6: shortest paths on maps whose costs a network must find
    #[cfg(feature = "nn")]
    ShortestPath(shortest_path::ShortestPath),
    /// Figure 2: images to classify; needs a build with feature nn
    #[cfg(not(feature = "nn"))]
    Classification(Absent),
    /// Figures 5 and 6: shortest paths on maps; needs a build with feature nn
    #[cfg(not(feature = "nn"))]
    ShortestPath(Absent),
    /// Proposition 4.1: covariance and coverage of scores that are learned from decisions
    Asymptotics(theory::Asymptotics),
    /// Proposition 2.3 and Figure 1: what the temperature does to a ranking and to paths
    Temperature(theory::Temperature),
}

/// An experiment that this program was built without.
#[cfg(not(feature = "nn"))]
#[derive(Args, Debug)]
struct Absent {
    /// Of the program with networks
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<std::ffi::OsString>,
}

#[cfg(not(feature = "nn"))]
impl Absent {
    fn run(&self) -> Result<(), Failure> {
        let _ = &self.arguments;
        Err("this program was built without networks; with them: cargo install --path std/program --features nn"
            .into())
    }
}

/// The exit code for arguments that are wrong.
const USAGE: u8 = 2;

/// A failure that is shown to the user.
type Failure = Box<dyn Error + Send + Sync>;

/// A file to be read is there; one with a similar name is told of otherwise.
fn found(file: &Path) -> Result<(), Failure> {
    let Err(error) = std::fs::metadata(file) else { return Ok(()) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let similar = entries
        .map(|entry| entry.path())
        .map(|other| (similarity(file, &other), other))
        .filter(|&(similarity, _)| similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = similar.map(|(_, other)| format!("; there is {}", other.display()));
    Err(format!("cannot read {}: {error}{}", file.display(), hint.unwrap_or_default()).into())
}

/// A file can be written. Told before the work, not after it.
fn place(file: &Path) -> Result<(), Failure> {
    perturb::atomic::check(file).map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}

/// What a command writes is no file that it reads.
fn apart((read, source): (&str, &Path), (written, target): (&str, &Path)) -> Result<(), Failure> {
    let same = source.is_file()
        && matches!((source.canonicalize(), target.canonicalize()), (Ok(source), Ok(target)) if source == target);
    if same {
        return Err(usage(format!(
            "{written} would overwrite {read} {}; name another file",
            source.display()
        )));
    }
    Ok(())
}

/// How alike two names are, from 0 to 1. An ending that both have says nothing.
fn similarity(a: &Path, b: &Path) -> f64 {
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    if a.extension() == b.extension() {
        return strsim::jaro(&part(a.file_stem()), &part(b.file_stem()));
    }
    strsim::jaro(&part(a.file_name()), &part(b.file_name()))
}

/// Arguments that do not go together: exit code 2.
#[derive(Debug)]
struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

fn usage(text: impl Into<String>) -> Failure {
    Box::new(Usage(text.into()))
}

/// Where reports are written.
#[derive(Args, Debug, Clone)]
pub(crate) struct Out {
    /// Folder for the report (an HTML page, and the numbers of its tables and plots as CSV); made if it is missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Out {
    /// Whether a folder was named.
    fn wanted(&self) -> bool {
        self.out.is_some()
    }
    /// The folder, which is there from now on, if one was named.
    fn folder(&self) -> Result<Option<&Path>, Failure> {
        let Some(folder) = &self.out else { return Ok(None) };
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
        Ok(Some(folder))
    }
}

/// Prints `text` and a line break. `println!` would panic when a reader such as `head` has gone.
fn say(text: impl fmt::Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && std::env::args_os().any(|word| word == "--json") => {
            eprintln!("{}", serde_json::json!({ "error": error.to_string() }));
            return ExitCode::from(USAGE);
        }
        Err(error) => error.exit(),
    };
    // What is left in a buffer may not fit the disk.
    match start(&cli).and_then(|()| Ok(std::io::stdout().flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if reader_has_gone(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            if cli.common.json {
                eprintln!("{}", serde_json::json!({ "error": failure.to_string() }));
            } else {
                eprintln!("perturb: {failure}");
            }
            if failure.is::<Interrupted>() {
                ExitCode::from(interrupt::EXIT)
            } else if failure.is::<Usage>() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Prints a JSON document.
fn say_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    say(serde_json::to_string_pretty(value)?)
}

fn reader_has_gone(failure: &(dyn Error + 'static)) -> bool {
    failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn start(cli: &Cli) -> Result<(), Failure> {
    if let Some(threads) = cli.common.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    match &cli.command {
        Command::Demo(demo) => demo.run(&cli.common),
        Command::Train(train) => train.run(&cli.common),
        Command::Evaluate(evaluate) => evaluate.run(&cli.common),
        Command::Predict(predict) => predict.run(&cli.common),
        Command::Export(export) => export.run(&cli.common),
        Command::Completions(completions) => completions.run(),
        Command::Man(manual) => manual.run(),
        Command::Experiment(Experiment::LabelRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::SyntheticRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Knapsack(experiment)) => experiment.run(&cli.common),
        #[cfg(feature = "nn")]
        Command::Experiment(Experiment::Classification(experiment)) => experiment.run(&cli.common),
        #[cfg(feature = "nn")]
        Command::Experiment(Experiment::ShortestPath(experiment)) => experiment.run(&cli.common),
        #[cfg(not(feature = "nn"))]
        Command::Experiment(Experiment::Classification(absent) | Experiment::ShortestPath(absent)) => {
            absent.run()
        }
        Command::Experiment(Experiment::Asymptotics(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Temperature(experiment)) => experiment.run(&cli.common),
    }
}
