//! One group of samples, drawn and solved in lockstep.

use super::group::{DrawGroup, GroupMemory, NoiseGroup, SolveGroup, Wanted};
use super::lanes::{self, LANES, cut};
use super::memory::{LaneMemory, Solve};
use super::sampler::silence;
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
}

/// A group whose noise is drawn: d rows of everything.
struct Perturbations<'m, T> {
    z: &'m [[T; LANES]],
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
        baseline: Option<&[T]>,
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
        let wanted = Wanted::Sum { sums: &mut *target, count };
        let problems = SolveGroup { theta, wanted, memory: memory.reborrow() };
        let Some(doubtful) = self.oracle.solve_group(problems) else { return Ok(false) };
        for lane in lanes::each_lane(doubtful).filter(|&lane| lane < count) {
            self.solve_lane(jobs, theta, lane, solve)?;
            for (sum, &y) in target.iter_mut().zip(solve.y.as_ref()) {
                sum[lane] += y;
            }
        }
        if let Sink::Groups(each) = sink {
            let (values, epsilon) = (&[T::ZERO; LANES], self.epsilon);
            let group = DrawGroup { z: &[], theta, y, values, epsilon, baseline: None, count };
            each.show(0, Drawn::Group(&group));
        }
        Ok(true)
    }

    /// Solves every lane, side by side if the oracle can, and passes on what `sink` wants.
    fn pass_on(
        &self,
        jobs: &[Job<'_, T>],
        needs: Needs,
        baseline: Option<&[T]>,
        Perturbations { z, theta, y, memory }: Perturbations<'_, T>,
        solve: &mut Solve<O, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<(), (usize, Error)> {
        let (count, epsilon) = (jobs.len(), self.epsilon);
        let mut values = [T::ZERO; LANES];
        let wanted = Wanted::Each { y: &mut *y, values: &mut values };
        let Some(doubtful) = self.oracle.solve_group(SolveGroup { theta, wanted, memory }) else {
            return self.one_by_one(jobs, needs, baseline, z, theta, solve, sink);
        };
        for lane in lanes::each_lane(doubtful).filter(|&lane| lane < count) {
            values[lane] = self.solve_lane(jobs, theta, lane, solve)?;
            lanes::put_lane(y, lane, solve.y.as_ref());
        }
        match sink {
            Sink::Sums(_, sums) => lanes::run(lanes::Accumulate { sums, rows: y, count }),
            Sink::Groups(each) => {
                let values = &values;
                each.show(0, Drawn::Group(&DrawGroup { z, theta, y, values, epsilon, baseline, count }));
            }
            Sink::Draws(_) => {
                for (lane, &value) in values.iter().enumerate().take(count) {
                    lanes::take_lane(z, lane, solve.z.as_mut());
                    lanes::take_lane(theta, lane, solve.theta.as_mut());
                    lanes::take_lane(y, lane, solve.y.as_mut());
                    sink.show(lane, &self.draw_of(value, baseline, needs.scores, solve));
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
        baseline: Option<&[T]>,
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
            sink.show(lane, &self.draw_of(value, baseline, needs.scores, solve));
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
        // Empty lanes repeat the first job.
        let mut seeds = [first.seed; LANES];
        let mut samples = [first.sample; LANES];
        for ((seed, sample), job) in seeds.iter_mut().zip(&mut samples).zip(jobs) {
            (*seed, *sample) = (job.seed, job.sample);
        }
        let mut streams = Streams::new(&seeds, &samples);
        let shared = jobs.iter().all(|job| core::ptr::eq(job.theta, first.theta));
        if !shared {
            for lane in 0..LANES {
                lanes::put_lane(perturbed, lane, jobs.get(lane).unwrap_or(first).theta);
            }
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
