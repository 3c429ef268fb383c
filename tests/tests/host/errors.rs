//! Every entry refuses what does not fit, and names the parameter.

use perturb::quantity::{Jvp, Vjp};
use perturb::{
    Affine, BlackBox, Const, Dyn, Error, Exact, Gumbel, How, Hypercube, MonteCarlo, Normal, Perturbed,
    Ranking, Real, Seed, Simplex, TopK,
};

const THETA: [f64; 3] = [0.3, -0.2, 0.5];
const HOW: MonteCarlo = MonteCarlo::new(10, Seed(120));

fn layer() -> Perturbed<Ranking<f64, Const<3>>, Normal, f64> {
    Perturbed::new(Ranking::ascending(Const).unwrap(), Normal, 0.5).unwrap()
}

/// Each way to give a bad vector: too short, too long, NaN, +∞, −∞.
fn bad(parameter: &'static str) -> Vec<(Vec<f64>, Error)> {
    vec![
        (vec![], Error::Length { parameter, expected: 3, found: 0 }),
        (vec![0.0; 2], Error::Length { parameter, expected: 3, found: 2 }),
        (vec![0.0; 4], Error::Length { parameter, expected: 3, found: 4 }),
        (vec![0.0, f64::NAN, 0.0], Error::NotFinite { parameter, index: 1 }),
        (vec![f64::INFINITY, 0.0, 0.0], Error::NotFinite { parameter, index: 0 }),
        (vec![0.0, 0.0, f64::NEG_INFINITY], Error::NotFinite { parameter, index: 2 }),
    ]
}

#[test]
fn theta_is_checked_everywhere() {
    let layer = layer();
    for (theta, error) in bad("theta") {
        let error = Some(error);
        assert_eq!(layer.decide(&theta).err(), error);
        assert_eq!(layer.sample(&theta, Seed(0), 0).err(), error);
        assert_eq!(layer.distribution::<6>(&theta, 10, Seed(0)).err(), error);
        for how in [How::Exact, How::MonteCarlo(HOW)] {
            assert_eq!(layer.value(&theta, how).err(), error);
            assert_eq!(layer.maximizer(&theta, how).err(), error);
            assert_eq!(layer.value_and_maximizer(&theta, how).err(), error);
            assert_eq!(layer.jacobian(&theta, how).err(), error);
            assert_eq!(layer.vjp(&theta, &THETA, how).err(), error);
            assert_eq!(layer.jvp(&theta, &THETA, how).err(), error);
            for target in [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]] {
                assert_eq!(layer.fenchel_young(&theta, &target, how).err(), error);
                assert_eq!(layer.fenchel_young_gradient(&theta, &target, how).err(), error);
            }
        }
        let one = MonteCarlo::new(1, Seed(0));
        assert_eq!(layer.fenchel_young_gradient(&theta, &[1.0, 2.0, 3.0], one).err(), error);
    }
}

#[test]
fn directions_and_targets_are_checked_everywhere() {
    let layer = layer();
    for how in [How::Exact, How::MonteCarlo(HOW)] {
        for (u, error) in bad("cotangent") {
            assert_eq!(layer.vjp(&THETA, &u, how).err(), Some(error));
            assert_eq!(layer.compute(&THETA, &Vjp { cotangent: &u }, HOW).err(), Some(error));
        }
        for (u, error) in bad("tangent") {
            assert_eq!(layer.jvp(&THETA, &u, how).err(), Some(error));
            assert_eq!(layer.compute(&THETA, &Jvp { tangent: &u }, HOW).err(), Some(error));
        }
        for (target, error) in bad("target") {
            assert_eq!(layer.fenchel_young(&THETA, &target, how).err(), Some(error));
            assert_eq!(layer.fenchel_young_gradient(&THETA, &target, how).err(), Some(error));
        }
    }
}

#[test]
fn temperatures_are_positive_and_finite() {
    let error = Some(Error::NotPositive { parameter: "epsilon" });
    for epsilon in [0.0, -0.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, epsilon).err(), error);
    }
}

#[test]
fn counts_are_in_range() {
    let samples = Error::OutOfRange { parameter: "samples", least: 1, greatest: u32::MAX as usize, found: 0 };
    let none = MonteCarlo::new(0, Seed(0));
    let layer = layer();
    assert_eq!(layer.value(&THETA, none).err(), Some(samples));
    assert_eq!(layer.jacobian(&THETA, none).err(), Some(samples));
    assert_eq!(layer.fenchel_young(&THETA, &[1.0, 2.0, 3.0], none).err(), Some(samples));
    assert_eq!(layer.fenchel_young_gradient(&THETA, &[1.0, 2.0, 3.0], none).err(), Some(samples));
    assert_eq!(layer.distribution::<6>(&THETA, 0, Seed(0)).err(), Some(samples));
    for k in [0, 4, usize::MAX] {
        let error = Error::OutOfRange { parameter: "k", least: 1, greatest: 3, found: k };
        assert_eq!(TopK::new(Const::<3>, k).err(), Some(error));
        assert_eq!(TopK::new(Dyn(3), k).err(), Some(error));
    }
    let outcomes = Error::Capacity { quantity: "distinct outcomes", capacity: 2 };
    assert_eq!(layer.distribution::<2>(&THETA, 1000, Seed(0)).err(), Some(outcomes));
}

#[test]
fn problems_have_an_entry() {
    let empty = Error::OutOfRange { parameter: "dimension", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(Simplex::new(Const::<0>).err(), Some(empty));
    assert_eq!(Simplex::new(Dyn(0)).err(), Some(empty));
    assert_eq!(TopK::new(Dyn(0), 0).err(), Some(empty));
    assert_eq!(Hypercube::<f64, _>::binary(Dyn(0)).err(), Some(empty));
    assert_eq!(Hypercube::<f64, _>::sign(Dyn(0)).err(), Some(empty));
    assert_eq!(Ranking::<f64, _>::ascending(Dyn(0)).err(), Some(empty));
    assert_eq!(Ranking::<f64, _>::descending(Dyn(0)).err(), Some(empty));
    assert_eq!(Ranking::<f64, _>::new(Dyn(0), &[]).err(), Some(empty));
    assert_eq!(BlackBox::new(Dyn(0), |_: &[f64], _: &mut [f64]| ()).err(), Some(empty));
}

#[test]
fn reference_vectors_are_finite_and_distinct() {
    for (v, error) in bad("v") {
        assert_eq!(Ranking::new(Const::<3>, &v).err(), Some(error));
        assert_eq!(Ranking::new(Dyn(3), &v).err(), Some(error));
    }
    for (v, index) in [([2.0, 1.0, 2.0], 2), ([3.0, 3.0, 1.0], 1), ([0.0, 5.0, -0.0], 2)] {
        let error = Error::NotDistinct { parameter: "v", index };
        assert_eq!(Ranking::new(Const::<3>, &v).err(), Some(error), "{v:?}");
    }
}

#[test]
fn uneven_ranks_have_no_closed_form() {
    let refused = |error: Option<Error>| matches!(error, Some(Error::NoClosedForm { .. }));
    for v in [[0.0, 1.0, 2.5], [1.0, 2.0, 3.0 + 1e-9], [1.0, 10.0, 100.0]] {
        let uneven = Perturbed::new(Ranking::new(Const::<3>, &v).unwrap(), Normal, 0.5).unwrap();
        assert!(refused(uneven.value(&THETA, Exact).err()));
        assert!(refused(uneven.jacobian(&THETA, Exact).err()));
        assert!(refused(uneven.vjp(&THETA, &THETA, Exact).err()));
        assert!(refused(uneven.fenchel_young(&THETA, &v, Exact).err()));
        assert!(uneven.value(&THETA, HOW).is_ok());
    }
    for v in [[3.0, 1.0, 2.0], [0.1, 0.2, 0.3], [-1e6, 1e6, 0.0], [1.0, 1.0 + 1e-9, 1.0 - 1e-9]] {
        let even = Perturbed::new(Ranking::new(Const::<3>, &v).unwrap(), Normal, 0.5).unwrap();
        assert!(even.value(&THETA, Exact).is_ok(), "{v:?}");
    }
}

#[test]
fn results_that_leave_the_range_are_refused() {
    let layer = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, 1e-200).unwrap();
    let overflow = |error: Option<Error>| matches!(error, Some(Error::Overflow { .. }));
    assert!(overflow(layer.value(&[1e200, 0.0, 0.0], Exact).err()));
    assert!(overflow(layer.maximizer(&[1e200, 0.0, 0.0], Exact).err()));
    let hot = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, f64::MAX).unwrap();
    assert!(overflow(hot.value(&THETA, HOW).err()));
    let cold = Perturbed::new(Simplex::new(Const::<2>).unwrap(), Normal, f64::MIN_POSITIVE / 1e10).unwrap();
    assert!(overflow(cold.jacobian(&[0.0, 0.0], Exact).err()));
}

#[test]
fn training_steps_check_their_inputs() {
    let layer = layer();
    let mut model = Affine::<f64, 3, 3>::zeros();
    let before = model.clone();
    let ranks = [1.0, 2.0, 3.0];
    for (x, error) in bad("x") {
        assert_eq!(model.step(&layer, &x, &ranks, 0.1, Seed(0)).err(), Some(error));
        assert_eq!(model.scores(&x).err(), Some(error));
    }
    for (target, error) in bad("target") {
        assert_eq!(model.step(&layer, &THETA, &target, 0.1, Seed(0)).err(), Some(error));
    }
    for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let error = Error::NotPositive { parameter: "rate" };
        assert_eq!(model.step(&layer, &THETA, &ranks, rate, Seed(0)).err(), Some(error));
    }
    let other = Perturbed::new(Ranking::ascending(Dyn(4)).unwrap(), Normal, 0.5).unwrap();
    let error = Error::Length { parameter: "scores", expected: 4, found: 3 };
    assert_eq!(model.step(&other, &THETA, &ranks, 0.1, Seed(0)).err(), Some(error));
    assert_eq!(model, before);
    model.weights.fill(f64::MAX);
    let before = model.clone();
    let error = Error::Overflow { quantity: "the scores Wx + b" };
    assert_eq!(model.step(&layer, &[2.0, 2.0, 2.0], &ranks, 0.1, Seed(0)).err(), Some(error));
    assert_eq!(model, before);
}

#[test]
fn messages_name_the_parameter() {
    for (error, message) in [
        (Error::NotPositive { parameter: "epsilon" }, "epsilon must be finite and greater than 0"),
        (Error::Length { parameter: "theta", expected: 3, found: 2 }, "theta has length 2; expected 3"),
        (Error::OutOfRange { parameter: "k", least: 1, greatest: 3, found: 4 }, "k is 4; expected 1 to 3"),
    ] {
        assert_eq!(error.to_string(), message);
    }
    assert_eq!(<f32 as Real>::NAME, "f32");
}
