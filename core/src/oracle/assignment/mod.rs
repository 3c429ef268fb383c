//! Match: the assignment problem.

mod group;
mod matching;
mod rows;
mod scores;
mod wide;

use core::fmt;

use matching::{FREE, Matching};

use super::{Decides, FORBIDDEN, Location, Oracle, Properties, allowed, hull};
use crate::engine::SolveGroup;
use crate::engine::lanes::{self, LANES};
use crate::{Error, Plane, Real, Shape, error};

/// Match R rows with C columns, one to one: y is the 0/1 matrix of the pairs, row by row.
///
/// With R = C, C is the Birkhoff polytope of doubly stochastic matrices; with R < C every row gets a column of its
/// own, with R > C every column a row. Scores of −∞ forbid pairs. F(θ) is the largest sum of scores; which of equally
/// good assignments is returned is deterministic, and not specified further.
///
/// Shortest augmenting paths with augmenting row reduction (Jonker and Volgenant 1987, *A shortest augmenting path
/// algorithm for dense and sparse linear assignment problems*). Cost O(s²·l) for the shorter side s and the longer l;
/// working memory two numbers and twelve bytes per row and per column, and one number per column for warm starts; on
/// hosts, where costs are compared 16 at a time with the same answers, 16 more numbers and 64 more bytes.
///
/// ```
/// use perturb_core::{Assignment, Oracle, Rect};
/// let oracle = Assignment::new(Rect::<2, 3>)?;
/// let mut y = [0.0; 6];
/// let theta = [5.0, 4.0, 0.0, //
///              6.0, 1.0, 2.0];
/// assert_eq!(oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(10.0));
/// assert_eq!(y, [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Birkhoff", "Hungarian", "bipartite matching", "linear_sum_assignment"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Assignment<P> {
    plane: P,
    warm: bool,
}

impl<P: Plane> Assignment<P> {
    /// Over the rows and columns of `plane`, at least one of each.
    pub fn new(plane: P) -> Result<Self, Error> {
        error::check_dim(plane.rows())?;
        error::check_dim(plane.columns())?;
        error::check_dim(plane)?;
        Ok(Self { plane, warm: false })
    }

    /// The same problem, square ones solved from the prices of the unperturbed scores in every estimate of more than
    /// one sample (Section 3).
    ///
    /// The answer is the same, but where several are equally good. It pays where there are many rows, and ε is small against the
    /// differences of the scores: others are solved several at a time on hosts. In the bench `graphs`, normal scores of deviation 1,
    /// on a processor with AVX-512, an estimate takes this share of its time:
    ///
    /// | n | ε = 0.01 | ε = 0.1 | ε = 1 |
    /// |---|---|---|---|
    /// | 10 | 1.26 | 1.33 | 1.66 |
    /// | 20 | 1.16 | 1.38 | 1.58 |
    /// | 50 | 0.81 | 1.06 | 1.58 |
    /// | 100 | 0.76 | 0.85 | 0.99 |
    /// | 200 | 0.61 | 0.67 | 0.91 |
    #[must_use]
    pub fn with_warm_start(self) -> Self {
        Self { warm: true, ..self }
    }
    /// Whether estimates start from the prices of the unperturbed scores.
    pub fn warm_starts(&self) -> bool {
        self.warm
    }
}

/// The memory of a solve. Agents are the shorter side, tasks the longer.
pub struct AssignmentWork<T: Real, P: Plane> {
    rows: Side<T, P::Rows>,
    columns: Side<T, P::Columns>,
    /// The prices of the unperturbed scores.
    warm: Option<<P::Columns as Shape>::Array<T>>,
}

impl<T: Real, P: Plane> fmt::Debug for AssignmentWork<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssignmentWork").finish_non_exhaustive()
    }
}

/// What either side may need; the sizes decide which is which.
struct Side<T: Real, S: Shape> {
    /// Dual price of each task: reduced costs are −θ − price.
    price: S::Array<T>,
    distance: S::Array<T>,
    before: S::Array<u32>,
    order: S::Array<u32>,
    partner: S::Array<u32>,
    /// Memory of [`wide`], none on a microcontroller.
    numbers: S::Spare<[T; LANES]>,
    names: S::Spare<[u32; LANES]>,
}

impl<T: Real, S: Shape> Side<T, S> {
    fn new(shape: S) -> Self {
        Self {
            price: shape.array(T::ZERO),
            distance: shape.array(T::ZERO),
            before: shape.array(0),
            order: shape.array(0),
            partner: shape.array(FREE),
            numbers: shape.spare([T::ZERO; LANES]),
            names: shape.spare([0; LANES]),
        }
    }

    /// A matching of `agents` with these tasks, and memory for vectors.
    fn matching<'a, A: Shape>(
        &'a mut self,
        agents: &'a mut Side<T, A>,
    ) -> (Matching<'a, T>, &'a mut [[T; LANES]], &'a mut [[u32; LANES]]) {
        let matching = Matching {
            price: self.price.as_mut(),
            distance: self.distance.as_mut(),
            before: self.before.as_mut(),
            order: self.order.as_mut(),
            agent_of: self.partner.as_mut(),
            task_of: agents.partner.as_mut(),
            waiting: agents.order.as_mut(),
        };
        (matching, self.numbers.as_mut(), self.names.as_mut())
    }
}

impl<T: Real, P: Plane> Oracle<T> for Assignment<P> {
    type Shape = P;
    type Work = AssignmentWork<T, P>;

    fn properties(&self) -> Properties {
        Properties::new("assignment")
            .with_decides(Decides::Differences)
            .with_small_integers(true)
            .with_warm_starts(true)
            .with_forbids(true)
    }
    fn shape(&self) -> P {
        self.plane
    }
    fn work(&self) -> Self::Work {
        AssignmentWork {
            rows: Side::new(self.plane.rows()),
            columns: Side::new(self.plane.columns()),
            warm: None,
        }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let AssignmentWork { rows: r, columns: c, warm } = work;
        y.fill(T::ZERO);
        let vectors = lanes::in_use();
        if rows <= columns {
            let (mut matching, numbers, names) = c.matching(r);
            let warm = warm.as_ref().map(AsRef::as_ref);
            if !(vectors && wide::solve_one::<T, false>(&mut matching, numbers, names, warm, theta, columns))
            {
                let scores = |row| theta.get(row as usize * columns..).unwrap_or(&[]).iter().take(columns);
                matching.solve(warm, scores);
            }
        } else {
            let (mut matching, numbers, names) = r.matching(c);
            if !(vectors && wide::solve_one::<T, true>(&mut matching, numbers, names, None, theta, columns)) {
                let scores = |column| theta.get(column as usize..).unwrap_or(&[]).iter().step_by(columns);
                matching.solve(None, scores);
            }
        }
        // The sum over all entries: those with 0 would change nothing.
        let (mut value, mut pairs) = (T::ZERO, 0);
        let pairs_of = y.chunks_exact_mut(columns.max(1)).zip(theta.chunks_exact(columns.max(1)));
        for ((y, theta), &column) in pairs_of.zip(r.partner.as_ref()) {
            if let (Some(y), Some(&score)) = (y.get_mut(column as usize), theta.get(column as usize)) {
                *y = T::ONE;
                value += score;
                pairs += 1;
            }
        }
        if pairs < rows.min(columns) { Err(FORBIDDEN) } else { allowed(value, theta, y) }
    }

    fn warm_up(&self, theta: &[T], work: &mut Self::Work) {
        work.warm = None;
        if self.warm && self.plane.rows().dim() == self.plane.columns().dim() {
            let mut y = self.plane.array(T::ZERO);
            let solved = self.solve(theta, y.as_mut(), work);
            work.warm = solved
                .ok()
                .map(|_| work.columns.price.clone())
                .filter(|prices| prices.as_ref().iter().all(|p| p.is_finite()));
        }
    }

    fn solve_group(&self, group: SolveGroup<'_, T>) -> Option<u32> {
        let sides = (self.plane.rows().dim(), self.plane.columns().dim());
        match sides {
            _ if self.warm => None,
            (rows, columns) if rows <= columns => group::solve::<T, false>(sides, group),
            _ => group::solve::<T, true>(sides, group),
        }
    }

    /// Every assignment is a vertex.
    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        if work.is_some_and(|work| self.matches(y, work)) {
            Location::Vertex
        } else if self.overloads(y) {
            Location::Outside
        } else {
            Location::Undecided
        }
    }
}

impl<P: Plane> Assignment<P> {
    /// Whether an entry lies outside [0, 1], a row or a column has more than 1, or one of the shorter side less.
    fn overloads<T: Real>(&self, y: &[T]) -> bool {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let wrong = |sum: T, terms: usize, all: bool| {
            if all { hull::differs(sum, T::ONE, terms) } else { hull::exceeds(sum, T::ONE, terms) }
        };
        let row = |row: &[T]| {
            hull::sum_within(row, T::ZERO, T::ONE).is_none_or(|sum| wrong(sum, columns, rows <= columns))
        };
        let column = |column: usize| {
            let sum = y.iter().skip(column).step_by(columns.max(1)).copied().sum::<T>();
            wrong(sum, rows, columns <= rows)
        };
        y.chunks_exact(columns.max(1)).any(row) || (0..columns).any(column)
    }

    fn matches<T: Real>(&self, y: &[T], work: &mut AssignmentWork<T, P>) -> bool {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let taken = work.columns.partner.as_mut();
        taken.fill(FREE);
        let mut pairs = 0;
        for (row, y) in (0u32..).zip(y.chunks_exact(columns.max(1))) {
            let mut used = false;
            for (taken, &y) in taken.iter_mut().zip(y) {
                if y == T::ONE && !used && *taken == FREE {
                    (*taken, used) = (row, true);
                    pairs += 1;
                } else if y != T::ZERO {
                    return false;
                }
            }
        }
        pairs == rows.min(columns)
    }
}
