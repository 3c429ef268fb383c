//! The same matchings with vectors of a host's processor: 16 tasks at a time, and no branch that depends on the scores
//! but for ties and for the length of a path. Several problems take turns.
//!
//! Every number is formed by the operations of [`Matching`], and every choice is the same one.

use perturb_lanes::Kernel;

use super::matching::{FREE, Matching, get, set, turn};
use super::rows::{Equal, Quarters, Row, first, last, least, least_two, places, quarters, smaller};
use super::scores::Scores;
use crate::Real;
use crate::engine::lanes::{self, LANES, row_by_row, settle};

/// Solves problems of one size, a step of each in turn: a step is a chain of operations that wait for each other, and those of other
/// problems fill the gaps.
pub(super) fn solve<T: Real, const TALL: bool, const K: usize>(problems: &mut [Problem<'_, T, TALL>; K]) {
    lanes::run(Solve { problems });
}

/// Solves one problem, if there is memory for it: see [`Problem::new`].
pub(super) fn solve_one<T: Real, const TALL: bool>(
    matching: &mut Matching<'_, T>,
    numbers: &mut [Row<T>],
    names: &mut [Row<u32>],
    warm: Option<&[T]>,
    theta: &[T],
    columns: usize,
) -> bool {
    let problem = Problem::<T, TALL>::new(matching.reborrow(), numbers, names, warm, theta, columns);
    problem.is_some_and(|problem| {
        solve(&mut [problem]);
        true
    })
}

/// A problem to be solved.
pub(super) struct Problem<'a, T, const TALL: bool> {
    /// Of its memory: `distance` and `before` are the settled tasks' distances and names, in the order of settling.
    matching: Matching<'a, T>,
    scores: Scores<'a, T, TALL>,
    /// −∞ behind the last task, which makes its cost infinite.
    price: &'a mut [Row<T>],
    /// NaN where settled, which nothing is less than.
    distance: &'a mut [Row<T>],
    before: &'a mut [Row<u32>],
    /// The order's inverse.
    place_of: &'a mut [Row<u32>],
    warm: Option<&'a [T]>,
}

/// Where a part of the work on a problem stands. A trait, since closures would not be sure to be compiled into the kernel.
trait State<P> {
    fn is_done(&self) -> bool;
    fn step(&mut self, problem: &mut P);
}

/// Where [`Matching::reduce`] stands.
struct Reduction<T> {
    /// How many agents wait, how many of them will do so still, and which comes next.
    free: usize,
    still: u32,
    next: usize,
    /// Steps that are left.
    left: usize,
    agent: u32,
    /// A task whose price is to be set on the next way through the prices: set alone, it would keep the row that it is in from being
    /// read.
    changed: u32,
    new: T,
}

impl<T: Real, const TALL: bool> State<Problem<'_, T, TALL>> for Reduction<T> {
    #[inline(always)]
    fn is_done(&self) -> bool {
        self.next >= self.free || self.left == 0
    }
    #[inline(always)]
    fn step(&mut self, problem: &mut Problem<'_, T, TALL>) {
        problem.reduce(self);
    }
}

/// Where [`Matching::augment`] stands, for one agent after the other.
struct Search<T> {
    /// How many agents wait, and which is served.
    free: usize,
    place: usize,
    agent: u32,
    /// The least distance in each lane, and the first and the last task that has it.
    near: Quarters<T>,
    early: Quarters<u32>,
    late: Quarters<u32>,
    /// How many tasks are settled, and how many of them have their place in the order already.
    done: u32,
    in_order: u32,
}

impl<T: Real, const TALL: bool> State<Problem<'_, T, TALL>> for Search<T> {
    #[inline(always)]
    fn is_done(&self) -> bool {
        self.place >= self.free
    }
    #[inline(always)]
    fn step(&mut self, problem: &mut Problem<'_, T, TALL>) {
        problem.augment(self);
    }
}

struct Solve<'p, 'a, T, const TALL: bool, const K: usize> {
    problems: &'p mut [Problem<'a, T, TALL>; K],
}

impl<T: Real, const TALL: bool, const K: usize> Kernel for Solve<'_, '_, T, TALL, K> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { problems } = self;
        let mut free = [0; K];
        for (problem, free) in problems.iter_mut().zip(&mut free) {
            *free = problem.begin();
        }
        for _ in 0..2 {
            let mut all = [const { None }; K];
            for ((problem, state), &free) in problems.iter_mut().zip(&mut all).zip(&free) {
                *state = Some(problem.begin_reduction(free));
            }
            in_turn(problems, &mut all);
            for ((problem, state), free) in problems.iter_mut().zip(all).zip(&mut free) {
                *free = state.map_or(0, |state| problem.end_reduction(&state));
            }
        }
        let mut all = [const { None }; K];
        for ((problem, state), &free) in problems.iter_mut().zip(&mut all).zip(&free) {
            *state = Some(problem.begin_search(free));
        }
        in_turn(problems, &mut all);
        for problem in problems {
            problem.end();
        }
    }
}

/// A step of each problem in turn, until all are done.
#[inline(always)]
fn in_turn<P, S: State<P>, const K: usize>(problems: &mut [P; K], states: &mut [Option<S>; K]) {
    let mut going = true;
    while going {
        going = false;
        for (problem, state) in problems.iter_mut().zip(&mut *states) {
            match state {
                Some(state) if !state.is_done() => {
                    state.step(problem);
                    going = true;
                }
                _ => {}
            }
        }
    }
}

impl<'a, T: Real, const TALL: bool> Problem<'a, T, TALL> {
    /// With memory for vectors, if that is enough: `numbers` three rows for 16 tasks and one more, `names` two. `TALL`: the rows of
    /// `theta` are the tasks.
    pub(super) fn new(
        matching: Matching<'a, T>,
        numbers: &'a mut [Row<T>],
        names: &'a mut [Row<u32>],
        warm: Option<&'a [T]>,
        theta: &'a [T],
        columns: usize,
    ) -> Option<Self> {
        let rows = matching.price.len().div_ceil(LANES);
        let (before, names) = names.split_at_mut_checked(rows)?;
        let place_of = names.get_mut(..rows)?;
        let (price, numbers) = numbers.split_at_mut_checked(rows)?;
        let (distance, numbers) = numbers.split_at_mut_checked(rows)?;
        let scores = Scores::new(theta, columns, numbers.get_mut(..=rows)?, rows);
        Some(Self { matching, scores, price, distance, before, place_of, warm })
    }

    /// How many pairs there should be.
    pub(super) fn agents(&self) -> usize {
        self.matching.task_of.len()
    }
    /// The column of every row, or [`FREE`].
    pub(super) fn column_of(&self) -> &[u32] {
        if TALL { self.matching.agent_of } else { self.matching.task_of }
    }
    /// Entry `index` of θ.
    pub(super) fn score(&self, index: usize) -> T {
        self.scores.at(index)
    }

    /// Without pairs; how many agents wait.
    #[inline(always)]
    fn begin(&mut self) -> usize {
        self.matching.agent_of.fill(FREE);
        self.matching.task_of.fill(FREE);
        self.start_prices();
        for (waiting, agent) in self.matching.waiting.iter_mut().zip(0u32..) {
            *waiting = agent;
        }
        self.matching.task_of.len()
    }

    #[inline(always)]
    fn end(&mut self) {
        for (price, &found) in self.matching.price.iter_mut().zip(self.price.as_flattened()) {
            *price = found;
        }
    }

    #[inline(always)]
    fn start_prices(&mut self) {
        let (agents, tasks) = (self.matching.task_of.len(), self.matching.price.len());
        let square = agents == tasks;
        let start = if square && self.warm.is_none() { T::INFINITY } else { T::ZERO };
        for price in self.price.iter_mut() {
            row_by_row();
            *price = [start; LANES];
        }
        if let (Some(warm), true) = (self.warm, square) {
            for (price, &warm) in self.price.as_flattened_mut().iter_mut().zip(warm) {
                *price = warm;
            }
        } else if square {
            // Four agents at a time; the last may come again.
            for agent in (0..agents as u32).step_by(4) {
                let scores = |step: u32| self.scores.in_place((agent + step).min(agents as u32 - 1)).iter();
                let (ab, cd) = (scores(0).zip(scores(1)), scores(2).zip(scores(3)));
                for (price, ((a, b), (c, d))) in self.price.iter_mut().zip(ab.zip(cd)) {
                    row_by_row();
                    let (a, b, c, d, mut least) = (*a, *b, *c, *d, *price);
                    for lane in 0..LANES {
                        let four = smaller(smaller(-a[lane], -b[lane]), smaller(-c[lane], -d[lane]));
                        least[lane] = smaller(four, least[lane]);
                    }
                    *price = settle(least);
                }
            }
        }
        for price in self.price.as_flattened_mut().iter_mut().skip(tasks) {
            *price = T::NEG_INFINITY;
        }
    }

    #[inline(always)]
    fn begin_reduction(&self, free: usize) -> Reduction<T> {
        let agent = get(self.matching.waiting, 0).unwrap_or(0);
        Reduction { free, still: 0, next: 0, left: 2 * free, agent, changed: FREE, new: T::ZERO }
    }

    /// One agent's step of [`Matching::reduce`], but for the tasks of agents, which wait until all is done.
    #[inline(always)]
    fn reduce(&mut self, state: &mut Reduction<T>) {
        let places = places();
        let Self { matching: Matching { agent_of, waiting, .. }, scores, price: prices, .. } = self;
        let &mut Reduction { mut still, mut next, agent, mut changed, mut new, .. } = state;
        next += 1;
        let (mut best, mut second) = ([T::INFINITY; LANES], [T::INFINITY; LANES]);
        let (mut tasks, mut row) = ([0u32; LANES], 0u32);
        for (price, scores) in prices.iter_mut().zip(scores.of(agent)) {
            row_by_row();
            let (old, scores) = (*price, *scores);
            let (mut current, mut costs, mut larger) = (old, scores, scores);
            for lane in 0..LANES {
                current[lane] = if row + places[lane] == changed { new } else { old[lane] };
                costs[lane] = -scores[lane] - current[lane];
                larger[lane] = if best[lane] > costs[lane] { best[lane] } else { costs[lane] };
                tasks[lane] = if costs[lane] < best[lane] { row + places[lane] } else { tasks[lane] };
                best[lane] = smaller(costs[lane], best[lane]);
            }
            // By itself: within the loop above, compilers make two choices between stores of it.
            for lane in 0..LANES {
                second[lane] = smaller(larger[lane], second[lane]);
            }
            *price = settle(current);
            row += LANES as u32;
        }
        let (bests, seconds, tasks) = (quarters(&best), quarters(&second), quarters(&tasks));
        let (best, second) = least_two(&bests, &seconds);
        let task = first(best, &bests, &tasks);
        let task = if best < T::INFINITY { task } else { 0 };
        let advantage = second - best;
        let holder = get(agent_of, task).unwrap_or(FREE);
        let old = get(prices.as_flattened(), task).unwrap_or(T::ZERO);
        let lowered = old - advantage;
        let gains = advantage > T::ZERO && lowered.is_finite() && old != lowered;
        let following = get(waiting, next as u32).unwrap_or(0);
        if gains {
            (changed, new) = (task, lowered);
        }
        let then = if gains || holder == FREE {
            set(agent_of, task, agent);
            next -= usize::from(holder != FREE);
            if holder == FREE { following } else { holder }
        } else {
            set(waiting, still, agent);
            still += 1;
            following
        };
        *state = Reduction { still, next, left: state.left - 1, agent: then, changed, new, ..*state };
    }

    /// How many agents wait still.
    #[inline(always)]
    fn end_reduction(&mut self, state: &Reduction<T>) -> usize {
        let Self { matching: Matching { waiting, .. }, price: prices, .. } = self;
        let &Reduction { free, mut still, mut next, mut agent, changed, new, .. } = state;
        set(prices.as_flattened_mut(), changed, new);
        while next < free {
            set(waiting, still, agent);
            still += 1;
            next += 1;
            agent = get(waiting, next as u32).unwrap_or(0);
        }
        still as usize
    }

    #[inline(always)]
    fn begin_search(&mut self, free: usize) -> Search<T> {
        for (&agent, task) in self.matching.agent_of.iter().zip(0u32..) {
            set(self.matching.task_of, agent, task);
        }
        let (near, late) = (quarters(&[T::INFINITY; LANES]), quarters(&[0; LANES]));
        let mut state = Search { free, place: 0, agent: FREE, near, early: late, late, done: 0, in_order: 0 };
        self.look_around(&mut state);
        state
    }

    /// The distances of all tasks from the agent that is served, if one is left.
    #[inline(always)]
    fn look_around(&mut self, state: &mut Search<T>) {
        if state.place >= state.free {
            return;
        }
        let agent = get(self.matching.waiting, state.place as u32).unwrap_or(0);
        let places = places();
        let mut near = [T::INFINITY; LANES];
        let (mut early, mut late, mut row) = ([0u32; LANES], [0u32; LANES], 0u32);
        let distances = self.distance.iter_mut().zip(self.before.iter_mut());
        for ((distance, before), (price, scores)) in
            distances.zip(self.price.iter().zip(self.scores.of(agent)))
        {
            row_by_row();
            let (price, scores) = (*price, *scores);
            let mut costs = price;
            for lane in 0..LANES {
                let (cost, task) = (-scores[lane] - price[lane], row + places[lane]);
                costs[lane] = cost;
                early[lane] = if cost < near[lane] { task } else { early[lane] };
                late[lane] = if cost <= near[lane] { task } else { late[lane] };
                near[lane] = smaller(cost, near[lane]);
            }
            *distance = costs;
            *before = [agent; LANES];
            row += LANES as u32;
        }
        let (near, early, late) = (quarters(&near), quarters(&early), quarters(&late));
        *state = Search { agent, near, early, late, done: 0, in_order: 0, ..*state };
    }

    /// One task's step of [`Matching::augment`].
    #[inline(always)]
    fn augment(&mut self, state: &mut Search<T>) {
        let &mut Search { ref near, ref early, ref late, done, .. } = state;
        let mut reached = least(near);
        let mut task = first(reached, near, early);
        let alone = task == last(reached, near, late) && reached < T::INFINITY;
        let none = !alone && done as usize >= self.matching.order.len();
        if !alone && !none {
            (reached, task) = self.nearest_in_order(reached, done, &mut state.in_order);
        }
        let holder = get(self.matching.agent_of, task).unwrap_or(FREE);
        if none || holder == FREE {
            if !none {
                self.take_path(state, task, reached);
            }
            state.place += 1;
            self.look_around(state);
            return;
        }
        let own = get(self.distance.as_flattened(), task).unwrap_or(T::INFINITY);
        set(self.matching.distance, done, own);
        set(self.matching.before, done, task);
        let price = get(self.price.as_flattened(), task).unwrap_or(T::ZERO);
        let shift = reached - (-self.scores.one(holder, task) - price);
        let places = places();
        let nan = T::INFINITY + T::NEG_INFINITY;
        let mut near = [T::INFINITY; LANES];
        let (mut early, mut late, mut row) = ([0u32; LANES], [0u32; LANES], 0u32);
        let distances = self.distance.iter_mut().zip(self.before.iter_mut());
        for ((distance, before), (price, scores)) in
            distances.zip(self.price.iter().zip(self.scores.of(holder)))
        {
            row_by_row();
            let (price, scores, old, by) = (*price, *scores, *distance, *before);
            let (mut new, mut new_by) = (old, by);
            for lane in 0..LANES {
                let own = row + places[lane];
                let old = if own == task { nan } else { old[lane] };
                let through = -scores[lane] - price[lane] + shift;
                let open = if old > reached { old } else { T::NEG_INFINITY };
                let shorter = through < open;
                let now = if shorter { through } else { old };
                new[lane] = now;
                new_by[lane] = if shorter { holder } else { by[lane] };
                early[lane] = if now < near[lane] { own } else { early[lane] };
                late[lane] = if now <= near[lane] { own } else { late[lane] };
                near[lane] = smaller(now, near[lane]);
            }
            (*distance, *before) = (new, settle(new_by));
            row += LANES as u32;
        }
        let (near, early, late) = (quarters(&near), quarters(&early), quarters(&late));
        *state = Search { near, early, late, done: done + 1, ..*state };
    }

    /// Gives the tasks on the way to `end`, which is at distance `most`, to the agents before them.
    #[inline(always)]
    fn take_path(&mut self, state: &Search<T>, end: u32, most: T) {
        let prices = self.price.as_flattened_mut();
        let settled = self.matching.before.iter().zip(self.matching.distance.iter());
        for (&task, &distance) in settled.take(state.done as usize) {
            if let Some(price) = prices.get_mut(task as usize) {
                *price += distance - most;
            }
        }
        let Matching { agent_of, task_of, .. } = &mut self.matching;
        turn(agent_of, task_of, self.before.as_flattened(), (state.agent, end), state.done as usize + 1);
    }

    /// The distance and the task that [`Matching::augment`] would take: at equal distances, that which its order says.
    /// `in_order` tasks have their place in the order already.
    #[inline(always)]
    fn nearest_in_order(&mut self, reached: T, done: u32, in_order: &mut u32) -> (T, u32) {
        let Matching { order, before: settled, agent_of, .. } = &mut self.matching;
        let place_of = self.place_of.as_flattened_mut();
        if *in_order == 0 {
            for ((order, place), task) in order.iter_mut().zip(&mut *place_of).zip(0u32..) {
                (*order, *place) = (task, task);
            }
        }
        for place in *in_order..done {
            let task = get(settled, place).unwrap_or(0);
            let from = get(place_of, task).unwrap_or(0);
            let other = get(order, place).unwrap_or(0);
            set(order, place, task);
            set(order, from, other);
            set(place_of, task, place);
            set(place_of, other, from);
        }
        *in_order = done;
        if reached < T::INFINITY {
            // Free tasks come first, the last of them before the others.
            let mut nearest = (u32::MAX, 0);
            for (distances, row) in self.distance.iter().zip(0u32..) {
                row_by_row();
                Equal::to(reached, distances).each(|lane| {
                    let task = row * LANES as u32 + lane;
                    let place = get(place_of, task).unwrap_or(0);
                    let free = get(agent_of, task) == Some(FREE);
                    let turn = if free { u32::MAX / 2 - place } else { u32::MAX / 2 + 1 + place };
                    nearest = nearest.min((turn, task));
                });
            }
            return (reached, nearest.1);
        }
        let distances = self.distance.as_flattened();
        let mut nearest = (T::INFINITY, get(order, done).unwrap_or(0));
        for &task in order.iter().skip(done as usize) {
            let distance = get(distances, task).unwrap_or(T::INFINITY);
            if distance < nearest.0 || (distance == nearest.0 && get(agent_of, task) == Some(FREE)) {
                nearest = (distance, task);
            }
        }
        nearest
    }
}
