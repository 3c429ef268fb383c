//! Work that threads share: each takes the next piece when it is done with one.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::threads;

/// Pieces of the work for each thread: more than one, so that a thread that is done takes over from others.
const PIECES: usize = 4;

/// Seconds of work that are worth another thread, which takes some microseconds to wake up.
const LEAST: f64 = 20e-6;

/// Work on so many numbers is worth a thread of its own, whatever is done to them.
pub(crate) const LEAST_NUMBERS: usize = 2048;

/// What belongs to units of work, to be given out with them.
pub(crate) trait Cargo: Send + Sized {
    /// What belongs to the first `units`, and to the others.
    fn split(self, units: usize) -> (Self, Self);
}

impl<A: Send> Cargo for &mut [A] {
    fn split(self, units: usize) -> (Self, Self) {
        self.split_at_mut(units)
    }
}

/// Rows of numbers, one after the other.
pub(crate) struct RowsMut<'a, T> {
    pub(crate) numbers: &'a mut [T],
    /// How many a row has.
    pub(crate) width: usize,
}

impl<T: Send> Cargo for RowsMut<'_, T> {
    fn split(self, rows: usize) -> (Self, Self) {
        let Self { numbers, width } = self;
        let (a, b) = numbers.split_at_mut(rows * width);
        (Self { numbers: a, width }, Self { numbers: b, width })
    }
}

/// How many seconds a number of the work takes, if that is known from the last time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace(Option<f64>);

impl Pace {
    /// A pace that is known.
    pub(crate) const fn of(seconds: f64) -> Self {
        Self(Some(seconds))
    }
}

/// Units of work, which are given out in their order, by whole multiples of `grain`.
pub(crate) struct Units<'p, C> {
    pub(crate) range: Range<usize>,
    pub(crate) grain: usize,
    /// How many numbers are computed for a unit.
    pub(crate) numbers: usize,
    pub(crate) pace: &'p mut Pace,
    pub(crate) cargo: C,
}

impl<C: Cargo> Units<'_, C> {
    /// Does the work on rayon's threads: on as many as are worth their waking up, and as there are `workers` at most. `run` answers
    /// with the number of a unit that failed, and the error: that of the lowest number is returned, and work that has not been taken
    /// by then is left undone.
    pub(crate) fn share<W: Send, E: Send>(
        self,
        workers: &mut [W],
        run: impl Fn(&mut W, Range<usize>, C) -> Result<(), (usize, E)> + Sync,
    ) -> Result<(), (usize, E)> {
        let Self { range, grain, numbers, pace, cargo } = self;
        let grains = |units: usize| units.div_ceil(grain);
        let most = workers.len().min(grains(range.len()));
        let [first, ..] = &mut *workers else { return Ok(()) };
        if most <= 1 {
            return run(first, range, cargo);
        }
        let total = numbers.saturating_mul(range.len());
        let state = State { range, cargo: Some(cargo), error: None, busy: Duration::ZERO, numbers: 0 };
        let work = Work(Mutex::new(state));
        let piece = |worker: &mut W, grains: usize| {
            let Some((range, cargo)) = work.take(grains.saturating_mul(grain)) else { return false };
            let (units, start) = (range.len(), Instant::now());
            let done = run(worker, range, cargo);
            work.keep(done, start.elapsed(), units.saturating_mul(numbers));
            true
        };
        let threads = if pace.0.is_none() && total / LEAST_NUMBERS >= most {
            most
        } else {
            if pace.0.is_none() {
                piece(first, 1);
                *pace = work.pace();
            }
            let seconds = pace.0.unwrap_or_default() * work.left().saturating_mul(numbers) as f64;
            ((seconds / LEAST) as usize).clamp(1, most)
        };
        let pieces = if threads == 1 { 1 } else { PIECES * threads };
        let grains = (grains(work.left()) / pieces).max(1);
        on_all(&mut workers[..threads], &|worker| while piece(worker, grains) {});
        *pace = work.pace();
        work.outcome()
    }
}

/// As many workers as may be of use, for work that needs no memory.
pub(crate) fn crowd() -> Vec<()> {
    vec![(); threads::useful()]
}

struct Work<C, E>(Mutex<State<C, E>>);

struct State<C, E> {
    /// What is left.
    range: Range<usize>,
    cargo: Option<C>,
    error: Option<(usize, E)>,
    /// How long threads have worked, together, on so many numbers.
    busy: Duration,
    numbers: usize,
}

impl<C: Cargo, E> Work<C, E> {
    fn state(&self) -> MutexGuard<'_, State<C, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next units, if there are any; none after an error, since all units before it have been taken.
    fn take(&self, units: usize) -> Option<(Range<usize>, C)> {
        let mut state = self.state();
        if state.range.is_empty() || state.error.is_some() {
            return None;
        }
        let taken = state.range.start..state.range.end.min(state.range.start.saturating_add(units));
        let (cargo, rest) = state.cargo.take()?.split(taken.len());
        (state.range.start, state.cargo) = (taken.end, Some(rest));
        Some((taken, cargo))
    }

    /// Takes note of what has been done, and of an error, if it is the lowest.
    fn keep(&self, done: Result<(), (usize, E)>, busy: Duration, numbers: usize) {
        let mut state = self.state();
        state.busy += busy;
        state.numbers += numbers;
        if let Err((unit, error)) = done
            && state.error.as_ref().is_none_or(|&(other, _)| unit < other)
        {
            state.error = Some((unit, error));
        }
    }

    fn left(&self) -> usize {
        self.state().range.len()
    }

    fn pace(&self) -> Pace {
        let state = self.state();
        Pace((state.numbers > 0).then(|| state.busy.as_secs_f64() / state.numbers as f64))
    }

    fn outcome(self) -> Result<(), (usize, E)> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).error.map_or(Ok(()), Err)
    }
}

/// Runs every worker, on threads of rayon's as far as they are free.
fn on_all<W: Send>(workers: &mut [W], run: &(impl Fn(&mut W) + Sync)) {
    match workers {
        [] => {}
        [worker] => run(worker),
        _ => {
            let (left, right) = workers.split_at_mut(workers.len() / 2);
            rayon::join(|| on_all(left, run), || on_all(right, run));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    fn numbers(
        size: usize,
        grain: usize,
        wait: Duration,
        failing: &[usize],
    ) -> Result<Vec<usize>, (usize, &'static str)> {
        let mut numbers = vec![0; 1000];
        let cargo = &mut numbers[..];
        let units = Units { range: 0..1000, grain, numbers: size, pace: &mut Pace::default(), cargo };
        units.share(&mut [(); 7], |(), range, cargo| {
            assert!(range.start % grain == 0 && range.len() == cargo.len());
            sleep(wait);
            for (number, unit) in cargo.iter_mut().zip(range) {
                if failing.contains(&unit) {
                    return Err((unit, "failed"));
                }
                *number += unit;
            }
            Ok(())
        })?;
        Ok(numbers)
    }

    #[test]
    fn every_unit_is_done_once() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
        let all: Vec<usize> = (0..1000).collect();
        for size in [1, 10, 1000] {
            for grain in [1, 3, 999, 1000, 5000] {
                for wait in [Duration::ZERO, Duration::from_micros(100)] {
                    assert_eq!(pool.install(|| numbers(size, grain, wait, &[])), Ok(all.clone()));
                }
            }
        }
    }

    #[test]
    fn the_lowest_error_is_returned() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
        for size in [1, 1000] {
            for first in [0, 1, 17, 500, 999] {
                let failing: Vec<usize> = (first..1000).collect();
                let found = pool.install(|| numbers(size, 1, Duration::ZERO, &failing));
                assert_eq!(found, Err((first, "failed")));
            }
        }
    }

    #[test]
    fn without_work_nothing_is_done() {
        let mut pace = Pace::default();
        let units = Units { range: 3..3, grain: 2, numbers: 1, pace: &mut pace, cargo: &mut [0u8; 0][..] };
        assert_eq!(units.share(&mut [(); 3], |(), _, _| Ok::<(), (usize, ())>(())), Ok(()));
    }
}
