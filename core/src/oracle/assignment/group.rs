//! Assignments of many samples, a few at a time.

use super::matching::{FREE, Matching};
use super::rows::Row;
use super::wide::{self, Problem};
use crate::Real;
use crate::engine::lanes::{self, LANES};
use crate::engine::{GroupMemory, SolveGroup, Wanted};

/// How many problems take turns: more than a processor can hold of their steps at once gain nothing.
const TURNS: usize = 4;

/// The solutions of a group, where the memory for it suffices. `TALL`: there are more rows than columns.
pub(super) fn solve<T: Real, const TALL: bool>(
    (rows, columns): (usize, usize),
    SolveGroup { theta, count, mut wanted, memory }: SolveGroup<'_, T>,
) -> Option<u32> {
    let (dim, tasks, agents) = (rows * columns, rows.max(columns), rows.min(columns));
    let each = dim / LANES;
    // What a problem takes of that: see `problem`.
    let (wide, several) = (tasks.div_ceil(LANES), (3 * tasks + 2 * agents).div_ceil(LANES));
    if each < 3 * wide + 1 + (2 * tasks).div_ceil(LANES) || each < 2 * wide + several {
        return None;
    }
    let GroupMemory { codes, costs, distances } = memory;
    if let Wanted::Each { y, .. } = &mut wanted {
        y.fill([T::ZERO; LANES]);
    }
    // Of every lane: its scores one after the other, and memory for one problem.
    let scores = costs.as_flattened_mut();
    for (lane, scores) in scores.chunks_exact_mut(dim).enumerate().take(count.next_multiple_of(TURNS)) {
        lanes::take_lane(theta, lane, scores);
    }
    let scores = &*scores;
    let mut numbers = distances.chunks_exact_mut(each);
    let mut names = codes.chunks_exact_mut(each);
    let mut doubtful = 0;
    for (of_some, first) in scores.chunks_exact(TURNS * dim).zip((0..count).step_by(TURNS)) {
        let mut of_each = of_some.chunks_exact(dim);
        let mut next = || problem::<T, TALL>(of_each.next()?, columns, rows, numbers.next()?, names.next()?);
        let [Some(a), Some(b), Some(c), Some(d)] = [next(), next(), next(), next()] else { return None };
        let mut problems: [_; TURNS] = [a, b, c, d];
        wide::solve(&mut problems);
        for (problem, lane) in problems.iter().zip(first..count) {
            if !put(problem, columns, lane, &mut wanted) {
                doubtful |= 1 << lane;
            }
        }
    }
    Some(doubtful)
}

/// The problem of one lane, if its memory suffices.
fn problem<'a, T: Real, const TALL: bool>(
    theta: &'a [T],
    columns: usize,
    rows: usize,
    numbers: &'a mut [Row<T>],
    names: &'a mut [Row<u32>],
) -> Option<Problem<'a, T, TALL>> {
    let (agents, tasks) = if TALL { (columns, rows) } else { (rows, columns) };
    let wide = tasks.div_ceil(LANES);
    let (numbers, rest) = numbers.split_at_mut_checked(3 * wide + 1)?;
    let (price, rest) = rest.as_flattened_mut().split_at_mut_checked(tasks)?;
    let distance = rest.get_mut(..tasks)?;
    let (names, rest) = names.split_at_mut_checked(2 * wide)?;
    let (before, rest) = rest.as_flattened_mut().split_at_mut_checked(tasks)?;
    let (order, rest) = rest.split_at_mut_checked(tasks)?;
    let (agent_of, rest) = rest.split_at_mut_checked(tasks)?;
    let (task_of, rest) = rest.split_at_mut_checked(agents)?;
    let waiting = rest.get_mut(..agents)?;
    let matching = Matching { price, distance, before, order, agent_of, task_of, waiting };
    Problem::new(matching, numbers, names, None, theta, columns)
}

/// Writes a solution into its lane; `false`, having done nothing that counts, where there is none that is allowed.
fn put<T: Real, const TALL: bool>(
    problem: &Problem<'_, T, TALL>,
    columns: usize,
    lane: usize,
    wanted: &mut Wanted<'_, T>,
) -> bool {
    let pairs = || problem.column_of().iter().enumerate().filter(|(_, column)| **column != FREE);
    let place = |(row, &column): (usize, &u32)| row * columns + column as usize;
    let mut value = T::ZERO;
    for pair in pairs() {
        value += problem.score(place(pair));
    }
    if !value.is_finite() || pairs().count() < problem.agents() {
        return false;
    }
    match wanted {
        Wanted::Each { y, values } => {
            for pair in pairs() {
                if let Some(y) = y.get_mut(place(pair)) {
                    y[lane] = T::ONE;
                }
            }
            if let Some(values) = values {
                values[lane] = value;
            }
        }
        Wanted::Sum { sums } => {
            for pair in pairs() {
                if let Some(sum) = sums.get_mut(place(pair)) {
                    sum[lane] += T::ONE;
                }
            }
        }
    }
    true
}
