//! The same matchings with vectors of a host's processor: 16 tasks at a time, and no branch that depends on the scores
//! but for ties and for the length of a path.
//!
//! Every number is formed by the operations of [`Matching`], and every choice is the same one.

use perturb_lanes::Kernel;

use super::matching::{FREE, Matching, get, set, turn};
use super::rows::{Equal, Row, first, last, least, least_two, places, smaller};
use super::scores::Scores;
use crate::Real;
use crate::engine::lanes::{self, LANES, row_by_row, settle};

/// Solves with vectors, if there is memory for them: `numbers` three rows for 16 tasks and one more, `names` two.
/// `TALL`: the rows of `theta` are the tasks.
pub(super) fn solve<T: Real, const TALL: bool>(
    matching: &mut Matching<'_, T>,
    numbers: &mut [Row<T>],
    names: &mut [Row<u32>],
    warm: Option<&[T]>,
    theta: &[T],
    columns: usize,
) -> Option<()> {
    let rows = matching.price.len().div_ceil(LANES);
    let (before, names) = names.split_at_mut_checked(rows)?;
    let place_of = names.get_mut(..rows)?;
    let (price, numbers) = numbers.split_at_mut_checked(rows)?;
    let (distance, numbers) = numbers.split_at_mut_checked(rows)?;
    let scores = Scores::new(theta, columns, numbers.get_mut(..=rows)?, rows);
    let matching = matching.reborrow();
    lanes::run(Wide::<T, TALL> { matching, scores, price, distance, before, place_of, warm });
    Some(())
}

struct Wide<'a, T, const TALL: bool> {
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

impl<T: Real, const TALL: bool> Kernel for Wide<'_, T, TALL> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        self.matching.agent_of.fill(FREE);
        self.matching.task_of.fill(FREE);
        self.start_prices();
        let agents = self.matching.task_of.len();
        for (waiting, agent) in self.matching.waiting.iter_mut().zip(0u32..) {
            *waiting = agent;
        }
        let mut free = agents;
        for _ in 0..2 {
            free = self.reduce(free);
        }
        for (&agent, task) in self.matching.agent_of.iter().zip(0u32..) {
            set(self.matching.task_of, agent, task);
        }
        for place in 0..free {
            if let Some(&agent) = self.matching.waiting.get(place) {
                self.augment(agent);
            }
        }
        for (price, &found) in self.matching.price.iter_mut().zip(self.price.as_flattened()) {
            *price = found;
        }
    }
}

impl<T: Real, const TALL: bool> Wide<'_, T, TALL> {
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

    /// As [`Matching::reduce`], but for the tasks of agents, which wait until all is done. A new price is set on the next
    /// way through the prices: set alone, it would keep the row that it is in from being read.
    #[inline(always)]
    fn reduce(&mut self, free: usize) -> usize {
        let places = places();
        let Self { matching: Matching { agent_of, waiting, .. }, scores, price: prices, .. } = self;
        let (mut still, mut next) = (0, 0);
        let mut left = 2 * free;
        let (mut changed, mut new) = (FREE, T::ZERO);
        let mut agent = get(waiting, 0).unwrap_or(0);
        while next < free && left > 0 {
            left -= 1;
            next += 1;
            let (mut best, mut second) = ([T::INFINITY; LANES], [T::INFINITY; LANES]);
            let (mut tasks, mut row) = ([0u32; LANES], 0u32);
            for (price, scores) in prices.iter_mut().zip(scores.of(agent)) {
                row_by_row();
                let (old, scores) = (*price, *scores);
                let mut current = old;
                for lane in 0..LANES {
                    let price = if row + places[lane] == changed { new } else { old[lane] };
                    current[lane] = price;
                    let cost = -scores[lane] - price;
                    let larger = if best[lane] > cost { best[lane] } else { cost };
                    second[lane] = smaller(larger, second[lane]);
                    tasks[lane] = if cost < best[lane] { row + places[lane] } else { tasks[lane] };
                    best[lane] = smaller(cost, best[lane]);
                }
                *price = settle(current);
                row += LANES as u32;
            }
            let (bests, seconds, tasks) = (settle(best), settle(second), settle(tasks));
            let (best, second) = least_two(&bests, &seconds);
            let task = first(best, &bests, &tasks);
            let task = if best < T::INFINITY { task } else { 0 };
            let advantage = second - best;
            let holder = get(agent_of, task).unwrap_or(FREE);
            let old = get(prices.as_flattened(), task).unwrap_or(T::ZERO);
            let lowered = old - advantage;
            if advantage > T::ZERO && lowered.is_finite() && old != lowered {
                (changed, new) = (task, lowered);
            } else if holder != FREE {
                set(waiting, still, agent);
                still += 1;
                agent = get(waiting, next as u32).unwrap_or(0);
                continue;
            }
            set(agent_of, task, agent);
            let following = get(waiting, next as u32).unwrap_or(0);
            next -= usize::from(holder != FREE);
            agent = if holder == FREE { following } else { holder };
        }
        set(prices.as_flattened_mut(), changed, new);
        while next < free {
            set(waiting, still, agent);
            still += 1;
            next += 1;
            agent = get(waiting, next as u32).unwrap_or(0);
        }
        still as usize
    }

    /// As [`Matching::augment`].
    #[inline(always)]
    fn augment(&mut self, agent: u32) {
        let places = places();
        let nan = T::INFINITY + T::NEG_INFINITY;
        let mut near = [T::INFINITY; LANES];
        // The first and the last task at the least distance in each lane.
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
        let (mut done, mut in_order) = (0, 0);
        let (end, most) = loop {
            let (nears, firsts, lasts) = (settle(near), settle(early), settle(late));
            let mut reached = least(&nears);
            let mut task = first(reached, &nears, &firsts);
            let alone = task == last(reached, &nears, &lasts) && reached < T::INFINITY;
            if !alone && done as usize >= self.matching.order.len() {
                return;
            }
            if !alone {
                (reached, task) = self.nearest_in_order(reached, done, &mut in_order);
            }
            let holder = get(self.matching.agent_of, task).unwrap_or(FREE);
            if holder == FREE {
                break (task, reached);
            }
            let own = get(self.distance.as_flattened(), task).unwrap_or(T::INFINITY);
            set(self.matching.distance, done, own);
            set(self.matching.before, done, task);
            done += 1;
            let price = get(self.price.as_flattened(), task).unwrap_or(T::ZERO);
            let shift = reached - (-self.scores.one(holder, task) - price);
            near = [T::INFINITY; LANES];
            (early, late, row) = ([0; LANES], [0; LANES], 0);
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
        };
        let prices = self.price.as_flattened_mut();
        let settled = self.matching.before.iter().zip(self.matching.distance.iter());
        for (&task, &distance) in settled.take(done as usize) {
            if let Some(price) = prices.get_mut(task as usize) {
                *price += distance - most;
            }
        }
        let Matching { agent_of, task_of, .. } = &mut self.matching;
        turn(agent_of, task_of, self.before.as_flattened(), (agent, end), done as usize + 1);
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
