//! Groups that span rows of a batch.

use super::centre::Centre;
use super::lanes::{self, LANES, cut};
use super::memory::{DrawMemory, LaneMemory, Memory, Solve};
use super::race;
use super::sampler::{Plan, Sampler};
use super::side_by_side::{Baseline, Job};
use super::sink::{Drawn, Sink};
use crate::method::Draws;
use crate::quantity::{Form, Needs};
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Seed, Shape, quantity};

pub use super::sampler::LEAST_SAMPLES;

/// Whether a group may hold samples of several rows for quantities with such needs: where a row has at most
/// [`BLOCK`](crate::method::BLOCK) samples, independent ones, none of which is left out of its own control.
#[must_use]
pub fn spans_rows(how: MonteCarlo, needs: Needs) -> bool {
    how.blocks() == 1
        && how.variance.draws == Draws::Independent
        && !(needs.baseline && how.leaves_one_out() && how.samples > 1)
}

/// Answers of up to [`LANES`] rows with few samples each, groups going from row to row: `theta` has a row of d scores for each of
/// `sums`, which are overwritten. Row r takes the samples of [`how.row`](MonteCarlo::row)`(first + r)`, and gets the bits of
/// its own estimate. `quantity(r)` is the one of row r.
///
/// Where groups may [span rows](spans_rows), where there are lanes, for rows that are as they should be, need no centre, and can all be
/// solved for the baseline; returns `false`, and nothing of worth in `sums`, otherwise. An error comes with its row, the first that
/// has one.
pub fn estimate_rows<O, N, T, Q>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    quantity: impl Fn(usize) -> Q,
    how: MonteCarlo,
    first: u64,
    memory: &mut Memory<O, T, Q::Output>,
    sums: &mut [Q::Output],
) -> Result<bool, (usize, Error)>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
{
    let (dim, rows, samples) = (layer.oracle.shape().dim(), sums.len(), how.samples);
    check_rows(theta.len(), rows, dim)?;
    let sampler = Sampler::new(layer, theta, Centre::NONE, how, Q::NEEDS);
    let draws = &mut memory.draws;
    let possible = sampler.spans_rows() && !layer.any_large(theta) && rows <= LANES;
    if !possible || rows * (samples as usize) < LEAST_SAMPLES || !draws.with_lanes(&layer.oracle) {
        return Ok(false);
    }
    let row_of = |row: usize| theta.get(row * dim..(row + 1) * dim).unwrap_or_default();
    let quantities: [Q; LANES] = core::array::from_fn(|row| quantity(row.min(rows - 1)));
    let (finite, mut forbids) = (T::all_finite(theta), false);
    for (row, quantity) in quantities.iter().enumerate().take(rows) {
        let checked = if finite {
            quantity::check_quantity(layer, quantity).map(|()| false)
        } else {
            quantity::check(layer, row_of(row), quantity)
        };
        // A row before a wrong one may fail, too: each by itself will tell.
        let Ok(forbidden) = checked else { return Ok(false) };
        forbids |= forbidden;
    }
    if samples == 1 {
        draws.forget_warm_start(&layer.oracle);
    }
    draws.warm = samples > 1;
    for sum in &mut *sums {
        Q::Form::clear(sum);
    }
    let DrawMemory { solve, baseline: one, baselines, lanes: Some(lanes), .. } = draws else {
        return Ok(false);
    };
    let mut baseline = Baseline::None;
    if sampler.with_baseline() {
        let shape = layer.oracle.shape();
        let baselines = cut(baselines.get_or_insert_with(|| shape.spare([T::ZERO; LANES])).as_mut(), dim);
        if layer.solve_rows(theta, samples > 1, solve, lanes, baselines).is_err() {
            return Ok(false);
        }
        baseline = Baseline::Rows(baselines, one.as_mut());
    }
    let lead = sampler.lead(dim);
    let seeds = core::array::from_fn(|row| how.row(first.wrapping_add(row as u64)).seed);
    let rows = Rows { layer, theta, quantities, count: rows, samples, seeds, forbids };
    let drawn = rows.draw_all(lead, &mut baseline, solve, lanes, sums);
    let whole = drawn.as_ref().map_or_else(|&(failed, _)| failed, |()| rows.count);
    for (row, (sum, quantity)) in sums.iter_mut().zip(&rows.quantities).enumerate().take(whole) {
        quantity::finish::<T, N, O::Shape, Q>(quantity, rows.row(row), Centre::NONE, samples, sum)
            .map_err(|error| (row, error))?;
    }
    drawn.map(|()| true)
}

/// Rows of a batch that share groups.
struct Rows<'r, O, N, T, Q> {
    layer: &'r Perturbed<O, N, T>,
    theta: &'r [T],
    /// What is asked of each row; there are `count` of them.
    quantities: [Q; LANES],
    count: usize,
    samples: u32,
    seeds: [Seed; LANES],
    /// Whether θ of a row forbids an entry.
    forbids: bool,
}

impl<O, N, T, Q> Rows<'_, O, N, T, Q>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
{
    fn row(&self, row: usize) -> &[T] {
        let dim = self.layer.oracle.shape().dim();
        self.theta.get(row * dim..(row + 1) * dim).unwrap_or_default()
    }

    fn job(&self, row: usize, sample: u32) -> Job<'_, T> {
        Job {
            theta: self.row(row),
            centre: T::ZERO,
            seed: self.seeds.get(row).copied().unwrap_or_default(),
            sample: u64::from(sample),
            warm: sample == 0 && self.samples > 1,
            forbids: self.forbids,
            direction: self.quantities.get(row).map_or(&[], Q::direction),
            row,
        }
    }

    /// Adds the terms of all samples of all rows to the sums of these, in order. Where there is a `lead`, decisions are raced for.
    fn draw_all(
        &self,
        lead: Option<T>,
        baseline: &mut Baseline<'_, T>,
        solve: &mut Solve<O, T>,
        lanes: &mut LaneMemory<O::Shape, T>,
        sums: &mut [Q::Output],
    ) -> Result<(), (usize, Error)> {
        let after = |(row, sample)| {
            if sample + 1 < self.samples { (row, sample + 1) } else { (row + 1, 0) }
        };
        let mut name = (0, 0);
        let (mut names, mut jobs) = ([name; LANES], [self.job(0, 0); LANES]);
        while name.0 < self.count {
            let mut count = 0;
            if let Some(lead) = lead {
                for place in &mut names {
                    if name.0 == self.count {
                        break;
                    }
                    *place = name;
                    (name, count) = (after(name), count + 1);
                }
                self.race(&names, count, lead, baseline, solve, lanes, sums)?;
            } else {
                for job in &mut jobs {
                    if name.0 == self.count {
                        break;
                    }
                    *job = self.job(name.0, name.1);
                    (name, count) = (after(name), count + 1);
                }
                self.draw(jobs.get(..count).unwrap_or_default(), baseline, solve, lanes, sums)?;
            }
        }
        Ok(())
    }

    /// Races for the first `count` of the decisions with such names, rows and samples, and counts them.
    #[expect(clippy::too_many_arguments, reason = "the parts of a group, each used once")]
    fn race(
        &self,
        names: &[(usize, u32); LANES],
        count: usize,
        lead: T,
        baseline: &mut Baseline<'_, T>,
        solve: &mut Solve<O, T>,
        lanes: &mut LaneMemory<O::Shape, T>,
        sums: &mut [Q::Output],
    ) -> Result<(), (usize, Error)> {
        let (mut seeds, mut samples) = ([Seed::default(); LANES], [0; LANES]);
        for ((seed, name), &(row, sample)) in seeds.iter_mut().zip(&mut samples).zip(names) {
            (*seed, *name) = (self.seeds[row % LANES], u64::from(sample));
        }
        let theta = |lane: usize| self.row(names[lane % LANES].0);
        let winners = self.layer.race_group(theta, &seeds, &samples, lead, lanes);
        for (lane, &(row, sample)) in names.iter().enumerate().take(count) {
            let sum = sums.get_mut(row).and_then(|sum| Q::Form::parts(sum).next());
            match (winners.of(lane), sum) {
                (Some(entry), Some(wins)) => race::count(entry, wins),
                _ => self.draw(&[self.job(row, sample)], baseline, solve, lanes, sums)?,
            }
        }
        Ok(())
    }

    /// Adds the terms of up to [`LANES`] jobs to the sums of their rows.
    fn draw(
        &self,
        group: &[Job<'_, T>],
        baseline: &mut Baseline<'_, T>,
        solve: &mut Solve<O, T>,
        lanes: &mut LaneMemory<O::Shape, T>,
        sums: &mut [Q::Output],
    ) -> Result<(), (usize, Error)> {
        let row_of = |lane: usize| group.get(lane).map_or(0, |job| job.row);
        let noise = &self.layer.noise;
        let mut each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
            Drawn::One(draw) => {
                let row = row_of(lane);
                if let (Some(sum), Some(quantity)) = (sums.get_mut(row), self.quantities.get(row)) {
                    quantity.add(noise, draw, sum);
                }
            }
            Drawn::Group(drawn) if Q::NEEDS.groups => {
                Q::terms(noise, drawn);
                add_terms::<T, O::Shape, Q::Form>(drawn.z, group, sums);
            }
            Drawn::Group(drawn) => add_terms::<T, O::Shape, Q::Form>(drawn.y, group, sums),
        };
        let in_groups = Q::NEEDS.decisions || Q::NEEDS.groups;
        let mut sink = if in_groups { Sink::Groups(&mut each) } else { Sink::Draws(&mut each) };
        let drawn = self.layer.draw_group(group, Q::NEEDS, baseline, solve, lanes, &mut sink);
        drawn.map_err(|(lane, error)| (row_of(lane), error))
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Sampler<'_, O, N, T> {
    /// Whether a group may hold samples of several rows.
    fn spans_rows(&self) -> bool {
        // A race that fills more than half of a group by itself needs the handicaps of one row alone.
        let raced = self.needs.decisions && self.how.samples as usize > LANES / 2 && self.layer.races();
        self.in_groups() && spans_rows(self.how, self.needs) && !raced
    }

    /// The least lead of a race of `dim` entries, if that decides all rows: θ is that of all.
    fn lead(&self, dim: usize) -> Option<T> {
        let most =
            |rows: &[T]| rows.chunks_exact(dim).map(|row| race::greatest(row).abs()).fold(T::ZERO, T::larger);
        (self.plan == Plan::Race).then(|| race::least_lead(most(self.theta), self.layer.epsilon))?
    }
}

/// Adds terms of d rows, those of `jobs`, to the sums of the rows of the batch: runs of lanes that belong to one row.
fn add_terms<T: Real, S: Shape, F: Form<T, S>>(
    terms: &[[T; LANES]],
    jobs: &[Job<'_, T>],
    sums: &mut [F::Output],
) {
    let mut start = 0;
    for run in jobs.chunk_by(|a, b| a.row == b.row) {
        let sum = run.first().and_then(|job| sums.get_mut(job.row));
        if let Some(sum) = sum.and_then(|sum| F::parts(sum).next()) {
            lanes::add_lanes(terms, start, start + run.len(), sum);
        }
        start += run.len();
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
