//! Replays the corpus, and mutations of it: `cargo run --profile test --package perturb-fuzz -- --help`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use clap::Parser;
use perturb::Seed;
use perturb::model_file::checksum;
use perturb_fuzz::mutate::mutation;
use perturb_fuzz::{TARGETS, Target, target_named};

/// Runs fuzz targets on their corpus and on mutations of it, the same on every run. An input that breaks a promise, or takes
/// too long, is written to a file, and the command that runs it alone is named.
#[derive(Parser)]
struct Arguments {
    /// A target; all if none is named.
    target: Option<String>,
    /// Only these inputs, without mutations.
    files: Vec<PathBuf>,
    /// Mutations for each target.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    mutations: u64,
    /// The most seconds for the mutations of a target.
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    seconds: u64,
    /// Names the mutations.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// The most seconds for one input.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    limit: u64,
    /// Goes on after a finding.
    #[arg(long)]
    go_on: bool,
    /// Writes the inputs that a target begins with to this folder, one in its own for each target, and runs nothing.
    #[arg(long, value_name = "FOLDER", conflicts_with = "files")]
    write: Option<PathBuf>,
    /// Where findings are written.
    #[arg(long, default_value_os_t = env::temp_dir().join("perturb-fuzz"), value_name = "FOLDER")]
    findings: PathBuf,
}

/// The input that is being run.
struct Running {
    target: &'static str,
    bytes: Vec<u8>,
    since: Instant,
}

type Watched = Arc<Mutex<Option<Running>>>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(findings) => {
            eprintln!("{findings} of the targets have a finding");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many targets have a finding.
fn run(arguments: &Arguments) -> Result<usize, String> {
    let chosen: Vec<&Target> = match &arguments.target {
        None => TARGETS.iter().collect(),
        Some(name) => target_named(name).into_iter().collect(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("no such target; there are {}", names.join(", ")));
    }
    if let Some(folder) = &arguments.write {
        chosen.iter().try_for_each(|target| write(target, &folder.join(target.name)))?;
        return Ok(0);
    }
    let watched = Watched::default();
    watch(&watched, Duration::from_secs(arguments.limit), arguments.findings.clone());
    let mut findings = 0;
    for target in chosen {
        let start = Instant::now();
        let corpus: Vec<Vec<u8>> = if arguments.files.is_empty() {
            target.inputs()?.into_iter().map(|(_, bytes)| bytes).collect()
        } else {
            arguments.files.iter().map(|file| read(file)).collect::<Result<_, _>>()?
        };
        let mut inputs = 0u64;
        let mut sound = true;
        for bytes in &corpus {
            inputs += 1;
            sound &= holds(target, bytes, &watched, &arguments.findings);
        }
        let mutations = if arguments.files.is_empty() { arguments.mutations } else { 0 };
        let end = Instant::now() + Duration::from_secs(arguments.seconds);
        for index in 0..mutations {
            if (!sound && !arguments.go_on) || Instant::now() > end {
                break;
            }
            let bytes = mutation(&corpus, target.longest, Seed(arguments.seed), index);
            inputs += 1;
            sound &= holds(target, &bytes, &watched, &arguments.findings);
        }
        findings += usize::from(!sound);
        let end = if sound { "sound" } else { "FINDING" };
        println!("{:16} {inputs:6} inputs in {:4.1} s: {end}", target.name, start.elapsed().as_secs_f64());
    }
    Ok(findings)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Writes the inputs that the target begins with as files of a folder, for another fuzzer.
fn write(target: &Target, folder: &Path) -> Result<(), String> {
    let failed = |error| format!("cannot write to {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    target.inputs()?.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes).map_err(failed))
}

/// Whether the target's promise holds for these bytes.
fn holds(target: &Target, bytes: &[u8], watched: &Watched, findings: &Path) -> bool {
    let running = Running { target: target.name, bytes: bytes.to_vec(), since: Instant::now() };
    *watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
    perturb_lanes::limit(perturb_lanes::Width::Avx512);
    // The panic's own message is on standard error already.
    let sound = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_ok();
    *watched.lock().unwrap_or_else(PoisonError::into_inner) = None;
    if !sound {
        tell(target.name, bytes, "breaks a promise", findings);
    }
    sound
}

/// Ends the process when one input takes longer than `limit`.
fn watch(watched: &Watched, limit: Duration, findings: PathBuf) {
    let watched = Arc::clone(watched);
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(200));
            let running = watched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(running) = running.as_ref().filter(|running| running.since.elapsed() > limit) {
                let what = format!("takes longer than {} s", limit.as_secs());
                tell(running.target, &running.bytes, &what, &findings);
                process::exit(1);
            }
        }
    });
}

/// Writes the input, and says how to run it again.
fn tell(target: &str, bytes: &[u8], what: &str, findings: &Path) {
    let file = findings.join(format!("{target}-{:08x}", checksum(bytes)));
    let written = fs::create_dir_all(findings).and_then(|()| fs::write(&file, bytes));
    eprintln!("{target}: this input {what}: {}", bytes.escape_ascii());
    match written {
        Ok(()) => {
            eprintln!(
                "again: cargo run --profile test --package perturb-fuzz -- {target} {}",
                file.display()
            );
        }
        Err(error) => eprintln!("cannot write it to {}: {error}", file.display()),
    }
}
