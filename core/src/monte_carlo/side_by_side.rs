//! Samples drawn and solved in lanes.

use core::ops::Range;

use perturb_lanes::Kernel;

use super::{BLOCK, Draws, MonteCarlo, Scratch, Solve};
use crate::estimator::{self, Drawn, Estimator, LaneDraws, Maximizer};
use crate::lanes::{self, LANES, LaneMemory, Streams};
use crate::noise::Race;
use crate::oracle::solve_checked;
use crate::{Error, Noise, Oracle, Perturbed, Real, Seed, Shape};

/// Fewer samples are drawn one after the other: from here on, lanes pay even if most are empty and vectors are short.
const LEAST_SAMPLES: usize = 4;

/// Memory of [`LANES`] perturbed solves.
#[derive(Debug)]
pub(super) struct LaneScratch<S: Shape, T: Real> {
    z: S::Lanes<T>,
    theta: S::Lanes<T>,
    y: S::Lanes<T>,
    codes: S::Lanes<u32>,
    numbers: S::Lanes<T>,
    more_numbers: S::Lanes<T>,
}

/// That of an oracle, if its shape has a place for it.
pub(super) type MaybeLanes<O, T> = Option<LaneScratch<<O as Oracle<T>>::Shape, T>>;

impl<S: Shape, T: Real> LaneScratch<S, T> {
    /// `None` if the shape has no place for it.
    pub(super) fn new(shape: S) -> Option<Self> {
        let lanes = || shape.lanes(T::ZERO);
        let (z, codes) = (lanes(), shape.lanes(0));
        (z.as_ref().len() >= shape.dim()).then(|| Self {
            z,
            theta: lanes(),
            y: lanes(),
            codes,
            numbers: lanes(),
            more_numbers: lanes(),
        })
    }
}

/// What is wanted of draws side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks<'b, T> {
    /// Decisions alone.
    decisions: bool,
    /// The scores ∇ν of the noise.
    scores: bool,
    /// All lanes at once, where decisions are in lanes.
    whole: bool,
    /// y*(θ), to be passed on.
    baseline: Option<&'b [T]>,
}

impl<'b, T: Real> Asks<'b, T> {
    pub(super) const fn of<N: Noise<T>, S: Shape, E: Estimator<T, N, S>>(
        whole: bool,
        baseline: Option<&'b [T]>,
    ) -> Self {
        Self { decisions: E::DECISIONS, scores: E::SCORES, whole, baseline }
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
        self.variance.draws == Draws::Independent && samples >= LEAST_SAMPLES && lanes::in_use()
    }
}

/// Whether samples of this oracle and noise may be decided by a race.
const fn races<O: Oracle<T>, N: Noise<T>, T: Real>() -> bool {
    O::LARGEST && N::RACES && cfg!(not(target_os = "none"))
}

/// `rows`, cut to d.
pub(super) fn cut<X>(rows: &mut [X], dim: usize) -> &mut [X] {
    rows.get_mut(..dim).unwrap_or_default()
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// Draws samples `samples`, in lanes where that pays, else one after the other. Decisions go to the sums if there are any
    /// and the oracle solves in lanes; else draws go to `each`.
    ///
    /// One function for all estimators: it is long, and would else be compiled for each.
    pub(super) fn draw_samples(
        &self,
        theta: &[T],
        how: MonteCarlo,
        samples: Range<u64>,
        (solve, lanes): (&mut Solve<O, T>, &mut MaybeLanes<O, T>),
        (asks, sums): (Asks<'_, T>, Option<&mut [[T; LANES]]>),
        each: &mut dyn FnMut(Drawn<'_, '_, T>),
    ) -> Result<(), Error> {
        let first = if cfg!(target_os = "none") {
            samples.start // Devices have no lanes, and not the code for them.
        } else {
            self.draw_groups(theta, how, samples.clone(), (&mut *solve, lanes), (asks, sums), each)?
        };
        for sample in first..samples.end {
            how.draw(&self.noise, sample, solve.z.as_mut());
            let draw = self.solve_draw(theta, sample, asks.baseline, asks.scores, solve)?;
            each(Drawn::One(&draw));
        }
        Ok(())
    }

    /// Draws what of `samples` goes in lanes, and says which sample comes next.
    fn draw_groups(
        &self,
        theta: &[T],
        how: MonteCarlo,
        Range { start: mut sample, end }: Range<u64>,
        (solve, lanes): (&mut Solve<O, T>, &mut MaybeLanes<O, T>),
        (asks, mut sums): (Asks<'_, T>, Option<&mut [[T; LANES]]>),
        each: &mut dyn FnMut(Drawn<'_, '_, T>),
    ) -> Result<u64, Error> {
        while how.in_lanes((end - sample) as usize) {
            let jobs: [Job<'_, T>; LANES] = core::array::from_fn(|lane| Job {
                theta,
                seed: how.seed,
                sample: sample + lane as u64,
                warm: false,
            });
            let jobs = jobs.get(..(end - sample) as usize).unwrap_or(&jobs);
            let each = &mut |_, drawn: Drawn<'_, '_, T>| each(drawn);
            let drawn = self.draw_jobs(jobs, solve, lanes, asks, sums.as_deref_mut(), each);
            if !drawn.map_err(|(_, error)| error)? {
                break;
            }
            sample += jobs.len() as u64;
        }
        Ok(sample)
    }

    /// Counts the decisions of block `block` by a [race](Noise::race), if oracle, noise and estimator allow it. Whether they
    /// did.
    pub(super) fn add_race<E>(
        &self,
        theta: &[T],
        estimator: &E,
        how: MonteCarlo,
        block: u32,
        Scratch { solve, .. }: &mut Scratch<O, T>,
        sum: &mut E::Sum,
    ) -> Result<bool, Error>
    where
        E: Estimator<T, N, O::Shape>,
    {
        let count = how.in_block(block);
        if !(races::<O, N, T>() && E::DECISIONS && how.in_lanes(count as usize)) {
            return Ok(false);
        }
        let Some(wins) = E::parts(sum).next() else { return Ok(false) };
        let first = u64::from(block) * u64::from(BLOCK);
        let doubtful = self.noise.race(Race {
            theta,
            epsilon: self.epsilon,
            seed: how.seed,
            samples: first..first + u64::from(count),
            memory: solve.z.as_mut(),
            wins,
        });
        let Some(doubtful) = doubtful else { return Ok(false) };
        for sample in (0..u64::from(BLOCK)).filter(|sample| doubtful >> sample & 1 == 1) {
            how.draw(&self.noise, first + sample, solve.z.as_mut());
            let draw = self.solve_draw(theta, first + sample, None, false, solve)?;
            estimator.add(&self.noise, &draw, sum);
        }
        Ok(true)
    }

    /// Draws `jobs`, up to [`LANES`], side by side. Decisions go to `sums`, lane by lane, if there are any and the oracle solves
    /// in lanes; else draws go to `each`: in lanes, if `whole` and the oracle solves in lanes, or one by one, with their
    /// numbers. Whether all that was possible; `false` means that nothing was done.
    pub(super) fn draw_jobs(
        &self,
        jobs: &[Job<'_, T>],
        solve: &mut Solve<O, T>,
        lanes: &mut MaybeLanes<O, T>,
        Asks { decisions, scores, whole, baseline }: Asks<'_, T>,
        mut sums: Option<&mut [[T; LANES]]>,
        each: &mut dyn FnMut(usize, Drawn<'_, '_, T>),
    ) -> Result<bool, (usize, Error)> {
        let dim = self.oracle.shape().dim();
        let Some(lanes) = lanes else { return Ok(false) };
        let LaneScratch { z, theta, y, codes, numbers, more_numbers } = lanes;
        let (z, theta, y) = (cut(z.as_mut(), dim), cut(theta.as_mut(), dim), cut(y.as_mut(), dim));
        if !self.perturb_lanes(jobs, !decisions, z, theta) {
            return Ok(false);
        }
        let (z, theta) = (&*z, &*theta);
        let count = jobs.len().min(LANES);
        let mut memory = LaneMemory {
            codes: cut(codes.as_mut(), dim),
            numbers: cut(numbers.as_mut(), dim),
            more_numbers: cut(more_numbers.as_mut(), dim),
        };
        let alone = |lane: usize, solve: &mut Solve<O, T>| {
            lanes::take_lane(theta, lane, solve.theta.as_mut());
            let (theta, y, work) = (solve.theta.as_ref(), solve.y.as_mut(), &mut solve.work);
            let sample = jobs.get(lane).map(|job| job.sample);
            solve_checked(&self.oracle, theta, y, work, sample).map_err(|error| (lane, error))
        };
        let in_doubt = |doubtful: u32| (0..count).filter(move |lane| doubtful >> lane & 1 == 1);
        if decisions && whole {
            let target = if let Some(sums) = &mut sums {
                &mut **sums
            } else {
                y.fill([T::ZERO; LANES]);
                &mut *y
            };
            if let Some(doubtful) = self.oracle.add_lanes(theta, count, target, memory.reborrow()) {
                for lane in in_doubt(doubtful) {
                    alone(lane, solve)?;
                    for (sum, &y) in target.iter_mut().zip(solve.y.as_ref()) {
                        sum[lane] += y;
                    }
                }
                if sums.is_none() {
                    let values = &[T::ZERO; LANES];
                    let draws =
                        LaneDraws { z: &[], theta, y, values, epsilon: self.epsilon, baseline, count };
                    each(0, Drawn::Lanes(&draws));
                }
                return Ok(true);
            }
        }
        let mut solved = self.oracle.solve_lanes(theta, y, memory);
        if let Some(solved) = &mut solved {
            for lane in in_doubt(solved.doubtful) {
                solved.values[lane] = alone(lane, solve)?;
                lanes::put_lane(y, lane, solve.y.as_ref());
            }
            if let Some(sums) = sums {
                lanes::run(Accumulate { sums, rows: y, count });
                return Ok(true);
            }
            if whole {
                let values = &solved.values;
                let draws = LaneDraws { z, theta, y, values, epsilon: self.epsilon, baseline, count };
                each(0, Drawn::Lanes(&draws));
                return Ok(true);
            }
        }
        for (lane, job) in jobs.iter().enumerate().take(LANES) {
            let draw = if let Some(solved) = &solved {
                lanes::take_lane(z, lane, solve.z.as_mut());
                lanes::take_lane(theta, lane, solve.theta.as_mut());
                lanes::take_lane(y, lane, solve.y.as_mut());
                self.draw_of(solved.values[lane], baseline, scores, solve)
            } else {
                if job.warm {
                    self.oracle.warm_up(job.theta, &mut solve.work);
                }
                let value = alone(lane, solve)?;
                if !decisions {
                    lanes::take_lane(z, lane, solve.z.as_mut());
                }
                self.draw_of(value, baseline, scores, solve)
            };
            each(lane, Drawn::One(&draw));
        }
        Ok(true)
    }

    /// Writes the noise of `jobs` and their perturbed scores; the noise only if `keep` says so. Whether the noise has lanes.
    fn perturb_lanes(
        &self,
        jobs: &[Job<'_, T>],
        keep: bool,
        z: &mut [[T; LANES]],
        perturbed: &mut [[T; LANES]],
    ) -> bool {
        // Rows whose noise is in the nearest cache when it is added; even, as steps of noises are.
        const TILE: usize = 64;
        let Some(first) = jobs.first() else { return false };
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
                let job = jobs.get(lane).unwrap_or(first);
                lanes::put_lane(perturbed, lane, job.theta);
            }
        }
        let mut rest = (z, perturbed, first.theta);
        while !rest.1.is_empty() {
            let (z, perturbed, theta) = rest;
            let rows = perturbed.len().min(TILE);
            let (tile, more) = z.split_at_mut(rows.min(z.len()));
            if !self.noise.fill_lanes(&mut streams, tile) {
                return false;
            }
            let (here, beyond) = perturbed.split_at_mut(rows);
            let (own, others) = theta.split_at(rows.min(theta.len()));
            let theta = shared.then_some(own);
            lanes::run(Perturb { theta, epsilon: self.epsilon, z: &*tile, perturbed: here });
            rest = (if keep { more } else { tile }, beyond, others);
        }
        true
    }

    /// Y ~ p_θ of many rows, lanes going from row to row: row r of `y` is y*(θ + εZ) with sample 0 of the seed
    /// `seed.fold(r)` and row r of `theta`, the bits of [`sample_into`](Self::sample_into). Both have whole rows of d entries,
    /// finite ones; only a solver that can fail makes it fail, with the row. The kernel of training by single samples.
    pub fn sample_rows(
        &self,
        theta: &[T],
        seed: Seed,
        y: &mut [T],
        scratch: &mut Scratch<O, T>,
    ) -> Result<(), (usize, Error)> {
        let dim = self.oracle.shape().dim().max(1);
        check_rows(theta.len(), y.len().div_ceil(dim), dim)?;
        self.forget_warm_start(scratch);
        let mut row = 0;
        let mut rest = y.chunks_exact_mut(dim);
        let mut rows = theta.chunks_exact(dim);
        while rows.len() >= LEAST_SAMPLES && lanes::in_use() {
            scratch.with_lanes(&self.oracle);
            let jobs: [Job<'_, T>; LANES] = core::array::from_fn(|lane| {
                let theta = rows.clone().nth(lane).unwrap_or_default();
                Job { theta, seed: seed.fold((row + lane) as u64), sample: 0, warm: false }
            });
            let count = rows.len().min(LANES);
            let Scratch { solve, lanes, .. } = &mut *scratch;
            let mut out = rest.by_ref().take(count);
            let mut each = |_: usize, drawn: Drawn<'_, '_, T>| match drawn {
                Drawn::One(draw) => {
                    if let Some(y) = out.next() {
                        for (y, &decided) in y.iter_mut().zip(draw.y) {
                            *y = decided;
                        }
                    }
                }
                Drawn::Lanes(draws) => {
                    for (lane, y) in out.by_ref().enumerate() {
                        lanes::take_lane(draws.y, lane, y);
                    }
                }
            };
            let jobs = jobs.get(..count).unwrap_or_default();
            let asks = Asks::of::<N, O::Shape, Maximizer>(true, None);
            let drawn = self.draw_jobs(jobs, solve, lanes, asks, None, &mut each);
            if !drawn.map_err(|(lane, error)| (row + lane, error))? {
                break;
            }
            row += count;
            rows.by_ref().nth(count - 1);
        }
        for (theta, y) in rows.zip(rest) {
            let Solve { theta: perturbed, work, .. } = &mut scratch.solve;
            self.sample_into(theta, seed.fold(row as u64), 0, perturbed.as_mut(), y, work)
                .map_err(|error| (row, error))?;
            row += 1;
        }
        Ok(())
    }

    /// Estimates of many rows with few samples each, lanes going from row to row: `theta` has a row of d scores for each of
    /// `sums`, which must be zero and are means afterwards. Row r takes the samples of [`how.row`](MonteCarlo::row)`(first +
    /// r)`, and gets the bits of [`estimate`](Self::estimate). `estimator(r)` is the one of row r.
    ///
    /// For at most [`BLOCK`] samples, independent ones, and estimators without a baseline, where there are
    /// lanes; else `false`, with nothing done. Inputs must have passed [`check`](Self::check). An error comes with its row.
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
        let other = how.blocks() != 1
            || races::<O, N, T>() && E::DECISIONS && how.samples as usize >= LANES
            || E::BASELINE
            || how.variance.draws != Draws::Independent;
        if other || !lanes::in_use() {
            return Ok(false);
        }
        let dim = self.oracle.shape().dim();
        check_rows(theta.len(), sums.len(), dim)?;
        let row_of = |row: usize| theta.get(row * dim..(row + 1) * dim).unwrap_or_default();
        let per_row = how.samples as usize;
        let jobs = sums.len() * per_row;
        scratch.with_lanes(&self.oracle);
        if per_row == 1 {
            self.forget_warm_start(scratch);
        }
        scratch.warm = per_row > 1;
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
            let mut each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
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
            let asks = Asks::of::<N, O::Shape, E>(E::DECISIONS, None);
            let drawn = self.draw_jobs(group, solve, lanes, asks, None, &mut each);
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

/// `rows` rows of `dim` scores.
fn check_rows(scores: usize, rows: usize, dim: usize) -> Result<(), (usize, Error)> {
    let expected = rows.saturating_mul(dim);
    if scores == expected {
        return Ok(());
    }
    Err((scores / dim.max(1), Error::Length { parameter: "theta", expected, found: scores }))
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
    /// θ of all lanes; `None` where every lane has its own, which `perturbed` holds.
    theta: Option<&'a [T]>,
    epsilon: T,
    z: &'a [[T; LANES]],
    perturbed: &'a mut [[T; LANES]],
}

impl<T: Real> Kernel for Perturb<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        if let Some(theta) = self.theta {
            for ((perturbed, z), &theta) in self.perturbed.iter_mut().zip(self.z).zip(theta) {
                lanes::row_by_row();
                *perturbed = core::array::from_fn(|lane| theta + self.epsilon * z[lane]);
            }
        } else {
            for (perturbed, z) in self.perturbed.iter_mut().zip(self.z) {
                lanes::row_by_row();
                let theta = *perturbed;
                *perturbed = core::array::from_fn(|lane| theta[lane] + self.epsilon * z[lane]);
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
            lanes::row_by_row();
            let before = *sums;
            *sums = core::array::from_fn(|lane| before[lane] + row[lane] * counts[lane]);
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
            lanes::row_by_row();
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
