//! Label ranking from Friedman's regression function.

use std::f64::consts::PI;

use perturb::data::{DataError, Dataset, shuffle};
use perturb::{Noise, Normal, Real, Seed};

use super::{check_noise, check_size, rank_rows, reserve};

/// Inputs of Friedman's function; five act, five are nuisance.
const INPUTS: usize = 10;
/// Separates the coefficients from any row of the same seed.
const COEFFICIENTS: u64 = u64::from_le_bytes(*b"friedman");
/// E sin(πuv) for independent uniform u, v: (γ + ln π − Ci π)/π.
const MEAN_SINE: f64 = 0.524_663_067_575_319;
/// √12: the inverse of a uniform number's standard deviation.
const ROOT_12: f64 = 3.464_101_615_137_754_4;

/// The score of one label: which inputs act, and how strongly.
struct Score {
    inputs: Vec<usize>,
    strength: [f64; 4],
}

impl Score {
    /// 10a sin(πu₁u₂) + 20b(u₃ − ½)² + 10c·u₄ + 5d·u₅, less its mean over uniform u.
    fn at(&self, u: &[f64; INPUTS]) -> f64 {
        let u = |i| self.inputs.get(i).and_then(|&i| u.get(i)).copied().unwrap_or(0.5);
        let terms = [
            10.0 * (sine(u(0) * u(1)) - MEAN_SINE),
            20.0 * ((u(2) - 0.5) * (u(2) - 0.5) - 1.0 / 12.0),
            10.0 * (u(3) - 0.5),
            5.0 * (u(4) - 0.5),
        ];
        terms.iter().zip(&self.strength).map(|(term, strength)| term * strength).sum()
    }
}

/// sin(πt) for t in \[0, 1\]: the Taylor series of cos(πt − π/2). The standard library's sine differs in the
/// last bit from one machine to the next.
fn sine(t: f64) -> f64 {
    let r = PI * (t - 0.5);
    let mut cos = 1.0;
    for i in (1..=12).rev() {
        let n = f64::from(2 * i);
        cos = 1.0 - r * r / (n * (n - 1.0)) * cos;
    }
    cos
}

/// Label ranking whose scores are k variants of Friedman's first function (Friedman 1991, *Multivariate
/// adaptive regression splines*, §4.3). The construction is ours.
///
/// u is uniform in \[0, 1\]¹⁰. Label j has the score
/// s_j(u) = 10a_j sin(πu₁u₂) + 20b_j(u₃ − ½)² + 10c_j·u₄ + 5d_j·u₅ − mean + `noise`·Z_j,
/// where u₁…u₅ are five of the ten inputs in an order drawn for each label, a_j, b_j, c_j, d_j are uniform in
/// \[½, 3/2\], and Z_j ~ N(0, 1). The label of the largest score ranks first. Most of a score's variance is
/// affine in u, the rest is not: an affine model gets most of the ranking, never all of it.
///
/// The features are x = (u − ½)·√12, which has mean 0 and variance 1. `instances` ≥ 1, `labels` ≥ 2,
/// `noise` ≥ 0 in the scores' units (their standard deviation is about 5). Cost O(n·k).
pub fn friedman_ranking<T: Real>(
    instances: usize,
    labels: usize,
    noise: f64,
    seed: Seed,
) -> Result<Dataset<T>, DataError> {
    check_size("instances", instances, 1)?;
    check_size("labels", labels, 2)?;
    check_noise("noise", noise)?;
    let mut scores = reserve("labels", labels, 1)?;
    for label in 0..labels {
        let seed = seed.fold(COEFFICIENTS).fold(label as u64);
        let mut rng = seed.stream(0);
        let strength = [(); 4].map(|()| 0.5 + f64::uniform(&mut rng));
        scores.push(Score { inputs: shuffle(seed, INPUTS), strength });
    }
    let name = format!("friedman(n={instances},k={labels},noise={noise},seed={})", seed.0);
    let mut z = vec![0.0; labels];
    rank_rows(name, [instances, INPUTS, labels], |row, x, theta| {
        let seed = seed.fold(row as u64);
        let mut rng = seed.stream(0);
        let u = [(); INPUTS].map(|()| f64::uniform(&mut rng));
        Normal.fill(&mut seed.stream(1), &mut z);
        for ((theta, score), &z) in theta.iter_mut().zip(&scores).zip(&z) {
            *theta = score.at(&u) + noise * z;
        }
        for (x, u) in x.iter_mut().zip(u) {
            *x = (u - 0.5) * ROOT_12;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use perturb::metrics::spearman;

    #[test]
    fn the_sine_is_the_sine() {
        for i in 0..=1000 {
            let t = f64::from(i) / 1000.0;
            assert!((sine(t) - (PI * t).sin()).abs() < 5e-16, "{t}");
        }
    }

    #[test]
    fn features_are_standard_and_scores_centred() {
        let data = friedman_ranking::<f64>(20_000, 5, 1.0, Seed(1)).unwrap();
        assert_eq!((data.len(), data.features(), data.labels()), (20_000, 10, 5));
        let (mut sum, mut squares) = (0.0, 0.0);
        for x in (0..data.len()).flat_map(|row| data.x(row)) {
            sum += x;
            squares += x * x;
        }
        // 2·10⁵ draws of variance 1 and fourth moment 9/5: z = 4.
        let n: f64 = 2e5;
        assert!((sum / n).abs() < 4.0 / n.sqrt() && (squares / n - 1.0).abs() < 4.0 * (0.8 / n).sqrt());
        // No label is always best: each takes its share of the first ranks.
        for label in 0..5 {
            let first = (0..data.len()).filter(|&row| data.y(row).get(label) == Some(&5.0)).count();
            assert!(first > data.len() / 10, "{label}: {first}");
        }
    }

    /// Least squares on ranks by the normal equations, judged on fresh rows.
    #[test]
    fn an_affine_model_gets_most_but_not_all() {
        let (k, width) = (5, INPUTS + 1);
        let data = friedman_ranking::<f64>(4000, k, 0.0, Seed(1)).unwrap();
        let row = |i: usize| -> Vec<f64> { data.x(i).iter().copied().chain([1.0]).collect() };
        let mut system = vec![vec![0.0; width + k]; width];
        for i in 0..2000 {
            let x = row(i);
            for (a, equation) in x.iter().zip(&mut system) {
                for (entry, b) in equation.iter_mut().zip(x.iter().chain(data.y(i))) {
                    *entry += a * b;
                }
            }
        }
        for pivot in 0..width {
            let equation: Vec<f64> = system[pivot].iter().map(|e| e / system[pivot][pivot]).collect();
            for (i, other) in system.iter_mut().enumerate() {
                let factor = if i == pivot { 0.0 } else { other[pivot] };
                other.iter_mut().zip(&equation).for_each(|(o, e)| *o -= factor * e);
            }
            system[pivot] = equation;
        }
        let mut mean = 0.0;
        for i in 2000..4000 {
            let x = row(i);
            let predicted: Vec<f64> =
                (width..width + k).map(|j| x.iter().zip(&system).map(|(x, e)| x * e[j]).sum()).collect();
            mean += spearman(&predicted, data.y(i)) / 2000.0;
        }
        assert!(mean > 0.7 && mean < 0.95, "{mean}");
    }

    #[test]
    fn samples_extend_one_another() {
        let long = friedman_ranking::<f32>(30, 4, 0.5, Seed(9)).unwrap();
        let short = friedman_ranking::<f32>(11, 4, 0.5, Seed(9)).unwrap();
        assert!((0..11).all(|row| long.x(row) == short.x(row) && long.y(row) == short.y(row)));
        assert!(friedman_ranking::<f32>(1, 4, f64::INFINITY, Seed(9)).is_err());
    }
}
