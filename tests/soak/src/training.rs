//! Training again and again, with checkpoints: everything that a round takes must be given back, and the bits must be those
//! of the first.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use perturb::checkpoint::{self, Settings};
use perturb::data::Dataset;
use perturb::train::{Best, LinearModel, Loss, Objective, RunState, Training};
use perturb::{BatchExt, Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use perturb_experiments::data::generate::synthetic_ranking;

use crate::trend::Thirds;
use crate::{Failure, check, process};

const FEATURES: usize = 12;
const LABELS: usize = 10;
/// Steps between two checkpoints.
const SAVE: usize = 100;
/// Rounds before anything is compared: threads start, buffers grow.
const WARM: u64 = 3;
/// KiB that the system's allocator may keep: it grows in portions of 128, for each of some threads.
const PORTIONS: u64 = 512;

/// What the rounds took.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rounds after the first three.
    pub rounds: u64,
    /// Checkpoints written.
    pub saves: u64,
    /// Bytes on the heap between rounds.
    pub heap: Thirds,
    /// The most bytes on the heap in a round.
    pub peak: Thirds,
    /// KiB of RAM, if the system says.
    pub resident: Option<Thirds>,
    /// KiB of RAM without a file behind.
    pub anonymous: Option<Thirds>,
    /// File handles.
    pub handles: Option<Thirds>,
    /// Threads.
    pub threads: Option<Thirds>,
}

impl Report {
    /// An error that says what was not as it should be.
    pub fn judge(&self) -> Result<(), Failure> {
        let exact = [("handles", self.handles), ("threads", self.threads), ("heap", Some(self.heap))];
        let portions = [("anonymous RAM", self.anonymous), ("RAM", self.resident)];
        let all = exact.map(|(name, seen)| (name, seen, 0)).into_iter();
        for (name, seen, allowance) in all.chain(portions.map(|(name, seen)| (name, seen, PORTIONS))) {
            if let Some(seen) = seen.filter(|seen| seen.grows(allowance)) {
                return Err(format!("training: {name} grew: {seen}").into());
            }
        }
        Ok(())
    }

    fn see(&mut self, progress: f64, peak: usize) {
        self.heap.see(progress, process::heap() as u64);
        self.peak.see(progress, peak as u64);
        for (thirds, number) in [
            (&mut self.resident, process::resident()),
            (&mut self.anonymous, process::anonymous()),
            (&mut self.handles, process::handles()),
            (&mut self.threads, process::threads()),
        ] {
            if let Some(number) = number {
                thirds.get_or_insert_default().see(progress, number);
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "training: {} rounds, {} checkpoints; thirds of the time:", self.rounds, self.saves)?;
        writeln!(f, "  heap between rounds {} B; its peaks {} B", self.heap, self.peak)?;
        let optional = [
            ("VmRSS", self.resident, " KiB"),
            ("anonymous RAM", self.anonymous, " KiB"),
            ("file handles", self.handles, ""),
            ("threads", self.threads, ""),
        ];
        for (i, (name, seen, unit)) in optional.into_iter().enumerate() {
            let start = if i == 0 { "  " } else { "; " };
            match seen {
                Some(seen) => write!(f, "{start}{name} {seen}{unit}")?,
                None => write!(f, "{start}{name} not measured")?,
            }
        }
        Ok(())
    }
}

struct Task {
    training: Training,
    objective: Objective<Ranking<f32, Dyn>, Normal, f32>,
    data: Dataset<f32>,
}

/// Rounds for `time`, with checkpoints in `folder`, on the threads of the caller's pool.
pub fn soak(time: Duration, folder: &Path) -> Result<Report, Failure> {
    let layer = Perturbed::new(Ranking::ascending(Dyn(LABELS))?, Normal, 1.0)?;
    let how = How::MonteCarlo(MonteCarlo::new(4, Seed(1)));
    let task = Task {
        training: Training { least_steps: 400, ..Training::default() },
        objective: Objective { layer, loss: Loss::FenchelYoung, how },
        data: synthetic_ranking(600, FEATURES, LABELS, 0.5, Seed(2))?,
    };
    let file = folder.join("soak.checkpoint");
    let model = task.training.fit(&task.objective, &task.data)?.model;
    let gradient = task.gradient()?;
    let mut report = Report::default();
    let mut start = Instant::now();
    for round in 0.. {
        if round == WARM {
            start = Instant::now();
        }
        process::forget_peak();
        let trained = task.train(&file, &mut report.saves)?;
        check(bits(&trained).eq(bits(&model)), || format!("round {round}: another model than at first"))?;
        let same = task.gradient()?.iter().map(|g| g.to_bits()).eq(gradient.iter().map(|g| g.to_bits()));
        check(same, || format!("round {round}: other gradients of a batch than at first"))?;
        drop(trained);
        if round >= WARM {
            report.rounds += 1;
            let progress = start.elapsed().div_duration_f64(time);
            report.see(progress, process::peak());
            if progress >= 1.0 {
                break;
            }
        }
    }
    Ok(report)
}

impl Task {
    /// A run that saves its state, is given up half-way, and goes on from the file.
    fn train(&self, file: &Path, saves: &mut u64) -> Result<LinearModel<f32>, Failure> {
        let settings = Settings::new("soak", []);
        let mut run = self.training.start(&self.objective, &self.data)?;
        let half = run.steps() / 2;
        while !run.is_done() {
            run.step()?;
            if run.steps_done().is_multiple_of(SAVE) {
                checkpoint::save(file, &settings, &run.state())?;
                *saves += 1;
            }
            if run.steps_done() == half {
                let state: RunState = checkpoint::load(file, &settings)?.ok_or("the checkpoint has gone")?;
                run = self.training.resume(&self.objective, &self.data, state)?;
            }
        }
        Ok(run.finish(Best::default())?.model)
    }

    /// Of a batch that occupies every thread.
    fn gradient(&self) -> Result<Vec<f32>, Failure> {
        let rows = 64;
        let (mut theta, mut targets) = (Vec::new(), Vec::new());
        for row in 0..rows {
            theta.extend(self.data.y(row).iter().rev());
            targets.extend(self.data.y(row));
        }
        let how = MonteCarlo::new(200, Seed(3));
        Ok(self.objective.layer.batch().fenchel_young_gradient(&theta, &targets, how)?)
    }
}

fn bits(model: &LinearModel<f32>) -> impl Iterator<Item = u32> {
    model.weights().iter().chain(model.bias()).map(|weight| weight.to_bits())
}
