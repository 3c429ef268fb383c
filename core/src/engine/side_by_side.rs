//! One group of samples, drawn and solved in lockstep.

use super::group::{Column, DrawGroup, GroupMemory, NoiseGroup, SolveGroup, Wanted};
use super::lanes::{self, LANES, cut};
use super::memory::{LaneMemory, Solve};
use super::race::{Race, Winners};
use super::sampler::{LEAST_SAMPLES, silence};
use super::sink::{Drawn, Sink};
use super::streams::Streams;
use crate::quantity::Needs;
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape};

/// One perturbed solve to be made: sample `sample` of `seed`, at the scores `theta`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'t, T> {
    pub(super) theta: &'t [T],
    /// What is taken from all of them, the same for all jobs that share theirs.
    pub(super) centre: T,
    pub(super) seed: Seed,
    pub(super) sample: u64,
    /// Whether the oracle is to look at `theta` first.
    pub(super) warm: bool,
    /// Whether `theta` forbids an entry.
    pub(super) forbids: bool,
    /// What the draw is multiplied with, by quantities that have [terms](crate::Quantity::terms) of groups.
    pub(super) direction: &'t [T],
    /// Which [`Baseline`] it has.
    pub(super) row: usize,
}

/// y*(θ) of the jobs of a group, where the estimate uses it.
pub(super) enum Baseline<'b, T> {
    None,
    /// One for all.
    Shared(&'b [T]),
    /// That of row r is lane r; and memory for one.
    Rows(&'b [[T; LANES]], &'b mut [T]),
}

impl<T: Real> Baseline<'_, T> {
    /// That of a row.
    fn of(&mut self, row: usize) -> Option<&[T]> {
        match self {
            Self::None => None,
            Self::Shared(baseline) => Some(baseline),
            Self::Rows(rows, one) => {
                lanes::take_lane(rows, row, one);
                Some(one)
            }
        }
    }

    /// Those of `jobs`, lane by lane, for which there is `memory`.
    fn of_jobs<'c>(&'c mut self, jobs: &[Job<'_, T>], memory: &'c mut [[T; LANES]]) -> Option<Column<'c, T>> {
        let Self::Rows(rows, _) = *self else { return self.of(0).map(Column::Shared) };
        if jobs.iter().enumerate().all(|(lane, job)| lane == job.row) {
            return Some(Column::Own(rows));
        }
        let mut row_of = [0; LANES];
        for (row, job) in row_of.iter_mut().zip(jobs) {
            *row = job.row % LANES;
        }
        if jobs.iter().all(|job| job.row == row_of[0]) {
            return self.of(row_of[0]).map(Column::Shared);
        }
        for (row, of_rows) in memory.iter_mut().zip(rows) {
            *row = core::array::from_fn(|lane| of_rows[row_of[lane]]);
        }
        Some(Column::Own(memory))
    }
}

/// The directions of `jobs`, lane by lane, for which there is `memory`.
fn directions<'c, T: Real>(jobs: &[Job<'c, T>], memory: &'c mut [[T; LANES]]) -> Column<'c, T> {
    let Some(first) = jobs.first() else { return Column::Shared(&[]) };
    if jobs.iter().all(|job| core::ptr::eq(job.direction, first.direction)) {
        return Column::Shared(first.direction);
    }
    for (lane, job) in jobs.iter().enumerate() {
        lanes::put_lane(memory, lane, job.direction);
    }
    Column::Own(memory)
}

/// The names of the noise of `jobs`; empty lanes repeat the first job.
fn names<T>(first: &Job<'_, T>, jobs: &[Job<'_, T>]) -> ([Seed; LANES], [u64; LANES]) {
    let mut seeds = [first.seed; LANES];
    let mut samples = [first.sample; LANES];
    for ((seed, sample), job) in seeds.iter_mut().zip(&mut samples).zip(jobs) {
        (*seed, *sample) = (job.seed, job.sample);
    }
    (seeds, samples)
}

/// Puts the scores of `jobs` into lanes; empty ones repeat the first job.
fn put_scores<T: Real>(first: &Job<'_, T>, jobs: &[Job<'_, T>], scores: &mut [[T; LANES]]) {
    for lane in 0..LANES {
        lanes::put_lane(scores, lane, jobs.get(lane).unwrap_or(first).theta);
    }
}

/// A group whose noise is drawn: d rows of everything.
struct Perturbations<'m, T> {
    z: &'m mut [[T; LANES]],
    theta: &'m [[T; LANES]],
    y: &'m mut [[T; LANES]],
    memory: GroupMemory<'m, T>,
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// Draws and solves `jobs`, up to [`LANES`], side by side where the oracle can, and passes them to `sink`. The noise must
    /// have lanes. An error comes with the number of its job.
    pub(super) fn draw_group(
        &self,
        jobs: &[Job<'_, T>],
        needs: Needs,
        baseline: &mut Baseline<'_, T>,
        solve: &mut Solve<O, T>,
        lanes: &mut LaneMemory<O::Shape, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<(), (usize, Error)> {
        let dim = self.oracle.shape().dim();
        let LaneMemory { z, theta, y, codes, costs, distances } = lanes;
        let (z, theta) = (cut(z.as_mut(), dim), cut(theta.as_mut(), dim));
        self.perturb_lanes(jobs, !needs.decisions, z, theta);
        if !needs.decisions && jobs.iter().any(|job| job.forbids) {
            for (z, theta) in z.iter_mut().zip(&*theta) {
                silence(theta, z);
            }
        }
        let mut group = Perturbations {
            z,
            theta,
            y: cut(y.as_mut(), dim),
            memory: GroupMemory {
                codes: cut(codes.as_mut(), dim),
                costs: cut(costs.as_mut(), dim),
                distances: cut(distances.as_mut(), dim),
            },
        };
        if needs.decisions && self.add_decisions(jobs, &mut group, solve, sink)? {
            return Ok(());
        }
        self.pass_on(jobs, needs, baseline, group, solve, sink)
    }

    /// Decides samples with such names by a race, which must decide them; `lead` is that of [`race::least_lead`], and `theta` has
    /// the scores of every lane.
    pub(super) fn race_group<'t>(
        &self,
        theta: impl Fn(usize) -> &'t [T],
        seeds: &[Seed; LANES],
        samples: &[u64; LANES],
        lead: T,
        lanes: &mut LaneMemory<O::Shape, T>,
    ) -> Winners<T> {
        let scores = cut(lanes.theta.as_mut(), self.oracle.shape().dim());
        for lane in 0..LANES {
            lanes::put_lane(scores, lane, theta(lane));
        }
        lanes::run(Race { scores, epsilon: self.epsilon, lead, seeds, samples })
    }

    /// Adds up decisions that the oracle need not write down one by one. Returns `false`, having done nothing, where it must, or
    /// where single draws are wanted.
    fn add_decisions(
        &self,
        jobs: &[Job<'_, T>],
        group: &mut Perturbations<'_, T>,
        solve: &mut Solve<O, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<bool, (usize, Error)> {
        let Perturbations { theta, y, memory, .. } = group;
        let count = jobs.len();
        let target = match sink {
            Sink::Draws(_) => return Ok(false),
            Sink::Sums(_, sums) => &mut **sums,
            Sink::Groups(_) => {
                y.fill([T::ZERO; LANES]);
                &mut **y
            }
        };
        let wanted = Wanted::Sum { sums: &mut *target };
        let problems = SolveGroup { theta, count, wanted, memory: memory.reborrow() };
        let Some(doubtful) = self.oracle.solve_group(problems) else { return Ok(false) };
        for lane in lanes::each_lane(doubtful).filter(|&lane| lane < count) {
            self.solve_lane(jobs, theta, lane, solve)?;
            for (sum, &y) in target.iter_mut().zip(solve.y.as_ref()) {
                sum[lane] += y;
            }
        }
        if let Sink::Groups(each) = sink {
            let (epsilon, baseline, direction) = (self.epsilon, None, Column::Shared(&[]));
            let mut group = DrawGroup { z: &mut [], theta, y, epsilon, baseline, direction, count };
            each.show(0, Drawn::Group(&mut group));
        }
        Ok(true)
    }

    /// Solves every lane, side by side if the oracle can, and passes on what `sink` wants.
    fn pass_on(
        &self,
        jobs: &[Job<'_, T>],
        needs: Needs,
        baseline: &mut Baseline<'_, T>,
        Perturbations { z, theta, y, mut memory }: Perturbations<'_, T>,
        solve: &mut Solve<O, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<(), (usize, Error)> {
        let (count, epsilon) = (jobs.len(), self.epsilon);
        let mut values = [T::ZERO; LANES];
        let of_draws = matches!(sink, Sink::Draws(_)).then_some(&mut values);
        let wanted = Wanted::Each { y: &mut *y, values: of_draws };
        let problems = SolveGroup { theta, count, wanted, memory: memory.reborrow() };
        let Some(doubtful) = self.oracle.solve_group(problems) else {
            return self.one_by_one(jobs, needs, baseline, z, theta, solve, sink);
        };
        for lane in lanes::each_lane(doubtful).filter(|&lane| lane < count) {
            values[lane] = self.solve_lane(jobs, theta, lane, solve)?;
            lanes::put_lane(y, lane, solve.y.as_ref());
        }
        match sink {
            Sink::Sums(_, sums) => lanes::run(lanes::Accumulate { sums, rows: y, count }),
            Sink::Groups(each) => {
                let direction = directions(jobs, memory.costs);
                let baseline = baseline.of_jobs(jobs, memory.distances);
                let mut group = DrawGroup { z, theta, y, epsilon, baseline, direction, count };
                each.show(0, Drawn::Group(&mut group));
            }
            Sink::Draws(_) => {
                for (lane, (job, &value)) in jobs.iter().zip(&values).enumerate() {
                    lanes::take_lane(z, lane, solve.z.as_mut());
                    lanes::take_lane(theta, lane, solve.theta.as_mut());
                    lanes::take_lane(y, lane, solve.y.as_mut());
                    sink.show(lane, &self.draw_of(value, baseline.of(job.row), needs.scores, solve));
                }
            }
        }
        Ok(())
    }

    /// Solves the lanes of a group one after the other.
    #[expect(clippy::too_many_arguments, reason = "the parts of a group, each used once")]
    fn one_by_one(
        &self,
        jobs: &[Job<'_, T>],
        needs: Needs,
        baseline: &mut Baseline<'_, T>,
        z: &[[T; LANES]],
        theta: &[[T; LANES]],
        solve: &mut Solve<O, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<(), (usize, Error)> {
        for (lane, job) in jobs.iter().enumerate() {
            if job.warm {
                self.oracle.warm_up(job.theta, &mut solve.work);
            }
            let value = self.solve_lane(jobs, theta, lane, solve)?;
            if !needs.decisions {
                lanes::take_lane(z, lane, solve.z.as_mut());
            }
            sink.show(lane, &self.draw_of(value, baseline.of(job.row), needs.scores, solve));
        }
        Ok(())
    }

    /// Solves at the scores of up to [`LANES`] rows of d, side by side if the oracle can, otherwise as an estimate of its own would
    /// solve each; where `warm`, the oracle looks at them first. The decision of row r becomes lane r of `y`.
    pub(super) fn solve_rows(
        &self,
        rows: &[T],
        warm: bool,
        solve: &mut Solve<O, T>,
        lanes: &mut LaneMemory<O::Shape, T>,
        y: &mut [[T; LANES]],
    ) -> Result<(), Error> {
        let dim = self.oracle.shape().dim();
        let LaneMemory { theta, codes, costs, distances, .. } = lanes;
        let theta = cut(theta.as_mut(), dim);
        let rows = || rows.chunks_exact(dim.max(1));
        for (lane, row) in rows().cycle().take(LANES).enumerate() {
            lanes::put_lane(theta, lane, row);
        }
        let memory = GroupMemory {
            codes: cut(codes.as_mut(), dim),
            costs: cut(costs.as_mut(), dim),
            distances: cut(distances.as_mut(), dim),
        };
        let count = rows().count();
        let wanted = Wanted::Each { y: &mut *y, values: None };
        let group = SolveGroup { theta, count, wanted, memory };
        let left = if count < LEAST_SAMPLES { None } else { self.oracle.solve_group(group) };
        for (lane, row) in
            rows().enumerate().filter(|(lane, _)| left.is_none_or(|left| left >> lane & 1 == 1))
        {
            if warm {
                self.oracle.warm_up(row, &mut solve.work);
            }
            self.solve(row, solve.y.as_mut(), &mut solve.work, None)?;
            lanes::put_lane(y, lane, solve.y.as_ref());
        }
        Ok(())
    }

    /// Solves one lane by itself.
    fn solve_lane(
        &self,
        jobs: &[Job<'_, T>],
        theta: &[[T; LANES]],
        lane: usize,
        solve: &mut Solve<O, T>,
    ) -> Result<T, (usize, Error)> {
        lanes::take_lane(theta, lane, solve.theta.as_mut());
        let sample = jobs.get(lane).map(|job| job.sample);
        let (theta, y, work) = (solve.theta.as_ref(), solve.y.as_mut(), &mut solve.work);
        self.solve(theta, y, work, sample).map_err(|error| (lane, error))
    }

    /// Writes the noise of `jobs` and their perturbed scores; the noise only if `keep` says so.
    fn perturb_lanes(
        &self,
        jobs: &[Job<'_, T>],
        keep: bool,
        mut z: &mut [[T; LANES]],
        perturbed: &mut [[T; LANES]],
    ) {
        // Rows whose noise is in the nearest cache when it is added; even, as steps of noises are.
        const TILE: usize = 64;
        let Some(first) = jobs.first() else { return };
        let (seeds, samples) = names(first, jobs);
        let mut streams = Streams::new(&seeds, &samples);
        let shared = jobs.iter().all(|job| core::ptr::eq(job.theta, first.theta));
        if !shared {
            put_scores(first, jobs, perturbed);
        }
        for (tile, theta) in perturbed.chunks_mut(TILE).zip(first.theta.chunks(TILE)) {
            let (noise, beyond) = z.split_at_mut(tile.len().min(z.len()));
            self.noise.group(NoiseGroup::Fill { streams: &mut streams, z: &mut *noise });
            let theta = shared.then_some(theta);
            let (centre, epsilon) = (first.centre, self.epsilon);
            lanes::run(lanes::Perturb { theta, centre, epsilon, z: &*noise, perturbed: tile });
            z = if keep { beyond } else { noise };
        }
    }
}

impl<T> GroupMemory<'_, T> {
    /// The same memory, lent.
    fn reborrow(&mut self) -> GroupMemory<'_, T> {
        GroupMemory { codes: &mut *self.codes, costs: &mut *self.costs, distances: &mut *self.distances }
    }
}
