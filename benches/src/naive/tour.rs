//! Tours, approximately.

use super::total;
use crate::pair;

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
