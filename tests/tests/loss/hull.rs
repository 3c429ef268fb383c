//! Targets outside C are refused by gradients and losses alike, and what rounding puts there is not.

use perturb::oracle::{EdgeLabel, Location, Neighbours};
use perturb::quantity::FenchelYoungWithoutOmega;
use perturb::{
    AffineMut, Assignment, BatchExt, Const, DagPath, Dyn, Error, Exact, Flow, Graph, GridPath, GroupTopK,
    Gumbel, Hypercube, Knapsack, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real, Rect, Seed,
    Shape, ShortestPath, Simplex, Single, SpanningTree, TopK, Tour,
};
use perturb_tests::layers::{self, Visitor};
use perturb_tests::reals;

const OUTSIDE: Error = Error::OutsideHull { parameter: "target" };

/// Gradients of one sample and of several, losses and steps refuse `target`, in the core and in a batch.
#[track_caller]
fn refused<T: Real, O: Oracle<T> + Sync>(oracle: O, target: &[f64]) {
    let target = reals::<T>(target);
    let layer = Perturbed::new(oracle, Normal, T::HALF).unwrap();
    let theta: Vec<T> = (0..target.len()).map(|i| T::from_f64(-1.0 - (i * 7 % 5) as f64)).collect();
    let (one, some) = (Single(Seed(1)), MonteCarlo::new(20, Seed(1)));
    let name = layer.oracle().properties().name;
    assert_eq!(layer.fenchel_young_gradient(&theta, &target, one).err(), Some(OUTSIDE), "{name} {target:?}");
    assert_eq!(layer.fenchel_young_gradient(&theta, &target, some).err(), Some(OUTSIDE), "{name} {target:?}");
    assert_eq!(layer.fenchel_young(&theta, &target, some).err(), Some(OUTSIDE), "{name} {target:?}");
    assert_eq!(layer.fenchel_young(&theta, &target, one).err(), Some(OUTSIDE), "{name} {target:?}");
    let without = FenchelYoungWithoutOmega { target: &target };
    assert_eq!(layer.compute(&theta, &without, one).err(), Some(OUTSIDE), "{name} {target:?}");
    let batch = layer.batch().fenchel_young_gradient(&theta, &target, one).unwrap_err();
    assert_eq!((batch.row, batch.source), (0, OUTSIDE), "{name} {target:?}");
    let (mut weights, mut bias) = (vec![T::ZERO; target.len()], theta);
    let mut model = AffineMut::new(&mut weights, &mut bias).unwrap();
    let step = model.step(&layer, &[T::ONE], &target, T::HALF, Seed(1));
    assert_eq!(step.err(), Some(OUTSIDE), "{name} {target:?}");
    assert!(weights.iter().all(|&w| w == T::ZERO), "{name}: a step was made");
}

/// By a little or by far; of rankings ranks from 0, several ones, and ties that repeat a rank.
#[test]
fn targets_outside_are_refused_everywhere() {
    fn check<T: Real>() {
        let ranking = Ranking::<T, _>::ascending(Const::<5>).unwrap();
        for target in [
            [0.0, 1.0, 2.0, 3.0, 4.0],
            [1.0, 0.0, 1.0, 0.0, 0.0],
            [1.0, 1.0, 3.0, 5.0, 5.0],
            [1.0, 2.0, 3.0, 4.0, 5.001],
            [0.999, 2.0, 3.0, 4.0, 5.0],
        ] {
            refused::<T, _>(ranking, &target);
        }
        refused::<T, _>(Ranking::descending(Const::<3>).unwrap(), &[1.0, 2.0, 3.0]);
        for target in [[1.0, 1.0, 0.0], [0.0; 3], [1.0001, -0.0001, 0.0], [0.5, 0.4999, 0.0]] {
            refused::<T, _>(Simplex::new(Const::<3>).unwrap(), &target);
        }
        for target in [[1.0, 0.0, 0.0], [1.0001, 0.9999, 0.0], [1.0, 1.0, 1.0]] {
            refused::<T, _>(TopK::new(Const::<3>, 2).unwrap(), &target);
        }
        let groups = GroupTopK::new(Const::<4>, Const::<2>, &[0, 0, 1, 1], &[1, 2], 2).unwrap();
        refused::<T, _>(groups, &[1.0, 1.0, 0.0, 0.0]);
        refused::<T, _>(groups, &[0.6, 0.6, 0.4, 0.4]);
        refused::<T, _>(Hypercube::sign(Const::<2>).unwrap(), &[1.0, 1.0001]);
        refused::<T, _>(Hypercube::binary(Const::<2>).unwrap(), &[-1.0, 1.0]);
        let square = Assignment::new(Rect::<2, 2>).unwrap();
        refused::<T, _>(square, &[1.0, 0.0, 1.0, 0.0]);
        refused::<T, _>(square, &[0.5, 0.5, 0.5, 0.4999]);
        refused::<T, _>(Assignment::new(Rect::<2, 3>).unwrap(), &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        refused::<T, _>(Assignment::new(Rect::<3, 2>).unwrap(), &[1.0, 0.0, 0.5, 0.0, 0.0, 1.0]);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn targets_outside_polytopes_of_graphs_are_refused() {
    fn check<T: Real>() {
        let edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)];
        let graph = || Graph::new(Const::<4>, Const::<5>, &edges).unwrap();
        // Two ways at once, none, a gap, half a way, and a little too much.
        for target in [
            [1.0, 1.0, 0.0, 1.0, 1.0],
            [0.0; 5],
            [1.0, 0.0, 0.0, 0.0, 1.0],
            [0.5, 0.0, 0.0, 0.5, 0.0],
            [1.0, 0.0001, 0.0, 1.0, 0.0001],
        ] {
            refused::<T, _>(DagPath::new(graph(), 0, 3).unwrap(), &target);
            refused::<T, _>(ShortestPath::new(graph(), 0, 3).unwrap(), &target);
            refused::<T, _>(Flow::new(graph(), 0, 3, 1).unwrap(), &target);
        }
        refused::<T, _>(Flow::new(graph(), 0, 3, 2).unwrap(), &[1.0, 0.0, 0.0, 1.0, 0.0]);
        let trees = SpanningTree::new(graph()).unwrap();
        refused::<T, _>(trees.clone(), &[1.0, 1.0, 0.0, 0.0, 0.0]);
        refused::<T, _>(trees.clone(), &[1.5, 0.5, 1.0, 0.0, 0.0]);
        let mut labels = [EdgeLabel::Free; 5];
        (labels[0], labels[4]) = (EdgeLabel::In, EdgeLabel::Out);
        refused::<T, _>(trees.constrained(&labels).unwrap(), &[0.0, 1.0, 1.0, 1.0, 0.0]);
        refused::<T, _>(trees.constrained(&labels).unwrap(), &[1.0, 1.0, 0.0, 0.0, 1.0]);
        let grid = GridPath::new(Rect::<2, 3>, Neighbours::Four).unwrap();
        for target in [[1.0, 1.0, 0.0, 0.0, 0.0, 1.0], [0.0; 6], [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]] {
            refused::<T, _>(grid, &target);
        }
        let sack = Knapsack::new(Const::<3>, Const::<8>, &[3, 5, 9], 7).unwrap();
        for target in [[1.0, 1.0, 0.0], [0.0, 0.0, 0.5], [1.1, 0.0, 0.0], [1.0, 0.8001, 0.0]] {
            refused::<T, _>(sack, &target);
        }
        let tour = Tour::new(Const::<4>, Const::<6>, 5).unwrap();
        refused::<T, _>(tour, &[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        refused::<T, _>(tour, &[1.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    }
    check::<f32>();
    check::<f64>();
}

/// A path that lacks any one of its cells, or marks it too much, in a grid of more cells than are looked at together.
#[test]
fn broken_paths_are_refused() {
    for neighbours in [Neighbours::Four, Neighbours::Eight] {
        for ends in [((0, 0), (6, 10)), ((6, 3), (0, 9)), ((3, 10), (2, 0))] {
            let grid = GridPath::between(Rect::<7, 11>, neighbours, ends.0, ends.1).unwrap();
            let mut theta = [0.0f64; 77];
            Normal.fill(&mut Seed(5).stream(0), &mut theta);
            let (theta, mut path) = (theta.map(|z| -1.0 - z.abs()), [0.0; 77]);
            grid.solve(&theta, &mut path, &mut Oracle::<f64>::work(&grid)).unwrap();
            assert_ne!(grid.locate(&path, None), Location::Outside);
            for cell in (0..77).filter(|&cell| path[cell] == 1.0) {
                for wrong in [0.0, 1.001] {
                    let mut target = path;
                    target[cell] = wrong;
                    refused::<f64, _>(grid, &target);
                }
            }
        }
    }
}

/// Means of decisions, and the same with seven digits, are not taken for points outside; decisions are vertices.
struct Inside;

impl<T: Real> Visitor<T> for Inside {
    fn visit<O: Oracle<T> + Sync>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T]) {
        let layer = Perturbed::new(oracle.unwrap(), Normal, T::TWO).unwrap();
        let oracle = layer.oracle();
        for (samples, seed) in [(1, 0), (2, 1), (3, 2), (7, 3), (10, 4), (63, 5), (1000, 6), (10_007, 7)] {
            let y = layer.maximizer(theta, MonteCarlo::plain(samples, Seed(seed))).unwrap();
            let written = y.as_ref().iter().map(|y| format!("{:.6e}", y.to_f64()).parse().unwrap());
            let written: Vec<f64> = written.collect();
            for y in [y.as_ref(), &reals::<T>(&written)] {
                assert_ne!(oracle.locate(y, None), Location::Outside, "{name} {y:?}");
                assert_ne!(oracle.locate(y, Some(&mut oracle.work())), Location::Outside, "{name} {y:?}");
            }
        }
    }
}

#[test]
fn means_of_decisions_are_inside() {
    layers::all::<f32>(&mut Inside);
    layers::all::<f64>(&mut Inside);
}

/// Large ones, whose sums round.
#[test]
fn large_means_are_inside() {
    fn check<T: Real, O: Oracle<T>>(oracle: O) {
        let layer = Perturbed::new(oracle, Gumbel, T::ONE).unwrap();
        let dim = layer.oracle().shape().dim();
        let theta: Vec<T> = (0..dim).map(|i| T::from_f64((i * 37 % 101) as f64 / 50.0)).collect();
        for samples in [1, 3, 300] {
            let y = layer.maximizer(&theta, MonteCarlo::plain(samples, Seed(1))).unwrap();
            let y = y.as_ref();
            assert_ne!(layer.oracle().locate(y, None), Location::Outside);
            assert_ne!(layer.oracle().locate(y, Some(&mut layer.oracle().work())), Location::Outside);
        }
    }
    check::<f32, _>(Ranking::ascending(Dyn(1000)).unwrap());
    check::<f64, _>(Ranking::descending(Dyn(1000)).unwrap());
    check::<f32, _>(Simplex::new(Dyn(10_000)).unwrap());
    check::<f32, _>(TopK::new(Dyn(1000), 100).unwrap());
    let uniform = [1e-3f32; 1000];
    let simplex = Simplex::new(Const::<1000>).unwrap();
    assert_ne!(Oracle::<f32>::locate(&simplex, &uniform, None), Location::Outside);
}

/// A target that rounding put outside has the loss of the point beside it; one that is farther out has none.
#[test]
fn rounded_targets_have_their_loss() {
    let theta = [0.3, -0.2, 0.5];
    let ranking = Perturbed::new(Ranking::ascending(Const::<3>).unwrap(), Normal, 0.5f64).unwrap();
    let simplex = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Normal, 0.5f64).unwrap();
    let softmax = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, 0.5f64).unwrap();
    let cube = Perturbed::new(Hypercube::binary(Const::<3>).unwrap(), Normal, 0.5f64).unwrap();
    macro_rules! check {
        ($layer:expr, $inside:expr, $moved:expr, $far:expr) => {
            for how in [perturb::How::Exact, perturb::How::MonteCarlo(MonteCarlo::new(50, Seed(2)))] {
                let want = $layer.fenchel_young(&theta, &$inside, how).unwrap().loss;
                let found = $layer.fenchel_young(&theta, &$moved, how).unwrap().loss;
                // 10⁻⁴·dε
                assert!((found - want).abs() < 1.5e-4, "{found}, not {want} at {:?}", $moved);
                assert_eq!($layer.fenchel_young(&theta, &$far, how).err(), Some(OUTSIDE), "{:?}", $far);
                assert_eq!($layer.fenchel_young_gradient(&theta, &$far, how).err(), Some(OUTSIDE));
            }
        };
    }
    check!(ranking, [2.0, 2.0, 2.0], [1.999_999_9, 2.0, 2.0], [1.9999, 2.0, 2.0]);
    check!(ranking, [1.0, 2.5, 2.5], [0.999_999_9, 2.5, 2.500_000_1], [0.9999, 2.5001, 2.5]);
    check!(simplex, [0.2, 0.3, 0.5], [0.200_000_2, 0.3, 0.5], [0.2001, 0.3, 0.5]);
    check!(simplex, [0.4, 0.6, 0.0], [0.4, 0.600_000_1, -1e-7], [0.4, 0.6001, -1e-4]);
    check!(softmax, [0.4, 0.6, 0.0], [0.4, 0.600_000_1, -1e-7], [0.4, 0.6001, -1e-4]);
    check!(cube, [1.0, 0.5, 0.0], [1.000_000_1, 0.5, -1e-7], [1.0001, 0.5, 0.0]);
    // Near a vertex no finite scores have this maximizer.
    let near = simplex.fenchel_young(&theta, &[1.0, 1e-9, -1e-9], Exact).unwrap().loss;
    let vertex = simplex.fenchel_young(&theta, &[1.0, 0.0, 0.0], Exact).unwrap().loss;
    assert!((near - vertex).abs() < 1e-6, "{near}, not {vertex}");
}
