//! Closed forms and quadratures against the reference vectors, in both number types and both kinds of shape.

use perturb::{
    ClosedForm, Const, Dyn, Exact, Expectation, Gumbel, Hypercube, Laplace, Law, Logistic, Normal, Perturbed,
    Ranking, Real, Shape, Simplex, TopK,
};
use perturb_tests::reference::{self, Case, RANKS_FROM_ZERO};
use perturb_tests::{reals, widened};

/// The references have twelve digits: 10⁻⁹ in f64, and 10⁻⁵·max(1, |x|) in f32.
#[track_caller]
fn assert_close<T: Real>(got: &[T], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, &want)) in got.iter().zip(want).enumerate() {
        let tolerance = if T::NAME == "f64" { 1e-9 } else { 1e-5 * want.abs().max(1.0) };
        let off = (got.to_f64() - want).abs();
        assert!(off <= tolerance, "{what}[{i}] in {}: {got}, not {want}: off by {off:e}", T::NAME);
    }
}

fn check<T: Real, N: Law<T>, O: ClosedForm<T, N>>(oracle: O, noise: N, case: &Case) {
    let layer = Perturbed::new(oracle, noise, T::from_f64(case.epsilon)).unwrap();
    let theta = reals::<T>(case.theta);
    let dim = theta.len();
    let (value, y) = layer.value_and_maximizer(&theta, Exact).unwrap();
    let y = y.as_ref();
    assert_close(y, case.maximizer, case.name);
    if let Some(want) = case.value {
        assert_close(&[value], &[want], case.name);
    }
    let jacobian = layer.jacobian(&theta, Exact).unwrap();
    let jacobian: Vec<&[T]> = jacobian.as_ref().chunks_exact(dim).collect();
    for &(i, want) in case.rows {
        assert_close(jacobian[i], want, case.name);
        // A row of a symmetric J is Jᵀe_i and Je_i.
        let unit: Vec<T> = (0..dim).map(|j| if i == j { T::ONE } else { T::ZERO }).collect();
        assert_close(layer.vjp(&theta, &unit, Exact).unwrap().as_ref(), want, case.name);
        assert_close(layer.jvp(&theta, &unit, Exact).unwrap().as_ref(), want, case.name);
    }
    for (i, &want) in case.diagonal.iter().enumerate() {
        assert_close(&[jacobian[i][i]], &[want], case.name);
    }
    if !case.norm_gradient.is_empty() {
        let twice: Vec<T> = y.iter().map(|&y| T::TWO * y).collect();
        assert_close(layer.vjp(&theta, &twice, Exact).unwrap().as_ref(), case.norm_gradient, case.name);
    }
    // The other entries to the same numbers.
    assert_eq!(layer.value(&theta, Exact).unwrap(), value);
    assert_eq!(layer.maximizer(&theta, Exact).unwrap().as_ref(), y);
    assert_eq!(layer.maximizer(&theta, Expectation::Exact).unwrap().as_ref(), y);
}

fn five_classes<T: Real>(shape: impl Shape) {
    let simplex = || Simplex::new(shape).unwrap();
    check::<T, _, _>(simplex(), Gumbel, &reference::SIMPLEX_GUMBEL);
    check::<T, _, _>(simplex(), Normal, &reference::SIMPLEX_NORMAL);
    check::<T, _, _>(simplex(), Logistic, &reference::SIMPLEX_LOGISTIC);
    check::<T, _, _>(simplex(), Laplace, &reference::SIMPLEX_LAPLACE);
    check::<T, _, _>(TopK::new(shape, 2).unwrap(), Gumbel, &reference::TOP_TWO_GUMBEL);
    // Picking one is argmax.
    let top = || TopK::new(shape, 1).unwrap();
    check::<T, _, _>(top(), Gumbel, &reference::SIMPLEX_GUMBEL);
    check::<T, _, _>(top(), Normal, &reference::SIMPLEX_NORMAL);
    check::<T, _, _>(top(), Logistic, &reference::SIMPLEX_LOGISTIC);
    check::<T, _, _>(top(), Laplace, &reference::SIMPLEX_LAPLACE);
}

fn four_entries<T: Real>(shape: impl Shape) {
    check::<T, _, _>(Simplex::new(shape).unwrap(), Normal, &reference::SIMPLEX_ADDITIVE);
    check::<T, _, _>(Ranking::ascending(shape).unwrap(), Normal, &reference::RANKING_FAR);
}

fn nine_labels<T: Real>(shape: impl Shape) {
    let ranking = || Ranking::new(shape, &reals::<T>(&RANKS_FROM_ZERO)).unwrap();
    check::<T, _, _>(ranking(), Normal, &reference::RANKING_NORMAL);
    check::<T, _, _>(ranking(), Gumbel, &reference::RANKING_GUMBEL);
}

fn three_decisions<T: Real>(shape: impl Shape) {
    check::<T, _, _>(Hypercube::binary(shape).unwrap(), Normal, &reference::BINARY_NORMAL);
    check::<T, _, _>(Hypercube::sign(shape).unwrap(), Normal, &reference::SIGN_NORMAL);
}

#[test]
fn fixed_shapes_match_the_reference() {
    five_classes::<f64>(Const::<5>);
    five_classes::<f32>(Const::<5>);
    four_entries::<f64>(Const::<4>);
    four_entries::<f32>(Const::<4>);
    nine_labels::<f64>(Const::<9>);
    nine_labels::<f32>(Const::<9>);
    three_decisions::<f64>(Const::<3>);
    three_decisions::<f32>(Const::<3>);
}

#[test]
fn run_time_shapes_match_the_reference() {
    five_classes::<f64>(Dyn(5));
    five_classes::<f32>(Dyn(5));
    four_entries::<f64>(Dyn(4));
    four_entries::<f32>(Dyn(4));
    nine_labels::<f64>(Dyn(9));
    nine_labels::<f32>(Dyn(9));
    three_decisions::<f64>(Dyn(3));
    three_decisions::<f32>(Dyn(3));
}

/// A {0, 1} decision on top-2 of 3 complements argmax of the negated scores under symmetric noise.
#[test]
fn leaving_one_out_is_picking_one_of_the_negated() {
    let theta = [0.7, -0.2, 0.1];
    let negated = theta.map(|x: f64| -x);
    let two = Perturbed::new(TopK::new(Const::<3>, 2).unwrap(), Laplace, 0.4).unwrap();
    let one = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Laplace, 0.4).unwrap();
    let kept = two.maximizer(&theta, Exact).unwrap();
    let dropped = one.maximizer(&negated, Exact).unwrap();
    let kept = widened(&kept);
    for (kept, dropped) in kept.iter().zip(dropped) {
        assert!((kept + dropped - 1.0).abs() < 1e-13);
    }
}
