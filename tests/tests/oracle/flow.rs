//! Flows against the enumeration of all sets of edges, on random small networks with and without directed
//! cycles.

use perturb::quantity::Maximizer;
use perturb::{Const, Dyn, Error, Flow, Graph, MonteCarlo, Normal, Oracle, Perturbed, Real, Seed, Shape};
use perturb_tests::naive_combinatorial::{self as naive, assert_best};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use perturb_tests::statistics::spread;
use proptest::collection::vec;
use proptest::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal as Gaussian};

use crate::strategies::{config, quarter};

/// Flows of every value from node 0 to the last node, and that there are no others.
fn flows<T: Real>(nodes: impl Shape, shape: impl Shape, edges: &[(u32, u32)], theta: &[f64]) {
    let sink = nodes.dim() as u32 - 1;
    let all = |units: usize| naive::flows(nodes.dim(), edges, 0, sink, units as i32);
    let graph = Graph::new(nodes, shape, edges).unwrap();
    let most = (1..=edges.len()).take_while(|&units| !all(units).is_empty()).count();
    match Flow::maximum(graph.clone(), 0, sink) {
        Ok(oracle) => {
            assert_eq!(oracle.units(), most, "{edges:?}");
            assert_best(&all(most), theta, &solve::<T, _>(&oracle, theta), &format!("maximum, {edges:?}"));
        }
        Err(Error::Graph { .. }) => assert_eq!(most, 0, "{edges:?}"),
        Err(error) => panic!("{error}"),
    }
    for units in 1..=most {
        let oracle = Flow::new(graph.clone(), 0, sink, units).unwrap();
        assert_best(&all(units), theta, &solve::<T, _>(&oracle, theta), &format!("{units}, {edges:?}"));
    }
    assert!(Flow::new(graph, 0, sink, most + 1).is_err());
}

/// Networks of 2 to 5 nodes and up to 10 edges in any direction, parallel ones among them.
fn network() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (2u32..=5).prop_flat_map(|nodes| {
        let edge = (0..nodes, 1..nodes).prop_map(move |(a, step)| (a, (a + step) % nodes));
        (Just(nodes as usize), vec(edge, 1..=10))
    })
}

proptest! {
    #![proptest_config(config(2000, 73))]

    #[test]
    fn flows_match_the_enumeration(
        ((nodes, edges), theta) in network().prop_flat_map(|network| {
            let count = network.1.len();
            (Just(network), vec(quarter(), count))
        })
    ) {
        flows::<f32>(Dyn(nodes), Dyn(edges.len()), &edges, &theta);
        flows::<f64>(Dyn(nodes), Dyn(edges.len()), &edges, &theta);
    }

    /// Edges from lower to higher nodes: without directed cycles y is a set of edge-disjoint paths.
    #[test]
    fn fixed_flows_match_the_enumeration(
        edges in vec((0u32..5, 0u32..5).prop_filter_map("a loop", |(a, b)| (a != b).then(|| (a.min(b), a.max(b)))), 9),
        theta in vec(quarter(), 9),
    ) {
        flows::<f32>(Const::<5>, Const::<9>, &edges, &theta);
        flows::<f64>(Const::<5>, Const::<9>, &edges, &theta);
    }
}

/// A 12 × 12 grid of cells with arbitrary scores: the flow of one unit is the longest path, which dynamic
/// programming finds in the order of the cells.
#[test]
fn one_unit_takes_the_best_path() {
    const SIDE: u32 = 12;
    let mut edges = Vec::new();
    for cell in 0..SIDE * SIDE {
        if cell % SIDE + 1 < SIDE {
            edges.push((cell, cell + 1));
        }
        if cell / SIDE + 1 < SIDE {
            edges.push((cell, cell + SIDE));
        }
    }
    let nodes = (SIDE * SIDE) as usize;
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).unwrap();
    let oracle = Flow::new(graph, 0, SIDE * SIDE - 1, 1).unwrap();
    for round in 0..50u64 {
        let theta: Vec<f64> = (0..edges.len() as u64)
            .map(|i| {
                let hash = (i + 1000 * round).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                (hash % 2001) as f64 / 1000.0 - 1.0
            })
            .collect();
        let mut best = vec![f64::NEG_INFINITY; nodes];
        best[0] = 0.0;
        for cell in 0..nodes as u32 {
            for (&(tail, head), score) in edges.iter().zip(&theta) {
                if tail == cell {
                    best[head as usize] = best[head as usize].max(best[tail as usize] + score);
                }
            }
        }
        let (y, value) = solve::<f64, _>(&oracle, &theta);
        assert!((value - best[nodes - 1]).abs() < 1e-12, "{value} {}", best[nodes - 1]);
        assert_eq!(y.iter().sum::<f64>(), f64::from(2 * SIDE - 2));
        // In f32 the path is a best one up to the rounding of 22 sums of at most 22.
        let (_, single) = solve::<f32, _>(&oracle, &theta);
        assert!((single - best[nodes - 1]).abs() < 100.0 * f64::from(f32::EPSILON) * 22.0);
    }
}

#[test]
fn flows_refuse_what_no_network_carries() {
    let graph = || Graph::new(Dyn(3), Dyn(3), &[(0, 1), (0, 1), (2, 1)]).unwrap();
    let error = |source, sink, units| Flow::new(graph(), source, sink, units).err();
    let range =
        |parameter, least, greatest, found| Some(Error::OutOfRange { parameter, least, greatest, found });
    assert_eq!(error(0, 1, 3), range("units", 1, 2, 3));
    assert_eq!(error(0, 1, 0), range("units", 1, 2, 0));
    assert_eq!(error(3, 1, 1), range("source", 0, 2, 3));
    assert_eq!(error(0, 7, 1), range("sink", 0, 2, 7));
    let because = "no path leads from the source to the sink";
    assert_eq!(error(0, 2, 1), Some(Error::Graph { index: 2, because }));
    assert_eq!(error(1, 1, 1), Some(Error::Graph { index: 1, because }));
    assert_eq!(error(0, 1, 2), None);
}

/// What overflow to infinity leaves is still a flow.
#[test]
fn infinite_scores_still_flow() {
    let edges = [(0, 1), (1, 3), (0, 2), (2, 3), (1, 2), (2, 1)];
    let graph = Graph::new(Const::<4>, Const::<6>, &edges).unwrap();
    let scores = [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0];
    for units in [1, 2] {
        let oracle = Flow::new(graph, 0, 3, units).unwrap();
        let all = naive::flows(4, &edges, 0, 3, units as i32);
        for code in 0..5usize.pow(6) {
            let theta: Vec<f64> = (0..6).map(|place| scores[code / 5usize.pow(place) % 5]).collect();
            let mut y = vec![0.0; 6];
            oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)).unwrap();
            assert!(all.contains(&y), "{theta:?} {y:?}");
        }
    }
}

fn two_paths<T: Real>(nodes: impl Shape, edges: impl Shape, seed: Seed) {
    // Path A costs 1.0 over two edges, path B 1.3 over three.
    let graph = Graph::new(nodes, edges, &[(0, 1), (1, 4), (0, 2), (2, 3), (3, 4)]).unwrap();
    let theta = [-0.7, -0.3, -0.5, -0.5, -0.3];
    let (epsilon, shorter) = (0.4, 0.3);
    let layer = Perturbed::new(Flow::new(graph, 0, 4, 1).unwrap(), Normal, T::from_f64(epsilon)).unwrap();
    let means = spread(&layer, &reals::<T>(&theta), Maximizer, MonteCarlo::new(100_000, seed));
    // The difference of the perturbed costs has the variance of five edges.
    let a = Gaussian::standard().cdf(shorter / (epsilon * 5.0f64.sqrt()));
    for (mean, want) in means.iter().zip([a, a, 1.0 - a, 1.0 - a, 1.0 - a]) {
        mean.assert_near(want, 1.0, T::EPSILON.to_f64(), "one of two disjoint paths");
    }
}

/// P(A) = Φ((c_B − c_A)/(ε √|A Δ B|)) for two disjoint paths A and B: M = 10⁵, Z = 4.5, seeds 76 to 79.
#[test]
fn two_disjoint_paths_match_the_closed_form() {
    two_paths::<f32>(Const::<5>, Const::<5>, Seed(76));
    two_paths::<f64>(Const::<5>, Const::<5>, Seed(77));
    two_paths::<f32>(Dyn(5), Dyn(5), Seed(78));
    two_paths::<f64>(Dyn(5), Dyn(5), Seed(79));
}
