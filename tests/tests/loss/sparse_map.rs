//! SparseMAP against projections in closed form.

use perturb::loss::SparseMap;
use perturb::{Const, Dyn, Error, Hypercube, Oracle, Ranking, Real, Shape, Simplex};
use perturb_tests::naive;
use perturb_tests::{reals, widened};

use crate::scores::THETA;

/// The simplex projection by its threshold (sparsemax, Martins and Astudillo 2016).
fn sparsemax(theta: &[f64]) -> Vec<f64> {
    let mut sorted = theta.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut threshold = 0.0;
    let mut sum = 0.0;
    for (k, x) in sorted.iter().enumerate() {
        sum += x;
        let candidate = (sum - 1.0) / (k + 1) as f64;
        if *x > candidate {
            threshold = candidate;
        }
    }
    theta.iter().map(|x| (x - threshold).max(0.0)).collect()
}

/// The permutahedron projection by brute force over ordered partitions: for scores in descending order it is
/// isotonic: w less the antitonic regression of (scores − w), here by pooling adjacent violators.
fn permutahedron_projection(theta: &[f64]) -> Vec<f64> {
    let d = theta.len();
    let order = naive::order(theta);
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (place, &i) in order.iter().enumerate() {
        blocks.push((theta[i] - (d - place) as f64, 1));
        while blocks.len() > 1 {
            let (b, a) = (blocks[blocks.len() - 1], blocks[blocks.len() - 2]);
            // θ − y must not increase along the order.
            if a.0 / a.1 as f64 > b.0 / b.1 as f64 {
                break;
            }
            blocks.pop();
            *blocks.last_mut().unwrap() = (a.0 + b.0, a.1 + b.1);
        }
    }
    let shifts = blocks.iter().flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    let mut y = vec![0.0; d];
    order.iter().zip(shifts).for_each(|(&i, shift)| y[i] = theta[i] - shift);
    y
}

/// Within the certified distance √(2·gap/λ) of the projection of θ/λ.
fn projected<T: Real, O: Oracle<T>>(oracle: &O, lambda: f64, want: &[f64]) {
    let tolerance = if T::EPSILON.to_f64() < 1e-10 { 1e-5 } else { 1e-3 };
    let map = SparseMap { lambda: T::from_f64(lambda), tolerance: T::from_f64(tolerance), steps: 1_000_000 };
    let found = map.maximizer(oracle, &reals::<T>(&THETA)).unwrap();
    assert!(found.gap.to_f64() <= tolerance, "{} {}: gap {}", oracle.properties().name, T::NAME, found.gap);
    let y = widened(found.y.as_ref());
    let distance: f64 = y.iter().zip(want).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    let rounding = 64.0 * T::EPSILON.to_f64() * THETA.len() as f64;
    let bound = (2.0 * tolerance / lambda).sqrt() + rounding;
    assert!(
        distance <= bound,
        "{} {}: {y:?} is {distance:e} from {want:?}",
        oracle.properties().name,
        T::NAME
    );
    // The loss vanishes at the maximizer, and its gradient is y_λ − y.
    let loss = map.loss(oracle, &reals::<T>(&THETA), found.y.as_ref()).unwrap();
    assert!(loss.loss.to_f64() <= 1e-3 && loss.gradient.as_ref().iter().all(|g| g.abs() == T::ZERO));
}

fn regularized<T: Real>(shape: impl Shape) {
    for lambda in [0.5, 1.0, 4.0] {
        let scaled: Vec<f64> = THETA.iter().map(|x| x / lambda).collect();
        projected::<T, _>(&Simplex::new(shape).unwrap(), lambda, &sparsemax(&scaled));
        let clipped: Vec<f64> = scaled.iter().map(|x| x.clamp(0.0, 1.0)).collect();
        projected::<T, _>(&Hypercube::binary(shape).unwrap(), lambda, &clipped);
        projected::<T, _>(&Ranking::ascending(shape).unwrap(), lambda, &permutahedron_projection(&scaled));
    }
}

#[test]
fn regularized_maximizers_are_projections() {
    regularized::<f64>(Const::<5>);
    regularized::<f32>(Dyn(5));
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    let theta = [0.0, 1.0];
    let lambda = Error::NotPositive { parameter: "lambda" };
    let map = SparseMap { lambda: f64::NAN, tolerance: 1e-3, steps: 10 };
    assert_eq!(map.maximizer(&oracle, &theta).unwrap_err(), lambda);
}
