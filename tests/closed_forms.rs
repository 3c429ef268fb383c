//! Closed forms and quadratures against the reference vectors, in both number types and both kinds of shape.

use perturb::{
    Const, Dyn, Exact, Gumbel, Hypercube, Laplace, Logistic, Normal, Perturbed, Ranking, Real, Shape,
    Simplex, TopK,
};
use perturb_tests::cases::closed_forms::check;
use perturb_tests::reference::{self, RANKS_FROM_ZERO};
use perturb_tests::{reals, widened};

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
