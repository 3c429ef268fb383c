//! The plain table.

use super::total;

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
