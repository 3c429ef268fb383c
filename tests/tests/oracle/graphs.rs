//! Paths, trees and assignments against the enumeration of their vertices, on random small instances full
//! of ties, equal entries, signed zeros and negative scores.

use perturb::estimator::FenchelYoungTerm;
use perturb::{
    Assignment, Const, DagPath, Dyn, DynRect, EdgeLabel, Error, Graph, GridPath, MonteCarlo, NegativeCost,
    Neighbours, Normal, Oracle, Perturbed, Plane, Real, Rect, Seed, Shape, ShortestPath, SpanningTree,
};
use perturb_tests::naive_combinatorial::{self, best, spanning_trees};
use perturb_tests::naive_graphs::{assignments, graph_paths, grid_paths, hungarian};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};

/// The oracle finds a vertex of the list whose value is the largest of all.
#[track_caller]
fn assert_best<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], vertices: &[Vec<f64>]) {
    naive_combinatorial::assert_best(vertices, theta, &solve::<T, _>(oracle, theta), O::NAME);
}

/// Under floored costs the path is the cheapest, and its value that of the scores themselves.
#[track_caller]
fn assert_cheapest<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], floor: f64, paths: &[Vec<f64>]) {
    let (y, value) = solve::<T, _>(oracle, theta);
    assert!(paths.contains(&y), "{}: {y:?} is no path", O::NAME);
    let floored: Vec<f64> = theta.iter().map(|theta| theta.min(-floor)).collect();
    assert_eq!(
        best(std::slice::from_ref(&y), &floored),
        best(paths, &floored),
        "{} at {theta:?}: {y:?}",
        O::NAME
    );
    assert_eq!(value, best(std::slice::from_ref(&y), theta));
}

fn grid_path<T: Real, P: Plane>(plane: P, theta: &[f64], ends: [(usize, usize); 2]) {
    let size = (plane.rows().dim(), plane.columns().dim());
    for (neighbours, diagonal) in [(Neighbours::Four, false), (Neighbours::Eight, true)] {
        let oracle = GridPath::<T, _>::between(plane, neighbours, ends[0], ends[1]).unwrap();
        let paths = grid_paths(size, diagonal, ends[0], ends[1]);
        assert_cheapest::<T, _>(&oracle, theta, 1.0 / 1024.0, &paths);
        let floor = NegativeCost::Floor(T::HALF);
        assert_cheapest::<T, _>(&oracle.with_negative_costs(floor).unwrap(), theta, 0.5, &paths);
    }
}

/// A complete directed graph of four nodes.
const COMPLETE: [(u32, u32); 12] =
    [(0, 1), (2, 1), (0, 2), (1, 0), (3, 0), (1, 2), (3, 1), (1, 3), (0, 3), (2, 0), (2, 3), (3, 2)];
/// Two layers and a shortcut, in topological order, with parallel edges.
const LAYERS: [(u32, u32); 10] =
    [(0, 1), (0, 2), (0, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 5), (4, 5), (0, 5)];
/// A connected graph of five nodes with parallel edges.
const MESH: [(u32, u32); 9] = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 0), (1, 3), (0, 1), (4, 2)];

fn graphs<T: Real, V: Shape, E: Shape>(
    theta: &[f64],
    complete: (V, E),
    layers: (impl Shape, impl Shape),
    mesh: (impl Shape, impl Shape),
) {
    let graph = Graph::new(complete.0, complete.1, &COMPLETE).unwrap();
    let paths = graph_paths(&COMPLETE, 0, 3);
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
    assert_cheapest::<T, _>(&oracle, &theta[..12], 1.0 / 1024.0, &paths);

    let graph = Graph::new(layers.0, layers.1, &LAYERS).unwrap();
    let paths = graph_paths(&LAYERS, 0, 5);
    assert_best::<T, _>(&DagPath::new(graph.clone(), 0, 5).unwrap(), &theta[..10], &paths);
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 5).unwrap();
    assert_cheapest::<T, _>(&oracle, &theta[..10], 1.0 / 1024.0, &paths);

    let graph = Graph::new(mesh.0, mesh.1, &MESH).unwrap();
    let trees = spanning_trees(5, &MESH);
    assert_best::<T, _>(&SpanningTree::new(graph).unwrap(), &theta[..9], &trees);
}

fn assignment<T: Real, P: Plane>(plane: P, theta: &[f64]) {
    let vertices = assignments(plane.rows().dim(), plane.columns().dim());
    assert_best::<T, _>(&Assignment::new(plane).unwrap(), &theta[..plane.dim()], &vertices);
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn grid_paths_are_the_cheapest(theta in vec(quarter(), 12), start in 0usize..12, goal in 0usize..12) {
        let ends = [start, goal].map(|cell| (cell / 4, cell % 4));
        grid_path::<f32, _>(Rect::<3, 4>, &theta, ends);
        grid_path::<f64, _>(DynRect { rows: 3, columns: 4 }, &theta, ends);
        let corners = [(0, 0), (1, 2)];
        grid_path::<f64, _>(Rect::<2, 3>, &theta[..6], corners);
        grid_path::<f32, _>(DynRect { rows: 2, columns: 3 }, &theta[..6], corners);
    }

    #[test]
    fn graphs_match_the_enumeration(theta in vec(quarter(), 12)) {
        let fixed = ((Const::<4>, Const::<12>), (Const::<6>, Const::<10>), (Const::<5>, Const::<9>));
        graphs::<f32, _, _>(&theta, fixed.0, fixed.1, fixed.2);
        graphs::<f64, _, _>(&theta, fixed.0, fixed.1, fixed.2);
        let sized = ((Dyn(4), Dyn(12)), (Dyn(6), Dyn(10)), (Dyn(5), Dyn(9)));
        graphs::<f32, _, _>(&theta, sized.0, sized.1, sized.2);
        graphs::<f64, _, _>(&theta, sized.0, sized.1, sized.2);
    }

    /// Trees under labels: the enumeration without those that disagree.
    #[test]
    fn labelled_trees_match_the_enumeration(theta in vec(quarter(), 9), labels in vec(0u8..6, 9)) {
        let labels: Vec<EdgeLabel> = labels.iter().map(|label| match label {
            0 => EdgeLabel::In,
            1 => EdgeLabel::Out,
            _ => EdgeLabel::Free,
        }).collect();
        let mut trees = spanning_trees(5, &MESH);
        trees.retain(|y| y.iter().zip(&labels).all(|(&y, label)| match label {
            EdgeLabel::In => y == 1.0,
            EdgeLabel::Out => y == 0.0,
            EdgeLabel::Free => true,
        }));
        let graph = Graph::new(Dyn(5), Dyn(9), &MESH).unwrap();
        match SpanningTree::new(graph).unwrap().constrained(&labels) {
            Ok(oracle) => {
                assert_best::<f32, _>(&oracle, &theta, &trees);
                assert_best::<f64, _>(&oracle, &theta, &trees);
            }
            Err(error) => {
                let named = matches!(error, Error::Graph { .. });
                prop_assert!(trees.is_empty() && named);
            }
        }
    }

    #[test]
    fn assignments_match_the_enumeration(theta in vec(quarter(), 16)) {
        fn check<T: Real>(theta: &[f64]) {
            assignment::<T, _>(Rect::<4, 4>, theta);
            assignment::<T, _>(Rect::<3, 5>, theta);
            assignment::<T, _>(Rect::<5, 3>, theta);
            for (rows, columns) in [(1, 1), (1, 4), (4, 1), (2, 3), (4, 3), (3, 3), (4, 4)] {
                assignment::<T, _>(DynRect { rows, columns }, theta);
            }
        }
        check::<f32>(&theta);
        check::<f64>(&theta);
    }

    /// Optimal by duality: prices u_i + v_j ≥ θ_ij whose sum is the value would prove it; here the value equals that
    /// of the textbook algorithm.
    #[test]
    fn larger_assignments_match_the_hungarian_method(
        (n, m, theta) in (1usize..=24, 1usize..=24).prop_flat_map(|(n, m)| {
            (Just(n), Just(m), vec(prop_oneof![quarter(), (-300i32..300).prop_map(f64::from)], n * m))
        })
    ) {
        let oracle = Assignment::new(DynRect { rows: n, columns: m }).unwrap();
        let want = hungarian(n, m, &theta);
        prop_assert_eq!(solve::<f64, _>(&oracle, &theta).1, want);
        prop_assert_eq!(solve::<f32, _>(&oracle, &theta).1, want);
    }
}

/// Mixtures and near misses are no vertices; a path with a shortcut is none either.
#[test]
fn other_points_are_no_vertices() {
    fn refuses<O: Oracle<f64>>(oracle: &O, points: &[&[f64]]) {
        for point in points {
            assert!(!oracle.is_vertex(point, &mut oracle.work()), "{point:?} of {}", O::NAME);
        }
    }
    let grid = GridPath::new(Rect::<2, 3>, Neighbours::Eight).unwrap();
    assert!(grid.is_vertex(&[1.0, 1.0, 0.0, 0.0, 0.0, 1.0], &mut grid.work()));
    refuses(
        &grid,
        &[
            &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0], // a shortcut
            &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], // a gap
            &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], // no start
            &[1.0, 0.5, 0.0, 0.0, 0.5, 1.0],
            &[0.0; 6],
        ],
    );
    let four = GridPath::new(Rect::<3, 3>, Neighbours::Four).unwrap();
    // The straight way, and a ring of its own.
    assert!(four.is_vertex(&[1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0], &mut four.work()));
    refuses(
        &four,
        &[&[1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0], &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0]],
    );
    let dag = DagPath::new(Graph::new(Const::<6>, Const::<10>, &LAYERS).unwrap(), 0, 5).unwrap();
    let mut two = [0.0; 10];
    (two[9], two[0]) = (1.0, 1.0);
    refuses(&dag, &[&two, &[0.0; 10], &[0.5; 10]]);
    let square = Assignment::new(Rect::<2, 2>).unwrap();
    refuses(&square, &[&[1.0, 0.0, 1.0, 0.0], &[1.0, 0.0, 0.0, 0.0], &[0.5; 4], &[1.0, 1.0, 0.0, 0.0]]);
    let tree = SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &MESH).unwrap()).unwrap();
    refuses(&tree, &[&[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], &[0.0; 9], &[4.0 / 9.0; 9]]);
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
                    oracle.is_vertex(&reals::<T>(&y), &mut work),
                    paths.contains(&y),
                    "{negative:?} {y:?}"
                );
            }
            assert!(!oracle.is_vertex(&[T::HALF; 12], &mut work));
            let layer = Perturbed::new(oracle, Normal, T::ONE).unwrap();
            let (theta, how) = ([T::from_f64(-20.0); 12], MonteCarlo::new(100, Seed(7)));
            for path in &paths {
                let target: [T; 12] = reals::<T>(path).try_into().unwrap();
                let found = layer.fenchel_young(&theta, &target, how).unwrap();
                let term = FenchelYoungTerm { target: &target, offset: T::ZERO };
                let (loss, gradient) = layer.estimate(&theta, &term, how).unwrap();
                assert_eq!((found.loss, found.gradient), (loss, gradient));
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Constructors name what does not fit.
#[test]
fn constructors_refuse_what_does_not_fit() {
    let (three, two) = (Const::<3>, Const::<2>);
    let refused = Graph::new(three, two, &[(0, 1), (1, 3)]).unwrap_err();
    assert_eq!(refused, Error::Graph { index: 1, because: "an edge names a node that is not there" });
    assert!(matches!(Graph::new(three, two, &[(0, 1), (2, 2)]), Err(Error::Graph { index: 1, .. })));
    assert!(matches!(Graph::new(three, two, &[(0, 1)]), Err(Error::Length { expected: 2, found: 1, .. })));
    let backwards = Graph::new(three, two, &[(1, 2), (0, 1)]).unwrap();
    assert!(matches!(DagPath::new(backwards, 0, 2), Err(Error::Graph { index: 1, .. })));
    assert!(ShortestPath::<f64, _, _>::new(backwards, 0, 2).is_ok());
    assert!(matches!(ShortestPath::<f64, _, _>::new(backwards, 2, 0), Err(Error::Graph { index: 0, .. })));
    assert!(matches!(DagPath::new(backwards, 0, 3), Err(Error::OutOfRange { parameter: "sink", .. })));
    let split = Graph::new(Const::<4>, two, &[(0, 1), (2, 3)]).unwrap();
    assert!(matches!(SpanningTree::new(split), Err(Error::Graph { index: 2, .. })));
    assert!(matches!(DagPath::new(split, 0, 3), Err(Error::Graph { index: 3, .. })));
    let triangle = Graph::new(three, three, &[(0, 1), (1, 2), (2, 0)]).unwrap();
    let cycle = SpanningTree::new(triangle).unwrap().constrained(&[EdgeLabel::In; 3]).unwrap_err();
    assert!(matches!(cycle, Error::Graph { index: 2, .. }));
    assert!(GridPath::<f64, _>::between(Rect::<2, 2>, Neighbours::Four, (0, 2), (0, 0)).is_err());
    assert!(GridPath::<f64, _>::new(DynRect { rows: 0, columns: 3 }, Neighbours::Four).is_err());
    let grid = GridPath::<f32, _>::new(Rect::<2, 2>, Neighbours::Four).unwrap();
    assert!(grid.with_negative_costs(NegativeCost::Floor(-1.0)).is_err());
    assert!(Assignment::new(DynRect { rows: 2, columns: 0 }).is_err());
}

/// A strict search names the sample in which a cost was negative; scores as they stand have no number.
#[test]
fn strict_searches_name_the_sample() {
    fn check<O: Oracle<f64>>(oracle: O) {
        let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
        let theta = vec![-2.5; layer.oracle().shape().dim()];
        let how = MonteCarlo::plain(1000, Seed(5));
        let Err(Error::Solver { sample: Some(sample), because }) = layer.maximizer(&theta, how) else {
            panic!("no sample was refused");
        };
        assert_eq!(because, "a cost is negative");
        // The first sample whose noise exceeds the score.
        let mut z = vec![0.0; theta.len()];
        let exceeds = |&index: &u64| {
            use perturb::Noise;
            Normal.fill(&mut Seed(5).stream(index), &mut z);
            z.iter().any(|&z: &f64| z > 2.5)
        };
        assert_eq!((0..1000).find(exceeds), Some(sample));
        let zeros = vec![1.0; theta.len()];
        assert_eq!(layer.decide(&zeros).unwrap_err(), Error::Solver { sample: None, because });
    }
    let grid = GridPath::new(Rect::<2, 2>, Neighbours::Eight).unwrap();
    check(grid.with_negative_costs(NegativeCost::Refuse).unwrap());
    let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
    check(ShortestPath::new(graph, 0, 3).unwrap().with_negative_costs(NegativeCost::Refuse).unwrap());
}

/// Infinite scores, which perturbation can produce, end in some vertex.
#[test]
fn infinite_scores_do_not_hang() {
    fn check<O: Oracle<f32>>(oracle: &O) {
        let d = oracle.shape().dim();
        let (mut work, mut y) = (oracle.work(), vec![0.0; d]);
        for pattern in 0..81 {
            let value = |place: i32| {
                [f32::INFINITY, f32::NEG_INFINITY, f32::MAX][(pattern / 3i32.pow(place as u32) % 3) as usize]
            };
            let theta: Vec<f32> = (0..d as i32).map(|i| value(i % 4)).collect();
            oracle.solve(&theta, &mut y, &mut work);
            assert!(oracle.is_vertex(&y, &mut work), "{} at {theta:?}: {y:?}", O::NAME);
        }
    }
    check(&GridPath::new(Rect::<3, 4>, Neighbours::Four).unwrap());
    check(&Assignment::new(Rect::<3, 3>).unwrap());
    check(&Assignment::new(Rect::<4, 2>).unwrap());
    check(&SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &MESH).unwrap()).unwrap());
    check(&DagPath::new(Graph::new(Const::<6>, Const::<10>, &LAYERS).unwrap(), 0, 5).unwrap());
    check(&ShortestPath::new(Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap(), 0, 3).unwrap());
}

/// Warm starts change no answer: the bits of estimates with and without, at temperatures around the gain.
#[test]
fn warm_starts_change_no_answer() {
    fn check<T: Real>(plane: impl Plane) {
        let oracle = Assignment::new(plane).unwrap();
        for seed in 0..50 {
            let mut theta = reals::<T>(&vec![0.0; plane.dim()]);
            perturb::Noise::<T>::fill(&Normal, &mut Seed(seed).stream(0), &mut theta);
            for epsilon in [0.01, 0.1, 1.0] {
                let how = MonteCarlo::new(100, Seed(seed));
                let estimate = |oracle| {
                    let layer = Perturbed::new(oracle, Normal, T::from_f64(epsilon)).unwrap();
                    layer.value_and_maximizer(&theta, how).unwrap()
                };
                let ((a, x), (b, y)) = (estimate(oracle), estimate(oracle.with_warm_start()));
                assert!(a == b && x.as_ref() == y.as_ref(), "seed {seed}, ε = {epsilon} in {}", T::NAME);
            }
        }
    }
    check::<f32>(Rect::<6, 6>);
    check::<f64>(DynRect { rows: 12, columns: 12 });
    check::<f64>(DynRect { rows: 3, columns: 5 });
}

/// The work's contents never matter: problems solved in any order give what they give alone.
#[test]
fn work_is_reusable() {
    let oracle = Assignment::new(Rect::<5, 5>).unwrap();
    let mut shared = oracle.work();
    for seed in 0..200 {
        let mut theta = reals::<f32>(&[0.0; 25]);
        perturb::Noise::<f32>::fill(&Normal, &mut Seed(seed).stream(0), &mut theta);
        let (mut a, mut b) = ([0.0; 25], [0.0; 25]);
        let first = oracle.solve(&theta, &mut a, &mut shared);
        assert_eq!(first, oracle.solve(&theta, &mut b, &mut oracle.work()));
        assert_eq!(a, b);
    }
}
