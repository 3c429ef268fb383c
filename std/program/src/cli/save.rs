//! Checkpoints.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use perturb::checkpoint::{self, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::interrupt::{Fallback, Interrupt, Interrupted};
use super::{Common, Failure, ensure_writable, number, usage};

/// Where long work saves its state, and whether it resumes from there.
#[derive(Args, Debug, Clone)]
pub(crate) struct Checkpoints {
    /// Resume from the checkpoint of an interrupted run; the result is that of an uninterrupted run, bit for bit
    #[arg(long)]
    resume: bool,
    /// Checkpoint file, which is removed when the work is done [default: next to the result]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Seconds between checkpoints, 0 to 1e9; 0 saves the state after every step
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30.0,
        value_parser = number::seconds,
        allow_negative_numbers = true
    )]
    checkpoint_every: f64,
}

impl Checkpoints {
    /// Whether a run resumes.
    pub(crate) fn resumes(&self) -> bool {
        self.resume
    }

    /// The file that the user named.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }

    /// Opens the checkpoint of a run with these settings, in `default` if the user named no file, and returns its state if
    /// `--resume` asks for it and there is one. Without a file nothing is saved.
    pub(crate) fn open<S: DeserializeOwned>(
        &self,
        default: Option<PathBuf>,
        settings: Settings,
    ) -> Result<(Saver, Option<S>), Failure> {
        let every = Duration::from_secs_f64(self.checkpoint_every);
        let interrupt = Interrupt::listen();
        let now = Instant::now();
        let saver = |file| Saver { file, settings, every, last: now, step: now, interrupt };
        let Some(file) = self.checkpoint.clone().or(default) else {
            if self.resume {
                return Err(usage("--resume needs the --out or --checkpoint of the earlier run"));
            }
            return Ok((saver(None), None));
        };
        let saver = saver(Some(file.clone()));
        checkpoint::clear_leftovers(&file);
        if !self.resume && file.exists() && !is_checkpoint(&file) {
            return Err(usage(format!(
                "{} is no checkpoint; name another file with --checkpoint",
                file.display()
            )));
        }
        ensure_writable(&file)?;
        let state = if self.resume { checkpoint::load(&file, &saver.settings)? } else { None };
        if self.resume && state.is_none() {
            tell!("{}: no checkpoint; starting anew", file.display());
        } else if !self.resume && file.exists() {
            return Err(usage(format!(
                "{}: checkpoint of an interrupted run, or of one that still goes on; --resume continues it, and to start anew, remove it",
                file.display()
            )));
        }
        Ok((saver, state))
    }
}

/// Whether a file begins like a checkpoint.
fn is_checkpoint(file: &Path) -> bool {
    let mut start = [0; 8];
    std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"PERTURBC"
}

/// What determines the result of a command: its arguments, except for those with `#[serde(skip)]`, the seed, and the digest of
/// its data.
pub(crate) fn settings(
    work: &str,
    arguments: &impl Serialize,
    common: &Common,
    data: Option<String>,
) -> Result<Settings, Failure> {
    let settings = Settings::of(work, arguments)?.with("seed", common.seed.to_string());
    Ok(data.into_iter().fold(settings, |settings, digest| settings.with("data", digest)))
}

/// The checkpoint of a run.
#[derive(Debug)]
pub(crate) struct Saver {
    file: Option<PathBuf>,
    settings: Settings,
    every: Duration,
    /// When the state was saved.
    last: Instant,
    /// When the step began that goes on.
    step: Instant,
    interrupt: Interrupt,
}

/// Steps of this length are worth a state that can be saved before they end.
const LONG: Duration = Duration::from_millis(100);

impl Saver {
    /// Takes note of the state before the first step.
    pub(crate) fn begin<S: Serialize>(&mut self, state: &S, done: &str) -> Result<(), Failure> {
        self.step = Instant::now();
        self.fall_back(state, done)
    }

    /// Saves the state after a step if it is time to, or if a stop was requested, which is an error. `done` says how far the work
    /// is.
    pub(crate) fn step<S: Serialize>(
        &mut self,
        state: impl Fn() -> S,
        done: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.interrupt.is_asked() {
            return Err(self.interrupted(&state(), &done()));
        }
        if std::mem::replace(&mut self.step, Instant::now()).elapsed() >= LONG {
            self.fall_back(&state(), &done())?;
        } else {
            Interrupt::fall_back(None);
        }
        if let Some(file) = self.file.as_ref().filter(|_| self.last.elapsed() >= self.every) {
            checkpoint::save(file, &self.settings, &state())?;
            self.last = Instant::now();
        }
        Ok(())
    }

    /// Keeps the state for a request to stop that the next step does not heed in time.
    fn fall_back<S: Serialize>(&self, state: &S, done: &str) -> Result<(), Failure> {
        let file = match &self.file {
            Some(file) => Some((file.clone(), checkpoint::to_bytes(file, &self.settings, state)?)),
            None => None,
        };
        Interrupt::fall_back(Some(Fallback { file, message: self.message(done) }));
        Ok(())
    }

    /// Saves the state because a stop was requested; returns the error that says so.
    pub(crate) fn interrupted<S: Serialize>(&self, state: &S, done: &str) -> Failure {
        Interrupt::fall_back(None);
        let saved = self.file.as_ref().map_or(Ok(()), |file| checkpoint::save(file, &self.settings, state));
        match saved {
            Ok(()) => Box::new(self.message(done)),
            Err(error) => error.into(),
        }
    }

    fn message(&self, done: &str) -> Interrupted {
        Interrupted(match &self.file {
            Some(file) => {
                format!("{done}: saved in {}; run the same command with --resume to continue", file.display())
            }
            None => format!("{done}: nothing was saved, because neither --out nor --checkpoint is given"),
        })
    }

    /// The requests to stop.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.interrupt
    }

    /// Removes the checkpoint: the work is done.
    pub(crate) fn done(self) {
        Interrupt::fall_back(None);
        // It may never have been written, or may have been removed already.
        let _ = self.file.map(std::fs::remove_file);
    }
}

/// `file` with `.checkpoint` appended to its name.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}
