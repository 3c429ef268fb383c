//! Match: the assignment problem.

use super::{Oracle, total};
use crate::{Error, Plane, Real, Shape, error};

/// Match R rows with C columns, one to one: y is the 0/1 matrix of the pairs, row by row.
///
/// With R = C, C is the Birkhoff polytope of doubly stochastic matrices; with R < C every row gets a column of its
/// own, with R > C every column a row. F(θ) is the largest sum of scores; which of equally good assignments is
/// returned is deterministic, and not specified further.
///
/// Shortest augmenting paths with augmenting row reduction (Jonker and Volgenant 1987, *A shortest augmenting path
/// algorithm for dense and sparse linear assignment problems*). Cost O(s²·l) for the shorter side s and the longer l;
/// working memory two numbers and twelve bytes per row and per column, and one number per column for warm starts.
///
/// ```
/// use perturb_core::{Assignment, Oracle, Rect};
/// let oracle = Assignment::new(Rect::<2, 3>)?;
/// let mut y = [0.0; 6];
/// let theta = [5.0, 4.0, 0.0, //
///              6.0, 1.0, 2.0];
/// assert_eq!(oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)), 10.0);
/// assert_eq!(y, [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
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
    /// The answer is the same, but where several are equally good. It pays where ε is small against the differences of
    /// the scores: in the bench `graphs`, normal scores of deviation 1, an estimate takes this share of its time:
    ///
    /// | n | ε = 0.01 | ε = 0.1 | ε = 1 |
    /// |---|---|---|---|
    /// | 10 | 0.88 | 0.88 | 0.99 |
    /// | 20 | 0.89 | 0.90 | 1.06 |
    /// | 50 | 0.71 | 0.79 | 1.21 |
    /// | 100 | 0.61 | 0.79 | 1.16 |
    /// | 200 | 0.52 | 0.64 | 1.04 |
    #[must_use]
    pub fn with_warm_start(self) -> Self {
        Self { warm: true, ..self }
    }
}

/// The memory of a solve. Agents are the shorter side, tasks the longer.
pub struct AssignmentWork<T: Real, P: Plane> {
    rows: Side<T, P::Rows>,
    columns: Side<T, P::Columns>,
    /// The prices of the unperturbed scores.
    warm: Option<<P::Columns as Shape>::Array<T>>,
}

/// What either side may need; the sizes decide which is which.
struct Side<T: Real, S: Shape> {
    /// Dual price of each task: reduced costs are −θ − price.
    price: S::Array<T>,
    distance: S::Array<T>,
    before: S::Array<u32>,
    order: S::Array<u32>,
    partner: S::Array<u32>,
}

impl<T: Real, S: Shape> Side<T, S> {
    fn new(shape: S) -> Self {
        Self {
            price: shape.array(T::ZERO),
            distance: shape.array(T::ZERO),
            before: shape.array(0),
            order: shape.array(0),
            partner: shape.array(FREE),
        }
    }
}

/// Without a partner.
const FREE: u32 = u32::MAX;

/// A matching in progress.
struct Matching<'a, T> {
    price: &'a mut [T],
    distance: &'a mut [T],
    before: &'a mut [u32],
    order: &'a mut [u32],
    /// The agent of each task, and the task of each agent.
    agent_of: &'a mut [u32],
    task_of: &'a mut [u32],
    /// Agents that wait.
    waiting: &'a mut [u32],
}

fn get<T: Copy>(list: &[T], index: u32) -> Option<T> {
    list.get(index as usize).copied()
}

fn set<T>(list: &mut [T], index: u32, value: T) {
    if let Some(place) = list.get_mut(index as usize) {
        *place = value;
    }
}

impl<T: Real> Matching<'_, T> {
    /// `scores(agent)` are the scores of the agent's tasks in order, `warm` prices to start from.
    fn solve<'s, I: Iterator<Item = &'s T>>(&mut self, warm: Option<&[T]>, scores: impl Fn(u32) -> I)
    where
        T: 's,
    {
        self.agent_of.fill(FREE);
        self.task_of.fill(FREE);
        self.price.fill(T::ZERO);
        let agents = self.task_of.len();
        // Where every task will be taken, prices of any sign are feasible.
        let square = agents == self.price.len();
        if let (Some(warm), true) = (warm, square) {
            for (price, &warm) in self.price.iter_mut().zip(warm) {
                *price = warm;
            }
        } else if square {
            self.price.fill(T::INFINITY);
            for agent in 0..agents as u32 {
                for (price, &score) in self.price.iter_mut().zip(scores(agent)) {
                    *price = if -score < *price { -score } else { *price };
                }
            }
        }
        for (waiting, agent) in self.waiting.iter_mut().zip(0u32..) {
            *waiting = agent;
        }
        let mut free = agents;
        for _ in 0..2 {
            free = self.reduce(free, &scores);
        }
        for place in 0..free {
            if let Some(&agent) = self.waiting.get(place) {
                self.augment(agent, &scores);
            }
        }
    }

    /// Augmenting row reduction: each waiting agent takes its best task and raises its advantage over the second best
    /// into the price; whoever held the task waits. Returns how many still wait.
    fn reduce<'s, I: Iterator<Item = &'s T>>(&mut self, free: usize, scores: impl Fn(u32) -> I) -> usize
    where
        T: 's,
    {
        let mut still = 0;
        // Ties could displace agents in circles.
        let mut left = 2 * free;
        let mut next = 0;
        while next < free && left > 0 {
            left -= 1;
            let Some(&agent) = self.waiting.get(next) else { break };
            next += 1;
            let (mut best, mut second) = ((T::INFINITY, 0u32), (T::INFINITY, 0u32));
            for ((&score, &price), task) in scores(agent).zip(self.price.iter()).zip(0u32..) {
                let cost = -score - price;
                if cost < second.0 {
                    if cost < best.0 {
                        (best, second) = ((cost, task), best);
                    } else {
                        second = (cost, task);
                    }
                }
            }
            let advantage = second.0 - best.0;
            let task = best.1;
            let holder = get(self.agent_of, task).unwrap_or(FREE);
            let lowered = get(self.price, task).unwrap_or(T::ZERO) - advantage;
            let gains = advantage > T::ZERO && lowered.is_finite() && get(self.price, task) != Some(lowered);
            if gains {
                set(self.price, task, lowered);
            } else if holder != FREE {
                // Nothing to gain: the agent waits for an augmenting path.
                set(self.waiting, still as u32, agent);
                still += 1;
                continue;
            }
            set(self.agent_of, task, agent);
            set(self.task_of, agent, task);
            if holder != FREE {
                set(self.task_of, holder, FREE);
                next -= 1;
                set(self.waiting, next as u32, holder);
            }
        }
        while next < free {
            if let Some(&agent) = self.waiting.get(next) {
                set(self.waiting, still as u32, agent);
                still += 1;
            }
            next += 1;
        }
        still
    }

    /// Gives `agent` a task along the shortest augmenting path in reduced costs (Dijkstra).
    fn augment<'s, I: Iterator<Item = &'s T>>(&mut self, agent: u32, scores: impl Fn(u32) -> I)
    where
        T: 's,
    {
        for (order, task) in self.order.iter_mut().zip(0u32..) {
            *order = task;
        }
        self.before.fill(agent);
        for ((distance, &price), &score) in self.distance.iter_mut().zip(self.price.iter()).zip(scores(agent))
        {
            *distance = -score - price;
        }
        // order[..done] are settled tasks, all of them taken.
        let mut done = 0;
        let (end, least) = loop {
            let mut nearest = (T::INFINITY, done);
            for (place, &task) in self.order.iter().enumerate().skip(done) {
                let distance = get(self.distance, task).unwrap_or(T::INFINITY);
                // At equal distance a free task ends the search.
                if distance < nearest.0 || (distance == nearest.0 && get(self.agent_of, task) == Some(FREE)) {
                    nearest = (distance, place);
                }
            }
            let (least, place) = nearest;
            let Some(&task) = self.order.get(place) else { return };
            if place < self.order.len() && done < self.order.len() {
                self.order.swap(done, place);
            }
            done += 1;
            let holder = get(self.agent_of, task).unwrap_or(FREE);
            if holder == FREE {
                break (task, least);
            }
            let mut own = T::ZERO;
            if let Some(&score) = scores(holder).nth(task as usize) {
                own = -score - get(self.price, task).unwrap_or(T::ZERO);
            }
            let shift = least - own;
            let tasks = self.distance.iter_mut().zip(self.before.iter_mut());
            for ((distance, before), (&score, &price)) in tasks.zip(scores(holder).zip(self.price.iter())) {
                let through = -score - price + shift;
                // A settled task is nearer than anything through this one, up to rounding, which must not matter.
                if through < *distance && *distance > least {
                    *distance = through;
                    *before = holder;
                }
            }
        };
        for &task in self.order.iter().take(done - 1) {
            if let (Some(price), Some(distance)) =
                (self.price.get_mut(task as usize), get(self.distance, task))
            {
                *price += distance - least;
            }
        }
        let mut task = end;
        for _ in 0..done {
            let by = get(self.before, task).unwrap_or(agent);
            set(self.agent_of, task, by);
            let freed = get(self.task_of, by).unwrap_or(FREE);
            set(self.task_of, by, task);
            if by == agent {
                break;
            }
            task = freed;
        }
    }
}

impl<T: Real, P: Plane> Oracle<T> for Assignment<P> {
    type Shape = P;
    type Work = AssignmentWork<T, P>;
    const NAME: &'static str = "assignment";

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

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> T {
        let (rows, columns) = (self.plane.rows().dim(), self.plane.columns().dim());
        let AssignmentWork { rows: r, columns: c, warm } = work;
        y.fill(T::ZERO);
        if rows <= columns {
            let mut matching = Matching {
                price: c.price.as_mut(),
                distance: c.distance.as_mut(),
                before: c.before.as_mut(),
                order: c.order.as_mut(),
                agent_of: c.partner.as_mut(),
                task_of: r.partner.as_mut(),
                waiting: r.order.as_mut(),
            };
            let warm = warm.as_ref().map(AsRef::as_ref);
            matching
                .solve(warm, |row| theta.get(row as usize * columns..).unwrap_or(&[]).iter().take(columns));
        } else {
            let mut matching = Matching {
                price: r.price.as_mut(),
                distance: r.distance.as_mut(),
                before: r.before.as_mut(),
                order: r.order.as_mut(),
                agent_of: r.partner.as_mut(),
                task_of: c.partner.as_mut(),
                waiting: c.order.as_mut(),
            };
            matching
                .solve(None, |column| theta.get(column as usize..).unwrap_or(&[]).iter().step_by(columns));
        }
        for (y, &column) in y.chunks_exact_mut(columns.max(1)).zip(r.partner.as_ref()) {
            set(y, column, T::ONE);
        }
        total(theta, y)
    }

    fn warm_up(&self, theta: &[T], work: &mut Self::Work) {
        work.warm = None;
        if self.warm && self.plane.rows().dim() == self.plane.columns().dim() {
            let mut y = self.plane.array(T::ZERO);
            self.solve(theta, y.as_mut(), work);
            work.warm = Some(work.columns.price.clone())
                .filter(|prices| prices.as_ref().iter().all(|p| p.is_finite()));
        }
    }

    /// Every assignment is a vertex.
    fn is_vertex(&self, y: &[T], work: &mut Self::Work) -> bool {
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
