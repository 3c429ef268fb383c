//! Vertices by enumeration, without an allocator: the specification that oracles are compared with, for small
//! instances only.

/// Most entries of a vertex here: the edges between eight cities, and some.
pub const MOST: usize = 32;

/// Is shown every vertex.
pub type Each<'a> = &'a mut dyn FnMut(&[f64]);

/// How a tie between vertices is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// In favour of the lower indices: the first in descending lexicographic order.
    LowestIndex,
    /// Against every tied entry: the first in ascending lexicographic order.
    Low,
}

/// ⟨y, θ⟩ from the first entry to the last.
pub fn dot(y: &[f64], theta: &[f64]) -> f64 {
    y.iter().zip(theta).map(|(y, theta)| y * theta).sum()
}

/// What searches of shortest paths raise costs to, where nothing else is asked for.
pub fn relative_floor(theta: &[f64]) -> f64 {
    let least = theta.iter().map(|score| -score).filter(|&cost| cost > 0.0).fold(f64::INFINITY, f64::min);
    match least {
        f64::INFINITY => 1.0,
        _ if theta.iter().any(|&score| score > 0.0) => least / 1024.0,
        _ => 0.0,
    }
}

/// The best vertex and its value. Sums of dyadic entries are exact, and so are then ties.
pub fn best(vertices: impl Fn(Each<'_>), theta: &[f64], tie: Tie) -> ([f64; MOST], f64) {
    let (mut best, mut most) = ([f64::NAN; MOST], f64::NEG_INFINITY);
    vertices(&mut |y| {
        let value = dot(y, theta);
        let first = if tie == Tie::LowestIndex { *y > best[..y.len()] } else { *y < best[..y.len()] };
        if value > most || (value == most && first) {
            most = value;
            best[..y.len()].copy_from_slice(y);
        }
    });
    (best, most)
}

/// The largest ⟨y, θ⟩.
pub fn most(vertices: impl Fn(Each<'_>), theta: &[f64]) -> f64 {
    best(vertices, theta, Tie::LowestIndex).1
}

/// Whether `y` is one of them.
pub fn contains(vertices: impl Fn(Each<'_>), y: &[f64]) -> bool {
    let mut found = false;
    vertices(&mut |vertex| found |= vertex == y);
    found
}

/// All vectors of {low, high}ᵈ.
pub fn hypercube(d: usize, low: f64, high: f64, each: Each<'_>) {
    let mut y = [low; MOST];
    for bits in 0..1u32 << d {
        for (i, y) in y[..d].iter_mut().enumerate() {
            *y = if bits >> i & 1 == 1 { high } else { low };
        }
        each(&y[..d]);
    }
}

/// All vectors of {0, 1}ᵈ with k ones.
pub fn top_k(d: usize, k: usize, each: Each<'_>) {
    hypercube(d, 0.0, 1.0, &mut |y| {
        if y.iter().sum::<f64>() == k as f64 {
            each(y);
        }
    });
}

/// All permutations of `v`.
pub fn permutahedron(v: &[f64], each: Each<'_>) {
    fn arrange(y: &mut [f64], from: usize, each: Each<'_>) {
        if from == y.len() {
            return each(y);
        }
        for i in from..y.len() {
            y.swap(from, i);
            arrange(y, from + 1, each);
            y.swap(from, i);
        }
    }
    let mut y = [0.0; MOST];
    y[..v.len()].copy_from_slice(v);
    arrange(&mut y[..v.len()], 0, each);
}

/// All packings: y in {0, 1}ᵈ with ⟨w, y⟩ ≤ capacity.
pub fn knapsack(weights: &[u32], capacity: u32, each: Each<'_>) {
    hypercube(weights.len(), 0.0, 1.0, &mut |y| {
        let load = weights.iter().zip(y).map(|(&w, y)| f64::from(w) * y).sum::<f64>();
        if load <= f64::from(capacity) {
            each(y);
        }
    });
}

/// All spanning trees of a graph, or forests of one that is not connected: as many edges as join all that the graph joins, without
/// a cycle.
pub fn spanning_trees(nodes: usize, edges: &[(u32, u32)], each: Each<'_>) {
    let rank = joined(nodes, edges, &[1.0; MOST][..edges.len()]);
    top_k(edges.len(), rank, &mut |y| {
        if joined(nodes, edges, y) == rank {
            each(y);
        }
    });
}

/// How many of the edges marked by `y`, one after the other, join nodes that those before do not.
fn joined(nodes: usize, edges: &[(u32, u32)], y: &[f64]) -> usize {
    let mut part = [0; MOST];
    part.iter_mut().enumerate().for_each(|(node, part)| *part = node);
    let mut joined = 0;
    for (&(a, b), _) in edges.iter().zip(y).filter(|&(_, &y)| y == 1.0) {
        let (from, to) = (part[a as usize], part[b as usize]);
        joined += usize::from(from != to);
        part[..nodes].iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
    }
    joined
}

/// All picks of k with no more than `limits[g]` of the entries whose group is g.
pub fn group_top_k(groups: &[u32], limits: &[u32], k: usize, each: Each<'_>) {
    top_k(groups.len(), k, &mut |y| {
        let fits = limits.iter().enumerate().all(|(group, &limit)| {
            let members = groups.iter().zip(y).filter(|&(&of, _)| of as usize == group);
            members.map(|(_, y)| y).sum::<f64>() <= f64::from(limit)
        });
        if fits {
            each(y);
        }
    });
}

/// All flows of `units` units from `source` to `sink` over edges of capacity 1.
pub fn flows(nodes: usize, edges: &[(u32, u32)], source: u32, sink: u32, units: i32, each: Each<'_>) {
    hypercube(edges.len(), 0.0, 1.0, &mut |y| {
        let mut leaving = [0; MOST];
        for (&(tail, head), &y) in edges.iter().zip(y) {
            leaving[tail as usize] += i32::from(y == 1.0);
            leaving[head as usize] -= i32::from(y == 1.0);
        }
        leaving[source as usize] -= units;
        leaving[sink as usize] += units;
        if leaving[..nodes].iter().all(|&rest| rest == 0) {
            each(y);
        }
    });
}

/// The entry of the edge between cities i < j, counted one by one: (0,1), (0,2), (1,2), (0,3), ….
///
/// # Panics
/// If `i` is `j`.
pub fn tour_edge(i: usize, j: usize) -> usize {
    let mut pairs = (0..).flat_map(|high| (0..high).map(move |low| (low, high)));
    pairs.position(|pair| pair == (i.min(j), i.max(j))).expect("two cities")
}

/// All (n − 1)!/2 tours through n cities.
pub fn tours(cities: usize, each: Each<'_>) {
    let mut others = [0.0; MOST];
    for (city, other) in others.iter_mut().enumerate() {
        *other = (city + 1) as f64;
    }
    permutahedron(&others[..cities - 1], &mut |order| {
        // Each tour has two directions.
        if order[0] < order[cities - 2] {
            let city = |place: usize| {
                if place.is_multiple_of(cities) { 0 } else { order[place % cities - 1] as usize }
            };
            let mut y = [0.0; MOST];
            for place in 0..cities {
                y[tour_edge(city(place), city(place + 1))] = 1.0;
            }
            each(&y[..cities * (cities - 1) / 2]);
        }
    });
}

/// Shows its second argument every step from a node, in order: to which node, and its entry of y.
type Steps<'a> = &'a dyn Fn(usize, &mut dyn FnMut(usize, usize));

/// A path in progress, and the set of nodes it has visited.
struct Walk<'a> {
    steps: Steps<'a>,
    goal: usize,
    visited: u32,
    y: [f64; MOST],
    dim: usize,
}

impl Walk<'_> {
    fn extend(&mut self, node: usize, each: Each<'_>) {
        if node == self.goal {
            return each(&self.y[..self.dim]);
        }
        let steps = self.steps;
        steps(node, &mut |next, entry| {
            if self.visited >> next & 1 == 0 {
                self.visited |= 1 << next;
                self.y[entry] = 1.0;
                self.extend(next, each);
                self.y[entry] = 0.0;
                self.visited &= !(1 << next);
            }
        });
    }
}

/// The cells of every simple path between two cells (row, column) of a grid.
pub fn grid_paths(
    (rows, columns): (usize, usize),
    diagonal: bool,
    start: (usize, usize),
    goal: (usize, usize),
    each: Each<'_>,
) {
    let steps = |cell: usize, step: &mut dyn FnMut(usize, usize)| {
        for other in 0..rows * columns {
            let down = (cell / columns).abs_diff(other / columns);
            let right = (cell % columns).abs_diff(other % columns);
            if down.max(right) == 1 && (diagonal || down + right == 1) {
                step(other, other);
            }
        }
    };
    let index = |(row, column): (usize, usize)| row * columns + column;
    let mut y = [0.0; MOST];
    y[index(start)] = 1.0;
    let visited = 1 << index(start);
    let mut walk = Walk { steps: &steps, goal: index(goal), visited, y, dim: rows * columns };
    walk.extend(index(start), each);
}

/// The edges of every simple path between two nodes of a directed graph.
pub fn graph_paths(edges: &[(u32, u32)], source: usize, sink: usize, each: Each<'_>) {
    let steps = |node: usize, step: &mut dyn FnMut(usize, usize)| {
        for (entry, &(tail, head)) in edges.iter().enumerate() {
            if tail as usize == node {
                step(head as usize, entry);
            }
        }
    };
    let mut walk = Walk { steps: &steps, goal: sink, visited: 1 << source, y: [0.0; MOST], dim: edges.len() };
    walk.extend(source, each);
}

/// Every matching of all of the shorter side, as a matrix row by row.
pub fn assignments(rows: usize, columns: usize, each: Each<'_>) {
    fn assign(agent: usize, size: [usize; 2], turned: bool, taken: u32, y: &mut [f64; MOST], each: Each<'_>) {
        let [agents, tasks] = size;
        if agent == agents {
            return each(&y[..agents * tasks]);
        }
        for task in (0..tasks).filter(|task| taken >> task & 1 == 0) {
            let entry = if turned { task * agents + agent } else { agent * tasks + task };
            y[entry] = 1.0;
            assign(agent + 1, size, turned, taken | 1 << task, y, each);
            y[entry] = 0.0;
        }
    }
    let turned = rows > columns;
    assign(0, [rows.min(columns), rows.max(columns)], turned, 0, &mut [0.0; MOST], each);
}
