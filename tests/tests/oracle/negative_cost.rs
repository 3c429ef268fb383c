//! What searches do about negative costs; floors are tested with each search.

use perturb::{
    Const, DynRect, Error, Graph, GridPath, MonteCarlo, Normal, Oracle, Perturbed, Real, Rect, Seed, Shape,
    ShortestPath,
    oracle::{NegativeCost, Neighbours},
};
use perturb_tests::widened;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::shortest_path::COMPLETE;
use crate::strategies::config;

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

/// y*(θ).
fn decided<T: Real, O: Oracle<T>>(oracle: &O, theta: &[T]) -> Vec<f64> {
    let mut y = vec![T::ZERO; theta.len()];
    oracle.solve(theta, &mut y, &mut oracle.work()).unwrap();
    widened(&y)
}

/// Positive costs are searched as they are, however small: the way of two edges costs less than half of the direct one. So are zeros,
/// where no cost is negative.
#[test]
fn small_costs_decide() {
    fn check<T: Real>() {
        let triangle = Graph::new(Const::<3>, Const::<3>, &[(0, 1), (1, 2), (0, 2)]).unwrap();
        let paths = ShortestPath::<T, _, _>::new(triangle, 0, 2).unwrap();
        let grid = GridPath::<T, _>::new(Rect::<2, 3>, Neighbours::Four).unwrap();
        for unit in [1e-30, 1e-4, 1e-3, 1.0, 1e30] {
            let scores = |costs: &[f64]| costs.iter().map(|&c| T::from_f64(-c * unit)).collect::<Vec<T>>();
            assert_eq!(decided(&paths, &scores(&[1.0, 1.0, 5.0])), [1.0, 1.0, 0.0]);
            assert_eq!(decided(&paths, &scores(&[0.999, 0.0, 1.0])), [1.0, 1.0, 0.0]);
            // Around by the second row, which costs less.
            let costs = [1.0, 9.0, 2.0, 1.0, 1.0, 1.0];
            assert_eq!(decided(&grid, &scores(&costs)), [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Without a positive cost, the path of fewest edges; beside positive ones, others are nearly free.
#[test]
fn negative_costs_are_nearly_free() {
    let triangle = Graph::new(Const::<3>, Const::<3>, &[(0, 1), (1, 2), (0, 2)]).unwrap();
    let paths = ShortestPath::<f64, _, _>::new(triangle, 0, 2).unwrap();
    assert_eq!(paths.negative_costs(), NegativeCost::Relative);
    for costs in [[0.0; 3], [-5.0, -3.0, 0.0]] {
        assert_eq!(decided(&paths, &costs.map(|c: f64| -c)), [0.0, 0.0, 1.0]);
    }
    assert_eq!(decided(&paths, &[5.0, 3.0, -1e-6]), [1.0, 1.0, 0.0]);
    assert_eq!(decided(&paths, &[5.0, -1.0, -1.0005]), [0.0, 0.0, 1.0]);
    assert_eq!(decided(&paths, &[5.0, -1.0, -1.001]), [1.0, 1.0, 0.0]);
}

proptest! {
    #![proptest_config(config(300, 72))]

    /// Times any power of 2, down to the denormal numbers and up to sums that overflow, the path is the same.
    #[test]
    fn paths_do_not_depend_on_the_unit(theta in vec(-400i16..200, 12)) {
        fn check<T: Real>(theta: &[i16], exponents: [i32; 6]) {
            let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
            let paths = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
            let grid = GridPath::<T, _>::new(Rect::<3, 4>, Neighbours::Eight).unwrap();
            let scores = |unit: f64| -> Vec<T> {
                theta.iter().map(|&score| T::from_f64(f64::from(score) * unit)).collect()
            };
            let want = [decided(&paths, &scores(1.0)), decided(&grid, &scores(1.0))];
            for exponent in exponents {
                // Of denormal units, too.
                let unit = 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
                assert_eq!(decided(&paths, &scores(unit)), want[0], "{exponent}");
                assert_eq!(decided(&grid, &scores(unit)), want[1], "{exponent}");
            }
        }
        check::<f32>(&theta, [-149, -140, -118, 3, 100, 119]);
        check::<f64>(&theta, [-1074, -1060, -1015, 3, 900, 1015]);
    }
}

/// The same for perturbed scores, side by side in vectors.
#[test]
fn samples_do_not_depend_on_the_unit() {
    fn check<T: Real>(exponents: [i32; 4]) {
        let grid = GridPath::<T, _>::new(DynRect { rows: 5, columns: 4 }, Neighbours::Eight).unwrap();
        let y = |exponent: i32| {
            let unit = T::from_f64(2f64.powi(exponent));
            let theta: Vec<T> = (0..20).map(|i| T::from_f64(f64::from(i % 7) / 4.0 - 1.5) * unit).collect();
            let layer = Perturbed::new(grid, Normal, T::HALF * unit).unwrap();
            widened(&layer.maximizer(&theta, MonteCarlo::new(256, Seed(3))).unwrap())
        };
        let want = y(0);
        for exponent in exponents {
            assert_eq!(y(exponent), want, "{exponent}");
        }
    }
    check::<f32>([-90, 60, 120, 125]);
    check::<f64>([-900, 600, 1018, 1021]);
}
