//! Packing, sending and touring.

use perturb::{Dyn, Flow, Graph, Knapsack, Real, Tour};
use perturb_tests::naive_combinatorial::{nearest_insertion, neighbouring_tours};
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, dot};

use super::finds_one;
use super::graphs::network;
use crate::Source;

/// Weights of 0, in large units, and beyond the capacity among them.
pub(super) fn knapsack<T: Real>(source: &mut Source) {
    let d = source.whole(1, 8);
    let unit = source.pick(&[1u32, 1, 6, 1_000_003]);
    let most = source.pick(&[1, 3, 9]);
    let weights: Vec<u32> = (0..d).map(|_| source.whole(0, most) as u32 * unit).collect();
    let capacity = source.whole(0, 40) as u32 * unit + unit / 2;
    let theta = source.scaled::<T>(d);
    let oracle = Knapsack::new(Dyn(d), Dyn(73), &weights, capacity).unwrap();
    let y = finds_one::<T, _>(&oracle, &theta, |each| vertices::knapsack(&weights, capacity, each));
    for ((&score, &y), &weight) in theta.iter().zip(&y).zip(&weights) {
        assert!(score > 0.0 || y == 0.0, "a score of {score} is packed: {weights:?}, {capacity}, {theta:?}");
        assert!(score <= 0.0 || weight > 0 || y == 1.0, "an item without weight stays out: {theta:?}");
    }
}

/// The plain table, one capacity after the other.
pub(super) fn large_knapsack<T: Real>(source: &mut Source) {
    let d = source.whole(1, 80);
    let weights: Vec<u32> = (0..d).map(|_| source.whole(0, 25) as u32).collect();
    let capacity = source.whole(0, 200);
    let theta = source.scaled::<T>(d);
    let mut table = vec![0.0f64; capacity + 1];
    for (&score, &weight) in theta.iter().zip(&weights) {
        for c in (weight as usize..=capacity).rev() {
            table[c] = table[c].max(table[c - weight as usize] + score);
        }
    }
    let oracle = Knapsack::new(Dyn(d), Dyn(201), &weights, capacity as u32).unwrap();
    let (y, value) = solve::<T, _>(&oracle, &theta);
    assert_eq!(value, table[capacity], "{weights:?} {capacity} {theta:?}");
    assert!(y.iter().zip(&weights).map(|(y, &w)| y * f64::from(w)).sum::<f64>() <= capacity as f64);
}

/// Every number of units that the network carries, and none more.
pub(super) fn flow<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 5);
    let more = source.whole(0, 6);
    let edges = network(source, nodes, more);
    let theta = source.scaled::<T>(edges.len());
    let sink = nodes as u32 - 1;
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).unwrap();
    let most = Flow::maximum(graph.clone(), 0, sink).unwrap().units();
    for units in 1..=most {
        let oracle = Flow::new(graph.clone(), 0, sink, units).unwrap();
        finds_one::<T, _>(&oracle, &theta, |each| {
            vertices::flows(nodes, &edges, 0, sink, units as i32, each);
        });
    }
    vertices::flows(nodes, &edges, 0, sink, most as i32 + 1, &mut |y| {
        panic!("{y:?} carries more: {edges:?}")
    });
}

/// Tours: one of all, no worse than nearest insertion, no neighbour better, and the best of up to four cities.
pub(super) fn tour<T: Real>(source: &mut Source) {
    let cities = source.whole(3, 6);
    let theta = source.exact(cities * (cities - 1) / 2);
    let oracle = Tour::new(Dyn(cities), Dyn(theta.len()), 100).unwrap();
    let (y, value) = solve::<T, _>(&oracle, &theta);
    let all = |each: vertices::Each<'_>| vertices::tours(cities, each);
    assert!(vertices::contains(all, &y), "{y:?} is no tour");
    assert!(value >= nearest_insertion(cities, &theta), "nearest insertion is better: {theta:?}");
    assert!(value <= vertices::most(all, &theta));
    assert!(cities > 4 || value == vertices::most(all, &theta), "{theta:?}");
    for other in neighbouring_tours(&y, cities) {
        assert!(dot(&other, &theta) <= value, "{other:?} is better than {y:?}: {theta:?}");
    }
}
