//! The samples of a block, and which plan draws them.

use core::ops::Range;

use super::centre::Centre;
use super::group::NoiseGroup;
use super::lanes::{self, LANES};
use super::memory::{ControlSums, DrawMemory, Memory, Solve};
use super::race;
use super::side_by_side::{Baseline, Job};
use super::sink::{Drawn, Each, Sink};
use crate::method::{BLOCK, Control, Draws, MonteCarlo};
use crate::oracle::Array;
use crate::quantity::{Draw, Needs};
use crate::{Error, Noise, Oracle, Perturbed, Real, vector};

/// Fewer samples are drawn one after the other: from here on, lanes pay even if most are empty and vectors are short.
pub const LEAST_SAMPLES: usize = 4;

/// How samples are drawn: chosen once an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// One after the other.
    OneByOne,
    /// Side by side, where the shape has room for it.
    Lanes,
    /// Argmax decided by a race; what it leaves is drawn side by side.
    Race,
}

/// The samples of one estimate: all of it but the quantity, so that it is compiled once for all quantities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampler<'e, O, N, T> {
    pub(super) layer: &'e Perturbed<O, N, T>,
    pub(super) theta: &'e [T],
    pub(super) centre: Centre<T>,
    pub(super) how: MonteCarlo,
    pub(super) needs: Needs,
    pub(super) plan: Plan,
    /// Whether θ forbids an entry.
    pub(super) forbids: bool,
    /// What [`Quantity::direction`](crate::Quantity::direction) says.
    pub(super) direction: &'e [T],
}

impl<'e, O: Oracle<T>, N: Noise<T>, T: Real> Sampler<'e, O, N, T> {
    pub(crate) fn new(
        layer: &'e Perturbed<O, N, T>,
        theta: &'e [T],
        centre: Centre<T>,
        how: MonteCarlo,
        needs: Needs,
    ) -> Self {
        Self {
            layer,
            theta,
            centre,
            how,
            needs,
            plan: layer.plan(how, needs),
            forbids: false,
            direction: &[],
        }
    }

    /// Lets the oracle warm up at θ, and solves for the baseline if there is one.
    pub(crate) fn prepare<A>(&self, memory: &mut Memory<O, T, A>) -> Result<(), Error> {
        let (oracle, draws) = (&self.layer.oracle, &mut memory.draws);
        if self.how.samples == 1 {
            draws.forget_warm_start(oracle);
        }
        let Solve { theta: centred, work, .. } = &mut draws.solve;
        let mut theta = self.theta;
        if !self.centre.score.is_zero() {
            for (centred, &theta) in centred.as_mut().iter_mut().zip(theta) {
                *centred = theta - self.centre.score;
            }
            theta = (*centred).as_ref();
        }
        if self.how.samples > 1 {
            draws.warm = true;
            oracle.warm_up(theta, work);
        }
        if self.with_baseline() {
            self.layer.solve(theta, draws.baseline.as_mut(), work, None)?;
        }
        Ok(())
    }

    /// Whether samples may be drawn in groups.
    pub(super) fn in_groups(&self) -> bool {
        // Where there are no vectors, there is no code for them either.
        perturb_lanes::POSSIBLE && self.plan != Plan::OneByOne
    }

    pub(super) fn with_baseline(&self) -> bool {
        self.needs.baseline && self.how.variance.control != Control::None
    }

    /// The numbers of the samples of block `block`.
    pub(super) fn samples(&self, block: u32) -> Range<u64> {
        let first = u64::from(block) * u64::from(BLOCK);
        first..first + u64::from(self.how.in_block(block))
    }

    /// Counts the decisions of block `block` in `wins`, and returns the samples that are left, as bits. `None`, having done
    /// nothing, where a race decides nothing.
    pub(super) fn race(&self, block: u32, solve: &mut Solve<O, T>, wins: &mut [T]) -> Option<u64> {
        let samples = self.samples(block);
        if ((samples.end - samples.start) as usize) < LEAST_SAMPLES || !self.centre.score.is_zero() {
            return None;
        }
        let epsilon = self.layer.epsilon;
        let lead = race::least_lead(race::greatest(self.theta).abs(), epsilon)?;
        let (scores, seed) = (solve.z.as_mut(), self.how.seed);
        scores.copy_from_slice(self.theta);
        Some(lanes::run(race::Count { scores, epsilon, lead, seed, samples, wins }))
    }

    /// Shows the samples of block `block` that are set in `which`.
    pub(super) fn draw_some(
        &self,
        block: u32,
        which: u64,
        solve: &mut Solve<O, T>,
        mut show: impl FnMut(&Draw<'_, T>),
    ) -> Result<(), Error> {
        for sample in self.samples(block).filter(|sample| which >> (sample % u64::from(BLOCK)) & 1 == 1) {
            self.draw_noise(sample, solve);
            show(&self.solve_draw(sample, None, solve)?);
        }
        Ok(())
    }

    /// Draws the samples of block `block`. Under leaving one out, returns the means for
    /// [`Quantity::center`](crate::Quantity::center) and the number of draws.
    pub(crate) fn draw_block<'s>(
        &self,
        block: u32,
        draws: &'s mut DrawMemory<O, T>,
        control: &'s mut ControlSums<Array<O, T>>,
        sink: Sink<'_, T>,
    ) -> Result<Option<(Draw<'s, T>, u32)>, Error> {
        let count = self.how.in_block(block);
        if self.needs.baseline && self.how.leaves_one_out() && count > 1 {
            let (Sink::Draws(each) | Sink::Groups(each) | Sink::Sums(each, _)) = sink;
            let mean = self.draw_centred(block, draws, control, each)?;
            return Ok(Some((mean, count)));
        }
        self.draw(self.samples(block), draws, sink).map(|()| None)
    }

    /// Draws the samples of a block, and forms the means that leaving one out needs.
    fn draw_centred<'s>(
        &self,
        block: u32,
        memory: &'s mut DrawMemory<O, T>,
        control: &'s mut ControlSums<Array<O, T>>,
        each: Each<'_, T>,
    ) -> Result<Draw<'s, T>, Error> {
        let mut values = T::ZERO;
        for sums in [&mut control.y, &mut control.theta, &mut control.score] {
            sums.as_mut().fill(T::ZERO);
        }
        let mut add = |lane: usize, drawn: Drawn<'_, '_, T>| {
            if let Drawn::One(draw) = &drawn {
                values += draw.value;
                vector::add(control.y.as_mut(), draw.y);
                vector::add(control.theta.as_mut(), draw.theta);
                vector::add(control.score.as_mut(), draw.score);
            }
            each.show(lane, drawn);
        };
        self.draw(self.samples(block), memory, Sink::Draws(&mut add))?;
        let n = T::from_f64(f64::from(self.how.in_block(block)));
        vector::divide(control.y.as_mut(), n);
        vector::divide(control.theta.as_mut(), n);
        for score in control.score.as_mut() {
            *score = -*score;
        }
        let (control, memory) = (&*control, &*memory);
        Ok(Draw {
            z: &[],
            score: control.score.as_ref(),
            theta: control.theta.as_ref(),
            y: control.y.as_ref(),
            value: values / n,
            epsilon: self.layer.epsilon,
            baseline: self.with_baseline().then_some(memory.baseline.as_ref()),
        })
    }

    /// Draws samples in groups where that pays, otherwise one after the other.
    fn draw(
        &self,
        samples: Range<u64>,
        memory: &mut DrawMemory<O, T>,
        mut sink: Sink<'_, T>,
    ) -> Result<(), Error> {
        let first = if self.in_groups() {
            self.draw_groups(samples.clone(), memory, &mut sink)?
        } else {
            samples.start
        };
        let with_baseline = self.with_baseline();
        let DrawMemory { solve, baseline, .. } = memory;
        let baseline = with_baseline.then_some((*baseline).as_ref());
        for sample in first..samples.end {
            self.draw_noise(sample, solve);
            sink.show(0, &self.solve_draw(sample, baseline, solve)?);
        }
        Ok(())
    }

    /// Draws the groups among `samples`, and returns the number of the sample that comes next.
    fn draw_groups(
        &self,
        Range { start: mut sample, end }: Range<u64>,
        memory: &mut DrawMemory<O, T>,
        sink: &mut Sink<'_, T>,
    ) -> Result<u64, Error> {
        if (end - sample) as usize >= LEAST_SAMPLES && memory.with_lanes(&self.layer.oracle) {
            let with_baseline = self.with_baseline();
            let DrawMemory { solve, baseline, lanes, .. } = memory;
            let mut baseline =
                if with_baseline { Baseline::Shared((*baseline).as_ref()) } else { Baseline::None };
            let Some(lanes) = lanes else { return Ok(sample) };
            let mut jobs = [Job {
                theta: self.theta,
                centre: self.centre.score,
                seed: self.how.seed,
                sample,
                warm: false,
                forbids: self.forbids,
                direction: self.direction,
                row: 0,
            }; LANES];
            while (end - sample) as usize >= LEAST_SAMPLES {
                for (job, sample) in jobs.iter_mut().zip(sample..) {
                    job.sample = sample;
                }
                let jobs = jobs.get(..(end - sample) as usize).unwrap_or(&jobs);
                let drawn = self.layer.draw_group(jobs, self.needs, &mut baseline, solve, lanes, sink);
                drawn.map_err(|(_, error)| error)?;
                sample += jobs.len() as u64;
            }
        }
        Ok(sample)
    }

    /// Draws the noise of a sample.
    fn draw_noise(&self, sample: u64, solve: &mut Solve<O, T>) {
        self.how.draw(&self.layer.noise, sample, solve.z.as_mut());
        if self.forbids {
            silence(self.theta, solve.z.as_mut());
        }
    }

    /// Solves at θ + εz for the noise in `solve`.
    fn solve_draw<'s>(
        &self,
        sample: u64,
        baseline: Option<&'s [T]>,
        solve: &'s mut Solve<O, T>,
    ) -> Result<Draw<'s, T>, Error> {
        let Solve { z, theta, y, work, .. } = solve;
        self.layer.perturb(self.theta, self.centre.score, z.as_ref(), theta.as_mut());
        let value = self.layer.solve(theta.as_ref(), y.as_mut(), work, Some(sample))?;
        Ok(self.layer.draw_of(value, baseline, self.needs.scores, solve))
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    fn plan(&self, how: MonteCarlo, needs: Needs) -> Plan {
        if how.variance.draws != Draws::Independent
            || !lanes::in_use()
            || !self.noise.group(NoiseGroup::CanFill)
        {
            Plan::OneByOne
        } else if needs.decisions && self.races() {
            Plan::Race
        } else {
            Plan::Lanes
        }
    }

    /// Whether samples may be decided by a race.
    pub(super) fn races(&self) -> bool {
        perturb_lanes::POSSIBLE && self.oracle.properties().largest && self.noise.group(NoiseGroup::CanRace)
    }

    /// (θ − c) + εz.
    #[inline]
    pub(crate) fn perturb(&self, theta: &[T], centre: T, z: &[T], perturbed: &mut [T]) {
        // The same bits; a device saves what a host does at once.
        if cfg!(target_os = "none") && centre.is_zero() {
            for ((perturbed, &theta), &z) in perturbed.iter_mut().zip(theta).zip(z) {
                *perturbed = theta + self.epsilon * z;
            }
            return;
        }
        for ((perturbed, &theta), &z) in perturbed.iter_mut().zip(theta).zip(z) {
            *perturbed = (theta - centre) + self.epsilon * z;
        }
    }

    /// Solves, and names `sample` if the solver failed.
    #[inline]
    pub(crate) fn solve(
        &self,
        theta: &[T],
        y: &mut [T],
        work: &mut O::Work,
        sample: Option<u64>,
    ) -> Result<T, Error> {
        self.oracle.solve(theta, y, work).map_err(|because| Error::Solver { sample, because })
    }

    /// What `solve` holds, with the scores ∇ν if `scores` says so.
    pub(super) fn draw_of<'s>(
        &self,
        value: T,
        baseline: Option<&'s [T]>,
        scores: bool,
        solve: &'s mut Solve<O, T>,
    ) -> Draw<'s, T> {
        if scores {
            self.noise.scores(solve.z.as_ref(), solve.score.as_mut());
        }
        Draw {
            z: solve.z.as_ref(),
            score: if scores { solve.score.as_ref() } else { &[] },
            theta: solve.theta.as_ref(),
            y: solve.y.as_ref(),
            value,
            epsilon: self.epsilon,
            baseline,
        }
    }
}

/// Takes the noise of forbidden entries away: ∇ν(0) = 0, so that they have no share in derivatives.
#[cold]
pub(crate) fn silence<T: Real>(theta: &[T], z: &mut [T]) {
    for (z, &theta) in z.iter_mut().zip(theta) {
        *z = if theta > T::NEG_INFINITY { *z } else { T::ZERO };
    }
}
