//! A robot's steps: decide, see what would have been right, learn, and now and then store and load the model, while what is
//! right goes round in a circle.
//!
//! Weights that stand still are wrong half a turn later. After whole turns everything is as it was, so that a later stretch
//! must be like an earlier one.

use std::fmt;

use perturb::{AnyNoise, Const, Gumbel, Laplace, Noise, Normal, Oracle, Perturbed, Ranking, Simplex};

pub use crate::robot::Seen;
use crate::robot::{EPSILON, Robot, TURN};
use crate::trend::Mean;
use crate::{Failure, check, process};

/// Steps of an hour of a robot that decides a thousand times a second: the stretch that is compared.
const HOUR: u64 = 3_600_000;
/// Turns before the first stretch.
const WARM: u64 = 2;
/// No weight may be larger. An option that leads by 32 ε loses to noise less often than once in 10¹², so that what is always
/// right learns no more.
const BOUND: f32 = 32.0 * EPSILON;
/// KiB of RAM that may be touched for the first time after the first stretch, by deeper calls and by asking for the number.
const STACK: u64 = 64;
/// The fewest steps that [`soak`] can judge.
pub const LEAST: u64 = 3 * 8 * TURN;

/// What a robot went through.
#[derive(Clone, Debug)]
pub struct Report {
    /// The layer.
    pub name: String,
    /// Steps done.
    pub steps: u64,
    /// Steps of the stretches at the beginning and at the end that are compared.
    pub stretch: u64,
    /// The regret of a decision in the first stretch, after two turns.
    pub first: Mean,
    /// The same in the last.
    pub last: Mean,
    /// The regret in the last stretch of the weights as they were before it.
    pub frozen: Mean,
    /// What was seen at the stores.
    pub seen: Seen,
    /// Bytes on the heap before the first step and after the last, and the most between.
    pub heap: [usize; 3],
    /// KiB of RAM without a file behind, after the first stretch and after the last.
    pub anonymous: [Option<u64>; 2],
}

impl Report {
    /// An error that says what was not as it should be.
    pub fn judge(&self) -> Result<(), Failure> {
        let Self { name, first, last, frozen, .. } = self;
        check(!last.is_above(*first), || format!("{name}: the regret grew from {first} to {last}"))?;
        check(frozen.is_above(*last), || {
            format!("{name}: weights that stood still have regret {frozen}, those that adapt {last}")
        })?;
        let [before, after, peak] = self.heap;
        check(before == after && after == peak, || {
            format!("{name}: {before} B on the heap before, {after} B after, {peak} B between")
        })?;
        match self.anonymous {
            [Some(first), Some(last)] => check(last <= first + STACK, || {
                format!(
                    "{name}: anonymous RAM grew from {first} to {last} KiB; expected at most {STACK} more"
                )
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, steps, stretch, first, last, frozen, seen, .. } = self;
        writeln!(f, "{name}: {steps} steps")?;
        writeln!(
            f,
            "  regret in the first {stretch} steps {first}, in the last {last}; there, of weights that stand still, {frozen}"
        )?;
        writeln!(f, "  largest weight {} of at most {BOUND}, sum of a column {:e}", seen.largest, seen.sum)?;
        writeln!(f, "  {} models stored and loaded, {} refusals", seen.stores, seen.refused)?;
        let [before, after, peak] = self.heap;
        write!(f, "  heap before, after, at most: {before}, {after}, {peak} B")?;
        match self.anonymous {
            [Some(first), Some(last)] => write!(f, "; anonymous RAM: {first}, then {last} KiB"),
            _ => write!(f, "; RAM not measured: no /proc/self/smaps_rollup"),
        }
    }
}

/// A third of the steps picks one of four, a third one of ten, a third ranks five.
///
/// Fewer than [`LEAST`] are refused. `done` gets each report; what it should not say is the error then.
pub fn soak(steps: u64, mut done: impl FnMut(&Report) -> Result<(), Failure>) -> Result<(), Failure> {
    check(steps >= LEAST, || format!("there are {steps} steps; expected at least {LEAST}"))?;
    let mut judge = |report: Report| done(&report).and_then(|()| report.judge());
    judge(drive::<_, _, 4>(Simplex::new(Const::<4>)?, Gumbel, steps / 3)?)?;
    judge(drive::<_, _, 10>(Simplex::new(Const::<10>)?, Normal, steps / 3)?)?;
    judge(drive::<_, _, 5>(Ranking::ascending(Const::<5>)?, Laplace, steps - 2 * (steps / 3))?)
}

fn drive<O: Oracle<f32>, N: Noise<f32> + Into<AnyNoise>, const SCORES: usize>(
    oracle: O,
    noise: N,
    steps: u64,
) -> Result<Report, Failure> {
    let turns = steps / TURN;
    let compared = (HOUR / TURN).min((turns - WARM) / 2);
    let name = format!("{} of {SCORES}, {} noise", oracle.properties().name, noise.name());
    let layer = Perturbed::new(oracle, noise, EPSILON)?;
    let mut robot = Robot::<O, N, SCORES>::new(&layer, BOUND);
    // With room for all: nothing is allocated from here on.
    let [mut first, mut last, mut frozen] = [(); 3].map(|()| Vec::with_capacity(compared as usize));
    let mut heap = [process::heap(); 3];
    let mut anonymous = [None; 2];
    process::forget_peak();
    for turn in 0..turns {
        if turn == turns - compared {
            robot.freeze();
        }
        let at_end = turn >= turns - compared;
        let regret = robot.turn(at_end).map_err(|failure| format!("{name}: {failure}"))?;
        if at_end {
            last.push(regret.adapting);
            frozen.push(regret.frozen);
        } else if (WARM..WARM + compared).contains(&turn) {
            first.push(regret.adapting);
        }
        if turn + 1 == WARM + compared {
            // The question itself needs memory for a while.
            heap[2] = heap[2].max(process::peak());
            anonymous[0] = process::anonymous();
            process::forget_peak();
        }
    }
    heap = [heap[0], process::heap(), heap[2].max(process::peak())];
    anonymous[1] = process::anonymous();
    let (steps, stretch) = (turns * TURN, compared * TURN);
    let [first, last, frozen] = [first, last, frozen].map(|series| Mean::of(&series));
    Ok(Report { name, steps, stretch, first, last, frozen, seen: robot.seen, heap, anonymous })
}
