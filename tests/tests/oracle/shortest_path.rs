//! Shortest paths against the enumeration of their vertices, on random scores full of ties, of either sign.

use perturb::quantity::FenchelYoungTerm;
use perturb::{
    Const, Dyn, Error, Graph, MonteCarlo, Normal, Oracle, Perturbed, Real, Seed, Shape, ShortestPath,
    oracle::NegativeCost,
};
use perturb_tests::naive_graphs::graph_paths;
use perturb_tests::reals;
use perturb_tests::vertices::relative_floor;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::dag_path::LAYERS;
use crate::strategies::{config, quarter};
use crate::vertices::{assert_cheapest, assert_ends};

/// A complete directed graph of four nodes.
pub(crate) const COMPLETE: [(u32, u32); 12] =
    [(0, 1), (2, 1), (0, 2), (1, 0), (3, 0), (1, 2), (3, 1), (1, 3), (0, 3), (2, 0), (2, 3), (3, 2)];

fn matches<T: Real, V: Shape, E: Shape>(theta: &[f64], complete: (V, E), layers: (impl Shape, impl Shape)) {
    let graph = Graph::new(complete.0, complete.1, &COMPLETE).unwrap();
    let paths = graph_paths(&COMPLETE, 0, 3);
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
    assert_cheapest::<T, _>(&oracle, &theta[..12], relative_floor(&theta[..12]), &paths);

    let graph = Graph::new(layers.0, layers.1, &LAYERS).unwrap();
    let paths = graph_paths(&LAYERS, 0, 5);
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 5).unwrap();
    assert_cheapest::<T, _>(&oracle, &theta[..10], relative_floor(&theta[..10]), &paths);
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn paths_match_the_enumeration(theta in vec(quarter(), 12)) {
        let fixed = ((Const::<4>, Const::<12>), (Const::<6>, Const::<10>));
        matches::<f32, _, _>(&theta, fixed.0, fixed.1);
        matches::<f64, _, _>(&theta, fixed.0, fixed.1);
        let sized = ((Dyn(4), Dyn(12)), (Dyn(6), Dyn(10)));
        matches::<f32, _, _>(&theta, sized.0, sized.1);
        matches::<f64, _, _>(&theta, sized.0, sized.1);
    }
}

/// Shortest paths are known as vertices whatever is done about negative costs, and nothing else is; the sampled loss there is
/// the mean of its terms, not what a search of the dual comes to.
#[test]
fn shortest_paths_are_known_whatever_the_floor() {
    fn check<T: Real>() {
        let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
        let oracle = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
        let paths = graph_paths(&COMPLETE, 0, 3);
        for negative in [NegativeCost::default(), NegativeCost::Floor(T::HALF), NegativeCost::Refuse] {
            let oracle = oracle.clone().with_negative_costs(negative).unwrap();
            let mut work = oracle.work();
            for bits in 0..1u32 << 12 {
                let y: Vec<f64> = (0..12).map(|i| f64::from(bits >> i & 1)).collect();
                assert_eq!(
                    oracle.locate(&reals::<T>(&y), Some(&mut work)).is_vertex(),
                    paths.contains(&y),
                    "{negative:?} {y:?}"
                );
            }
            assert!(!oracle.locate(&[T::HALF; 12], Some(&mut work)).is_vertex());
            let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
            let (theta, how) = ([T::from_f64(-20.0); 12], MonteCarlo::new(100, Seed(7)));
            for path in &paths {
                let target: [T; 12] = reals::<T>(path).try_into().unwrap();
                let found = layer.fenchel_young(&theta, &target, how).unwrap();
                let term = FenchelYoungTerm { target: &target, offset: T::ZERO };
                let (loss, gradient) = layer.compute(&theta, &term, how).unwrap();
                assert_eq!((found.loss, found.gradient), (loss, gradient));
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn constructors_refuse_what_does_not_fit() {
    let (three, two) = (Const::<3>, Const::<2>);
    let backwards = Graph::new(three, two, &[(1, 2), (0, 1)]).unwrap();
    assert!(ShortestPath::<f64, _, _>::new(backwards, 0, 2).is_ok());
    assert!(matches!(ShortestPath::<f64, _, _>::new(backwards, 2, 0), Err(Error::Graph { index: 0, .. })));
}

#[test]
fn infinite_scores_do_not_hang() {
    assert_ends(&ShortestPath::new(Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap(), 0, 3).unwrap());
}
