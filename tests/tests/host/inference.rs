//! Scores from decisions: Proposition 4.1's covariance, the coverage of intervals, and what has no estimate.

use perturb::inference::{Inference, InferenceError, asymptotic_covariance};
use perturb::{
    ClosedForm, Dyn, Error, Exact, Gumbel, Hypercube, Logistic, Normal, Perturbed, Ranking, Seed, Simplex,
    noise::Law,
};
use perturb_tests::statistics::Mean;

/// 1000 replications of n = 1000 decisions, seed 150. Coverage of 95 % intervals, entry by entry: the standard error of a
/// proportion is 0.0069, Z = 4.5; finite n moves it by far less. The mean of n‖θ̂ − θ‖² over the trace of
/// Proposition 4.1 is 1 within 4.5 standard errors and a bias of order 1/n, taken as 10/n.
fn check<O: ClosedForm<f64, N>, N: Law<f64>>(oracle: O, noise: N, theta: &[f64]) {
    const N_DECISIONS: usize = 1000;
    let layer = Perturbed::new(oracle, noise, 0.8).unwrap();
    let d = theta.len();
    let mean = if layer.oracle().shift_invariant() { theta.iter().sum::<f64>() / d as f64 } else { 0.0 };
    let truth: Vec<f64> = theta.iter().map(|x| x - mean).collect();
    // Σ_Y from 2·10⁵ decisions: an error of half a percent in a trace.
    let y = layer.maximizer(theta, Exact).unwrap();
    let mut spread = vec![0.0; d * d];
    for index in 0..200_000 {
        let sample = layer.sample(theta, Seed(151), index).unwrap();
        for (place, sum) in spread.iter_mut().enumerate() {
            let (i, j) = (place / d, place % d);
            *sum += (sample.as_ref()[i] - y.as_ref()[i]) * (sample.as_ref()[j] - y.as_ref()[j]) / 200_000.0;
        }
    }
    let theory = asymptotic_covariance(&layer, theta, &spread).unwrap();
    let trace: f64 = theory.iter().step_by(d + 1).sum();
    let (mut covered, mut squares) = (vec![0.0f64; d], Vec::new());
    for replicate in 0..1000u64 {
        let mut decisions = Vec::new();
        for index in 0..N_DECISIONS as u64 {
            decisions
                .extend_from_slice(layer.sample(theta, Seed(150).fold(replicate), index).unwrap().as_ref());
        }
        let found = Inference::from_decisions(&layer, &decisions).unwrap();
        let off: f64 = found.theta.iter().zip(&truth).map(|(a, b)| (a - b) * (a - b)).sum();
        squares.push(N_DECISIONS as f64 * off / trace);
        for (i, covered) in covered.iter_mut().enumerate() {
            let (low, high) = found.interval(i, 0.95);
            *covered += if low <= truth[i] && truth[i] <= high { 1e-3 } else { 0.0 };
        }
    }
    let ratio = Mean::of(squares);
    let what = format!("{} {}", layer.oracle().properties().name, noise.name());
    println!("{what}: ratio {} ± {}, coverage {covered:.3?}", ratio.mean, ratio.error);
    assert!((ratio.mean - 1.0).abs() < 4.5 * ratio.error + 0.015, "{what}: {ratio:?}");
    for coverage in covered {
        assert!((coverage - 0.95).abs() < 4.5 * 0.0069, "{what}: {coverage}");
    }
}

#[test]
fn intervals_cover_and_covariances_are_those_of_the_proposition() {
    let classes = [0.5, -0.3, 0.2, 0.0];
    check(Simplex::new(Dyn(4)).unwrap(), Gumbel, &classes);
    check(Simplex::new(Dyn(4)).unwrap(), Normal, &classes);
    check(Hypercube::binary(Dyn(3)).unwrap(), Logistic, &classes[..3]);
    check(Ranking::ascending(Dyn(4)).unwrap(), Normal, &classes);
}

/// On the simplex with Gumbel noise Σ_Y = εH, so that the covariance is ε·H⁺ with H = (diag p − ppᵀ)/ε.
#[test]
fn gumbel_covariances_are_inverse_hessians() {
    let theta = [0.5, -0.3, 0.2, 0.0];
    let layer = Perturbed::new(Simplex::new(Dyn(4)).unwrap(), Gumbel, 0.8).unwrap();
    let p = layer.maximizer(&theta, Exact).unwrap();
    let spread: Vec<f64> = (0..16)
        .map(|k| if k / 4 == k % 4 { p[k / 4] * (1.0 - p[k / 4]) } else { -p[k / 4] * p[k % 4] })
        .collect();
    let covariance = asymptotic_covariance(&layer, &theta, &spread).unwrap();
    // H·(covariance/ε)·H = H.
    let h: Vec<f64> = spread.iter().map(|x| x / 0.8).collect();
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        (0..16).map(|k| (0..4).map(|m| a[k / 4 * 4 + m] * b[m * 4 + k % 4]).sum()).collect()
    };
    let scaled: Vec<f64> = covariance.iter().map(|x| x / 0.8).collect();
    for (a, b) in product(&product(&h, &scaled), &h).iter().zip(&h) {
        assert!((a - b).abs() < 1e-12);
    }
}

/// Means on a vertex, an edge and a facet, where residuals fall below any tolerance while θ diverges; and rare decisions,
/// whose finite estimate stays: of log-odds for Gumbel noise.
#[test]
fn boundaries_are_refused_and_rare_decisions_are_not() {
    let counts = |counts: [usize; 3]| -> Vec<f64> {
        let one = |class: usize| [0, 1, 2].map(|i| if i == class { 1.0 } else { 0.0 }).repeat(counts[class]);
        [one(0), one(1), one(2)].concat()
    };
    for epsilon in [1e-2, 1.0, 1e2] {
        let gumbel = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, epsilon).unwrap();
        let normal = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Normal, epsilon).unwrap();
        for on_boundary in [[5, 0, 0], [2, 1, 0], [1000, 1, 0], [100_000, 1, 0]] {
            let decisions = counts(on_boundary);
            assert_eq!(Inference::from_decisions(&gumbel, &decisions), Err(InferenceError::Boundary));
            assert_eq!(Inference::from_decisions(&normal, &decisions), Err(InferenceError::Boundary));
        }
        let rare = counts([200_000, 1000, 1]);
        let found = Inference::from_decisions(&gumbel, &rare).unwrap();
        let odds = (found.theta[0] - found.theta[2]) / epsilon;
        assert!((odds - 200_000.0f64.ln()).abs() < 1e-4, "{odds}");
        assert!(
            Inference::from_decisions(&normal, &rare).unwrap().standard_errors().iter().all(|&e| e > 0.0)
        );
        // Two items always rank below the other two.
        let ranking = Perturbed::new(Ranking::ascending(Dyn(4)).unwrap(), Normal, epsilon).unwrap();
        let facet = [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0], [2.0, 1.0, 4.0, 3.0]];
        assert_eq!(Inference::from_decisions(&ranking, &facet.concat()), Err(InferenceError::Boundary));
        let cube = Perturbed::new(Hypercube::binary(Dyn(3)).unwrap(), Logistic, epsilon).unwrap();
        let always = [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
        assert_eq!(Inference::from_decisions(&cube, &always.concat()), Err(InferenceError::Boundary));
    }
}

#[test]
fn what_has_no_estimate_is_refused() {
    let layer = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Normal, 1.0).unwrap();
    // Class 2 is never taken.
    let decisions = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]].concat();
    assert_eq!(Inference::from_decisions(&layer, &decisions), Err(InferenceError::Boundary));
    let one = Inference::from_decisions(&layer, &decisions[..3]);
    assert_eq!(one, Err(InferenceError::Samples { found: 1, dim: 3 }));
    let ragged = Inference::from_decisions(&layer, &decisions[..5]).unwrap_err();
    let length = Error::Length { parameter: "the last decision", expected: 3, found: 2 };
    assert_eq!(ragged, InferenceError::Layer(length));
    let nan = Inference::from_decisions(&layer, &[f64::NAN; 6]).unwrap_err();
    assert_eq!(nan, InferenceError::Layer(Error::NotFinite { parameter: "decisions", index: 0 }));
    // The covariance is in units of the temperature squared.
    let huge = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 1e200).unwrap();
    let decisions = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].concat();
    let overflow = Error::Overflow { quantity: "the covariance" };
    assert_eq!(Inference::from_decisions(&huge, &decisions), Err(overflow.into()));
}
