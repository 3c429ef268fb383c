//! An estimate from its check to its mean, block by block.

use core::fmt;

use super::lanes::{self, LANES, cut};
use super::memory::{ControlSums, DrawMemory, Lanes, Memory, More};
use super::sampler::{LEAST_SAMPLES, Plan, Sampler};
use super::sink::{Drawn, Sink};
use crate::oracle::Array;
use crate::quantity::Form;
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Quantity, Real, Shape, error, quantity};

/// The mean of a quantity over samples, whose inputs have been checked. Its blocks are computed in any order, on any thread, by
/// [`with`](Self::with) and [`Ready::block`]; [merged](Form::merge) in the order of the blocks and [finished](Self::finish) they have the
/// same bits.
pub struct Estimate<'e, O, N, T, Q> {
    pub(crate) sampler: Sampler<'e, O, N, T>,
    pub(crate) quantity: &'e Q,
}

/// An estimate with memory that is prepared for it.
pub struct Ready<'w, O: Oracle<T>, N, T: Real, Q> {
    estimate: &'w Estimate<'w, O, N, T, Q>,
    draws: &'w mut DrawMemory<O, T>,
    control: &'w mut ControlSums<Array<O, T>>,
    sums: &'w mut Option<Lanes<O::Shape, T>>,
}

impl<O, N, T, Q> fmt::Debug for Estimate<'_, O, N, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Estimate").finish_non_exhaustive()
    }
}

impl<O: Oracle<T>, N, T: Real, Q> fmt::Debug for Ready<'_, O, N, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

impl<'e, O, N, T, Q> Estimate<'e, O, N, T, Q>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
{
    /// Refuses what does not fit, before any work is done.
    pub fn new(
        layer: &'e Perturbed<O, N, T>,
        theta: &'e [T],
        quantity: &'e Q,
        how: MonteCarlo,
    ) -> Result<Self, Error> {
        let forbids = quantity::check(layer, theta, quantity)?;
        error::check_range("samples", how.samples as usize, 1, u32::MAX as usize)?;
        let centre = layer.centre(theta)?;
        let direction = quantity.direction();
        let sampler = Sampler { forbids, direction, ..Sampler::new(layer, theta, centre, how, Q::NEEDS) };
        Ok(Self { sampler, quantity })
    }

    /// Prepares `memory`: the oracle warms up at θ, and the baseline is solved for, if there is one. The place for the sums of
    /// further blocks comes along.
    #[expect(clippy::type_complexity, reason = "two parts, which are used side by side")]
    pub fn with<'w, A>(
        &'w self,
        memory: &'w mut Memory<O, T, A>,
    ) -> Result<(Ready<'w, O, N, T, Q>, &'w mut More<A>), Error> {
        let (expected, found) = (self.sampler.theta.len(), memory.len());
        if expected != found {
            return Err(Error::Length { parameter: "the working memory", expected, found });
        }
        self.sampler.prepare(memory)?;
        let Memory { draws, control, sums, more } = memory;
        Ok((Ready { estimate: self, draws, control, sums }, more))
    }

    /// Turns the sum over all samples into the answer.
    pub fn finish(&self, sum: &mut Q::Output) -> Result<(), Error> {
        let Sampler { theta, centre, how, .. } = self.sampler;
        quantity::finish::<T, N, O::Shape, Q>(self.quantity, theta, centre, how.samples, sum)
    }
}

impl<O, N, T, Q> Ready<'_, O, N, T, Q>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    Q: Quantity<T, N, O::Shape>,
{
    /// Overwrites `sum` with the terms of block `block`, in order.
    pub fn block(&mut self, block: u32, sum: &mut Q::Output) -> Result<(), Error> {
        let Estimate { sampler, quantity } = self.estimate;
        Q::Form::clear(sum);
        if sampler.in_groups() && sampler.plan == Plan::Race && self.race(block, sum)? {
            return Ok(());
        }
        let (oracle, noise) = (&sampler.layer.oracle, &sampler.layer.noise);
        let by_lanes = self.sums_by_lanes();
        let (draws, control, lane_sums) = (&mut *self.draws, &mut *self.control, &mut *self.sums);
        if by_lanes && lane_sums.is_none() {
            *lane_sums = Some(oracle.shape().spare([T::ZERO; LANES]));
        }
        let mut lane_sums = lane_sums.as_mut().filter(|_| by_lanes);
        let mut lane_sums = lane_sums.as_mut().map(|sums| cut(sums.as_mut(), oracle.shape().dim()));
        let mut each = |_, drawn: Drawn<'_, '_, T>| match drawn {
            Drawn::One(draw) => quantity.add(noise, draw, sum),
            Drawn::Group(group) if sampler.in_groups() => {
                Q::terms(noise, group);
                if let Some(sums) = Q::Form::parts(sum).next() {
                    lanes::add_lanes(group.z, 0, group.count, sums);
                }
            }
            Drawn::Group(_) => {}
        };
        let sink = match &mut lane_sums {
            Some(sums) => {
                sums.fill([T::ZERO; LANES]);
                Sink::Sums(&mut each, sums)
            }
            None if Q::NEEDS.groups => Sink::Groups(&mut each),
            None => Sink::Draws(&mut each),
        };
        if let Some((mean, count)) = sampler.draw_block(block, draws, control, sink)? {
            quantity.center(noise, &mean, count, sum);
        }
        if let (Some(rows), Some(sums)) = (lane_sums, Q::Form::parts(sum).next()) {
            lanes::run(lanes::Collect { rows, sums });
        }
        Ok(())
    }

    /// Counts decisions by a race. Returns `false`, having done nothing, where that decides nothing.
    fn race(&mut self, block: u32, sum: &mut Q::Output) -> Result<bool, Error> {
        let Estimate { sampler, quantity } = self.estimate;
        let solve = &mut self.draws.solve;
        let Some(wins) = Q::Form::parts(sum).next() else { return Ok(false) };
        let Some(left) = sampler.race(block, solve, wins) else { return Ok(false) };
        let show = |draw: &quantity::Draw<'_, T>| quantity.add(&sampler.layer.noise, draw, sum);
        sampler.draw_some(block, left, solve, show)?;
        Ok(true)
    }

    /// Whether decisions are first added up lane by lane: where sums are exact in any order.
    fn sums_by_lanes(&mut self) -> bool {
        let Estimate { sampler, .. } = self.estimate;
        let oracle = &sampler.layer.oracle;
        Q::NEEDS.decisions
            && oracle.properties().small_integers
            && sampler.in_groups()
            && sampler.how.samples as usize >= LEAST_SAMPLES
            && self.draws.with_lanes(oracle)
    }
}
