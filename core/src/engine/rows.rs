//! Groups that span rows of a batch.

use core::ops::Range;

use super::centre::Centre;
use super::lanes::{self, LANES, cut};
use super::memory::{DrawMemory, Memory};
use super::sampler::Sampler;
use super::side_by_side::{Baseline, Job};
use super::sink::{Drawn, Sink};
use crate::method::Draws;
use crate::quantity::{Form, Needs};
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape, quantity};

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
/// nothing, otherwise. Inputs must have been checked. An error comes with its row.
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
    let (dim, per_row, rows) = (layer.oracle.shape().dim(), how.samples as usize, sums.len());
    check_rows(theta.len(), rows, dim)?;
    let jobs = rows * per_row;
    let sampler = Sampler::new(layer, theta, Centre::NONE, how, Q::NEEDS);
    let draws = &mut memory.draws;
    let (large, forbids) = (layer.any_large(theta), !T::all_finite(theta));
    let possible = sampler.spans_rows() && !large && jobs >= LEAST_SAMPLES && rows <= LANES;
    if !possible || !draws.with_lanes(&layer.oracle) {
        return Ok(false);
    }
    if per_row == 1 {
        draws.forget_warm_start(&layer.oracle);
    }
    draws.warm = per_row > 1;
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
        layer.solve_rows(theta, per_row > 1, solve, lanes, baselines)?;
        baseline = Baseline::Rows(baselines, one.as_mut());
    }
    let row_of = |row: usize| theta.get(row * dim..(row + 1) * dim).unwrap_or_default();
    let quantities: [Q; LANES] = core::array::from_fn(|row| quantity(row.min(rows - 1)));
    let job = |job: usize| {
        let (row, sample) = (job / per_row, job % per_row);
        let seed = how.row(first.wrapping_add(row as u64)).seed;
        let warm = sample == 0 && per_row > 1;
        let direction = quantities.get(row).map_or(&[][..], Q::direction);
        Job { theta: row_of(row), centre: T::ZERO, seed, sample: sample as u64, warm, forbids, direction, row }
    };
    for at in (0..jobs).step_by(LANES) {
        let group: [Job<'_, T>; LANES] = core::array::from_fn(|lane| job((at + lane).min(jobs - 1)));
        let group = group.get(..jobs - at).unwrap_or(&group);
        let mut each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
            Drawn::One(draw) => {
                let row = (at + lane) / per_row;
                if let (Some(sum), Some(quantity)) = (sums.get_mut(row), quantities.get(row)) {
                    quantity.add(&layer.noise, draw, sum);
                }
            }
            Drawn::Group(group) => {
                let terms = if Q::NEEDS.groups {
                    Q::terms(&layer.noise, group);
                    &*group.z
                } else {
                    group.y
                };
                add_terms::<T, O::Shape, Q::Form>(terms, at..at + group.count, per_row, sums);
            }
        };
        let in_groups = Q::NEEDS.decisions || Q::NEEDS.groups;
        let mut sink = if in_groups { Sink::Groups(&mut each) } else { Sink::Draws(&mut each) };
        let drawn = layer.draw_group(group, Q::NEEDS, &mut baseline, solve, lanes, &mut sink);
        drawn.map_err(|(lane, error)| ((at + lane) / per_row, error))?;
    }
    for (row, (sum, quantity)) in sums.iter_mut().zip(&quantities).enumerate() {
        quantity::finish::<T, N, O::Shape, Q>(quantity, row_of(row), Centre::NONE, how.samples, sum)
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
}

/// Adds terms of d rows, those of `jobs`, to the sums of the rows of the batch: runs of lanes that belong to one row.
fn add_terms<T: Real, S: Shape, F: Form<T, S>>(
    terms: &[[T; LANES]],
    jobs: Range<usize>,
    per_row: usize,
    sums: &mut [F::Output],
) {
    let at = jobs.start;
    let mut job = at;
    while job < jobs.end {
        let row = job / per_row;
        let end = ((row + 1) * per_row).min(jobs.end);
        if let Some(sum) = sums.get_mut(row).and_then(|sum| F::parts(sum).next()) {
            lanes::add_lanes(terms, job - at, end - at, sum);
        }
        job = end;
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
