//! Runs experiments that show progress, save their state, and stop on Ctrl-C.

use std::sync::{Mutex, PoisonError};

use perturb::checkpoint::Settings;
use perturb_experiments::{ExperimentError, Journal, Pieces, Watch};

use super::interrupt::Interrupt;
use super::progress::Progress;
use super::save::{Checkpoints, Saver};
use super::{Common, Failure, Out};

/// Shows the progress of an experiment, saves its state and stops it.
struct Follower {
    progress: Progress,
    saver: Mutex<Saver>,
    interrupt: Interrupt,
}

impl Watch for Follower {
    fn advance(&self, units: u64) {
        self.progress.add(units);
    }
    fn restore(&self, units: u64) {
        self.progress.resume(units);
    }
    fn tell(&self, news: &str) {
        self.progress.say(news);
    }
    fn stop(&self) -> bool {
        self.interrupt.is_asked()
    }
    fn keep(&self, pieces: &Pieces) -> Result<(), Failure> {
        let mut saver = self.saver.lock().unwrap_or_else(PoisonError::into_inner);
        // A stop that was asked for ends the experiment, which then saves what is done.
        if self.interrupt.is_asked() { Ok(()) } else { saver.step(|| pieces, || done(pieces)) }
    }
}

/// Runs an experiment of these settings, which consists of `units` of `what`. The checkpoint is in the folder of the report,
/// unless the user named another file. Call [`Saver::done`] once the result is safe.
pub(crate) fn follow<R>(
    (what, units): (&str, u64),
    settings: Settings,
    (common, checkpoints, out): (&Common, &Checkpoints, &Out),
    experiment: impl FnOnce(&Journal<'_>) -> Result<R, ExperimentError>,
) -> Result<(R, Saver), Failure> {
    let file = out.folder()?.map(|folder| folder.join(format!("{}.checkpoint", settings.work)));
    let (mut saver, pieces) = checkpoints.open::<Pieces>(file, settings)?;
    let pieces = pieces.unwrap_or_default();
    saver.begin(&pieces, &done(&pieces))?;
    let follower = Follower {
        progress: Progress::new(what, units, common),
        interrupt: saver.interrupt(),
        saver: Mutex::new(saver),
    };
    let journal = Journal::resume(&follower, pieces);
    let result = experiment(&journal);
    let pieces = journal.into_pieces();
    let Follower { progress, saver, .. } = follower;
    drop(progress);
    let saver = saver.into_inner().unwrap_or_else(PoisonError::into_inner);
    match result {
        Ok(result) => Ok((result, saver)),
        Err(ExperimentError::Stopped) => Err(saver.interrupted(&pieces, &done(&pieces))),
        Err(error) => Err(error.into()),
    }
}

/// How far an experiment is.
fn done(pieces: &Pieces) -> String {
    format!("after {} pieces of work", pieces.len())
}
