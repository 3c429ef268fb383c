//! The vertices of combinatorial polytopes by enumeration: specifications, for small instances only.

use std::vec;
use std::vec::Vec;

use crate::naive;

/// All packings: y in {0, 1}ᵈ with ⟨w, y⟩ ≤ capacity.
pub fn knapsack(weights: &[u32], capacity: u32) -> Vec<Vec<f64>> {
    let all = naive::hypercube(weights.len(), 0.0, 1.0).into_iter();
    let load = |y: &[f64]| weights.iter().zip(y).map(|(&w, y)| f64::from(w) * y).sum::<f64>();
    all.filter(|y| load(y) <= f64::from(capacity)).collect()
}

/// All spanning trees of a graph: V − 1 edges that connect every node.
pub fn spanning_trees(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<f64>> {
    naive::top_k(edges.len(), nodes - 1).into_iter().filter(|y| connected(nodes, edges, y)).collect()
}

/// Whether the edges marked by `y` lead from node 0 to every other node.
pub fn connected(nodes: usize, edges: &[(u32, u32)], y: &[f64]) -> bool {
    let mut reached = vec![false; nodes];
    reached[0] = true;
    for _ in 0..nodes {
        for (&(a, b), &y) in edges.iter().zip(y) {
            let (a, b) = (a as usize, b as usize);
            if y == 1.0 && (reached[a] || reached[b]) {
                (reached[a], reached[b]) = (true, true);
            }
        }
    }
    reached.into_iter().all(|reached| reached)
}

/// All picks of k with no more than `limits[g]` of the entries whose group is g.
pub fn group_top_k(groups: &[u32], limits: &[u32], k: usize) -> Vec<Vec<f64>> {
    let fits = |y: &Vec<f64>| {
        limits.iter().enumerate().all(|(group, &limit)| {
            let members = groups.iter().zip(y).filter(|&(&of, _)| of as usize == group);
            members.map(|(_, y)| y).sum::<f64>() <= f64::from(limit)
        })
    };
    naive::top_k(groups.len(), k).into_iter().filter(fits).collect()
}

/// All flows of `units` units from `source` to `sink` over edges of capacity 1.
pub fn flows(nodes: usize, edges: &[(u32, u32)], source: u32, sink: u32, units: i32) -> Vec<Vec<f64>> {
    let conserves = |y: &Vec<f64>| {
        let mut leaving = vec![0; nodes];
        for (&(tail, head), &y) in edges.iter().zip(y) {
            leaving[tail as usize] += i32::from(y == 1.0);
            leaving[head as usize] -= i32::from(y == 1.0);
        }
        leaving[source as usize] -= units;
        leaving[sink as usize] += units;
        leaving.iter().all(|&rest| rest == 0)
    };
    naive::hypercube(edges.len(), 0.0, 1.0).into_iter().filter(conserves).collect()
}

/// The entry of the edge between cities i < j, counted one by one: (0,1), (0,2), (1,2), (0,3), ….
pub fn tour_edge(i: usize, j: usize) -> usize {
    let mut pairs = (0..).flat_map(|high| (0..high).map(move |low| (low, high)));
    pairs.position(|pair| pair == (i.min(j), i.max(j))).expect("two cities")
}

/// The y of a tour that visits `cities` in this order.
pub fn tour(cities: &[usize]) -> Vec<f64> {
    let mut y = vec![0.0; cities.len() * (cities.len() - 1) / 2];
    for (place, &city) in cities.iter().enumerate() {
        y[tour_edge(city, cities[(place + 1) % cities.len()])] = 1.0;
    }
    y
}

/// All (n − 1)!/2 tours through n cities.
pub fn tours(cities: usize) -> Vec<Vec<f64>> {
    let others: Vec<f64> = (1..cities).map(|city| city as f64).collect();
    let all = naive::permutahedron(&others).into_iter().filter(|order| order[0] < order[cities - 2]);
    all.map(|order| {
        let mut round = vec![0];
        round.extend(order.iter().map(|&city| city as usize));
        tour(&round)
    })
    .collect()
}

/// Nearest insertion from city 0, trying every place: the score of its tour.
pub fn nearest_insertion(cities: usize, theta: &[f64]) -> f64 {
    let length = |round: &[usize]| {
        let next = round.iter().cycle().skip(1);
        round.iter().zip(next).map(|(&a, &b)| theta[tour_edge(a, b)]).sum::<f64>()
    };
    let mut round = vec![0];
    while round.len() < cities {
        let (mut nearest, mut near) = (0, f64::NEG_INFINITY);
        for city in (0..cities).filter(|city| !round.contains(city)) {
            for &member in &round {
                if theta[tour_edge(city, member)] > near {
                    (nearest, near) = (city, theta[tour_edge(city, member)]);
                }
            }
        }
        let mut best: Option<Vec<usize>> = None;
        for place in 1..=round.len() {
            let mut longer = round.clone();
            longer.insert(place, nearest);
            if best.as_ref().is_none_or(|best| length(&longer) > length(best)) {
                best = Some(longer);
            }
        }
        round = best.expect("a place");
    }
    length(&round)
}

/// Every tour that one exchange of two edges, or one move of one to three successive cities, makes of a tour.
pub fn neighbouring_tours(y: &[f64], cities: usize) -> Vec<Vec<f64>> {
    let mut round = vec![0];
    while round.len() < cities {
        let here = round[round.len() - 1];
        let next = (0..cities).find(|city| !round.contains(city) && y[tour_edge(here, *city)] == 1.0);
        round.push(next.expect("a tour"));
    }
    let mut all = Vec::new();
    for _ in 0..cities {
        round.rotate_left(1);
        for length in 1..cities {
            let mut other = round.clone();
            other[..length].reverse();
            all.push(tour(&other));
            for place in 0..cities - length {
                let (part, rest) = round.split_at(length.min(3));
                for reverse in [false, true] {
                    let mut part = part.to_vec();
                    if reverse {
                        part.reverse();
                    }
                    let mut other = rest.to_vec();
                    other.splice(place..place, part);
                    all.push(tour(&other));
                }
            }
        }
    }
    all
}

/// The largest ⟨y, θ⟩.
pub fn best(vertices: &[Vec<f64>], theta: &[f64]) -> f64 {
    vertices.iter().map(|y| naive::dot(y, theta)).fold(f64::NEG_INFINITY, f64::max)
}

/// Asserts that `y` is one of `vertices` and that none has a larger ⟨y, θ⟩; sums must be exact.
///
/// # Panics
/// If not.
#[track_caller]
pub fn assert_best(vertices: &[Vec<f64>], theta: &[f64], (y, value): &(Vec<f64>, f64), what: &str) {
    assert!(vertices.contains(y), "{what}: {y:?} is no vertex");
    assert_eq!(*value, best(vertices, theta), "{what}: {y:?} for {theta:?}");
}
