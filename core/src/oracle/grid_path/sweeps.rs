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
    pub(super) costs: &'a mut [[T; LANES]],
    pub(super) distances: &'a mut [[T; LANES]],
}

impl<T: Real, P: Plane> Kernel for Sweeps<'_, T, P> {
    type Output = Option<u32>;
    #[inline(always)]
    fn run(self) -> Option<u32> {
        let Self { grid, theta, costs, distances } = self;
        let floor = grid.negative.floor();
        for (costs, row) in costs.iter_mut().zip(theta) {
            lanes::row_by_row();
            *costs = core::array::from_fn(|lane| (-row[lane]).larger(floor));
        }
        let costs = &*costs;
        distances.fill([T::INFINITY; LANES]);
        *distances.get_mut(grid.index(grid.start)?)? = [T::ZERO; LANES];
        let columns = grid.plane.columns().dim();
        match grid.neighbours {
            Neighbours::Four => settle_all::<T, false>(distances, costs, columns)?,
            Neighbours::Eight => settle_all::<T, true>(distances, costs, columns)?,
        }
        // Half a unit in the last place of any distance on the way must be less than the least cost.
        let mut least = [T::INFINITY; LANES];
        for row in costs {
            lanes::row_by_row();
            for lane in 0..LANES {
                least[lane] = if row[lane] < least[lane] { row[lane] } else { least[lane] };
            }
        }
        let (least, end) = (lanes::settle(least), distances.get(grid.index(grid.goal)?)?);
        let mut doubtful = [0; LANES];
        for lane in 0..LANES {
            let clear = least[lane] > end[lane] * T::EPSILON;
            doubtful[lane] = u32::from(!clear);
        }
        if grid.negative.refuses() {
            for row in theta {
                lanes::row_by_row();
                for lane in 0..LANES {
                    doubtful[lane] |= u32::from(row[lane] > T::ZERO);
                }
            }
        }
        Some(lanes::bits(&lanes::settle(doubtful)))
    }
}

/// Sweeps down and up until no cell is nearer through another one.
#[inline(always)]
fn settle_all<T: Real, const DIAGONAL: bool>(
    distances: &mut [[T; LANES]],
    costs: &[[T; LANES]],
    columns: usize,
) -> Option<()> {
    let rows = costs.len() / columns.max(1);
    loop {
        for row in 0..rows {
            let (before, from) = distances.split_at_mut_checked(row * columns)?;
            let above = before.get(before.len().saturating_sub(columns)..)?;
            let (here, costs) = (from.get_mut(..columns)?, costs.get(row * columns..)?);
            relax_from::<T, DIAGONAL>(here, above, costs);
            relax_along(here.iter_mut().zip(costs));
        }
        for row in (0..rows).rev() {
            let (until, after) = distances.split_at_mut_checked((row + 1) * columns)?;
            let below = after.get(..columns).unwrap_or_default();
            let (here, costs) = (until.get_mut(row * columns..)?, costs.get(row * columns..)?);
            relax_from::<T, DIAGONAL>(here, below, costs);
            relax_along(here.iter_mut().zip(costs).rev());
        }
        let mut nearer = [0; LANES];
        for row in 0..rows {
            let here = distances.get(row * columns..(row + 1) * columns)?;
            let above = row.checked_sub(1).and_then(|row| distances.get(row * columns..(row + 1) * columns));
            let below = distances.get((row + 1) * columns..(row + 2) * columns);
            let costs = costs.get(row * columns..)?;
            for (i, (cell, cost)) in here.iter().zip(costs).enumerate() {
                lanes::row_by_row();
                let mut nearest = [T::INFINITY; LANES];
                for beside in [above, below].into_iter().flatten() {
                    lower_to_least::<T, DIAGONAL>(&mut nearest, beside, i);
                }
                for beside in [i.checked_sub(1), Some(i + 1)].into_iter().flatten() {
                    if let Some(beside) = here.get(beside) {
                        lower(&mut nearest, beside);
                    }
                }
                for lane in 0..LANES {
                    nearer[lane] |= u32::from(nearest[lane] + cost[lane] < cell[lane]);
                }
            }
        }
        if lanes::settle(nearer) == [0; LANES] {
            return Some(());
        }
    }
}

/// Relaxes the cells of a row from the row beside it.
#[inline(always)]
fn relax_from<T: Real, const DIAGONAL: bool>(
    row: &mut [[T; LANES]],
    beside: &[[T; LANES]],
    costs: &[[T; LANES]],
) {
    if beside.is_empty() {
        return;
    }
    for (i, (cell, cost)) in row.iter_mut().zip(costs).enumerate() {
        lanes::row_by_row();
        let mut nearest = [T::INFINITY; LANES];
        lower_to_least::<T, DIAGONAL>(&mut nearest, beside, i);
        *cell = relaxed(cell, &nearest, cost);
    }
}

/// Relaxes each cell of a row from the one before.
#[inline(always)]
fn relax_along<'a, T: Real>(cells: impl Iterator<Item = (&'a mut [T; LANES], &'a [T; LANES])>) {
    let mut last = [T::INFINITY; LANES];
    for (cell, cost) in cells {
        lanes::row_by_row();
        last = relaxed(cell, &last, cost);
        *cell = last;
    }
}

/// The least of the cells of `beside` that touch cell `i`.
#[inline(always)]
fn lower_to_least<T: Real, const DIAGONAL: bool>(nearest: &mut [T; LANES], beside: &[[T; LANES]], i: usize) {
    if let Some(straight) = beside.get(i) {
        lower(nearest, straight);
    }
    if DIAGONAL {
        if let Some(left) = beside.get(i.wrapping_sub(1)) {
            lower(nearest, left);
        }
        if let Some(right) = beside.get(i + 1) {
            lower(nearest, right);
        }
    }
}

/// a = min(a, b).
#[inline(always)]
fn lower<T: Real>(a: &mut [T; LANES], b: &[T; LANES]) {
    for lane in 0..LANES {
        a[lane] = if b[lane] < a[lane] { b[lane] } else { a[lane] };
    }
}

/// min(cell, from + cost).
#[inline(always)]
fn relaxed<T: Real>(cell: &[T; LANES], from: &[T; LANES], cost: &[T; LANES]) -> [T; LANES] {
    core::array::from_fn(|lane| {
        let through = from[lane] + cost[lane];
        if through < cell[lane] { through } else { cell[lane] }
    })
}

impl<T: Real, P: Plane> GridPath<T, P> {
    /// Finds all distances; returns the doubtful lanes.
    pub(super) fn sweep(
        &self,
        theta: &[[T; LANES]],
        costs: &mut [[T; LANES]],
        distances: &mut [[T; LANES]],
    ) -> Option<u32> {
        lanes::run(Sweeps { grid: self, theta, costs, distances })
    }

    /// Adds the paths of lanes 0 to `count` − 1 that are not doubtful to `y`.
    pub(super) fn trace_all(
        &self,
        distances: &[[T; LANES]],
        count: usize,
        doubtful: u32,
        y: &mut [[T; LANES]],
    ) {
        for lane in 0..count {
            if doubtful >> lane & 1 == 0 {
                self.trace(distances, lane, y);
            }
        }
    }

    /// Marks the path of lane `lane`, from the goal back to the start.
    fn trace(&self, distances: &[[T; LANES]], lane: usize, y: &mut [[T; LANES]]) {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let wide = usize::from(self.neighbours == Neighbours::Eight);
        let place = |cell: Cell| (usize::from(cell.row), usize::from(cell.column));
        let ((mut row, mut column), start) = (place(self.goal), place(self.start));
        let lane = lane % LANES;
        for _ in 0..distances.len() {
            let index = row * columns + column;
            if let Some(y) = y.get_mut(index) {
                y[lane] += T::ONE;
            }
            if (row, column) == start {
                return;
            }
            // Row by row, so that of equally near ones the first wins. The cell itself is farther than one around it.
            let mut nearest = (T::INFINITY, row, column);
            for near in row.saturating_sub(1)..(row + 2).min(rows) {
                let reach = if near == row { 1 } else { wide };
                let first = column.saturating_sub(reach);
                let cells =
                    distances.get(near * columns + first..near * columns + (column + reach + 1).min(columns));
                let least = |a: (T, usize), b: (T, usize)| if b.0 < a.0 { b } else { a };
                // The comparisons of three rows wait for each other only at the end.
                let best = match cells.unwrap_or_default() {
                    [a, b, c] => least(least((a[lane], first), (b[lane], first + 1)), (c[lane], first + 2)),
                    cells => {
                        let cells = cells.iter().zip(first..).map(|(cell, column)| (cell[lane], column));
                        cells.fold((T::INFINITY, first), least)
                    }
                };
                nearest = if best.0 < nearest.0 { (best.0, near, best.1) } else { nearest };
            }
            (row, column) = (nearest.1, nearest.2);
        }
    }
}
