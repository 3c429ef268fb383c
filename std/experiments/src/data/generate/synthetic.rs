//! The artificial label-ranking task of the paper (Section 5.2, Appendix C.2).

use perturb::data::{DataError, Dataset};
use perturb::train::LinearModel;
use perturb::{Noise, Normal, Real, Seed};

use super::{check_noise, check_size, rank_rows, reserve};

/// Separates the weights from any row of the same seed.
const WEIGHTS: u64 = u64::from_le_bytes(*b"weights\0");

/// A task y = argmax ⟨xᵀw₀ + σZ, y⟩ over rankings, with w₀ fixed: training and test sets of one task are two
/// samples of it.
///
/// w₀ is uniform in {−1, 1}^{d×k}, x ~ N(0, I) in d dimensions, Z ~ N(0, I) in k, and y runs over the
/// permutations of (1, …, k): the largest score gets the rank k.
///
/// ```
/// use perturb::Seed;
/// use perturb_experiments::data::generate::SyntheticRanking;
/// let task = SyntheticRanking::new(5, 3, Seed(1))?;
/// let train = task.sample::<f32>(100, 0.1, Seed(2))?;
/// let test = task.sample::<f32>(50, 0.1, Seed(3))?;
/// assert_eq!((train.len(), test.len(), test.features(), test.labels()), (100, 50, 5, 3));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticRanking {
    /// w₀ without an intercept.
    model: LinearModel<f64>,
}

impl SyntheticRanking {
    /// Draws w₀: d = `features` ≥ 1, k = `labels` ≥ 2.
    pub fn new(features: usize, labels: usize, seed: Seed) -> Result<Self, DataError> {
        check_size("features", features, 1)?;
        check_size("labels", labels, 2)?;
        let mut weights = reserve("features", features, labels)?;
        let mut rng = seed.fold(WEIGHTS).stream(0);
        weights.extend((0..features * labels).map(|_| f64::sign(&mut rng)));
        let model = LinearModel::from_parts(features, weights, vec![0.0; labels]);
        Ok(Self { model: model.unwrap_or_else(|| LinearModel::zeros(features, labels)) })
    }

    /// w₀, one group of k entries a feature: row by row of the d×k matrix, the layout of a model's weights.
    pub fn weights(&self) -> &[f64] {
        self.model.weights()
    }

    /// Draws `instances` ≥ 1 rows at the noise level `sigma` ≥ 0. The features do not depend on `sigma`.
    ///
    /// Cost O(n·d·k).
    pub fn sample<T: Real>(&self, instances: usize, sigma: f64, seed: Seed) -> Result<Dataset<T>, DataError> {
        check_size("instances", instances, 1)?;
        check_noise("sigma", sigma)?;
        let (d, k) = (self.model.features(), self.model.scores());
        let name = format!("synthetic(n={instances},d={d},k={k},sigma={sigma},seed={})", seed.0);
        let mut z = vec![0.0; k];
        rank_rows(name, [instances, d, k], |row, x, theta| {
            let seed = seed.fold(row as u64);
            Normal.fill(&mut seed.stream(0), x);
            Normal.fill(&mut seed.stream(1), &mut z);
            self.model.score(x, theta);
            for (theta, &z) in theta.iter_mut().zip(&z) {
                *theta += sigma * z;
            }
        })
    }
}

/// One sample of the task [`SyntheticRanking`] whose w₀ comes from the same seed. The paper's setting has
/// 50 features, 100 labels and `sigma` from 10⁻² to 10³.
pub fn synthetic_ranking<T: Real>(
    instances: usize,
    features: usize,
    labels: usize,
    sigma: f64,
    seed: Seed,
) -> Result<Dataset<T>, DataError> {
    SyntheticRanking::new(features, labels, seed)?.sample(instances, sigma, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_ranks_are_those_of_the_scores() {
        let task = SyntheticRanking::new(4, 6, Seed(1)).unwrap();
        let data = task.sample::<f64>(50, 0.0, Seed(2)).unwrap();
        for row in 0..data.len() {
            let mut theta = [0.0; 6];
            task.model.score(data.x(row), &mut theta);
            for (i, &y) in data.y(row).iter().enumerate() {
                // The rank is 1 + the number of smaller scores; columns of ±1 may be equal: then the lower
                // index counts as the larger score.
                let below = |&(j, t): &(usize, &f64)| *t < theta[i] || (*t == theta[i] && j > i);
                assert_eq!(y, 1.0 + theta.iter().enumerate().filter(below).count() as f64);
            }
        }
    }

    #[test]
    fn samples_are_functions_of_their_seed_and_extend_one_another() {
        let task = SyntheticRanking::new(3, 4, Seed(1)).unwrap();
        let long = task.sample::<f32>(20, 0.5, Seed(2)).unwrap();
        let short = task.sample::<f32>(7, 0.5, Seed(2)).unwrap();
        assert!((0..7).all(|row| long.x(row) == short.x(row) && long.y(row) == short.y(row)));
        let noisy = task.sample::<f32>(20, 50.0, Seed(2)).unwrap();
        assert!((0..20).all(|row| long.x(row) == noisy.x(row)));
        assert!((0..20).any(|row| long.y(row) != noisy.y(row)));
        assert_ne!(long.x(0), task.sample::<f32>(20, 0.5, Seed(3)).unwrap().x(0));
        let direct = synthetic_ranking::<f32>(7, 3, 4, 0.5, Seed(1)).unwrap();
        assert_eq!(direct, task.sample(7, 0.5, Seed(1)).unwrap());
    }

    #[test]
    fn weights_are_fair_signs_and_features_standard_normal() {
        let task = SyntheticRanking::new(100, 100, Seed(5)).unwrap();
        assert!(task.weights().iter().all(|w| w.abs() == 1.0));
        // z = 4: the sum of 10⁴ fair signs has a standard deviation of 100.
        assert!(task.weights().iter().sum::<f64>().abs() < 400.0);
        let data = task.sample::<f64>(1000, 1.0, Seed(6)).unwrap();
        let (mut sum, mut squares) = (0.0, 0.0);
        for x in (0..1000).flat_map(|row| data.x(row)) {
            sum += x;
            squares += x * x;
        }
        // 10⁵ draws: z = 4 is 4/√10⁵ for the mean and 4·√(2/10⁵) for the variance.
        assert!((sum / 1e5).abs() < 0.0127 && (squares / 1e5 - 1.0).abs() < 0.0179, "{sum} {squares}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let refusal =
            |n, d, k, sigma| synthetic_ranking::<f32>(n, d, k, sigma, Seed(0)).unwrap_err().to_string();
        assert_eq!(refusal(0, 1, 2, 0.0), "instances: expected at least 1, found 0");
        assert_eq!(refusal(1, 0, 2, 0.0), "features: expected at least 1, found 0");
        assert_eq!(refusal(1, 1, 1, 0.0), "labels: expected at least 2, found 1");
        assert_eq!(refusal(1, 1, 2, -1.0), "sigma: expected a finite number, at least 0, found -1");
        assert_eq!(refusal(1, 1, 2, f64::NAN), "sigma: expected a finite number, at least 0, found NaN");
        assert!(refusal(usize::MAX, 2, 2, 0.0).contains("fits into memory"));
        assert!(refusal(1, usize::MAX, 2, 0.0).contains("fits into memory"));
    }
}
