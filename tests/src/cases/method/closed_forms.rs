//! Closed forms and quadratures against the reference vectors.

use perturb_core::{
    ClosedForm, Const, Exact, Gumbel, How, Hypercube, Laplace, Logistic, Normal, Perturbed, Ranking, Real,
    Shape, Simplex, TopK, noise::Law,
};

use crate::layers::reals;
use crate::reference::{self, Case, RANKS_FROM_ZERO};

/// The references have twelve digits: 10⁻⁹ in f64, and 10⁻⁵·max(1, |x|) in f32.
#[track_caller]
fn assert_close<T: Real>(got: &[T], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, &want)) in got.iter().zip(want).enumerate() {
        let tolerance = if T::NAME == "f64" { 1e-9 } else { 1e-5 * want.abs().max(1.0) };
        let off = (got.to_f64() - want).abs();
        assert!(off <= tolerance, "{what}[{i}] in {}: {got}, not {want}", T::NAME);
    }
}

/// All that is known of a layer.
///
/// # Panics
/// If a number differs.
pub fn check<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, case: &Case) {
    let layer = Perturbed::new(oracle, noise, T::from_f64(case.epsilon)).unwrap();
    let shape = layer.oracle().shape();
    let vector = |f: &dyn Fn(usize) -> T| {
        let mut x = shape.array(T::ZERO);
        x.as_mut().iter_mut().enumerate().for_each(|(i, x)| *x = f(i));
        x
    };
    let theta = vector(&|i| T::from_f64(case.theta[i]));
    let theta = theta.as_ref();
    let dim = theta.len();
    let (value, y) = layer.value_and_maximizer(theta, Exact).unwrap();
    let y = y.as_ref();
    assert_close(y, case.maximizer, case.name);
    if let Some(want) = case.value {
        assert_close(&[value], &[want], case.name);
    }
    let jacobian = layer.jacobian(theta, Exact).unwrap();
    let row = |i: usize| &jacobian.as_ref()[i * dim..][..dim];
    for &(i, want) in case.rows {
        assert_close(row(i), want, case.name);
        // A row of a symmetric J is Jᵀe_i and Je_i.
        let unit = vector(&|j| if i == j { T::ONE } else { T::ZERO });
        assert_close(layer.vjp(theta, unit.as_ref(), Exact).unwrap().as_ref(), want, case.name);
        assert_close(layer.jvp(theta, unit.as_ref(), Exact).unwrap().as_ref(), want, case.name);
    }
    for (i, &want) in case.diagonal.iter().enumerate() {
        assert_close(&[row(i)[i]], &[want], case.name);
    }
    if !case.norm_gradient.is_empty() {
        let twice = vector(&|i| T::TWO * y[i]);
        let found = layer.vjp(theta, twice.as_ref(), Exact).unwrap();
        assert_close(found.as_ref(), case.norm_gradient, case.name);
    }
    // The other entries to the same numbers.
    assert_eq!(layer.value(theta, Exact).unwrap(), value);
    assert_eq!(layer.maximizer(theta, Exact).unwrap().as_ref(), y);
    assert_eq!(layer.maximizer(theta, How::Exact).unwrap().as_ref(), y);
}

pub(crate) fn simplex_gumbel<T: Real>() {
    check::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Gumbel, &reference::SIMPLEX_GUMBEL);
}
pub(crate) fn simplex_normal<T: Real>() {
    check::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Normal, &reference::SIMPLEX_NORMAL);
    check::<T, _, _>(Simplex::new(Const::<4>).unwrap(), Normal, &reference::SIMPLEX_ADDITIVE);
}
pub(crate) fn simplex_logistic<T: Real>() {
    check::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Logistic, &reference::SIMPLEX_LOGISTIC);
}
pub(crate) fn simplex_laplace<T: Real>() {
    check::<T, _, _>(Simplex::new(Const::<5>).unwrap(), Laplace, &reference::SIMPLEX_LAPLACE);
}
pub(crate) fn top_two_gumbel<T: Real>() {
    check::<T, _, _>(TopK::new(Const::<5>, 2).unwrap(), Gumbel, &reference::TOP_TWO_GUMBEL);
}
/// Picking one is argmax.
pub(crate) fn top_one_normal<T: Real>() {
    check::<T, _, _>(TopK::new(Const::<5>, 1).unwrap(), Normal, &reference::SIMPLEX_NORMAL);
}
pub(crate) fn top_one_laplace<T: Real>() {
    check::<T, _, _>(TopK::new(Const::<5>, 1).unwrap(), Laplace, &reference::SIMPLEX_LAPLACE);
}
pub(crate) fn ranking_normal<T: Real>() {
    let oracle = Ranking::new(Const::<9>, &reals::<T, 9>(RANKS_FROM_ZERO)).unwrap();
    check(oracle, Normal, &reference::RANKING_NORMAL);
    check::<T, _, _>(Ranking::ascending(Const::<4>).unwrap(), Normal, &reference::RANKING_FAR);
}
pub(crate) fn ranking_gumbel<T: Real>() {
    let oracle = Ranking::new(Const::<9>, &reals::<T, 9>(RANKS_FROM_ZERO)).unwrap();
    check(oracle, Gumbel, &reference::RANKING_GUMBEL);
}
pub(crate) fn hypercube_normal<T: Real>() {
    check::<T, _, _>(Hypercube::binary(Const::<3>).unwrap(), Normal, &reference::BINARY_NORMAL);
    check::<T, _, _>(Hypercube::sign(Const::<3>).unwrap(), Normal, &reference::SIGN_NORMAL);
}

/// Rare decisions have a share of their own digits. Φ(−5.5), 1/(1 + e²⁰), e⁻²⁰/2, 1 − exp(−e⁻²⁰), from mpmath.
pub(crate) fn tails<T: Real>() {
    fn share<T: Real, N: Law<T>>(noise: N, theta: f64, want: f64) {
        let layer = Perturbed::new(Hypercube::binary(Const::<1>).unwrap(), noise, T::HALF).unwrap();
        let found = layer.maximizer(&[T::from_f64(0.5 * theta)], Exact).unwrap()[0].to_f64();
        // erfc of f32 has an error of (1 + x²)·3.5·10⁻⁷.
        let off = if T::NAME == "f64" { 1e-13 } else { 6e-6 };
        assert!((found / want - 1.0).abs() <= off, "{}: {found}, not {want}", noise.name());
    }
    share::<T, _>(Normal, -5.5, 1.898_956_246_588_771_9e-8);
    share::<T, _>(Logistic, -20.0, 2.061_153_618_190_204e-9);
    share::<T, _>(Laplace, -20.0, 1.030_576_811_219_278_8e-9);
    share::<T, _>(Gumbel, -20.0, 2.061_153_620_314_381e-9);
}

/// A score that is always picked leaves the others as they are without it, however far it is.
pub(crate) fn far_scores<T: Real>() {
    fn check<T: Real, N: Law<T>>(noise: N) {
        let one = Perturbed::new(TopK::new(Const::<3>, 1).unwrap(), noise, T::ONE).unwrap();
        let two = Perturbed::new(TopK::new(Const::<4>, 2).unwrap(), noise, T::ONE).unwrap();
        let near: [T; 3] = reals([0.0, 0.25, -1.0]);
        let (own, y) = one.value_and_maximizer(&near, Exact).unwrap();
        let off = T::EPSILON * T::from_f64(64.0);
        for far in [300.0, 3e12, 1e30].map(T::from_f64) {
            let (value, found) = two.value_and_maximizer(&[near[0], far, near[1], near[2]], Exact).unwrap();
            for (found, want) in found.iter().zip([y[0], T::ONE, y[1], y[2]]) {
                assert!((*found - want).abs() <= off, "{}: {found} {want}", noise.name());
            }
            let want = far + noise.mean() + own;
            assert!((value - want).abs() <= off * want, "{}: {value} {want}", noise.name());
        }
    }
    check::<T, _>(Normal);
    check::<T, _>(Gumbel);
}
