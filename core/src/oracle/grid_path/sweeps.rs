//! Shortest paths by sweeps over the rows, in lanes.
//!
//! The distance of a cell is the least over its neighbours' distances, plus its own cost. Sums of rounded numbers never fall
//! as a term grows, so that relaxing cells until nothing changes ends at the distances that Dijkstra's algorithm settles, to
//! the bit. Where no cost is so small that adding it changes nothing, cells settle in the order of (distance, row, column),
//! and the first neighbour of a cell to settle, which its path comes from, is the least in that order.

use perturb_lanes::Kernel;

use super::{Cell, GridPath, NegativeCost, Neighbours};
use crate::engine::codes::bits;
use crate::engine::lanes::{self, LANES};
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
        let (mut least, mut most) = ([T::INFINITY; LANES], [T::NEG_INFINITY; LANES]);
        for row in theta {
            lanes::row_by_row();
            for lane in 0..LANES {
                let cost = -row[lane];
                least[lane] = if cost > T::ZERO && cost < least[lane] { cost } else { least[lane] };
                most[lane] = most[lane].larger(row[lane]);
            }
        }
        let (least, most) = (lanes::settle(least), lanes::settle(most));
        let floor = core::array::from_fn(|lane| grid.negative.floor(least[lane], most[lane] > T::ZERO));
        let floor: [T; LANES] = lanes::settle(floor);
        for (costs, row) in costs.iter_mut().zip(theta) {
            lanes::row_by_row();
            *costs = core::array::from_fn(|lane| (-row[lane]).larger(floor[lane]));
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
        let end = distances.get(grid.index(grid.goal)?)?;
        let start = costs.get(grid.index(grid.start)?)?;
        let mut doubtful = [0; LANES];
        for lane in 0..LANES {
            let clear = (-most[lane]).larger(floor[lane]) > end[lane] * T::EPSILON;
            let refused = grid.negative.refuses() && most[lane] > T::ZERO;
            let forbidden = !start[lane].is_finite();
            doubtful[lane] = u32::from(!clear || refused || forbidden || NegativeCost::rounds(floor[lane]));
        }
        Some(bits(&lanes::settle(doubtful)))
    }
}

/// Sweeps down and up until no cell is nearer through another one.
///
/// A sweep relaxes each cell from those around it that it has passed. A second one of the same direction would change nothing,
/// so that the first to change nothing after one of the other direction is the last.
#[inline(always)]
fn settle_all<T: Real, const DIAGONAL: bool>(
    distances: &mut [[T; LANES]],
    costs: &[[T; LANES]],
    columns: usize,
) -> Option<()> {
    let rows = costs.len() / columns.max(1);
    let mut first = true;
    loop {
        let mut nearer = [0; LANES];
        for row in 0..rows {
            let (before, from) = distances.split_at_mut_checked(row * columns)?;
            let above = before.get(before.len().saturating_sub(columns)..)?;
            let (here, costs) = (from.get_mut(..columns)?, costs.get(row * columns..)?);
            relax::<T, DIAGONAL, false>(here, above, costs, &mut nearer);
        }
        if lanes::settle(nearer) == [0; LANES] && !first {
            return Some(());
        }
        first = false;
        let mut nearer = [0; LANES];
        for row in (0..rows).rev() {
            let (until, after) = distances.split_at_mut_checked((row + 1) * columns)?;
            let below = after.get(..columns).unwrap_or_default();
            let (here, costs) = (until.get_mut(row * columns..)?, costs.get(row * columns..)?);
            relax::<T, DIAGONAL, true>(here, below, costs, &mut nearer);
        }
        if lanes::settle(nearer) == [0; LANES] {
            return Some(());
        }
    }
}

/// Relaxes each cell of a row, from the first to the last or the other way round, from the row beside it, if there is one, and
/// from the cell before.
#[inline(always)]
fn relax<T: Real, const DIAGONAL: bool, const REVERSE: bool>(
    row: &mut [[T; LANES]],
    beside: &[[T; LANES]],
    costs: &[[T; LANES]],
    nearer: &mut [u32; LANES],
) {
    let columns = row.len();
    let Some(costs) = costs.get(..columns) else { return };
    let mut last = [T::INFINITY; LANES];
    for step in 0..columns {
        lanes::row_by_row();
        let i = if REVERSE { columns - 1 - step } else { step };
        let (Some(cell), Some(cost)) = (row.get_mut(i), costs.get(i)) else { return };
        let before = *cell;
        let mut least = before;
        if let Some(straight) = beside.get(i) {
            let mut nearest = *straight;
            if DIAGONAL {
                // At an end, a cell takes the place of the one beyond.
                let (Some(left), Some(right)) =
                    (beside.get(i.saturating_sub(1)), beside.get((i + 1).min(columns - 1)))
                else {
                    return;
                };
                lower(&mut nearest, left);
                lower(&mut nearest, right);
            }
            least = core::array::from_fn(|lane| least[lane].smaller(nearest[lane] + cost[lane]));
        }
        last = core::array::from_fn(|lane| least[lane].smaller(last[lane] + cost[lane]));
        for lane in 0..LANES {
            nearer[lane] |= 0u32.wrapping_sub(u32::from(last[lane] < before[lane]));
        }
        *cell = last;
    }
}

/// a = min(a, b).
#[inline(always)]
fn lower<T: Real>(a: &mut [T; LANES], b: &[T; LANES]) {
    for lane in 0..LANES {
        a[lane] = a[lane].smaller(b[lane]);
    }
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
        // A step waits for the one before, so that several paths go side by side.
        const ABREAST: usize = 4;
        for first in (0..count).step_by(ABREAST) {
            let traced = |lane: &usize| *lane < count && doubtful >> lane & 1 == 0;
            let mut cells: [Option<Cell>; ABREAST] =
                core::array::from_fn(|i| Some(first + i).filter(traced).map(|_| self.goal));
            for _ in 0..distances.len() {
                for (cell, lane) in cells.iter_mut().zip(first..) {
                    *cell = cell.and_then(|cell| self.mark(cell, distances, lane % LANES, y));
                }
                if cells.iter().all(Option::is_none) {
                    break;
                }
            }
        }
    }

    /// Marks `cell`, and says which one lane `lane` reaches it from.
    #[inline(always)]
    fn mark(&self, cell: Cell, distances: &[[T; LANES]], lane: usize, y: &mut [[T; LANES]]) -> Option<Cell> {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let (row, column) = (usize::from(cell.row), usize::from(cell.column));
        if let Some(y) = y.get_mut(row * columns + column) {
            y[lane] += T::ONE;
        }
        if cell == self.start {
            return None;
        }
        // Of equally near ones the first wins, row by row. At an edge, a cell nearer to this one takes the place of the one
        // beyond; this one itself is farther than the one it was reached from.
        let key = |row: usize, column: usize| {
            let distance = distances.get(row * columns + column).map_or(T::INFINITY, |cell| cell[lane]);
            distance.cost_key((row << 16 | column) as u32)
        };
        let (above, below) = (row.saturating_sub(1), (row + 1).min(rows - 1));
        let (left, right) = (column.saturating_sub(1), (column + 1).min(columns - 1));
        let mut nearest = key(above, column).min(key(below, column)).min(key(row, left).min(key(row, right)));
        if self.neighbours == Neighbours::Eight {
            let diagonal =
                key(above, left).min(key(above, right)).min(key(below, left).min(key(below, right)));
            nearest = nearest.min(diagonal);
        }
        Some(Cell::of(T::index(nearest) as u32))
    }
}
