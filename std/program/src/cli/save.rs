//! Checkpoints.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use perturb::checkpoint::{self, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::interrupt::{Interrupt, Interrupted};
use super::{Common, Failure, number, usage};

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
    /// Opens the checkpoint of a run with these settings, in `default` if the user named no file, and returns its state if
    /// `--resume` asks for it and there is one. Without a file nothing is saved.
    pub(crate) fn open<S: DeserializeOwned>(
        &self,
        default: Option<PathBuf>,
        settings: Settings,
    ) -> Result<(Saver, Option<S>), Failure> {
        let every = Duration::from_secs_f64(self.checkpoint_every);
        let interrupt = Interrupt::listen()?;
        let saver = |file| Saver { file, settings, every, last: Instant::now(), interrupt };
        let Some(file) = self.checkpoint.clone().or(default) else {
            if self.resume {
                return Err(usage("--resume needs the --out or --checkpoint of the earlier run"));
            }
            return Ok((saver(None), None));
        };
        let saver = saver(Some(file.clone()));
        checkpoint::clear_leftovers(&file);
        let state = if self.resume { checkpoint::load(&file, &saver.settings)? } else { None };
        if self.resume && state.is_none() {
            eprintln!("{}: no checkpoint; starting anew", file.display());
        } else if !self.resume && file.exists() {
            return Err(usage(format!(
                "{}: checkpoint of an interrupted run, or of one that still goes on; --resume continues it, and to start anew, remove it",
                file.display()
            )));
        }
        Ok((saver, state))
    }
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
    last: Instant,
    interrupt: Interrupt,
}

impl Saver {
    /// Saves the state if it is time to, or if a stop was requested, which is an error. `done` says how far the work is.
    pub(crate) fn step<S: Serialize>(
        &mut self,
        state: impl FnOnce() -> S,
        done: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.interrupt.is_asked() {
            return Err(self.interrupted(&state(), &done()));
        }
        self.keep(state)
    }

    /// Saves the state if it is time to.
    pub(crate) fn keep<S: Serialize>(&mut self, state: impl FnOnce() -> S) -> Result<(), Failure> {
        if let Some(file) = self.file.as_ref().filter(|_| self.last.elapsed() >= self.every) {
            checkpoint::save(file, &self.settings, &state())?;
            self.last = Instant::now();
        }
        Ok(())
    }

    /// Saves the state because a stop was requested; returns the error that says so.
    pub(crate) fn interrupted<S: Serialize>(&self, state: &S, done: &str) -> Failure {
        let Some(file) = &self.file else {
            return Box::new(Interrupted(format!(
                "{done}: nothing was saved, because neither --out nor --checkpoint is given"
            )));
        };
        if let Err(error) = checkpoint::save(file, &self.settings, state) {
            return error.into();
        }
        let file = file.display();
        Box::new(Interrupted(format!(
            "{done}: saved in {file}; run the same command with --resume to continue"
        )))
    }

    /// The requests to stop.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.interrupt
    }

    /// Removes the checkpoint: the work is done.
    pub(crate) fn done(self) {
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
