//! Samples drawn and solved in lanes.

use perturb_lanes::Kernel;

use super::{Draws, MonteCarlo, Scratch, Solve};
use crate::estimator::{self, Drawn, Estimator, LaneDraws};
use crate::lanes::{self, LANES, LaneMemory, Streams};
use crate::oracle::solve_checked;
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape};

/// Fewer samples are drawn one after the other: from here on, lanes pay even if most are empty and vectors are short.
const LEAST: usize = 4;

/// Memory of [`LANES`] perturbed solves.
#[derive(Debug)]
pub(super) struct LaneScratch<S: Shape, T: Real> {
    z: S::Lanes<T>,
    theta: S::Lanes<T>,
    y: S::Lanes<T>,
    numbers: S::Lanes<T>,
    codes: S::Lanes<u32>,
    values: [T; LANES],
}

impl<S: Shape, T: Real> LaneScratch<S, T> {
    /// `None` if the shape has no place for it.
    pub(super) fn new(shape: S) -> Option<Self> {
        let lanes = || shape.lanes(T::ZERO);
        let (z, codes) = (lanes(), shape.lanes(0));
        (z.as_ref().len() >= shape.dim()).then(|| Self {
            z,
            theta: lanes(),
            y: lanes(),
            numbers: lanes(),
            codes,
            values: [T::ZERO; LANES],
        })
    }
}

/// One perturbed solve to be made: sample `sample` of `seed`, at the scores `theta`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'t, T> {
    pub(super) theta: &'t [T],
    pub(super) seed: Seed,
    pub(super) sample: u64,
    /// Whether the oracle is to look at `theta` first.
    pub(super) warm: bool,
}

impl MonteCarlo {
    /// Whether `samples` samples are drawn side by side.
    pub(super) fn in_lanes(&self, samples: usize) -> bool {
        self.variance.draws == Draws::Independent && samples >= LEAST && lanes::in_use()
    }
}

/// `rows`, cut to d.
fn cut<X>(rows: &mut [X], dim: usize) -> &mut [X] {
    rows.get_mut(..dim).unwrap_or_default()
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// Draws `jobs`, up to [`LANES`], side by side and hands them to `each`: as lanes, if `whole` and the oracle solves in
    /// lanes, else one by one, with their numbers. Whether that was possible; `false` means that nothing was done.
    pub(super) fn draw_jobs<E: Estimator<T, N, O::Shape>>(
        &self,
        jobs: &[Job<'_, T>],
        baseline: Option<&[T]>,
        solve: &mut Solve<O, T>,
        lanes: &mut Option<LaneScratch<O::Shape, T>>,
        whole: bool,
        mut each: impl FnMut(usize, Drawn<'_, '_, T>),
    ) -> Result<bool, (usize, Error)> {
        let dim = self.oracle.shape().dim();
        let Some(lanes) = lanes else { return Ok(false) };
        let Some(first) = jobs.first() else { return Ok(true) };
        // Empty lanes repeat the first job.
        let mut seeds = [first.seed; LANES];
        let mut samples = [first.sample; LANES];
        let mut thetas = [first.theta; LANES];
        for (lane, job) in jobs.iter().enumerate().take(LANES) {
            (seeds[lane], samples[lane], thetas[lane]) = (job.seed, job.sample, job.theta);
        }
        let (lane_z, lane_theta) = (cut(lanes.z.as_mut(), dim), cut(lanes.theta.as_mut(), dim));
        if !self.noise.fill_lanes(&mut Streams::new(&seeds, &samples), lane_z) {
            return Ok(false);
        }
        let shared = jobs.iter().all(|job| core::ptr::eq(job.theta, first.theta));
        if shared {
            let theta = first.theta;
            lanes::run(Perturb { theta, epsilon: self.epsilon, z: lane_z, perturbed: lane_theta });
        } else {
            for (lane, theta) in thetas.into_iter().enumerate() {
                lanes::put_lane(lane_theta, lane, theta);
            }
            lanes::run(PerturbEach { epsilon: self.epsilon, z: lane_z, perturbed: lane_theta });
        }
        let lane_y = cut(lanes.y.as_mut(), dim);
        let memory =
            LaneMemory { codes: cut(lanes.codes.as_mut(), dim), numbers: cut(lanes.numbers.as_mut(), dim) };
        let solved = self.oracle.solve_lanes(lane_theta, lane_y, memory);
        if let Some(solved) = &solved {
            lanes.values = solved.values;
            for (lane, job) in jobs.iter().enumerate() {
                if solved.doubtful >> lane & 1 == 0 {
                    continue;
                }
                let (theta, y) = (solve.theta.as_mut(), solve.y.as_mut());
                lanes::take_lane(lane_theta, lane, theta);
                let value = solve_checked(&self.oracle, theta, y, &mut solve.work, Some(job.sample));
                lanes.values[lane % LANES] = value.map_err(|error| (lane, error))?;
                lanes::put_lane(lane_y, lane, y);
            }
            if whole {
                let draws = LaneDraws {
                    z: lane_z,
                    theta: lane_theta,
                    y: lane_y,
                    values: &lanes.values,
                    epsilon: self.epsilon,
                    baseline,
                    count: jobs.len().min(LANES),
                };
                each(0, Drawn::Lanes(&draws));
                return Ok(true);
            }
        }
        for (lane, job) in jobs.iter().enumerate().take(LANES) {
            lanes::take_lane(lane_z, lane, solve.z.as_mut());
            let draw = if solved.is_some() {
                lanes::take_lane(lane_theta, lane, solve.theta.as_mut());
                lanes::take_lane(lane_y, lane, solve.y.as_mut());
                self.draw_of::<E>(lanes.values[lane], baseline, solve)
            } else {
                if job.warm {
                    self.oracle.warm_up(job.theta, &mut solve.work);
                }
                let draw = self.solve_draw::<E>(job.theta, job.sample, baseline, solve);
                draw.map_err(|error| (lane, error))?
            };
            each(lane, Drawn::One(&draw));
        }
        Ok(true)
    }

    /// Estimates of many rows with few samples each, lanes going from row to row: `theta` has a row of d scores for each of
    /// `sums`, which must be empty and are means afterwards. Row r takes the samples of [`how.row`](MonteCarlo::row)`(first +
    /// r)`, and gets the bits of [`estimate`](Self::estimate). `estimator(r)` is the one of row r.
    ///
    /// For at most [`BLOCK`](super::BLOCK) samples, independent ones, and estimators without a baseline; inputs must have
    /// passed [`check`](Self::check). `false`, with nothing done, where the noise or the shape has no lanes. An error comes
    /// with its row.
    pub fn estimate_rows<E>(
        &self,
        theta: &[T],
        estimator: impl Fn(usize) -> E,
        how: MonteCarlo,
        first: u64,
        scratch: &mut Scratch<O, T>,
        sums: &mut [E::Sum],
    ) -> Result<bool, (usize, Error)>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let dim = self.oracle.shape().dim();
        let row_of = |row: usize| theta.get(row * dim..(row + 1) * dim).unwrap_or_default();
        let per_row = how.samples as usize;
        let jobs = sums.len() * per_row;
        scratch.with_lanes(&self.oracle);
        let mut at = 0;
        while at < jobs {
            let job = |job: usize| {
                let (row, sample) = (job / per_row, job % per_row);
                let seed = how.row(first.wrapping_add(row as u64)).seed;
                let warm = sample == 0 && per_row > 1;
                Job { theta: row_of(row), seed, sample: sample as u64, warm }
            };
            let group: [Job<'_, T>; LANES] = core::array::from_fn(|lane| job((at + lane).min(jobs - 1)));
            let count = (jobs - at).min(LANES);
            let group = group.get(..count).unwrap_or_default();
            let each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
                Drawn::One(draw) => {
                    let row = (at + lane) / per_row;
                    if let Some(sum) = sums.get_mut(row) {
                        estimator(row).add(&self.noise, draw, sum);
                    }
                }
                Drawn::Lanes(draws) => {
                    // Runs of lanes that belong to one row.
                    let mut lane = 0;
                    while lane < count {
                        let row = (at + lane) / per_row;
                        let end = ((row + 1) * per_row - at).min(count);
                        if let Some(decisions) = sums.get_mut(row).and_then(|sum| E::parts(sum).next()) {
                            add_run(draws.y, lane, end, decisions);
                        }
                        lane = end;
                    }
                }
            };
            let Scratch { solve, lanes, .. } = &mut *scratch;
            let drawn = self.draw_jobs::<E>(group, None, solve, lanes, E::DECISIONS, each);
            if !drawn.map_err(|(lane, error)| ((at + lane) / per_row, error))? {
                return Ok(false);
            }
            at += count;
        }
        for (row, sum) in sums.iter_mut().enumerate() {
            estimator::finish::<T, N, O::Shape, E>(sum, how.samples).map_err(|error| (row, error))?;
        }
        Ok(true)
    }
}

/// Adds the lanes from `first` to `end` to `sums`, in order.
fn add_run<T: Real>(rows: &[[T; LANES]], first: usize, end: usize, sums: &mut [T]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        for &y in row.get(first..end).unwrap_or_default() {
            *sum += y;
        }
    }
}

/// θ + εz in every lane.
struct Perturb<'a, T> {
    theta: &'a [T],
    epsilon: T,
    z: &'a [[T; LANES]],
    perturbed: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel for Perturb<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((perturbed, z), &theta) in self.perturbed.iter_mut().zip(self.z).zip(self.theta) {
            for (perturbed, &z) in perturbed.iter_mut().zip(z) {
                *perturbed = theta + self.epsilon * z;
            }
        }
    }
}

/// The same where every lane has scores of its own, which `perturbed` holds.
struct PerturbEach<'a, T> {
    epsilon: T,
    z: &'a [[T; LANES]],
    perturbed: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel for PerturbEach<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (perturbed, z) in self.perturbed.iter_mut().zip(self.z) {
            for (perturbed, &z) in perturbed.iter_mut().zip(z) {
                *perturbed = *perturbed + self.epsilon * z;
            }
        }
    }
}

/// Adds rows to rows.
pub(super) struct Accumulate<'a, T> {
    pub(super) sums: &'a mut [[T; LANES]],
    pub(super) rows: &'a [[T; LANES]],
    /// Lanes from here on are empty.
    pub(super) count: usize,
}

impl<T: Real> Kernel for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let counts: [T; LANES] =
            core::array::from_fn(|lane| if lane < self.count { T::ONE } else { T::ZERO });
        for (sums, row) in self.sums.iter_mut().zip(self.rows) {
            for (sum, (&y, &counts)) in sums.iter_mut().zip(row.iter().zip(&counts)) {
                *sum += y * counts;
            }
        }
    }
}

/// Adds all lanes of each row to its sum.
pub(super) struct Collect<'a, T> {
    pub(super) rows: &'a [[T; LANES]],
    pub(super) sums: &'a mut [T],
}

impl<T: Real> Kernel for Collect<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (sum, row) in self.sums.iter_mut().zip(self.rows) {
            let mut halves = *row;
            let mut width = LANES / 2;
            while width > 0 {
                for lane in 0..width {
                    halves[lane] += halves[lane + width];
                }
                width /= 2;
            }
            let [total, ..] = halves;
            *sum += total;
        }
    }
}
