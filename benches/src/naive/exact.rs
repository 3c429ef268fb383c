//! Closed forms, in f64.

use perturb::noise::Law;

/// The expected place of each score: 1 and the chances of all others to lie below, from the law of a difference of two
/// draws.
pub fn expected_ranks<N: Law<f64>>(noise: N, theta: &[f64], epsilon: f64) -> Vec<f64> {
    let others = |i: usize| theta.iter().enumerate().filter(move |&(j, _)| j != i).map(|(_, other)| other);
    let below = |i: usize| others(i).map(move |other| noise.difference_cdf((theta[i] - other) / epsilon));
    (0..theta.len()).map(|i| 1.0 + below(i).sum::<f64>()).collect()
}

/// Jᵀu of the expected places.
pub fn expected_ranks_vjp<N: Law<f64>>(noise: N, theta: &[f64], u: &[f64], epsilon: f64) -> Vec<f64> {
    let slope = |i: usize, j: usize| noise.difference_density((theta[i] - theta[j]) / epsilon) / epsilon;
    let entry = |i: usize| (0..theta.len()).map(|j| slope(i, j) * (u[i] - u[j])).sum();
    (0..theta.len()).map(entry).collect()
}

/// The chance of each score to be the largest under Gumbel noise.
pub fn softmax(theta: &[f64], epsilon: f64) -> Vec<f64> {
    let largest = theta.iter().fold(f64::NEG_INFINITY, |largest, &theta| largest.max(theta));
    let weights: Vec<f64> = theta.iter().map(|theta| ((theta - largest) / epsilon).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
