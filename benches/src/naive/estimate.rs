//! Means over samples as Proposition 3.1 writes them, one sample at a time, and closed forms; in f64.

use perturb::noise::Law;
use perturb::{MonteCarlo, Noise, Oracle, Perturbed, Real, Shape};

/// One perturbed solve.
struct Sample {
    /// y*(θ + εZ).
    y: Vec<f64>,
    /// The same less y*(θ), which leaves expectations of products with ∇ν as they are.
    centred: Vec<f64>,
    /// ∇ν(Z)/ε.
    slope: Vec<f64>,
    /// ⟨y, θ + εZ⟩.
    value: f64,
}

fn widen<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Σ `terms(sample)`/M, entry by entry.
fn mean<O, N, T, I>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    how: MonteCarlo,
    length: usize,
    terms: impl Fn(Sample) -> I,
) -> Vec<f64>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real,
    I: IntoIterator<Item = f64>,
{
    let oracle = layer.oracle();
    let mut work = oracle.work();
    let epsilon = layer.epsilon();
    let (mut perturbed, mut y) = (vec![T::ZERO; theta.len()], vec![T::ZERO; theta.len()]);
    oracle.solve(theta, &mut y, &mut work).unwrap();
    let baseline = widen(&y);
    let centre = layer.centre(theta).expect("scores that ε can move");
    let mut sum = vec![0.0; length];
    for sample in 0..how.samples {
        layer
            .sample_into(theta, centre, how.seed, u64::from(sample), &mut perturbed, &mut y, &mut work)
            .expect("a solution");
        let scores = perturbed.iter().zip(theta).map(|(&perturbed, &theta)| {
            let z = (perturbed - theta) / epsilon;
            let mut score = [T::ZERO];
            layer.noise().scores(&[z], &mut score);
            score[0].to_f64() / epsilon.to_f64()
        });
        let slope = scores.collect();
        let y = widen(&y);
        let centred = y.iter().zip(&baseline).map(|(y, baseline)| y - baseline).collect();
        let value = dot(&y, &widen(&perturbed));
        for (sum, term) in sum.iter_mut().zip(terms(Sample { y, centred, slope, value })) {
            *sum += term / f64::from(how.samples);
        }
    }
    sum
}

/// F_ε.
pub fn value<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    how: MonteCarlo,
) -> f64 {
    mean(layer, theta, how, 1, |sample| [sample.value])[0]
}

/// y_ε.
pub fn maximizer<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    how: MonteCarlo,
) -> Vec<f64> {
    mean(layer, theta, how, theta.len(), |sample| sample.y)
}

/// J, row by row.
pub fn jacobian<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    how: MonteCarlo,
) -> Vec<f64> {
    let dim = layer.oracle().shape().dim();
    mean(layer, theta, how, dim * dim, |Sample { centred, slope, .. }| {
        centred.into_iter().flat_map(move |y| slope.clone().into_iter().map(move |slope| y * slope))
    })
}

/// Jᵀu.
pub fn vjp<O: Oracle<T>, N: Noise<T>, T: Real>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    cotangent: &[T],
    how: MonteCarlo,
) -> Vec<f64> {
    let u = widen(cotangent);
    mean(layer, theta, how, theta.len(), |Sample { centred, slope, .. }| {
        let weight = dot(&centred, &u);
        slope.into_iter().map(move |slope| weight * slope)
    })
}

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
