//! Rows of one layer, spread over threads.

use std::ops::Range;

use perturb_core::engine::{Estimate, LANES, estimate_rows};
use perturb_core::method::{Draws, MonteCarloWork, Way};
use perturb_core::quantity::Form;
use perturb_core::{Error, Method, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape};

use super::workspace::{BatchWorkspace, Worker};
use crate::threads;

/// Blocks of one row that are in memory at once: bounds memory whatever M is, and is enough for 64 threads.
const WAVE: u32 = 256;

/// Shares of the work for each thread: more than one, so that a thread that is done takes from others.
const SHARES: usize = 4;

/// A share below this many numbers is not worth a second thread.
const LEAST_NUMBERS: usize = 2048;

/// The memory for answers.
pub(crate) enum Target<'o, T, A> {
    /// One output for each row.
    Outputs(&'o mut [A]),
    /// The numbers of the answers, row after row.
    Numbers {
        /// The numbers of all rows.
        numbers: &'o mut [T],
        /// How many one row has.
        width: usize,
    },
}

impl<T: Copy, A> Target<'_, T, A> {
    /// Some of the rows.
    fn rows(&mut self, rows: Range<usize>) -> Target<'_, T, A> {
        match self {
            Self::Outputs(outputs) => Target::Outputs(&mut outputs[rows]),
            &mut Self::Numbers { ref mut numbers, width } => {
                let numbers = &mut numbers[rows.start * width..rows.end * width];
                Target::Numbers { numbers, width }
            }
        }
    }

    /// The first `rows` rows, and the others.
    fn split(self, rows: usize) -> (Self, Self) {
        match self {
            Self::Outputs(outputs) => {
                let (a, b) = outputs.split_at_mut(rows);
                (Self::Outputs(a), Self::Outputs(b))
            }
            Self::Numbers { numbers, width } => {
                let (a, b) = numbers.split_at_mut(rows * width);
                (Self::Numbers { numbers: a, width }, Self::Numbers { numbers: b, width })
            }
        }
    }
}

/// What is computed for every row of one layer.
pub(crate) struct Task<'t, O, N, T, F, H> {
    pub(crate) layer: &'t Perturbed<O, N, T>,
    /// The number of the first row, which names the noise; `None` for one row that has the noise of `how` itself.
    pub(crate) first: Option<u64>,
    /// Rows as tasks.
    pub(crate) theta: &'t [T],
    pub(crate) quantity: &'t F,
    pub(crate) how: H,
}

/// How the rows of a task are answered.
#[derive(Clone, Copy)]
struct Plan {
    /// The samples of every row, where all answers are means.
    sampled: Option<MonteCarlo>,
    /// Rows that fill whole groups of lanes, where groups go from row to row; otherwise 1.
    unit: usize,
    /// Whether a group may contain samples of several rows.
    packs: bool,
    /// About how many samples a row costs.
    samples: usize,
}

impl<O, N, T, Q, F, H> Task<'_, O, N, T, F, H>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
    F: Fn(usize) -> Q + Sync,
    H: Method<O, N, T>,
{
    /// Answers all rows on rayon's threads. An error names its row.
    pub(crate) fn spread(
        &self,
        workspace: &mut BatchWorkspace<'_, O, N, T, H, Q::Output>,
        mut target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        let (threads, plan) = (threads::start(None), self.plan());
        let spread = if threads == 1 { 1 } else { SHARES * threads };
        let in_blocks = plan.sampled.filter(|how| threads > 1 && how.blocks() > 1 && self.rows() < spread);
        let worth = self.theta.len().saturating_mul(plan.samples) / LEAST_NUMBERS;
        let wanted = if in_blocks.is_some() { spread } else { worth.clamp(1, spread) };
        workspace.workers.resize_with(wanted.max(workspace.workers.len()), Worker::default);
        let BatchWorkspace { workers, parts, .. } = workspace;
        let workers = &mut workers[..wanted];
        let Some(how) = in_blocks else {
            return self.share(0..self.rows(), plan, workers, target);
        };
        for row in 0..self.rows() {
            let target = target.rows(row..row + 1);
            self.by_blocks(row, how, workers, parts, target).map_err(|error| (row, error))?;
        }
        Ok(())
    }

    /// Answers all rows on this thread.
    pub(crate) fn alone(
        &self,
        worker: &mut Worker<O, N, T, H, Q::Output>,
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        self.consecutive(0..self.rows(), self.plan(), worker, target)
    }

    fn rows(&self) -> usize {
        self.theta.len() / self.layer.oracle().shape().dim()
    }
    fn row(&self, row: usize) -> &[T] {
        let dim = self.layer.oracle().shape().dim();
        &self.theta[row * dim..(row + 1) * dim]
    }
    /// The method for a row.
    fn how<M: Method<O, N, T>>(&self, how: M, row: usize) -> M {
        let Some(first) = self.first else { return how };
        how.reseed(|seed| seed.fold(first.wrapping_add(row as u64)))
    }

    fn plan(&self) -> Plan {
        let mean = || (0..self.rows()).all(|row| (self.quantity)(row).is_mean(self.layer.oracle()));
        match self.how.way(self.layer, Q::NEEDS.cost) {
            Way::Sampled(how) => {
                let samples = how.samples as usize;
                let sampled = Some(how).filter(|_| mean());
                let packs = sampled.is_some()
                    && self.first.is_some()
                    && how.blocks() == 1
                    && !Q::NEEDS.baseline
                    && how.variance.draws == Draws::Independent;
                // LANES is a power of two, so that this is LANES divided by the greatest common divisor.
                let whole = LANES / (1 << samples.trailing_zeros().min(LANES.trailing_zeros()));
                Plan { sampled, unit: if packs { whole } else { 1 }, packs, samples }
            }
            Way::Exact { samples } => {
                Plan { sampled: None, unit: 1, packs: false, samples: samples as usize }
            }
            _ => Plan { sampled: None, unit: 1, packs: false, samples: 1 },
        }
    }

    /// Rows on all of `workers`.
    fn share(
        &self,
        rows: Range<usize>,
        plan: Plan,
        workers: &mut [Worker<O, N, T, H, Q::Output>],
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        let units = rows.len().div_ceil(plan.unit);
        if let ([worker], _) | ([worker, ..], 0..=1) = (&mut *workers, units) {
            return self.consecutive(rows, plan, worker, target);
        }
        let half = workers.len() / 2;
        let middle = (units * half / workers.len()).max(1) * plan.unit;
        let (left, right) = workers.split_at_mut(half);
        let (a, b) = (rows.start..rows.start + middle, rows.start + middle..rows.end);
        let (left_target, right_target) = target.split(middle);
        let (first, second) = rayon::join(
            || self.share(a, plan, left, left_target),
            || self.share(b, plan, right, right_target),
        );
        first.and(second)
    }

    /// Rows one after the other, in groups of several where that is possible.
    fn consecutive(
        &self,
        rows: Range<usize>,
        plan: Plan,
        worker: &mut Worker<O, N, T, H, Q::Output>,
        mut target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        let mut start = rows.start;
        if let Some(how) = plan.sampled.filter(|_| plan.packs) {
            while start < rows.end {
                let end = (start + plan.unit).min(rows.end);
                let target = target.rows(start - rows.start..end - rows.start);
                if !self.group(start..end, how, worker, target)? {
                    break;
                }
                start = end;
            }
        }
        for row in start..rows.end {
            let target = target.rows(row - rows.start..row - rows.start + 1);
            self.single(row, plan, worker, target).map_err(|error| (row, error))?;
        }
        Ok(())
    }

    /// Answers up to [`LANES`] rows by groups of samples that span them. Returns `false`, having done nothing, where that is not
    /// possible.
    fn group(
        &self,
        rows: Range<usize>,
        how: MonteCarlo,
        worker: &mut Worker<O, N, T, H, Q::Output>,
        target: Target<'_, T, Q::Output>,
    ) -> Result<bool, (usize, Error)> {
        let quantity = |row: usize| (self.quantity)(rows.start + row);
        for row in rows.clone() {
            Estimate::new(self.layer, self.row(row), &(self.quantity)(row), how)
                .map_err(|error| (row, error))?;
        }
        let dim = self.layer.oracle().shape().dim();
        let theta = &self.theta[rows.start * dim..rows.end * dim];
        let first = self.first.unwrap_or(0).wrapping_add(rows.start as u64);
        let estimate = |memory: &mut MonteCarloWork<O, T, Q::Output>, answers: &mut [Q::Output]| {
            estimate_rows(self.layer, theta, quantity, how, first, memory.memory(), answers)
                .map_err(|(row, error)| (rows.start + row, error))
        };
        match target {
            Target::Outputs(outputs) => estimate(worker.sampled(self.layer), outputs),
            Target::Numbers { numbers, width } => {
                let (sampled, answers) = worker.answers::<Q>(self.layer, rows.len());
                let done = estimate(sampled, answers)?;
                for (numbers, answer) in numbers.chunks_exact_mut(width).zip(answers) {
                    write::<O, N, T, Q>(answer, numbers);
                }
                Ok(done)
            }
        }
    }

    /// Answers one row.
    fn single(
        &self,
        row: usize,
        plan: Plan,
        worker: &mut Worker<O, N, T, H, Q::Output>,
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), Error> {
        let (theta, quantity, how) = (self.row(row), (self.quantity)(row), self.how(self.how, row));
        let answer = |worker: &mut Worker<O, N, T, H, Q::Output>, out: &mut Q::Output| match plan.sampled {
            Some(how) => {
                self.how(how, row).answer(self.layer, theta, &quantity, worker.sampled(self.layer), out)
            }
            None => quantity.ask(self.layer, theta, how, worker.work(self.layer, how), out),
        };
        match target {
            Target::Outputs([out, ..]) => answer(worker, out),
            Target::Outputs([]) => Ok(()),
            Target::Numbers { numbers, .. } => {
                let mut out = worker.take_answer::<Q>(self.layer);
                let done = answer(worker, &mut out);
                write::<O, N, T, Q>(&mut out, numbers);
                worker.keep_answer(out);
                done
            }
        }
    }

    /// Answers one row, with its blocks on all workers.
    fn by_blocks(
        &self,
        row: usize,
        how: MonteCarlo,
        workers: &mut [Worker<O, N, T, H, Q::Output>],
        parts: &mut Vec<Q::Output>,
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), Error> {
        let (quantity, how) = ((self.quantity)(row), self.how(how, row));
        let estimate = Estimate::new(self.layer, self.row(row), &quantity, how)?;
        let shape = self.layer.oracle().shape();
        if !parts.first_mut().is_none_or(|part| Q::Form::fits(part, shape.dim())) {
            parts.clear(); // Those of another quantity.
        }
        // For the sum, for what it has lost, and for each block of a wave.
        let wanted = 2 + how.blocks().min(WAVE) as usize;
        while parts.len() < wanted {
            parts.push(Q::Form::zero(shape));
        }
        let [sum, lost, parts @ ..] = &mut parts[..] else { return Ok(()) };
        Q::Form::clear(lost);
        for wave in (0..how.blocks()).step_by(WAVE as usize) {
            let blocks = wave..how.blocks().min(wave.saturating_add(WAVE));
            let parts = &mut parts[..blocks.len()];
            some_blocks(&estimate, self.layer, blocks, workers, parts)?;
            let mut parts = parts.iter_mut();
            if wave == 0
                && let Some(first) = parts.next()
            {
                std::mem::swap(sum, first);
            }
            for part in parts {
                Q::Form::merge(sum, part, lost);
            }
        }
        Q::Form::add(sum, lost);
        estimate.finish(sum)?;
        match target {
            Target::Outputs(outputs) => outputs.iter_mut().for_each(|out| out.clone_from(sum)),
            Target::Numbers { numbers, .. } => write::<O, N, T, Q>(sum, numbers),
        }
        Ok(())
    }
}

/// Blocks of one estimate on all of `workers`.
fn some_blocks<O, N, T, Q, H>(
    estimate: &Estimate<'_, O, N, T, Q>,
    layer: &Perturbed<O, N, T>,
    blocks: Range<u32>,
    workers: &mut [Worker<O, N, T, H, Q::Output>],
    parts: &mut [Q::Output],
) -> Result<(), Error>
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
    H: Method<O, N, T>,
{
    if let ([worker], _) | ([worker, ..], 0..=1) = (&mut *workers, blocks.len()) {
        let mut ready = estimate.with(worker.sampled(layer).memory())?;
        for (block, part) in blocks.zip(parts) {
            ready.block(block, part)?;
        }
        return Ok(());
    }
    let half = workers.len() / 2;
    let middle = (blocks.len() * half / workers.len()).max(1);
    let (left, right) = workers.split_at_mut(half);
    let (left_parts, right_parts) = parts.split_at_mut(middle);
    let middle = blocks.start + middle as u32;
    let (a, b) = (blocks.start..middle, middle..blocks.end);
    let (first, second) = rayon::join(
        || some_blocks(estimate, layer, a, left, left_parts),
        || some_blocks(estimate, layer, b, right, right_parts),
    );
    first.and(second)
}

/// The numbers of an answer, one part after the other.
fn write<O, N, T, Q>(answer: &mut Q::Output, mut numbers: &mut [T])
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
{
    for part in Q::Form::parts(answer) {
        let (place, rest) = numbers.split_at_mut(part.len());
        place.copy_from_slice(part);
        numbers = rest;
    }
}
