//! Rows of one layer, spread over threads.

use std::ops::Range;

use perturb_core::engine::{Estimate, LANES, estimate_rows, spans_rows};
use perturb_core::method::{BLOCK, MonteCarloWork, Way};
use perturb_core::quantity::Form;
use perturb_core::{Error, Method, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape};

use super::workspace::{Crew, Worker};
use crate::share::{Cargo, LEAST_NUMBERS, RowsMut, Units};
use crate::threads;

/// Sums of blocks that are in memory at once: bounds memory whatever M is, and is enough for 64 threads.
const WAVE: usize = 256;

/// The memory for answers.
pub(crate) enum Target<'o, T, A> {
    /// One output for each row.
    Outputs(&'o mut [A]),
    /// The numbers of the answers.
    Numbers(RowsMut<'o, T>),
}

impl<T: Real, A> Target<'_, T, A> {
    /// Some of the rows.
    fn rows(&mut self, rows: Range<usize>) -> Target<'_, T, A> {
        match self {
            Self::Outputs(outputs) => Target::Outputs(&mut outputs[rows]),
            &mut Self::Numbers(RowsMut { ref mut numbers, width }) => {
                let numbers = &mut numbers[rows.start * width..rows.end * width];
                Target::Numbers(RowsMut { numbers, width })
            }
        }
    }
}

impl<T: Real, A: Send> Cargo for Target<'_, T, A> {
    fn split(self, rows: usize) -> (Self, Self) {
        match self {
            Self::Outputs(outputs) => {
                let (a, b) = outputs.split(rows);
                (Self::Outputs(a), Self::Outputs(b))
            }
            Self::Numbers(numbers) => {
                let (a, b) = numbers.split(rows);
                (Self::Numbers(a), Self::Numbers(b))
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

impl Plan {
    /// Adapts the plan to rows of `numbers` scores in all: answers with the samples if threads had better share the blocks of each
    /// row, as rows are too few. The time of each way is counted in groups of lanes, or in blocks, that the busiest thread computes.
    fn for_threads(&mut self, rows: usize, numbers: usize, threads: usize) -> Option<MonteCarlo> {
        let how = self.sampled.filter(|_| threads > 1)?;
        if self.packs {
            let threads = (numbers.saturating_mul(self.samples) / LEAST_NUMBERS).clamp(1, threads);
            let packed =
                rows.div_ceil(self.unit).div_ceil(threads) * (self.unit * self.samples).div_ceil(LANES);
            let alone = rows.div_ceil(threads) * self.samples.div_ceil(LANES);
            if alone < packed {
                (self.unit, self.packs) = (1, false);
            }
            return None;
        }
        let blocks = how.blocks() as usize;
        let whole = rows.div_ceil(threads).saturating_mul(blocks);
        let divided = rows.saturating_mul(blocks).div_ceil(threads);
        // Sums of blocks are added up on one thread.
        (divided < whole - whole / 8).then_some(how)
    }
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
        crew: &mut Crew<O, N, T, H, Q::Output>,
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        let (rows, mut plan, threads) = (self.rows(), self.plan(), threads::useful());
        let by_blocks = plan.for_threads(rows, self.theta.len(), threads);
        crew.workers.resize_with(threads.max(crew.workers.len()), Worker::default);
        if let Some(how) = by_blocks {
            return self.by_blocks(how, threads, crew, target);
        }
        let Crew { workers, pace, .. } = crew;
        let numbers = self.layer.oracle().shape().dim().saturating_mul(plan.samples);
        let units = Units { range: 0..rows, grain: plan.unit, numbers, pace, cargo: target };
        units.share(&mut workers[..threads], |worker, rows, target| {
            self.consecutive(rows, plan, worker, target)
        })
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
                let packs = sampled.is_some() && self.first.is_some() && spans_rows(how, Q::NEEDS);
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
        let dim = self.layer.oracle().shape().dim();
        let theta = &self.theta[rows.start * dim..rows.end * dim];
        let first = self.first.unwrap_or(0).wrapping_add(rows.start as u64);
        let estimate = |memory: &mut MonteCarloWork<O, T, Q::Output>, answers: &mut [Q::Output]| {
            estimate_rows(self.layer, theta, quantity, how, first, memory, answers)
                .map_err(|(row, error)| (rows.start + row, error))
        };
        match target {
            Target::Outputs(outputs) => estimate(worker.sampled(self.layer), outputs),
            Target::Numbers(RowsMut { numbers, width }) => {
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
            Target::Numbers(RowsMut { numbers, .. }) => {
                let mut out = worker.take_answer::<Q>(self.layer);
                let done = answer(worker, &mut out);
                write::<O, N, T, Q>(&mut out, numbers);
                worker.keep_answer(out);
                done
            }
        }
    }

    /// Blocks of all rows on all of `workers`, a wave of them at a time. Block b of row r is number r·blocks + b.
    fn by_blocks(
        &self,
        how: MonteCarlo,
        threads: usize,
        crew: &mut Crew<O, N, T, H, Q::Output>,
        mut target: Target<'_, T, Q::Output>,
    ) -> Result<(), (usize, Error)> {
        let shape = self.layer.oracle().shape();
        let Crew { workers, parts, pace } = crew;
        if !parts.first_mut().is_none_or(|part| Q::Form::fits(part, shape.dim())) {
            parts.clear(); // Those of another quantity.
        }
        let blocks = how.blocks() as usize;
        let all = self.rows().saturating_mul(blocks);
        // For the sum, for what it has lost, and for each block of a wave.
        let wanted = 2 + all.min(WAVE);
        while parts.len() < wanted {
            parts.push(Q::Form::zero(shape));
        }
        let [sum, lost, parts @ ..] = &mut parts[..] else { return Ok(()) };
        for wave in (0..all).step_by(WAVE) {
            let range = wave..all.min(wave.saturating_add(WAVE));
            let parts = &mut parts[..range.len()];
            let numbers = shape.dim().saturating_mul(BLOCK as usize);
            let units = Units { range: range.clone(), grain: 1, numbers, pace, cargo: &mut *parts };
            let done = units.share(&mut workers[..threads], |worker, blocks, parts| {
                self.blocks(blocks, how, worker, parts)
            });
            let whole = done.as_ref().map_or_else(|&(failed, _)| wave..failed, |()| range);
            for (number, part) in whole.zip(parts) {
                let (row, block) = (number / blocks, number % blocks);
                if block == 0 {
                    Q::Form::clear(lost);
                    std::mem::swap(sum, part);
                } else {
                    Q::Form::merge(sum, part, lost);
                }
                if block + 1 == blocks {
                    Q::Form::add(sum, lost);
                    self.finish(row, how, sum, target.rows(row..row + 1)).map_err(|error| (row, error))?;
                }
            }
            done.map_err(|(number, error)| (number / blocks, error))?;
        }
        Ok(())
    }

    /// Sums of some blocks, on this thread. An error comes with the number of its block.
    fn blocks(
        &self,
        numbers: Range<usize>,
        how: MonteCarlo,
        worker: &mut Worker<O, N, T, H, Q::Output>,
        mut parts: &mut [Q::Output],
    ) -> Result<(), (usize, Error)> {
        let blocks = how.blocks() as usize;
        let mut start = numbers.start;
        while start < numbers.end {
            let row = start / blocks;
            let end = numbers.end.min((row + 1) * blocks);
            let (of_row, rest) = parts.split_at_mut(end - start);
            let (quantity, how) = ((self.quantity)(row), self.how(how, row));
            let estimate =
                Estimate::new(self.layer, self.row(row), &quantity, how).map_err(|error| (start, error))?;
            let (mut ready, _) = estimate.with(worker.sampled(self.layer)).map_err(|error| (start, error))?;
            for (number, part) in (start..end).zip(of_row) {
                ready.block((number - row * blocks) as u32, part).map_err(|error| (number, error))?;
            }
            (start, parts) = (end, rest);
        }
        Ok(())
    }

    /// Turns the sum over all blocks of a row into its answer.
    fn finish(
        &self,
        row: usize,
        how: MonteCarlo,
        sum: &mut Q::Output,
        target: Target<'_, T, Q::Output>,
    ) -> Result<(), Error> {
        let quantity = (self.quantity)(row);
        Estimate::new(self.layer, self.row(row), &quantity, self.how(how, row))?.finish(sum)?;
        match target {
            Target::Outputs(outputs) => outputs.iter_mut().for_each(|out| out.clone_from(sum)),
            Target::Numbers(RowsMut { numbers, .. }) => write::<O, N, T, Q>(sum, numbers),
        }
        Ok(())
    }
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
