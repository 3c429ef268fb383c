//! Walk: paths through the cells of a grid.

mod sweeps;

use core::fmt;

use super::heap::{Entry, Heap};
use super::{Location, NegativeCost, Oracle, Properties, allowed, hull};
use crate::engine::lanes::{self, LANES};
use crate::engine::{SolveGroup, Wanted};
use crate::vector::total;
use crate::{Error, Plane, Real, Shape, error};

/// Which cells a path may step to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Neighbours {
    /// Up, down, left, right.
    Four,
    /// Those and the diagonal ones.
    Eight,
}

/// Walk from one cell of an R × C grid to another: y marks the cells of the path, start and goal included.
///
/// θ = −c for the costs c of the cells; F(θ) is minus the cost of the cheapest path. Costs are meant to be positive;
/// [`NegativeCost`] says what happens to others, by default a floor relative to the least positive cost. Scores of −∞, infinite
/// costs, forbid cells, start and goal included. Among equally cheap
/// paths the one wins whose cells are reached first from the start, cells at equal distance row by row.
///
/// Dijkstra's algorithm (1959): since all steps into a cell cost the same, the first to reach it is the best, and
/// every cell enters the heap once. Cost O(d log d), stopping at the goal; working memory 9 bytes a cell
/// in f32, 17 in f64. Samples side by side are solved by sweeps over the rows instead, with the same answers.
///
/// ```
/// use perturb_core::{oracle::Neighbours, GridPath, Oracle, Rect};
/// let oracle = GridPath::<f64, _>::new(Rect::<2, 3>, Neighbours::Eight)?;
/// let mut y = [0.0; 6];
/// let theta = [-1.0, -9.0, -2.0, //
///              -5.0, -1.0, -3.0];
/// assert_eq!(oracle.solve(&theta, &mut y, &mut oracle.work()), Ok(-5.0));
/// assert_eq!(y, [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Dijkstra", "shortest path"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridPath<T, P> {
    plane: P,
    neighbours: Neighbours,
    start: Cell,
    goal: Cell,
    negative: NegativeCost<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    row: u16,
    column: u16,
}

impl Cell {
    fn id(self) -> u32 {
        u32::from(self.row) << 16 | u32::from(self.column)
    }
    fn of(id: u32) -> Self {
        Self { row: (id >> 16) as u16, column: id as u16 }
    }
    /// The cell one step away; beyond the edge it is none of the grid.
    fn step(self, (down, right): (u16, u16)) -> Self {
        Self { row: self.row.wrapping_add(down), column: self.column.wrapping_add(right) }
    }
}

const BACK: u16 = u16::MAX;
/// Steps row by row around a cell, which is the middle one; step i is undone by step 8 − i.
const STEPS: [(u16, u16); 9] =
    [(BACK, BACK), (BACK, 0), (BACK, 1), (0, BACK), (0, 0), (0, 1), (1, BACK), (1, 0), (1, 1)];
/// The start, where no step led.
const START: u8 = 9;
/// A cell not reached yet.
const NEW: u8 = 10;

impl<T: Real, P: Plane> GridPath<T, P> {
    /// From the first cell to the last.
    pub fn new(plane: P, neighbours: Neighbours) -> Result<Self, Error> {
        let last = |length: usize| length.saturating_sub(1);
        Self::between(plane, neighbours, (0, 0), (last(plane.rows().dim()), last(plane.columns().dim())))
    }

    /// From `start` to `goal`, both (row, column) counted from 0. Grids have 1 to 32,767 rows and columns.
    pub fn between(
        plane: P,
        neighbours: Neighbours,
        start: (usize, usize),
        goal: (usize, usize),
    ) -> Result<Self, Error> {
        const MOST: usize = i16::MAX as usize;
        let (rows, columns) = (plane.rows().dim(), plane.columns().dim());
        error::check_range("rows", rows, 1, MOST)?;
        error::check_range("columns", columns, 1, MOST)?;
        error::check_range("start row", start.0, 0, rows - 1)?;
        error::check_range("start column", start.1, 0, columns - 1)?;
        error::check_range("goal row", goal.0, 0, rows - 1)?;
        error::check_range("goal column", goal.1, 0, columns - 1)?;
        let cell = |(row, column): (usize, usize)| Cell { row: row as u16, column: column as u16 };
        let (start, goal) = (cell(start), cell(goal));
        Ok(Self { plane, neighbours, start, goal, negative: NegativeCost::default() })
    }

    /// The same paths with another treatment of negative costs.
    pub fn with_negative_costs(self, negative: NegativeCost<T>) -> Result<Self, Error> {
        negative.check_floor()?;
        Ok(Self { negative, ..self })
    }

    /// Which cells a path may step to.
    pub fn neighbours(&self) -> Neighbours {
        self.neighbours
    }
    /// The first cell and the last, both (row, column) counted from 0.
    pub fn ends(&self) -> [(usize, usize); 2] {
        [self.start, self.goal].map(|cell| (usize::from(cell.row), usize::from(cell.column)))
    }
    /// What is done about negative costs.
    pub fn negative_costs(&self) -> NegativeCost<T> {
        self.negative
    }

    fn index(&self, cell: Cell) -> Option<usize> {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let (row, column) = (usize::from(cell.row), usize::from(cell.column));
        (row < rows && column < columns).then_some(row * columns + column)
    }

    /// Cells one step from `cell`.
    fn around(&self, cell: Cell) -> impl Iterator<Item = Cell> + '_ {
        let far = move |&&(down, right): &&(u16, u16)| {
            let (down, right) = (down != 0, right != 0);
            down != right || (down && self.neighbours == Neighbours::Eight)
        };
        let steps = STEPS.iter().filter(far);
        steps.map(move |&step| cell.step(step)).filter(|&cell| self.index(cell).is_some())
    }

    /// Reaches the cells around `from` that are new, row by row, and tells `reach` their scores and ids. Whether one is
    /// the goal.
    fn expand(&self, from: Cell, theta: &[T], reached: &mut [u8], mut reach: impl FnMut(T, u32)) -> bool {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let goal = self.goal.id();
        let (row, column) = (usize::from(from.row), usize::from(from.column));
        let wide = (column.saturating_sub(1), (column + 2).min(columns));
        let narrow = if self.neighbours == Neighbours::Eight { wide } else { (column, column + 1) };
        for down in 0..3 {
            let (first, end) = if down == 1 { wide } else { narrow };
            // Above the first row, this wraps to beyond the last.
            let row = (row + down).wrapping_sub(1);
            if row >= rows {
                continue;
            }
            let start = row * columns;
            let Some(run) = reached.get_mut(start + first..start + end) else { continue };
            let step = (3 * down + first + 1 - column) as u8;
            let id = (row << 16 | first) as u32;
            for (i, reached) in run.iter_mut().enumerate() {
                if *reached != NEW {
                    continue;
                }
                *reached = step + i as u8;
                let id = id + i as u32;
                if id == goal {
                    return true;
                }
                if let Some(&score) = theta.get(start + first + i) {
                    reach(score, id);
                }
            }
        }
        false
    }

    /// Searches with costs of at least `floor`, and returns what the path to the cell before the goal costs.
    // A device has few registers, of which the loop over scales around it would take some.
    #[cfg_attr(target_os = "none", inline(never))]
    fn search(&self, theta: &[T], floor: T, work: &mut GridPathWork<T, P>) -> T {
        let reached = work.reached.as_mut();
        reached.fill(NEW);
        let mut heap = Heap::new(work.heap.as_mut());
        if let Some(reached) = self.index(self.start).and_then(|index| reached.get_mut(index)) {
            *reached = START;
        }
        // The start's own cost is part of every path.
        heap.push(Entry::new(T::ZERO, self.start.id()));
        let mut cost = T::ZERO;
        if self.start != self.goal {
            while let Some(nearest) = heap.pop() {
                cost = nearest.cost();
                let push = |score: T, id| heap.push(Entry::new(cost + (-score).larger(floor), id));
                if self.expand(Cell::of(nearest.id()), theta, reached, push) {
                    break;
                }
            }
        }
        cost
    }
}

/// The memory of a search.
pub struct GridPathWork<T: Real, P: Plane> {
    heap: P::Array<Entry<T>>,
    /// By which step each cell was reached.
    reached: P::Array<u8>,
}

impl<T: Real, P: Plane> fmt::Debug for GridPathWork<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GridPathWork").finish_non_exhaustive()
    }
}

impl<T: Real, P: Plane> Oracle<T> for GridPath<T, P> {
    type Shape = P;
    type Work = GridPathWork<T, P>;

    fn properties(&self) -> Properties {
        let greatest = self.negative.greatest_score();
        Properties::new("grid path")
            .with_small_integers(true)
            .with_forbids(true)
            .with_greatest_score(greatest)
    }
    fn shape(&self) -> P {
        self.plane
    }
    fn work(&self) -> Self::Work {
        GridPathWork { heap: self.plane.array(Entry::none()), reached: self.plane.array(NEW) }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        self.negative.search(theta, y, |scores, floor| self.search(scores, floor, work))?;
        let reached = work.reached.as_ref();
        y.fill(T::ZERO);
        let mut cell = self.goal;
        while let Some(index) = self.index(cell) {
            if let Some(y) = y.get_mut(index) {
                *y = T::ONE;
            }
            let step = reached.get(index).copied().unwrap_or(START);
            match STEPS.iter().rev().nth(usize::from(step)) {
                Some(&back) => cell = cell.step(back),
                None => break,
            }
        }
        allowed(total(theta, y), theta, y)
    }

    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        let SolveGroup { theta, count, wanted, memory } = group;
        let doubtful = self.sweep(theta, memory.costs, memory.distances)?;
        match wanted {
            Wanted::Each { y, values } => {
                y.fill([T::ZERO; LANES]);
                self.trace_all(memory.distances, count, doubtful, y);
                let found = lanes::values(theta, y);
                // No decision, or one that overflowed.
                if let Some(values) = values {
                    *values = found;
                }
                Some(doubtful | lanes::not_finite(&found))
            }
            Wanted::Sum { sums } => {
                self.trace_all(memory.distances, count, doubtful, sums);
                Some(doubtful)
            }
        }
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        match work {
            Some(_) if self.walks(y) => Location::Vertex,
            _ if self.strays(y) => Location::Outside,
            _ => Location::Undecided,
        }
    }
}

impl<T: Real, P: Plane> GridPath<T, P> {
    /// Whether an entry lies outside [0, 1], start or goal is not marked, or a cell has less around it than goes through it: twice
    /// its own mark, once at an end.
    fn strays(&self, y: &[T]) -> bool {
        let slack = hull::slack::<T>(8);
        let mark = |cell| self.index(cell).and_then(|index| y.get(index)).copied().unwrap_or(T::ZERO);
        let strays = |(index, &own): (usize, &T)| {
            let columns = self.plane.columns().dim().max(1);
            let cell = Cell { row: (index / columns) as u16, column: (index % columns) as u16 };
            let ends = T::from_usize(usize::from(cell == self.start) + usize::from(cell == self.goal));
            let around = self.around(cell).map(mark).sum::<T>();
            own < -slack || own > T::ONE + slack || around < (T::TWO - ends - slack) * own - slack
        };
        mark(self.start) < T::ONE - slack
            || mark(self.goal) < T::ONE - slack
            || y.iter().enumerate().filter(|(_, y)| !y.is_zero()).any(strays)
    }

    /// Whether y marks a path without shortcuts: with positive costs no other path is ever the cheapest.
    fn walks(&self, y: &[T]) -> bool {
        if y.iter().any(|&y| y != T::ZERO && y != T::ONE) {
            return false;
        }
        let marked = y.iter().filter(|&&y| y == T::ONE).count();
        let is_marked = |cell| self.index(cell).and_then(|index| y.get(index)) == Some(&T::ONE);
        let (mut cell, mut last) = (self.start, None);
        for length in 1..=marked {
            if !is_marked(cell) {
                return false;
            }
            let mut ahead = self.around(cell).filter(|&next| is_marked(next) && Some(next) != last);
            match (ahead.next(), ahead.next()) {
                (None, _) => return cell == self.goal && length == marked,
                (Some(next), None) if cell != self.goal => (cell, last) = (next, Some(cell)),
                _ => return false,
            }
        }
        false
    }
}
