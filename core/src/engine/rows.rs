//! Groups that span rows of a batch.

use super::centre::Centre;
use super::group::DrawGroup;
use super::lanes::{self, LANES};
use super::memory::{DrawMemory, Memory};
use super::sampler::Sampler;
use super::side_by_side::Job;
use super::sink::{Drawn, Sink};
use crate::method::Draws;
use crate::quantity::Form;
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape, quantity};

pub use super::sampler::LEAST_SAMPLES;

/// Answers of many rows with few samples each, groups going from row to row: `theta` has a row of d scores for each of
/// `sums`, which are overwritten. Row r takes the samples of [`how.row`](MonteCarlo::row)`(first + r)`, and gets the bits of
/// its own estimate. `quantity(r)` is the one of row r.
///
/// For at most [`BLOCK`](crate::method::BLOCK) samples, independent ones, and quantities without a baseline, where there are
/// lanes, and rows that need no centre; returns `false`, having done nothing, otherwise. Inputs must have been checked. An error comes with its row.
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
    let (dim, per_row) = (layer.oracle.shape().dim(), how.samples as usize);
    check_rows(theta.len(), sums.len(), dim)?;
    let jobs = sums.len() * per_row;
    let sampler = Sampler::new(layer, theta, Centre::NONE, how, Q::NEEDS);
    let draws = &mut memory.draws;
    let (large, forbids) = (layer.any_large(theta), !T::all_finite(theta));
    if !sampler.spans_rows() || large || jobs < LEAST_SAMPLES || !draws.with_lanes(&layer.oracle) {
        return Ok(false);
    }
    if per_row == 1 {
        draws.forget_warm_start(&layer.oracle);
    }
    draws.warm = per_row > 1;
    for sum in &mut *sums {
        Q::Form::clear(sum);
    }
    let DrawMemory { solve, lanes: Some(lanes), .. } = draws else { return Ok(false) };
    let row_of = |row: usize| theta.get(row * dim..(row + 1) * dim).unwrap_or_default();
    let job = |job: usize| {
        let (row, sample) = (job / per_row, job % per_row);
        let seed = how.row(first.wrapping_add(row as u64)).seed;
        let warm = sample == 0 && per_row > 1;
        Job { theta: row_of(row), centre: T::ZERO, seed, sample: sample as u64, warm, forbids }
    };
    for at in (0..jobs).step_by(LANES) {
        let group: [Job<'_, T>; LANES] = core::array::from_fn(|lane| job((at + lane).min(jobs - 1)));
        let group = group.get(..jobs - at).unwrap_or(&group);
        let mut each = |lane: usize, drawn: Drawn<'_, '_, T>| match drawn {
            Drawn::One(draw) => {
                let row = (at + lane) / per_row;
                if let Some(sum) = sums.get_mut(row) {
                    quantity(row).add(&layer.noise, draw, sum);
                }
            }
            Drawn::Group(group) => add_decisions::<T, O::Shape, Q::Form>(group, at, per_row, sums),
        };
        let mut sink = if Q::NEEDS.decisions { Sink::Groups(&mut each) } else { Sink::Draws(&mut each) };
        let drawn = layer.draw_group(group, Q::NEEDS, None, solve, lanes, &mut sink);
        drawn.map_err(|(lane, error)| ((at + lane) / per_row, error))?;
    }
    for (row, sum) in sums.iter_mut().enumerate() {
        quantity::finish::<T, N, O::Shape, Q>(&quantity(row), row_of(row), Centre::NONE, how.samples, sum)
            .map_err(|error| (row, error))?;
    }
    Ok(true)
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Sampler<'_, O, N, T> {
    /// Whether a group may hold samples of several rows.
    fn spans_rows(&self) -> bool {
        let raced = self.needs.decisions && self.how.samples as usize >= LANES && self.layer.races();
        self.in_groups()
            && self.how.blocks() == 1
            && self.how.variance.draws == Draws::Independent
            && !self.needs.baseline
            && !raced
    }
}

/// Adds the decisions of a group to the sums of their rows: runs of lanes that belong to one row. The first lane is job `at`.
fn add_decisions<T: Real, S: Shape, F: Form<T, S>>(
    group: &DrawGroup<'_, T>,
    at: usize,
    per_row: usize,
    sums: &mut [F::Output],
) {
    let mut lane = 0;
    while lane < group.count {
        let row = (at + lane) / per_row;
        let end = ((row + 1) * per_row - at).min(group.count);
        if let Some(decisions) = sums.get_mut(row).and_then(|sum| F::parts(sum).next()) {
            lanes::add_lanes(group.y, lane, end, decisions);
        }
        lane = end;
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
