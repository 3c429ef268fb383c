//! Packing against the enumeration of vertices, on random small instances full of ties.

use perturb::{Const, Dyn, Error, Knapsack, Oracle, Real, Shape};
use perturb_tests::naive_combinatorial::{self as naive, assert_best};
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};

fn packs<T: Real>(
    items: impl Shape,
    table: impl Shape,
    theta: &[f64],
    weights: &[u32],
    capacity: u32,
) -> Vec<f64> {
    let found = solve::<T, _>(&Knapsack::new(items, table, weights, capacity).unwrap(), theta);
    let what = format!("weights {weights:?}, capacity {capacity}");
    assert_best(&naive::knapsack(weights, capacity), theta, &found, &what);
    for (&score, &y) in theta.iter().zip(&found.0) {
        assert!(score > 0.0 || y == 0.0, "{what}: a score of {score} is packed");
    }
    for ((&score, &y), &weight) in theta.iter().zip(&found.0).zip(weights) {
        assert!(score <= 0.0 || weight > 0 || y == 1.0, "{what}: an item without weight stays out");
    }
    found.0
}

proptest! {
    #![proptest_config(config(3000, 71))]

    #[test]
    fn knapsacks_match_the_enumeration(
        (theta, weights) in (1usize..=9).prop_flat_map(|d| (vec(quarter(), d), vec(0u32..=9, d))),
        unit in prop_oneof![3 => Just(1u32), 1 => Just(6), 1 => Just(1_000_003)],
        capacity in 0u32..=40,
    ) {
        let d = theta.len();
        let weights: Vec<u32> = weights.iter().map(|w| w * unit).collect();
        // Half a unit more room changes nothing.
        let capacity = capacity * unit + unit / 2;
        let single = packs::<f32>(Dyn(d), Dyn(82), &theta, &weights, capacity);
        let double = packs::<f64>(Dyn(d), Dyn(82), &theta, &weights, capacity);
        prop_assert_eq!(single, double);
    }

    #[test]
    fn fixed_knapsacks_match_the_enumeration(
        theta in vec(quarter(), 8),
        weights in vec(prop_oneof![Just(3u32), Just(5), Just(7)], 8),
        capacity in 0u32..=30,
    ) {
        let (items, table) = (Const::<8>, Const::<31>);
        let single = packs::<f32>(items, table, &theta, &weights, capacity);
        prop_assert_eq!(&single, &packs::<f64>(items, table, &theta, &weights, capacity));
        prop_assert_eq!(&single, &packs::<f64>(Dyn(8), Dyn(31), &theta, &weights, capacity));
    }

    /// Many items: the optimum of the plain table, cell by cell.
    #[test]
    fn large_knapsacks_match_the_plain_table(
        (theta, weights) in (1usize..=120).prop_flat_map(|d| (vec(quarter(), d), vec(0u32..=30, d))),
        capacity in 0u32..=300,
    ) {
        let mut table = vec![0.0f64; capacity as usize + 1];
        for (&score, &weight) in theta.iter().zip(&weights) {
            for c in (weight as usize..table.len()).rev() {
                table[c] = table[c].max(table[c - weight as usize] + score);
            }
        }
        let best = table[capacity as usize];
        let oracle = Knapsack::new(Dyn(theta.len()), Dyn(301), &weights, capacity).unwrap();
        for (y, value) in [solve::<f32, _>(&oracle, &theta), solve::<f64, _>(&oracle, &theta)] {
            prop_assert_eq!(value, best);
            let load: f64 = y.iter().zip(&weights).map(|(y, &w)| y * f64::from(w)).sum();
            prop_assert!(load <= f64::from(capacity));
        }
    }
}

#[test]
fn knapsacks_refuse_what_does_not_fit() {
    let error = |d, weights: &[u32], capacity| Knapsack::new(Dyn(d), Dyn(11), weights, capacity).err();
    let length = Error::Length { parameter: "weights", expected: 2, found: 3 };
    assert_eq!(error(2, &[1, 2, 3], 10), Some(length));
    let none = Error::OutOfRange { parameter: "dimension", least: 1, greatest: u32::MAX as usize, found: 0 };
    assert_eq!(error(0, &[], 10), Some(none));
    let small = Error::Capacity { quantity: "table entries (capacity + 1)", capacity: 11 };
    assert_eq!(error(2, &[7, 9], 11), Some(small));
    // All items together, and units of the greatest common divisor, need no more room than they use.
    assert_eq!(error(2, &[4, 6], u32::MAX), None);
    assert_eq!(error(3, &[u32::MAX - 1, u32::MAX, 3], 30), None);
    assert_eq!(error(2, &[u32::MAX, u32::MAX], u32::MAX), None);
    assert_eq!(error(2, &[0, 0], 0), None);
}

/// What overflow to infinity leaves is still a packing.
#[test]
fn infinite_scores_are_packed_first() {
    let oracle = Knapsack::new(Const::<4>, Const::<8>, &[3, 4, 4, 2], 7).unwrap();
    let mut y = [0.0; 4];
    let theta = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::MAX];
    let value = oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)).unwrap();
    assert_eq!((value, y[1]), (f64::INFINITY, 0.0));
    let value = oracle.solve(&[f64::NEG_INFINITY; 4], &mut y, &mut Oracle::<f64>::work(&oracle)).unwrap();
    assert_eq!((value, y), (0.0, [0.0; 4]));
}
