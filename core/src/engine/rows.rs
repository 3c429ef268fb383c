//! Groups that span rows of a batch.

use super::centre::Centre;
use super::lanes::{self, LANES, cut};
use super::memory::{DrawMemory, Memory};
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
/// Where groups may [span rows](spans_rows), where there are lanes, and for rows that need no centre; returns `false`, having done
/// nothing, otherwise. An error comes with its row.
pub fn estimate_rows<O, N, T, Q>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    quantity: impl Fn(usize) -> Q,
    how: MonteCarlo,
    first: u64,
    memory: &mut Memory<O, T>,
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
    let mut forbids = false;
    for (row, quantity) in quantities.iter().enumerate().take(rows) {
        forbids |= quantity::check(layer, row_of(row), quantity).map_err(|error| (row, error))?;
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
        layer.solve_rows(theta, samples > 1, solve, lanes, baselines)?;
        baseline = Baseline::Rows(baselines, one.as_mut());
    }
    let seeds: [Seed; LANES] = core::array::from_fn(|row| how.row(first.wrapping_add(row as u64)).seed);
    let lead = sampler.lead(dim);
    let job = |row: usize, sample: u32| Job {
        theta: row_of(row),
        centre: T::ZERO,
        seed: seeds.get(row).copied().unwrap_or_default(),
        sample: u64::from(sample),
        warm: sample == 0 && samples > 1,
        forbids,
        direction: quantities.get(row).map_or(&[], Q::direction),
        row,
    };
    let mut draw = |group: &[Job<'_, T>], lanes: &mut _, sums: &mut [Q::Output]| {
        let row_of = |lane: usize| group.get(lane).map_or(0, |job| job.row);
        let mut each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
            Drawn::One(draw) => {
                let row = row_of(lane);
                if let (Some(sum), Some(quantity)) = (sums.get_mut(row), quantities.get(row)) {
                    quantity.add(&layer.noise, draw, sum);
                }
            }
            Drawn::Group(drawn) => {
                let terms = if Q::NEEDS.groups {
                    Q::terms(&layer.noise, drawn);
                    &*drawn.z
                } else {
                    drawn.y
                };
                add_terms::<T, O::Shape, Q::Form>(terms, group, sums);
            }
        };
        let in_groups = Q::NEEDS.decisions || Q::NEEDS.groups;
        let mut sink = if in_groups { Sink::Groups(&mut each) } else { Sink::Draws(&mut each) };
        let drawn = layer.draw_group(group, Q::NEEDS, &mut baseline, solve, lanes, &mut sink);
        drawn.map_err(|(lane, error)| (row_of(lane), error))
    };
    let (mut row, mut sample) = (0, 0);
    let mut group = [job(0, 0); LANES];
    while row < rows {
        let mut count = 0;
        for place in &mut group {
            if row == rows {
                break;
            }
            *place = job(row, sample);
            count += 1;
            sample += 1;
            if sample == samples {
                (row, sample) = (row + 1, 0);
            }
        }
        let group = group.get(..count).unwrap_or_default();
        let Some(winners) = lead.and_then(|lead| layer.race_group(group, lead, lanes)) else {
            draw(group, lanes, sums)?;
            continue;
        };
        for (lane, job) in group.iter().enumerate() {
            match (winners.of(lane), sums.get_mut(job.row).and_then(|sum| Q::Form::parts(sum).next())) {
                (Some(entry), Some(wins)) => race::count(entry, wins),
                _ => draw(core::slice::from_ref(job), lanes, sums)?,
            }
        }
    }
    for (row, (sum, quantity)) in sums.iter_mut().zip(&quantities).enumerate() {
        quantity::finish::<T, N, O::Shape, Q>(quantity, row_of(row), Centre::NONE, samples, sum)
            .map_err(|error| (row, error))?;
    }
    Ok(true)
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Sampler<'_, O, N, T> {
    /// Whether a group may hold samples of several rows.
    fn spans_rows(&self) -> bool {
        let raced = self.needs.decisions && self.how.samples as usize >= LANES && self.layer.races();
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
