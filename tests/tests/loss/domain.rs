//! Losses that come to negative costs of a shortest path: right by an oracle that takes them, refused by one that does not.

use perturb::loss::{
    Projection, SparseMap, SpoPlus, imle_gradient, interpolated, interpolation_gradient, partial_label,
};
use perturb::oracle::{NegativeCost, Neighbours};
use perturb::{
    Const, DagPath, Error, Graph, GridPath, MonteCarlo, Normal, Perturbed, Rect, Seed, ShortestPath,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::scores::config;

/// 0 → 1 → 2 → 3 and 0 → 3.
const EDGES: [(u32, u32); 4] = [(0, 1), (1, 2), (2, 3), (0, 3)];

fn graph() -> Graph<Const<4>, Const<4>> {
    Graph::new(Const, Const, &EDGES).unwrap()
}

fn outside<V>(quantity: &'static str, index: usize) -> Result<V, Error> {
    Err(Error::OutsideDomain { quantity, index })
}

#[test]
fn negative_costs_are_right_or_refused() {
    let (dag, paths) = (DagPath::new(graph(), 0, 3).unwrap(), ShortestPath::new(graph(), 0, 3).unwrap());
    let (truth, theta) = ([-1.0, -1.0, -1.0, -2.0], [-0.1, -0.1, -0.1, -0.5]);
    // 2θ − t = .8, .8, .8, 1: the long way, 2.4; y*(t) is the direct one.
    let found = SpoPlus::new(&dag, &truth).unwrap().loss(&dag, &theta).unwrap();
    assert!((found.loss - 1.4f64).abs() < 1e-15, "{}", found.loss);
    assert_eq!(found.gradient, [2.0, 2.0, 2.0, -2.0]);
    let spo = SpoPlus::new(&paths, &truth).unwrap();
    assert_eq!(spo.loss(&paths, &theta).map(|found| found.loss), outside("2 theta - truth", 0));
    assert_eq!(spo.regret(&paths, &theta), Ok(1.0));
    assert_eq!(SpoPlus::new(&paths, &[-1.0, 0.0, 1.0, -2.0]).map(|spo| spo.value()), outside("truth", 2));

    let moved = "theta - lambda cotangent";
    let g = [0.0, -1.0, 0.0, 0.0];
    assert_eq!(interpolation_gradient(&paths, &theta, &g, 0.2), outside(moved, 1));
    assert_eq!(interpolation_gradient(&paths, &[0.0, 0.0, 0.5, 0.0], &g, 0.2), outside("theta", 2));
    assert_eq!(interpolation_gradient(&paths, &theta, &g, 0.05), Ok([0.0; 4]));
    let copied = |_: &[f64], gradient: &mut [f64]| {
        gradient.copy_from_slice(&g);
        0.0
    };
    assert_eq!(interpolated(&paths, &theta, 0.2, copied).map(|found| found.gradient), outside(moved, 1));

    let layer = Perturbed::new(&paths, Normal, 0.1).unwrap();
    let how = MonteCarlo::new(10, Seed(1));
    assert_eq!(imle_gradient(&layer, &theta, &g, 0.2, how), outside(moved, 1));
    assert_eq!(imle_gradient(&layer, &[0.1; 4], &g, 0.2, how), outside("theta", 0));
    assert!(imle_gradient(&layer, &theta, &g, 0.05, how).is_ok());
    let positive = [-0.1, 0.1, -0.1, -0.1];
    let label = partial_label(&layer, &paths, &positive, how).map(|found| found.loss);
    assert_eq!(label, outside("theta", 1));
    assert_eq!(partial_label(&layer, &paths, &theta, how).map(|found| found.loss), Ok(0.0));
    let map = SparseMap { lambda: 1.0, tolerance: 1e-3, steps: 100 };
    assert_eq!(map.maximizer(&paths, &positive).map(|found| found.value), outside("theta", 1));
    assert!(map.loss(&paths, &theta, &[0.0, 0.0, 0.0, 1.0]).is_ok());
    assert_eq!(Projection::Mean.project(&paths, &truth), outside("the projection", 0));
    assert_eq!(Projection::None.project(&paths, &positive), Ok(positive));
}

/// A floor of its own is the least cost with which a search is exact.
#[test]
fn costs_below_a_floor_are_refused() {
    let paths = ShortestPath::new(graph(), 0, 3).unwrap();
    let floored = paths.clone().with_negative_costs(NegativeCost::Floor(0.5)).unwrap();
    let truth = [-1.0, -0.5, -0.25, -2.0];
    assert_eq!(SpoPlus::new(&floored, &truth).map(|spo| spo.value()), outside("truth", 2));
    let strict = paths.with_negative_costs(NegativeCost::Refuse).unwrap();
    assert_eq!(SpoPlus::new(&strict, &[-1.0, 0.0, -0.0, -2.0]).map(|spo| spo.value()), Ok(-1.0));
}

proptest! {
    #![proptest_config(config())]

    /// Where it has a value, SPO+ lies above the regret, and has its subgradient inequality.
    #[test]
    fn spo_plus_of_paths_bounds_the_regret(
        truth in vec(0u8..40, 9),
        theta in vec(-8i8..40, 9),
        other in vec(10u8..40, 9),
    ) {
        let grid = GridPath::new(Rect::<3, 3>, Neighbours::Four).unwrap();
        let truth: Vec<f64> = truth.into_iter().map(|c| -f64::from(c) / 4.0).collect();
        let theta: Vec<f64> = theta.into_iter().map(|c| -f64::from(c) / 4.0).collect();
        // Costs of at least half the true ones.
        let near: Vec<f64> = other.iter().zip(&truth).map(|(&c, t)| t / 2.0 - f64::from(c) / 4.0).collect();
        let spo = SpoPlus::new(&grid, &truth).unwrap();
        let there = spo.loss(&grid, &near).unwrap();
        let regret = spo.regret(&grid, &near).unwrap();
        prop_assert!(there.loss >= regret, "a loss of {} and a regret of {regret}", there.loss);
        let beyond = theta.iter().zip(&truth).position(|(theta, t)| 2.0 * theta - t > 0.0);
        match (spo.loss(&grid, &theta), beyond) {
            (found, Some(index)) => prop_assert_eq!(found, outside("2 theta - truth", index)),
            (found, None) => {
                let found = found.unwrap();
                prop_assert!(found.loss >= spo.regret(&grid, &theta).unwrap());
                let slope: f64 = (0..9).map(|i| found.gradient.as_ref()[i] * (near[i] - theta[i])).sum();
                prop_assert!(there.loss >= found.loss + slope);
            }
        }
    }
}
