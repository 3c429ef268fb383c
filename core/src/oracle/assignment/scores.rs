//! The scores as rows of 16 tasks.

use super::rows::Row;
use crate::Real;
use crate::engine::lanes::LANES;

/// Scores by agent; where `TALL`, the rows of `theta` are the tasks.
pub(super) struct Scores<'a, T, const TALL: bool> {
    theta: &'a [T],
    columns: usize,
    /// The scores from `start` on, with places behind them; or one agent's.
    rest: &'a mut [Row<T>],
    start: usize,
}

impl<'a, T: Real, const TALL: bool> Scores<'a, T, TALL> {
    /// With `rows` rows for an agent's scores and one more in `rest`.
    pub(super) fn new(theta: &'a [T], columns: usize, rest: &'a mut [Row<T>], rows: usize) -> Self {
        let mut start = 0;
        if !TALL {
            // Agents whose last row of 16 would reach beyond the end are copied.
            let within = (theta.len() + columns).saturating_sub(rows * LANES) / columns.max(1);
            start = within * columns;
            for (rest, &score) in rest.as_flattened_mut().iter_mut().zip(theta.get(start..).unwrap_or(&[])) {
                *rest = score;
            }
        }
        Self { theta, columns, rest, start }
    }

    /// The scores of an agent's tasks in order; behind the last may be any numbers.
    #[inline(always)]
    pub(super) fn of(&mut self, agent: u32) -> &[Row<T>] {
        if TALL {
            let scores = self.theta.get(agent as usize..).unwrap_or(&[]).iter().step_by(self.columns);
            for (own, &score) in self.rest.as_flattened_mut().iter_mut().zip(scores) {
                *own = score;
            }
            return self.rest;
        }
        self.in_place(agent)
    }

    /// The same where rows are agents.
    #[inline(always)]
    pub(super) fn in_place(&self, agent: u32) -> &[Row<T>] {
        let place = agent as usize * self.columns;
        let (scores, place) = if place < self.start {
            (self.theta, place)
        } else {
            (self.rest.as_flattened(), place - self.start)
        };
        scores.get(place..).unwrap_or(&[]).as_chunks().0
    }

    /// One score.
    #[inline(always)]
    pub(super) fn one(&self, agent: u32, task: u32) -> T {
        let (row, column) = if TALL { (task, agent) } else { (agent, task) };
        self.at(row as usize * self.columns + column as usize)
    }

    /// Entry `index` of θ.
    #[inline(always)]
    pub(super) fn at(&self, index: usize) -> T {
        self.theta.get(index).copied().unwrap_or(T::ZERO)
    }
}
