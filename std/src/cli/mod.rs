//! Arguments, dispatch and exit codes.

use std::error::Error;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod chart;
mod demo;
mod evaluate;
mod experiment;
mod interrupt;
mod knapsack;
mod predict;
mod progress;
mod report;
mod save;
mod saved;
mod source;
mod table;
mod theory;
mod train;

use interrupt::Interrupted;

/// Turns discrete decisions into layers that learn by gradient descent.
///
/// Start with `perturb demo`. Then `train` a ranking model on a table, `evaluate` it, `predict` with it; the
/// `experiment` commands reproduce the paper's.
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

/// Options of every command.
#[derive(Args, Debug, Clone)]
pub(crate) struct Common {
    /// Names all randomness: equal seeds give equal results on every machine and number of threads
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Worker threads [default: one per core]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Print results as one JSON document instead of tables
    #[arg(long, global = true)]
    json: bool,
    /// No progress on standard error
    #[arg(long, global = true)]
    quiet: bool,
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
    /// Reproduce an experiment of the paper
    #[command(subcommand)]
    Experiment(Experiment),
}

#[derive(Subcommand, Debug)]
enum Experiment {
    /// Tables 1 and 2: four losses on a folder of label-ranking files, nested cross-validation
    LabelRanking(experiment::LabelRanking),
    /// Figures 4, 7 and 8: four losses on synthetic rankings of 100 labels against the noise level
    SyntheticRanking(experiment::SyntheticRanking),
    /// Prices to predict and a knapsack to pack: regret of the squared, SPO+ and Fenchel-Young losses
    Knapsack(knapsack::Knapsack),
    /// Proposition 4.1: covariance and coverage of scores that are learned from decisions
    Asymptotics(theory::Asymptotics),
    /// Proposition 2.3 and Figure 1: what the temperature does to a ranking and to paths
    Temperature(theory::Temperature),
}

/// A failure that is shown to the user.
type Failure = Box<dyn Error + Send + Sync>;

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
}

/// Prints `text` and a line break. `println!` would panic when a reader such as `head` has gone.
fn say(text: impl fmt::Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match start(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if reader_has_gone(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("perturb: {failure}");
            if failure.is::<Interrupted>() { ExitCode::from(interrupt::EXIT) } else { ExitCode::FAILURE }
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
        if threads == 0 {
            return Err("--threads is 0; expected at least 1".into());
        }
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    match &cli.command {
        Command::Demo(demo) => demo.run(&cli.common),
        Command::Train(train) => train.run(&cli.common),
        Command::Evaluate(evaluate) => evaluate.run(&cli.common),
        Command::Predict(predict) => predict.run(&cli.common),
        Command::Experiment(Experiment::LabelRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::SyntheticRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Knapsack(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Asymptotics(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Temperature(experiment)) => experiment.run(&cli.common),
    }
}
