//! Metrics of rankings, inference from decisions, folds and generated data.

use perturb::data::{folds, shuffle};
use perturb::inference::Inference;
use perturb::{ClosedForm, Dyn, Gumbel, Noise, Normal, Perturbed, Ranking, Seed, Simplex, metrics as of};
use perturb_experiments::data::generate::{SyntheticRanking, friedman_ranking};

use crate::input::Input;

/// What judges, splits and generates.
pub fn metrics(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let seed = Seed(input.any());
    match input.any::<u8>() % 6 {
        0 | 1 => judge(input),
        2 => {
            let (n, k) = (input.size(0, 20), input.size(0, 22));
            let mut order = shuffle(seed, n);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..n));
            match folds(n, k, seed) {
                Ok(folds) => {
                    let tested: usize = folds.iter().map(|fold| fold.test.len()).sum();
                    assert!(folds.len() == k && tested == n);
                }
                Err(_) => assert!(k < 2 || k > n),
            }
        }
        3 => {
            let dim = input.size(1, 4);
            let Ok(oracle) = Simplex::new(Dyn(dim)) else { return };
            infer(&Perturbed::new(oracle, Gumbel, input.positive()), dim, input);
        }
        4 => {
            let dim = input.size(1, 4);
            let Ok(oracle) = Ranking::ascending(Dyn(dim)) else { return };
            infer(&Perturbed::new(oracle, Normal, input.positive()), dim, input);
        }
        _ => {
            let (rows, labels, noise) = (input.size(0, 9), input.size(0, 5), input.wild());
            if let Ok(data) = friedman_ranking::<f32>(rows, labels, noise, seed) {
                assert_eq!((data.len(), data.labels()), (rows, labels));
            }
            let generator = SyntheticRanking::new(input.size(0, 4), labels, seed);
            if let Ok(data) = generator.and_then(|of| of.sample::<f64>(rows, input.wild(), seed)) {
                assert_eq!((data.len(), data.labels()), (rows, labels));
            }
        }
    }
}

/// Correlations lie within ±1, shares within 0 to 1, or there is none.
fn judge(input: &mut Input<'_>) {
    let dim = input.size(0, 12);
    let (a, b): (Vec<f32>, Vec<f32>) = (input.vector(dim), input.vector(dim));
    for (what, x) in [("Spearman", of::spearman(&a, &b)), ("Kendall", of::kendall(&a, &b))] {
        assert!(x.is_nan() || x.abs() <= 1.0 + 1e-12, "{what} of {a:?} and {b:?} is {x}");
    }
    for x in [of::perfect_ranks(&a, &b), of::partial_ranks(&a, &b)] {
        assert!(x.is_nan() || (0.0..=1.0).contains(&x), "a share of {x}");
    }
    let finite = a.iter().chain(&b).all(|x| x.is_finite());
    if finite && a == b && dim > 1 && a.iter().any(|x| *x != a[0]) {
        assert!((of::spearman(&a, &b) - 1.0).abs() < 1e-12, "{a:?} and itself");
    }
}

/// Scores with finite errors, or a reason why there are none.
fn infer<O, N>(layer: &Result<Perturbed<O, N, f64>, perturb::Error>, dim: usize, input: &mut Input<'_>)
where
    O: ClosedForm<f64, N>,
    N: Noise<f64>,
{
    let Ok(layer) = layer else { return };
    let rows = input.size(0, 6);
    let decisions: Vec<f64> = if input.any() {
        let Ok(drawn) = (0..rows as u64)
            .map(|i| layer.sample(&vec![0.0; dim], Seed(3), i).map(|y| y.as_ref().to_vec()))
            .collect::<Result<Vec<_>, _>>()
        else {
            return;
        };
        drawn.concat()
    } else {
        input.vector(rows * dim)
    };
    if let Ok(found) = Inference::from_decisions(layer, &decisions) {
        assert!(found.theta.iter().chain(&found.covariance).all(|x| x.is_finite()), "{found:?}");
        let (low, high) = found.interval(0, 0.9);
        assert!(low <= high, "{low} to {high}");
    }
}
