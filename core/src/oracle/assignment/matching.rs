//! Matchings grown agent by agent.

use crate::Real;

/// Without a partner.
pub(super) const FREE: u32 = u32::MAX;

/// A matching in progress, and memory to grow it in.
pub(super) struct Matching<'a, T> {
    pub(super) price: &'a mut [T],
    pub(super) distance: &'a mut [T],
    pub(super) before: &'a mut [u32],
    pub(super) order: &'a mut [u32],
    /// The agent of each task, and the task of each agent.
    pub(super) agent_of: &'a mut [u32],
    pub(super) task_of: &'a mut [u32],
    /// Agents that wait.
    pub(super) waiting: &'a mut [u32],
}

pub(super) fn get<T: Copy>(list: &[T], index: u32) -> Option<T> {
    list.get(index as usize).copied()
}

pub(super) fn set<T>(list: &mut [T], index: u32, value: T) {
    if let Some(place) = list.get_mut(index as usize) {
        *place = value;
    }
}

impl<T: Real> Matching<'_, T> {
    pub(super) fn reborrow(&mut self) -> Matching<'_, T> {
        Matching {
            price: &mut *self.price,
            distance: &mut *self.distance,
            before: &mut *self.before,
            order: &mut *self.order,
            agent_of: &mut *self.agent_of,
            task_of: &mut *self.task_of,
            waiting: &mut *self.waiting,
        }
    }

    /// `scores(agent)` are the scores of the agent's tasks in order, `warm` prices to start from.
    pub(super) fn solve<'s, I: Iterator<Item = &'s T>>(
        &mut self,
        warm: Option<&[T]>,
        scores: impl Fn(u32) -> I,
    ) where
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
        let mut farthest = T::NEG_INFINITY;
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
            farthest = least.larger(farthest);
            let holder = get(self.agent_of, task).unwrap_or(FREE);
            if holder == FREE {
                break (task, least);
            }
            let mut own = T::ZERO;
            if let Some(&score) = scores(holder).nth(task as usize) {
                own = -score - get(self.price, task).unwrap_or(T::ZERO);
            }
            let shift = least - own;
            let tasks = self.distance.iter_mut().zip(self.before.iter_mut()).zip(0u32..);
            for (((distance, before), task), (&score, &price)) in
                tasks.zip(scores(holder).zip(self.price.iter()))
            {
                let through = -score - price + shift;
                if through < *distance && *distance > least {
                    // By rounding, a settled task can seem farther than this one; its path must stay.
                    let settled = *distance <= farthest && self.order.iter().take(done).any(|&t| t == task);
                    if !settled {
                        *distance = through;
                        *before = holder;
                    }
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
        turn(self.agent_of, self.task_of, self.before, (agent, end), done);
    }
}

/// Gives every task on the path of `length` tasks from `agent` to `end` to the agent before it.
pub(super) fn turn(
    agent_of: &mut [u32],
    task_of: &mut [u32],
    before: &[u32],
    (agent, end): (u32, u32),
    length: usize,
) {
    let mut task = end;
    for _ in 0..length {
        let by = get(before, task).unwrap_or(agent);
        set(agent_of, task, by);
        let freed = get(task_of, by).unwrap_or(FREE);
        set(task_of, by, task);
        if by == agent {
            break;
        }
        task = freed;
    }
}
