//! The vertices of combinatorial polytopes by enumeration: specifications, for small instances only.

use std::vec;
use std::vec::Vec;

use crate::{naive, vertices};

pub use crate::vertices::tour_edge;

/// All packings: y in {0, 1}ᵈ with ⟨w, y⟩ ≤ capacity.
pub fn knapsack(weights: &[u32], capacity: u32) -> Vec<Vec<f64>> {
    naive::list(|each| vertices::knapsack(weights, capacity, each))
}

/// All spanning trees of a graph: V − 1 edges that connect every node.
pub fn spanning_trees(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<f64>> {
    naive::list(|each| vertices::spanning_trees(nodes, edges, each))
}

/// All picks of k with no more than `limits[g]` of the entries whose group is g.
pub fn group_top_k(groups: &[u32], limits: &[u32], k: usize) -> Vec<Vec<f64>> {
    naive::list(|each| vertices::group_top_k(groups, limits, k, each))
}

/// All flows of `units` units from `source` to `sink` over edges of capacity 1.
pub fn flows(nodes: usize, edges: &[(u32, u32)], source: u32, sink: u32, units: i32) -> Vec<Vec<f64>> {
    naive::list(|each| vertices::flows(nodes, edges, source, sink, units, each))
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
    naive::list(|each| vertices::tours(cities, each))
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
