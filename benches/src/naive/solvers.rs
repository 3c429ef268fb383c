//! Solvers: picking and sorting by the iterators and sorts of std, paths by relaxing edges, and the textbook's answer to the rest.

use crate::pair;

/// The score of a decision.
fn total(theta: &[f32], y: &[f32]) -> f32 {
    theta.iter().zip(y).map(|(theta, y)| theta * y).sum()
}

/// Indices from the largest score to the smallest.
fn descending(theta: &[f32]) -> Vec<usize> {
    let mut pairs: Vec<(f32, usize)> = theta.iter().copied().zip(0..).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs.into_iter().map(|(_, index)| index).collect()
}

/// The largest.
pub fn simplex(theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    let best = (0..theta.len()).max_by(|&i, &j| theta[i].total_cmp(&theta[j]));
    best.map_or(f32::NEG_INFINITY, |best| {
        y[best] = 1.0;
        theta[best]
    })
}

/// The `k` largest, by sorting all.
pub fn top_k(k: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    for index in descending(theta).into_iter().take(k) {
        y[index] = 1.0;
    }
    total(theta, y)
}

/// The largest of each group, by sorting all.
pub fn one_of_each(groups: &[u32], theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    let mut seen = vec![false; groups.iter().max().map_or(0, |&group| group as usize + 1)];
    for index in descending(theta) {
        let seen = &mut seen[groups[index] as usize];
        y[index] = if *seen { 0.0 } else { 1.0 };
        *seen = true;
    }
    total(theta, y)
}

/// Whatever is worth more than nothing.
pub fn hypercube(theta: &[f32], y: &mut [f32]) -> f32 {
    for (y, &theta) in y.iter_mut().zip(theta) {
        *y = if theta > 0.0 { 1.0 } else { 0.0 };
    }
    total(theta, y)
}

/// The place of each score, 1 for the smallest.
pub fn ranking(theta: &[f32], y: &mut [f32]) -> f32 {
    for (place, index) in (1..=theta.len()).rev().zip(descending(theta)) {
        y[index] = place as f32;
    }
    total(theta, y)
}

/// Where no edge has led.
const NONE: usize = usize::MAX;

/// The edge into each node on the best paths from node 0, by relaxing every edge until nothing changes (Bellman 1958). No cycle
/// may gain.
fn relax(nodes: usize, edges: &[(u32, u32)], score: impl Fn(usize) -> f32) -> Vec<usize> {
    let mut best = vec![f32::NEG_INFINITY; nodes];
    let mut by = vec![NONE; nodes];
    best[0] = 0.0;
    let mut changed = true;
    while changed {
        changed = false;
        for (edge, &(tail, head)) in edges.iter().enumerate() {
            let found = best[tail as usize] + score(edge);
            if found > best[head as usize] {
                best[head as usize] = found;
                by[head as usize] = edge;
                changed = true;
            }
        }
    }
    by
}

/// Calls `mark` with the edges of the path to the last node.
fn trace(edges: &[(u32, u32)], by: &[usize], mut mark: impl FnMut(usize)) {
    let mut node = by.len() - 1;
    while by[node] != NONE {
        mark(by[node]);
        node = edges[by[node]].0 as usize;
    }
}

/// The best path from node 0 to the last, scores and decisions by edge.
pub fn edge_path(nodes: usize, edges: &[(u32, u32)], theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    trace(edges, &relax(nodes, edges, |edge| theta[edge]), |edge| y[edge] = 1.0);
    total(theta, y)
}

/// The best path from the first cell to the last along `steps`, scores and decisions by cell.
pub fn cell_path(steps: &[(u32, u32)], theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    y[0] = 1.0;
    let by = relax(theta.len(), steps, |step| theta[steps[step].1 as usize]);
    trace(steps, &by, |step| y[steps[step].1 as usize] = 1.0);
    total(theta, y)
}

/// No row holds the column.
const FREE: usize = usize::MAX;

/// Matches n rows with n columns: rows enter one by one, each along the shortest augmenting path in costs reduced by
/// prices (Kuhn 1955; O(n³) as in Edmonds and Karp 1972).
pub fn assignment(n: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    let mut row_price = vec![0.0; n];
    // Column n is where a row waits to enter.
    let mut column_price = vec![0.0; n + 1];
    let mut holder = vec![FREE; n + 1];
    for entering in 0..n {
        holder[n] = entering;
        let mut distance = vec![f32::INFINITY; n];
        let mut before = vec![n; n];
        let mut reached = vec![false; n + 1];
        let mut column = n;
        while holder[column] != FREE {
            reached[column] = true;
            let row = holder[column];
            let (mut least, mut nearest) = (f32::INFINITY, n);
            for next in 0..n {
                if reached[next] {
                    continue;
                }
                let reduced = -theta[row * n + next] - row_price[row] - column_price[next];
                if reduced < distance[next] {
                    distance[next] = reduced;
                    before[next] = column;
                }
                if distance[next] < least {
                    (least, nearest) = (distance[next], next);
                }
            }
            for other in 0..=n {
                if reached[other] {
                    row_price[holder[other]] += least;
                    column_price[other] -= least;
                } else if other < n {
                    distance[other] -= least;
                }
            }
            column = nearest;
        }
        while column != n {
            holder[column] = holder[before[column]];
            column = before[column];
        }
    }
    y.fill(0.0);
    for (column, &row) in holder[..n].iter().enumerate() {
        y[row * n + column] = 1.0;
    }
    total(theta, y)
}

/// The best tree over `nodes` nodes, which grows by the best edge out of it (Prim 1957); scores and decisions in the
/// order of [`pairs`](crate::pairs).
pub fn spanning_tree(nodes: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    // To which node of the tree the best edge of a node outside leads.
    let mut outside: Vec<(usize, usize)> = (1..nodes).map(|node| (node, 0)).collect();
    let score = |&(node, inside): &(usize, usize)| theta[pair(node, inside)];
    while let Some(place) = (0..outside.len()).max_by(|&a, &b| {
        let (a, b) = (score(&outside[a]), score(&outside[b]));
        a.total_cmp(&b)
    }) {
        let (added, inside) = outside.swap_remove(place);
        y[pair(added, inside)] = 1.0;
        for edge in &mut outside {
            if score(&(edge.0, added)) > score(edge) {
                edge.1 = added;
            }
        }
    }
    total(theta, y)
}

/// A tour that goes to the best city left, and then reverses pieces while that gains (2-opt, Croes 1958); scores and
/// decisions in the order of [`pairs`](crate::pairs).
pub fn tour(cities: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    let score = |a: usize, b: usize| theta[pair(a, b)];
    let (mut tour, mut left) = (vec![0], (1..cities).collect::<Vec<_>>());
    while !left.is_empty() {
        let last = tour[tour.len() - 1];
        let better = |&a: &usize, &b: &usize| score(last, left[a]).total_cmp(&score(last, left[b]));
        let next = (0..left.len()).max_by(better).unwrap_or(0);
        tour.push(left.swap_remove(next));
    }
    let mut changed = true;
    while changed {
        changed = false;
        for i in 0..cities - 2 {
            for j in i + 2..cities {
                let (a, b, c, d) = (tour[i], tour[i + 1], tour[j], tour[(j + 1) % cities]);
                // Not by rounding alone, else it might go round for ever.
                if d != a && score(a, c) + score(b, d) > score(a, b) + score(c, d) + 1e-5 {
                    tour[i + 1..=j].reverse();
                    changed = true;
                }
            }
        }
    }
    y.fill(0.0);
    for (i, &city) in tour.iter().enumerate() {
        y[pair(city, tour[(i + 1) % cities])] = 1.0;
    }
    total(theta, y)
}

/// What to pack into `capacity`: the best value for every capacity, item by item, and whether the item is in it (Bellman
/// 1957). O(d·c) memory.
pub fn knapsack(weights: &[u32], capacity: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    let mut best = vec![0.0f32; capacity + 1];
    let mut packed = vec![vec![false; capacity + 1]; weights.len()];
    for ((&weight, &score), packed) in weights.iter().zip(theta).zip(&mut packed) {
        for c in (weight as usize..=capacity).rev() {
            let with = best[c - weight as usize] + score;
            if with > best[c] {
                best[c] = with;
                packed[c] = true;
            }
        }
    }
    let mut left = capacity;
    for ((y, &weight), packed) in y.iter_mut().zip(weights).zip(&packed).rev() {
        *y = if packed[left] { 1.0 } else { 0.0 };
        left -= if packed[left] { weight as usize } else { 0 };
    }
    total(theta, y)
}
