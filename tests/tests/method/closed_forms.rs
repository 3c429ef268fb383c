//! Closed forms and quadratures against the reference vectors, in both number types and both kinds of shape.

use perturb::{
    ClosedForm, Const, Dyn, Exact, Gumbel, How, Hypercube, Laplace, Logistic, Method, MonteCarlo, Noise,
    Normal, Perturbed, Ranking, Real, Seed, Shape, Simplex, TopK,
    method::{Cost, Way},
    quantity::{VjpJacobian, VjpJacobianProduct},
};
use perturb_tests::cases::method::closed_forms::check;
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

/// Which way costs least, where one sees it; and its bits.
#[test]
fn the_cheapest_way_is_taken() {
    fn check<O: ClosedForm<f32, N>, N: Noise<f32>>(
        oracle: O,
        noise: N,
        samples: u32,
        asked: Cost,
        exact: bool,
    ) {
        let layer = Perturbed::new(oracle, noise, 0.5f32).unwrap();
        let dim = layer.oracle().shape().dim();
        let (how, theta) = (MonteCarlo::new(samples, Seed(7)), vec![0.25f32; dim]);
        let want = if exact { How::Exact } else { How::MonteCarlo(how) };
        let cheapest = How::Cheapest(how);
        match cheapest.way(&layer, asked) {
            Way::Exact { samples: equal } => assert!(exact && equal <= samples, "{dim} {samples} {asked:?}"),
            way => assert!(!exact && way == Way::Sampled(how), "{dim} {samples} {asked:?}"),
        }
        let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let (maximizer, want_y) = (layer.maximizer(&theta, cheapest), layer.maximizer(&theta, want));
        let (vjp, want_vjp) = (layer.vjp(&theta, &theta, cheapest), layer.vjp(&theta, &theta, want));
        let (jvp, want_jvp) = (layer.jvp(&theta, &theta, cheapest), layer.jvp(&theta, &theta, want));
        let (jacobian, want_jacobian) = (layer.jacobian(&theta, cheapest), layer.jacobian(&theta, want));
        let (value, want_value) = (layer.value(&theta, cheapest), layer.value(&theta, want));
        match asked {
            Cost::Value => assert_eq!(value.unwrap().to_bits(), want_value.unwrap().to_bits()),
            Cost::Maximizer => assert_eq!(bits(maximizer.unwrap().as_ref()), bits(want_y.unwrap().as_ref())),
            Cost::Product => {
                assert_eq!(bits(vjp.unwrap().as_ref()), bits(want_vjp.unwrap().as_ref()));
                assert_eq!(bits(jvp.unwrap().as_ref()), bits(want_jvp.unwrap().as_ref()));
            }
            Cost::Jacobian => {
                assert_eq!(bits(jacobian.unwrap().as_ref()), bits(want_jacobian.unwrap().as_ref()));
            }
            other => panic!("{other:?} is a class that this test does not ask for"),
        }
    }
    let simplex = || Simplex::new(Dyn(10)).unwrap();
    check(simplex(), Gumbel, 100, Cost::Maximizer, true);
    check(simplex(), Gumbel, 1, Cost::Maximizer, false);
    check(simplex(), Normal, 100, Cost::Maximizer, false);
    check(simplex(), Normal, 10_000, Cost::Value, true);
    check(simplex(), Logistic, 300, Cost::Product, true);
    let ranking = || Ranking::ascending(Dyn(100)).unwrap();
    check(ranking(), Normal, 100, Cost::Product, true);
    check(ranking(), Normal, 20, Cost::Maximizer, false);
    check(ranking(), Gumbel, 100, Cost::Value, false);
    check(ranking(), Gumbel, 100, Cost::Jacobian, true);
    check(TopK::new(Dyn(100), 5).unwrap(), Normal, 1000, Cost::Product, false);
    check(Hypercube::binary(Dyn(10)).unwrap(), Laplace, 10, Cost::Jacobian, true);
    // No closed form: samples, however many.
    let uneven = || Ranking::new(Dyn(3), &[0.0, 1.0, 9.0]).unwrap();
    for asked in [Cost::Value, Cost::Maximizer, Cost::Product, Cost::Jacobian] {
        check(uneven(), Normal, 10_000, asked, false);
    }
    let layer = Perturbed::new(uneven(), Normal, 0.5f32).unwrap();
    let (theta, how) = ([0.3, 0.1, 0.2], MonteCarlo::new(100, Seed(7)));
    let target = [0.0, 1.0, 9.0];
    assert_eq!(
        layer.fenchel_young(&theta, &target, How::Cheapest(how)).unwrap().loss.to_bits(),
        layer.fenchel_young(&theta, &target, how).unwrap().loss.to_bits(),
    );
    assert_eq!(
        layer.fenchel_young_gradient(&theta, &target, How::Cheapest(how)).unwrap(),
        layer.fenchel_young_gradient(&theta, &target, how).unwrap(),
    );
}

/// Second derivatives have closed forms for argmax alone, their products with vectors none: what has none is sampled.
#[test]
fn second_derivatives_without_closed_forms_are_sampled() {
    fn check<O: ClosedForm<f32, Normal>>(oracle: O, matrix_is_exact: bool) {
        let layer = Perturbed::new(oracle, Normal, 0.5f32).unwrap();
        let (how, theta) = (MonteCarlo::new(100_000, Seed(7)), [0.25f32, 0.5, -0.25]);
        let (matrix, product) =
            (VjpJacobian { cotangent: &theta }, VjpJacobianProduct { cotangent: &theta, tangent: &theta });
        let cheapest = layer.compute(&theta, &matrix, How::Cheapest(how)).unwrap();
        let want = if matrix_is_exact { How::Exact } else { How::MonteCarlo(how) };
        assert_eq!(cheapest.as_ref(), layer.compute(&theta, &matrix, want).unwrap().as_ref());
        let cheapest = layer.compute(&theta, &product, How::Cheapest(how)).unwrap();
        assert_eq!(cheapest.as_ref(), layer.compute(&theta, &product, how).unwrap().as_ref());
        // Of two at once neither is exact if one is not.
        let both = |how: How| {
            let (matrix, product) = layer.compute(&theta, &(matrix, product), how).unwrap();
            [matrix.as_ref(), product.as_ref()].concat()
        };
        assert_eq!(both(How::Cheapest(how)), both(How::MonteCarlo(how)));
    }
    check(Simplex::new(Dyn(3)).unwrap(), true);
    check(TopK::new(Dyn(3), 2).unwrap(), false);
    check(Hypercube::binary(Dyn(3)).unwrap(), false);
    check(Ranking::ascending(Dyn(3)).unwrap(), false);
}
