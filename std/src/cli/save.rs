//! Checkpoints as the user names them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use perturb::checkpoint::{self, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failure;
use super::interrupt::{Interrupt, Interrupted};

/// Where long work saves its state, and whether it goes on from there.
#[derive(Args, Debug, Clone)]
pub(crate) struct Checkpoints {
    /// Go on from the checkpoint of an earlier run that did not end; the result is the same to the last bit
    #[arg(long)]
    resume: bool,
    /// File for the checkpoint; it is removed when the work is done [default: beside the result]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Save the state this often, in seconds; 0 saves it after every step
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    checkpoint_every: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=1e9).contains(&seconds) { Ok(seconds) } else { Err("expected 0 to 1e9".into()) }
}

impl Checkpoints {
    /// Opens the checkpoint of a run with these settings, in `default` if the user named no file; the saved state comes with
    /// it if the user asks for one and there is one.
    pub(crate) fn open<S: DeserializeOwned>(
        &self,
        default: PathBuf,
        settings: Settings,
    ) -> Result<(Saver, Option<S>), Failure> {
        let file = self.checkpoint.clone().unwrap_or(default);
        checkpoint::clear_leftovers(&file);
        let state = if self.resume { checkpoint::load(&file, &settings)? } else { None };
        if self.resume && state.is_none() {
            eprintln!("{}: no checkpoint; starting from the beginning", file.display());
        } else if !self.resume && file.exists() {
            eprintln!("{}: left by a run that did not end; --resume would go on from it", file.display());
        }
        let every = Duration::from_secs_f64(self.checkpoint_every);
        let interrupt = Interrupt::listen()?;
        Ok((Saver { file, settings, every, last: Instant::now(), interrupt }, state))
    }
}

/// The checkpoint of a run.
#[derive(Debug)]
pub(crate) struct Saver {
    file: PathBuf,
    settings: Settings,
    every: Duration,
    last: Instant,
    interrupt: Interrupt,
}

impl Saver {
    /// Saves the state if it is time to, or if the work is to end, which is the error then. `done` says how far it is.
    pub(crate) fn step<S: Serialize>(
        &mut self,
        state: impl FnOnce() -> S,
        done: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let asked = self.interrupt.is_asked();
        if asked || self.last.elapsed() >= self.every {
            checkpoint::save(&self.file, &self.settings, &state())?;
            self.last = Instant::now();
        }
        if asked {
            let file = self.file.display();
            return Err(Box::new(Interrupted(format!(
                "{}: saved in {file}; the same command with --resume goes on",
                done()
            ))));
        }
        Ok(())
    }

    /// Removes the checkpoint: the work is done.
    pub(crate) fn done(self) {
        // One that was never written, or that somebody else removed, is no fault.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// `file` with `.checkpoint` behind its name.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}
