//! Arguments, dispatch and exit codes.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Says something on standard error, as `eprintln!` does, which panics where nobody can hear it.
macro_rules! tell {
    ($($text:tt)*) => {
        $crate::cli::streams::tell(format_args!($($text)*))
    };
}

mod benchmark;
mod choice;
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
mod options;
mod predict;
mod progress;
mod report;
mod save;
mod saved;
mod scores;
#[cfg(feature = "nn")]
mod shortest_path;
mod source;
mod streams;
mod table;
mod theory;
mod train;
mod tune;

use interrupt::Interrupted;
use streams::say;

/// Turns discrete decisions into layers that learn by gradient descent.
///
/// Start with `perturb demo`. Then `train` a model on a table, `show` and `evaluate` it, `predict` with it, and `export` it to
/// firmware. The `experiment` commands reproduce the experiments of the paper.
///
/// Exit codes: 0 success; 1 the work failed, and the message says why; 2 the arguments are wrong; 130 the work was
/// interrupted, and its state was saved if it can be resumed.
#[derive(Parser, Debug)]
#[command(name = "perturb", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options of every command, shown after those of the command.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Common {
    /// Seed of all randomness: equal seeds give equal results on every machine, with any number of threads
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
    /// Print results as JSON instead of tables, and errors as {"error": …} on standard error
    #[arg(long, global = true)]
    json: bool,
    /// Print no progress
    #[arg(long, global = true)]
    quiet: bool,
    /// Print progress as plain lines instead of a bar. Set NO_COLOR to disable colours
    #[arg(long, global = true)]
    plain: bool,
    #[arg(skip)]
    given: Given,
}

/// The options of the command that stand on the command line, not those that have their defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given(Vec<String>);

impl Given {
    fn of(matches: &clap::ArgMatches) -> Self {
        let Some((name, of)) = matches.subcommand() else { return Self::default() };
        let command = Cli::command();
        let options = command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
        let given =
            |option: &&clap::Arg| of.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine);
        Self(options.filter(given).filter_map(clap::Arg::get_long).map(str::to_owned).collect())
    }
    /// Whether an option, named without dashes, was given.
    fn has(&self, option: &str) -> bool {
        self.0.iter().any(|given| given == option)
    }
    /// What was given but for one option.
    fn without(&self, option: &str) -> Self {
        Self(self.0.iter().filter(|given| *given != option).cloned().collect())
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Learn what terrain costs from routes alone: why a solver belongs in the loss, in seconds
    Demo(demo::Demo),
    /// Train a model on a table: decisions on labels, or among options
    Train(train::Train),
    /// Choose the settings of a training by cross-validation, and train with them
    Tune(tune::Tune),
    /// Evaluate a trained model on a file with known decisions
    Evaluate(evaluate::Evaluate),
    /// Decide for new rows with a trained model
    Predict(predict::Predict),
    /// Show what models are made of: weights with their errors, settings, origin
    Show(Show),
    /// Export a trained model to firmware, as bytes, Rust or C, or as JSON
    Export(export::Export),
    /// Reproduce an experiment of the paper
    #[command(
        subcommand,
        after_help = "Examples:
  perturb experiment temperature                                  # seconds
  perturb experiment asymptotics --out out                        # with a report
  perturb experiment synthetic-ranking --out out --resume         # after an interrupt
  perturb experiment label-ranking --data sets --sets iris,glass  # your files"
    )]
    Experiment(Experiment),
    /// Print a script that completes commands and options in a shell
    Completions(manual::Completions),
    /// Print the manual page, or write the pages of all commands
    Man(manual::Manual),
}

/// Show models, several side by side
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb show trips.perturb
  perturb show trips.perturb trips2.perturb --json")]
struct Show {
    /// Model files; - reads standard input
    #[arg(value_name = "FILE", default_value = "model.perturb")]
    models: Vec<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Experiment {
    /// Tables 1 and 2: four losses on a folder of label-ranking files, nested cross-validation
    LabelRanking(experiment::LabelRanking),
    /// Figures 4, 7 and 8: four losses on synthetic rankings of 100 labels against the noise level
    SyntheticRanking(experiment::SyntheticRanking),
    /// Predict prices, then pack a knapsack: regret of the squared, SPO+ and Fenchel-Young losses
    Knapsack(knapsack::Knapsack),
    /// Benchmarks of decision-focused learning: regret of five losses on paths, knapsacks and subsets
    Benchmark(benchmark::Benchmark),
    /// Real choices beside known figures, logit and probit, and rankings of search results
    Choice(choice::Choice),
    /// Figure 2: classify images with Fenchel-Young losses and with cross entropy
    #[cfg(feature = "nn")]
    Classification(classification::Classification),
    /// Figures 5 and 6: find shortest paths on maps whose costs a network learns
    #[cfg(feature = "nn")]
    ShortestPath(shortest_path::ShortestPath),
    /// Figure 2: classify images; needs a build with feature nn
    #[cfg(not(feature = "nn"))]
    Classification(Absent),
    /// Figures 5 and 6: find shortest paths on maps; needs a build with feature nn
    #[cfg(not(feature = "nn"))]
    ShortestPath(Absent),
    /// Proposition 4.1: covariance and coverage of scores that are learned from decisions
    Asymptotics(theory::Asymptotics),
    /// Proposition 2.3 and Figure 1: the effect of the temperature on a ranking and on paths
    Temperature(theory::Temperature),
}

/// An experiment that needs feature nn, in a program without it.
#[cfg(not(feature = "nn"))]
#[derive(Args, Debug)]
struct Absent {
    /// Ignored
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<std::ffi::OsString>,
}

#[cfg(not(feature = "nn"))]
impl Absent {
    fn run(&self) -> Result<(), Failure> {
        let _ = &self.arguments;
        Err("this program was built without networks; install it with them by: cargo install --path std/program --features nn"
            .into())
    }
}

/// The exit code for wrong arguments.
const USAGE: u8 = 2;

/// A failure that is shown to the user.
type Failure = Box<dyn Error + Send + Sync>;

/// Checks that a file to be read exists. Otherwise, the error names a file with a similar name, if there is one.
fn ensure_exists(file: &Path) -> Result<(), Failure> {
    let Err(error) = std::fs::metadata(file) else { return Ok(()) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let similar = entries
        .map(|entry| entry.path())
        .map(|other| (similarity(file, &other), other))
        .filter(|&(similarity, _)| similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = similar.map(|(_, other)| format!("; did you mean {}?", other.display()));
    Err(format!("cannot read {}: {error}{}", file.display(), hint.unwrap_or_default()).into())
}

/// Checks that a file can be written, before the work and not after it.
fn ensure_writable(file: &Path) -> Result<(), Failure> {
    perturb::atomic::check(file).map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}

/// Checks that a command does not overwrite a file that it reads.
fn ensure_distinct((read, source): (&str, &Path), (written, target): (&str, &Path)) -> Result<(), Failure> {
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

/// Checks that two results do not overwrite each other. Neither need be there yet.
fn ensure_apart((a, first): (&str, &Path), (b, second): (&str, &Path)) -> Result<(), Failure> {
    let place = |file: &Path| {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        file.canonicalize().or_else(|_| {
            Ok::<_, std::io::Error>(folder.canonicalize()?.join(file.file_name().unwrap_or_default()))
        })
    };
    match (place(first), place(second)) {
        (Ok(first), Ok(second)) if first == second => {
            Err(usage(format!("{a} and {b} are one file, {}; name another", second.display())))
        }
        _ => Ok(()),
    }
}

/// How similar two names are, from 0 to 1. A common extension does not count.
fn similarity(a: &Path, b: &Path) -> f64 {
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    if a.extension() == b.extension() {
        return strsim::jaro(&part(a.file_stem()), &part(b.file_stem()));
    }
    strsim::jaro(&part(a.file_name()), &part(b.file_name()))
}

/// Arguments that contradict each other: exit code 2.
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
    /// Write a report to this folder: a self-contained HTML page, and the numbers of its tables and plots as CSV
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Out {
    /// Whether a folder was named.
    fn wanted(&self) -> bool {
        self.out.is_some()
    }
    /// Checks that the report called `name` overwrites none of these files, which the command reads or writes.
    fn ensure_free(&self, name: &str, files: &[(&str, &Path)]) -> Result<(), Failure> {
        let Some(folder) = self.out.as_ref().and_then(|folder| folder.canonicalize().ok()) else {
            return Ok(());
        };
        for (option, file) in files {
            let own = file.file_name().unwrap_or_default().to_string_lossy();
            let starts = own.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '-']));
            let of_report = starts && file.extension().is_some_and(|kind| kind == "html" || kind == "csv");
            let parent =
                file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if of_report && parent.canonicalize().is_ok_and(|parent| parent == folder) {
                let file = file.display();
                return Err(usage(format!(
                    "the report in --out may overwrite {option} {file}; name another folder or file"
                )));
            }
        }
        Ok(())
    }

    /// The folder, if one was named; creates it if necessary.
    fn folder(&self) -> Result<Option<&Path>, Failure> {
        let Some(folder) = &self.out else { return Ok(None) };
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot create the folder {}: {error}", folder.display()))?;
        Ok(Some(folder))
    }
}

/// The command line, and what of it was given.
fn parse(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(words)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    cli.common.given = Given::of(&matches);
    Ok(cli)
}

pub(crate) fn run() -> ExitCode {
    let json = std::env::args_os().any(|word| word == "--json");
    let cli = match parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) if json && error.use_stderr() => return fail(true, &usage(reason(&error))),
        Err(error) => return help(&error),
    };
    // The disk may be too full for the rest of a buffer.
    let work = || start(&cli).and_then(|()| Ok(std::io::stdout().flush()?));
    let pool = pool(cli.common.threads);
    match pool.as_ref().map_or_else(work, |pool| pool.install(work)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(cli.common.json, &failure),
    }
}

/// Prints help, the version, or what is wrong with the arguments.
fn help(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let _ = error.print(); // Nobody may be able to hear it.
        return ExitCode::from(USAGE);
    }
    match error.print().and_then(|()| std::io::stdout().flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(false, &error.into()),
    }
}

/// What is wrong with the arguments, without usage and help.
fn reason(error: &clap::Error) -> String {
    let text = error.to_string();
    let end = ["\n\nUsage:", "\n\nFor more information"].iter().filter_map(|end| text.find(end)).min();
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or(&text);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// Says why the work failed.
fn fail(json: bool, failure: &Failure) -> ExitCode {
    if reader_has_ended(failure.as_ref()) {
        return ExitCode::SUCCESS;
    }
    // What is written to files names them.
    let stream = if failure.is::<std::io::Error>() { "cannot write standard output: " } else { "" };
    if json {
        tell!("{}", serde_json::json!({ "error": format!("{stream}{failure}") }));
    } else {
        tell!("perturb: {stream}{failure}");
    }
    if failure.is::<Interrupted>() {
        ExitCode::from(interrupt::EXIT)
    } else if failure.is::<Usage>() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::FAILURE
    }
}

/// Prints a JSON document.
fn say_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    say(serde_json::to_string_pretty(value)?)
}

fn reader_has_ended(failure: &(dyn Error + 'static)) -> bool {
    failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// As many threads as are asked for, or one a core. Where the system refuses so many, half of what it grants, so that something is
/// left for the work, and none beside this one at the worst.
fn pool(asked: Option<usize>) -> Option<rayon::ThreadPool> {
    let wanted = asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let build = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok();
    if let Some(pool) = build(wanted) {
        return Some(pool);
    }
    // The threads of a pool that was not to be end in a while, as do those of one that is given up.
    let build = |threads| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        build(threads)
    };
    let granted = std::iter::successors(Some(wanted / 2), |&threads| Some(threads / 2))
        .take_while(|&threads| threads > 0)
        .find(|&threads| build(threads).is_some());
    let pool = granted.and_then(|granted| build((granted / 2).max(1)));
    if let Some(pool) = &pool {
        tell!("warning: the system grants few threads; going on with {}", pool.current_num_threads());
    } else {
        tell!("warning: the system grants no threads; going on with one");
        // What fails here shows in the work.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    }
    pool
}

fn start(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Demo(demo) => demo.run(&cli.common),
        Command::Train(train) => train.run(&cli.common),
        Command::Tune(tune) => tune.run(&cli.common),
        Command::Evaluate(evaluate) => evaluate.run(&cli.common),
        Command::Predict(predict) => predict.run(&cli.common),
        Command::Show(show) => options::show(&show.models, &cli.common),
        Command::Export(export) => export.run(&cli.common),
        Command::Completions(completions) => completions.run(),
        Command::Man(manual) => manual.run(&cli.common),
        Command::Experiment(Experiment::LabelRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::SyntheticRanking(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Knapsack(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Benchmark(experiment)) => experiment.run(&cli.common),
        Command::Experiment(Experiment::Choice(experiment)) => experiment.run(&cli.common),
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
