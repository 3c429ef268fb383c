//! Shortest paths by sweeps over the rows, in lanes.
//!
//! The distance of a cell is the least over its neighbours' distances, plus its own cost. Sums of rounded numbers never fall
//! as a term grows, so that relaxing cells until nothing changes ends at the distances that Dijkstra's algorithm settles, to
//! the bit. Where no cost is so small that adding it changes nothing, cells settle in the order of (distance, row, column),
//! and the first neighbour of a cell to settle, which its path comes from, is the least in that order.

use perturb_lanes::Kernel;

use super::{Cell, GridPath, Neighbours};
use crate::lanes::{self, LANES};
use crate::{Plane, Real, Shape};

/// Finds all distances; returns the lanes, as bits, for which the order above is in doubt.
pub(super) struct Sweeps<'a, T, P> {
    pub(super) grid: &'a GridPath<T, P>,
    pub(super) theta: &'a [[T; LANES]],
    pub(super) distance: &'a mut [[T; LANES]],
}

impl<T: Real, P: Plane> Kernel for Sweeps<'_, T, P> {
    type Output = Option<u32>;
    #[inline(always)]
    fn run(self) -> Option<u32> {
        let Self { grid, theta, distance } = self;
        let columns = grid.plane.columns().dim();
        let wide = grid.neighbours == Neighbours::Eight;
        let floor = grid.negative.floor();
        distance.fill([T::INFINITY; LANES]);
        *distance.get_mut(grid.index(grid.start)?)? = [T::ZERO; LANES];
        let rows = grid.plane.rows().dim();
        loop {
            let mut changed = [0u32; LANES];
            for row in 0..rows {
                let (before, from) = distance.split_at_mut_checked(row * columns)?;
                let above = before.get(before.len().saturating_sub(columns)..).unwrap_or_default();
                let here = from.get_mut(..columns)?;
                let theta = theta.get(row * columns..(row + 1) * columns)?;
                relax(here, above, theta, wide, floor, &mut changed);
            }
            for row in (0..rows).rev() {
                let (until, after) = distance.split_at_mut_checked((row + 1) * columns)?;
                let below = after.get(..columns).unwrap_or_default();
                let here = until.get_mut(row * columns..)?;
                let theta = theta.get(row * columns..(row + 1) * columns)?;
                relax(here, below, theta, wide, floor, &mut changed);
            }
            if changed.iter().all(|&changed| changed == 0) {
                break;
            }
        }
        let ends = distance.get(grid.index(grid.goal)?)?;
        let mut least = [T::INFINITY; LANES];
        let mut positive = [0u32; LANES];
        for row in theta {
            for ((least, positive), &score) in least.iter_mut().zip(&mut positive).zip(row) {
                let cost = (-score).larger(floor);
                *least = if cost < *least { cost } else { *least };
                *positive |= u32::from(score > T::ZERO);
            }
        }
        let mut doubtful = [0u32; LANES];
        for (doubtful, (&least, &end)) in doubtful.iter_mut().zip(least.iter().zip(ends)) {
            // Half a unit in the last place of any distance on the way is less than the least cost.
            *doubtful = u32::from(!(least > end * T::EPSILON));
        }
        if grid.negative.refuses() {
            for (doubtful, positive) in doubtful.iter_mut().zip(positive) {
                *doubtful |= positive;
            }
        }
        Some(lanes::bits(&doubtful))
    }
}

/// Relaxes the cells of a row from those of the row beside it, and from one another in both directions.
#[inline(always)]
fn relax<T: Real>(
    row: &mut [[T; LANES]],
    beside: &[[T; LANES]],
    theta: &[[T; LANES]],
    wide: bool,
    floor: T,
    changed: &mut [u32; LANES],
) {
    let none = [T::INFINITY; LANES];
    let (mut left, mut corner) = (none, none);
    for (i, (cell, theta)) in row.iter_mut().zip(theta).enumerate() {
        let mut nearest = left;
        if let Some(straight) = beside.get(i) {
            least(&mut nearest, straight);
            if wide {
                least(&mut nearest, &corner);
                least(&mut nearest, beside.get(i + 1).unwrap_or(&none));
                corner = *straight;
            }
        }
        step(cell, &nearest, theta, floor, changed);
        left = *cell;
    }
    let mut right = none;
    for (cell, theta) in row.iter_mut().zip(theta).rev() {
        step(cell, &right, theta, floor, changed);
        right = *cell;
    }
}

#[inline(always)]
fn least<T: Real>(a: &mut [T; LANES], b: &[T; LANES]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = if b < *a { b } else { *a };
    }
}

/// cell = min(cell, from + cost).
#[inline(always)]
fn step<T: Real>(
    cell: &mut [T; LANES],
    from: &[T; LANES],
    theta: &[T; LANES],
    floor: T,
    changed: &mut [u32; LANES],
) {
    let lanes = cell.iter_mut().zip(changed).zip(from.iter().zip(theta));
    for ((cell, changed), (&from, &score)) in lanes {
        let through = from + (-score).larger(floor);
        let better = through < *cell;
        *cell = if better { through } else { *cell };
        *changed |= u32::from(better);
    }
}

/// The costs of the paths.
pub(super) struct Total<'a, T> {
    pub(super) theta: &'a [[T; LANES]],
    pub(super) y: &'a [[T; LANES]],
}

impl<T: Real> Kernel for Total<'_, T> {
    type Output = [T; LANES];
    #[inline(always)]
    fn run(self) -> [T; LANES] {
        lanes::total(self.theta, self.y)
    }
}

impl<T: Real, P: Plane> GridPath<T, P> {
    /// Marks the path of lane `lane`, from the goal back to the start. Whether it was found.
    pub(super) fn trace(&self, distance: &[[T; LANES]], lane: usize, y: &mut [[T; LANES]]) -> bool {
        let at = |cell: Cell| distance.get(self.index(cell)?)?.get(lane).copied();
        let mut cell = self.goal;
        for _ in 0..distance.len() {
            let Some(index) = self.index(cell) else { return false };
            if let Some(y) = y.get_mut(index).and_then(|row| row.get_mut(lane)) {
                *y = T::ONE;
            }
            if cell == self.start {
                return true;
            }
            let mut nearest = (T::INFINITY, cell);
            for next in self.around(cell) {
                match at(next) {
                    Some(distance) if distance < nearest.0 => nearest = (distance, next),
                    _ => {}
                }
            }
            if nearest.1 == cell {
                return false;
            }
            cell = nearest.1;
        }
        false
    }
}
