//! Picking and sorting, by the iterators and sorts of std.

use super::total;

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
