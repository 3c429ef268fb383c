//! Every entry refuses what does not fit, and names the parameter.

use perturb_core::quantity::{Jvp, Vjp};
use perturb_core::{
    Affine, Assignment, BlackBox, Const, DagPath, Error, Exact, Flow, Graph, GridPath, GroupTopK, How,
    Hypercube, Knapsack, MonteCarlo, Normal, Perturbed, Ranking, Real, Rect, Seed, ShortestPath, Simplex,
    SpanningTree, TopK, Tour,
    oracle::{EdgeLabel, NegativeCost, Neighbours},
};

use crate::layers::reals;

const HOW: MonteCarlo = MonteCarlo::new(10, Seed(120));

fn theta<T: Real>() -> [T; 3] {
    reals([0.3, -0.2, 0.5])
}
fn layer<T: Real>() -> Perturbed<Ranking<T, Const<3>>, Normal, T> {
    Perturbed::new(Ranking::ascending(Const).unwrap(), Normal, T::HALF).unwrap()
}
fn range(parameter: &'static str, least: usize, greatest: usize, found: usize) -> Error {
    Error::OutOfRange { parameter, least, greatest, found }
}

/// Each way to give a bad vector: too short, too long, NaN, +∞, −∞.
fn bad<T: Real>(parameter: &'static str, check: impl Fn(&[T], Error)) {
    let nan = T::from_f64(f64::NAN);
    for found in [0, 2, 4] {
        check(&[T::ZERO; 4][..found], Error::Length { parameter, expected: 3, found });
    }
    for (index, bad) in [(1, nan), (0, T::INFINITY), (2, T::NEG_INFINITY)] {
        let mut x = [T::ZERO; 3];
        x[index] = bad;
        check(&x, Error::NotFinite { parameter, index });
    }
}

pub(crate) fn scores<T: Real>() {
    let (layer, u) = (layer::<T>(), theta());
    bad::<T>("theta", |theta, error| {
        let error = Some(error);
        assert_eq!(layer.decide(theta).err(), error);
        assert_eq!(layer.sample(theta, Seed(0), 0).err(), error);
        assert_eq!(layer.distribution::<6>(theta, 10, Seed(0)).err(), error);
        for how in [How::Exact, How::MonteCarlo(HOW)] {
            assert_eq!(layer.value(theta, how).err(), error);
            assert_eq!(layer.maximizer(theta, how).err(), error);
            assert_eq!(layer.jacobian(theta, how).err(), error);
            assert_eq!(layer.vjp(theta, &u, how).err(), error);
            assert_eq!(layer.jvp(theta, &u, how).err(), error);
        }
    });
}

pub(crate) fn targets<T: Real>() {
    let layer = layer::<T>();
    bad::<T>("target", |target, error| {
        for how in [How::Exact, How::MonteCarlo(HOW)] {
            assert_eq!(layer.fenchel_young(&theta(), target, how).err(), Some(error));
            assert_eq!(layer.fenchel_young_gradient(&theta(), target, how).err(), Some(error));
        }
    });
    bad::<T>("theta", |theta, error| {
        for target in [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]] {
            let target = reals::<T, 3>(target);
            assert_eq!(layer.fenchel_young(theta, &target, HOW).err(), Some(error));
            assert_eq!(layer.fenchel_young_gradient(theta, &target, HOW).err(), Some(error));
        }
    });
}

pub(crate) fn directions<T: Real>() {
    let layer = layer::<T>();
    bad::<T>("cotangent", |u, error| {
        assert_eq!(layer.vjp(&theta(), u, Exact).err(), Some(error));
        assert_eq!(layer.compute(&theta(), &Vjp { cotangent: u }, HOW).err(), Some(error));
    });
    bad::<T>("tangent", |u, error| {
        assert_eq!(layer.jvp(&theta(), u, Exact).err(), Some(error));
        assert_eq!(layer.compute(&theta(), &Jvp { tangent: u }, HOW).err(), Some(error));
    });
}

pub(crate) fn temperatures<T: Real>() {
    for epsilon in [0.0, -0.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, T::from_f64(epsilon)).err();
        assert_eq!(refused, Some(Error::NotPositive { parameter: "epsilon" }));
    }
}

pub(crate) fn counts<T: Real>() {
    let (layer, none) = (layer::<T>(), MonteCarlo::new(0, Seed(0)));
    let samples = Some(range("samples", 1, u32::MAX as usize, 0));
    assert_eq!(layer.value(&theta(), none).err(), samples);
    assert_eq!(layer.jacobian(&theta(), none).err(), samples);
    assert_eq!(layer.fenchel_young(&theta(), &reals([1.0, 2.0, 3.0]), none).err(), samples);
    assert_eq!(layer.distribution::<6>(&theta(), 0, Seed(0)).err(), samples);
    for k in [0, 4, usize::MAX] {
        assert_eq!(TopK::new(Const::<3>, k).err(), Some(range("k", 1, 3, k)));
    }
    let outcomes = Error::Capacity { quantity: "distinct outcomes", capacity: 2 };
    assert_eq!(layer.distribution::<2>(&theta(), 1000, Seed(0)).err(), Some(outcomes));
}

pub(crate) fn dimensions<T: Real>() {
    let empty = Some(range("dimension", 1, u32::MAX as usize, 0));
    assert_eq!(Simplex::new(Const::<0>).err(), empty);
    assert_eq!(TopK::new(Const::<0>, 0).err(), empty);
    assert_eq!(Hypercube::<T, _>::binary(Const::<0>).err(), empty);
    assert_eq!(Ranking::<T, _>::ascending(Const::<0>).err(), empty);
    assert_eq!(BlackBox::new(Const::<0>, |_: &[T], _: &mut [T]| ()).err(), empty);
    assert_eq!(Knapsack::new(Const::<0>, Const::<1>, &[], 0).err(), empty);
    assert!(Assignment::new(Rect::<2, 0>).is_err());
    assert!(GridPath::<T, _>::new(Rect::<0, 3>, Neighbours::Four).is_err());
}

pub(crate) fn reference_vectors<T: Real>() {
    bad::<T>("v", |v, error| assert_eq!(Ranking::new(Const::<3>, v).err(), Some(error)));
    for (v, index) in [([2.0, 1.0, 2.0], 2), ([3.0, 3.0, 1.0], 1), ([0.0, 5.0, -0.0], 2)] {
        let refused = Ranking::new(Const::<3>, &reals::<T, 3>(v)).err();
        assert_eq!(refused, Some(Error::NotDistinct { parameter: "v", index }));
    }
    for v in [[0.0, 1.0, 2.5], [1.0, 10.0, 100.0]] {
        let v = reals::<T, 3>(v);
        let uneven = Perturbed::new(Ranking::new(Const::<3>, &v).unwrap(), Normal, T::HALF).unwrap();
        assert!(matches!(uneven.value(&theta(), Exact), Err(Error::NoClosedForm { .. })));
        assert!(matches!(uneven.vjp(&theta(), &theta(), Exact), Err(Error::NoClosedForm { .. })));
        assert!(uneven.value(&theta(), HOW).is_ok());
    }
}

pub(crate) fn overflow<T: Real>() {
    let least = T::from_f64(if T::NAME == "f64" { 1e-300 } else { 1e-37 });
    let cold = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, least).unwrap();
    let far = reals([1e30, 0.0, 0.0]);
    assert!(matches!(cold.value(&far, Exact), Err(Error::Overflow { .. })));
    let largest = T::from_f64(if T::NAME == "f64" { f64::MAX } else { f64::from(f32::MAX) });
    let hot = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, largest).unwrap();
    assert!(matches!(hot.value(&theta(), HOW), Err(Error::Overflow { .. })));
    assert!(matches!(hot.decide(&[largest; 3]), Err(Error::Overflow { .. })));
}

pub(crate) fn training_steps<T: Real>() {
    let (layer, ranks) = (layer::<T>(), reals::<T, 3>([1.0, 2.0, 3.0]));
    let fresh = Affine::<T, 3, 3>::zeros;
    let rate = T::from_f64(0.1);
    bad::<T>("x", |x, error| {
        let mut model = fresh();
        assert_eq!(model.step(&layer, x, &ranks, rate, Seed(0)).err(), Some(error));
        assert_eq!(model.scores(x).err(), Some(error));
        assert_eq!(model, fresh());
    });
    bad::<T>("target", |target, error| {
        let mut model = fresh();
        assert_eq!(model.step(&layer, &theta(), target, rate, Seed(0)).err(), Some(error));
        assert_eq!(model, fresh());
    });
    for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let refused = fresh().step(&layer, &theta(), &ranks, T::from_f64(rate), Seed(0)).err();
        assert_eq!(refused, Some(Error::NotPositive { parameter: "rate" }));
    }
    let other = Perturbed::new(Ranking::ascending(Const::<4>).unwrap(), Normal, T::HALF).unwrap();
    let refused = fresh().step(&other, &theta(), &ranks, rate, Seed(0)).err();
    assert_eq!(refused, Some(Error::Length { parameter: "scores", expected: 4, found: 3 }));
}

pub(crate) fn graphs<T: Real>() {
    let graph = |edges: &[(u32, u32)]| Graph::new(Const::<4>, Const::<4>, edges);
    assert!(matches!(graph(&[(0, 1); 3]), Err(Error::Length { parameter: "edges", .. })));
    for (edge, because) in
        [((0, 4), "an edge names a node that is not there"), ((2, 2), "an edge ends where it starts")]
    {
        let refused = graph(&[(0, 1), edge, (1, 2), (2, 3)]).err();
        assert_eq!(refused, Some(Error::Graph { index: 1, because }));
    }
    let ring = || graph(&[(0, 1), (1, 2), (2, 3), (3, 0)]).unwrap();
    assert!(matches!(DagPath::new(ring(), 0, 3), Err(Error::Graph { .. })));
    let parts = || graph(&[(0, 1), (1, 0), (2, 3), (3, 2)]).unwrap();
    assert!(matches!(ShortestPath::<T, _, _>::new(parts(), 0, 3), Err(Error::Graph { .. })));
    assert!(matches!(SpanningTree::new(parts()), Err(Error::Graph { index: 2, .. })));
    assert!(matches!(Flow::maximum(parts(), 0, 3), Err(Error::Graph { .. })));
    assert_eq!(Flow::new(ring(), 0, 3, 2).err(), Some(range("units", 1, 1, 2)));
    assert_eq!(Flow::new(ring(), 0, 7, 1).err(), Some(range("sink", 0, 3, 7)));
    let tree = SpanningTree::new(ring()).unwrap();
    assert!(matches!(tree.constrained(&[EdgeLabel::In; 4]), Err(Error::Graph { index: 3, .. })));
    assert!(matches!(tree.constrained(&[EdgeLabel::Out; 4]), Err(Error::Graph { .. })));
    assert!(matches!(tree.constrained(&[EdgeLabel::Free; 3]), Err(Error::Length { .. })));
    assert!(GridPath::<T, _>::between(Rect::<2, 2>, Neighbours::Four, (0, 2), (0, 0)).is_err());
    let grid = GridPath::<T, _>::new(Rect::<2, 2>, Neighbours::Four).unwrap();
    assert_eq!(
        grid.with_negative_costs(NegativeCost::Floor(T::ZERO)).err(),
        Some(Error::NotPositive { parameter: "floor" })
    );
}

pub(crate) fn groups_and_packs<T: Real>() {
    let group = |groups: &[u32], limits: &[u32], k| GroupTopK::new(Const::<3>, Const::<2>, groups, limits, k);
    assert_eq!(group(&[0, 1, 1], &[1, 1], 3).err(), Some(range("k", 1, 2, 3)));
    assert_eq!(group(&[0, 2, 1], &[1, 1], 1).err(), Some(range("group", 0, 1, 2)));
    assert!(matches!(group(&[0, 1], &[1, 1], 1), Err(Error::Length { parameter: "groups", .. })));
    assert!(matches!(group(&[0, 1, 0], &[1], 1), Err(Error::Length { parameter: "limits", .. })));
    let pack = |weights: &[u32], capacity| Knapsack::new(Const::<2>, Const::<11>, weights, capacity);
    assert!(matches!(pack(&[1, 2, 3], 10), Err(Error::Length { parameter: "weights", .. })));
    assert_eq!(
        pack(&[7, 9], 11).err(),
        Some(Error::Capacity { quantity: "table entries (capacity + 1)", capacity: 11 })
    );
    assert_eq!(pack(&[4, 6], u32::MAX).err(), None);
    assert_eq!(Tour::new(Const::<2>, Const::<1>, 1).err(), Some(range("cities", 3, 1 << 16, 2)));
    let length = Error::Length { parameter: "edges", expected: 10, found: 9 };
    assert_eq!(Tour::new(Const::<5>, Const::<9>, 1).err(), Some(length));
    let strict = GridPath::<T, _>::new(Rect::<2, 2>, Neighbours::Four).unwrap();
    let strict = strict.with_negative_costs(NegativeCost::Refuse).unwrap();
    let layer = Perturbed::new(strict, Normal, T::ONE).unwrap();
    let because = "a cost is negative";
    assert_eq!(layer.decide(&[T::ONE; 4]).err(), Some(Error::Solver { sample: None, because }));
    let sampled = layer.maximizer(&[-T::HALF; 4], MonteCarlo::new(100, Seed(5))).err();
    assert!(matches!(sampled, Some(Error::Solver { sample: Some(_), .. })));
}
