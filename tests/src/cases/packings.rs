//! Packing, spanning, flow and tours against the enumeration of their vertices.

use perturb_core::{Const, EdgeLabel, Flow, Graph, Knapsack, Real, SpanningTree, Tour};

use super::graphs::assert_best;
use super::oracles::assert_first;
use super::{numbers, quarters};
use crate::layers::EDGES;
use crate::solve::solve_into;
use crate::vertices::{self, Each, Tie, contains, most};

const INSTANCES: u64 = 12;

pub(crate) fn knapsack<T: Real>() {
    for instance in 0..INSTANCES {
        let (theta, weights) = (quarters::<7>(320, instance), numbers::<7>(321, instance, 8));
        for capacity in [0, 5, 13, 20] {
            let oracle = Knapsack::new(Const::<7>, Const::<21>, &weights, capacity).unwrap();
            assert_best::<T, _>(&oracle, &theta, |each| vertices::knapsack(&weights, capacity, each));
        }
    }
}

pub(crate) fn spanning_tree<T: Real>() {
    let oracle = SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap()).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::spanning_trees(5, &EDGES, each);
        assert_first::<T, _>(&oracle, &quarters::<9>(322, instance), Tie::LowestIndex, all);
    }
}

/// Trees under labels: the enumeration without those that disagree.
pub(crate) fn labelled_tree<T: Real>() {
    let oracle = SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap()).unwrap();
    for instance in 0..INSTANCES {
        let labels = numbers::<9>(323, instance, 6).map(|label| match label {
            0 => EdgeLabel::In,
            1 => EdgeLabel::Out,
            _ => EdgeLabel::Free,
        });
        let agrees = |y: &[f64]| {
            y.iter().zip(labels).all(|(&y, label)| match label {
                EdgeLabel::In => y == 1.0,
                EdgeLabel::Out => y == 0.0,
                EdgeLabel::Free => true,
            })
        };
        let some = |each: Each<'_>| {
            vertices::spanning_trees(5, &EDGES, &mut |y| {
                if agrees(y) {
                    each(y);
                }
            });
        };
        match oracle.constrained(&labels) {
            Ok(oracle) => {
                assert_first::<T, _>(&oracle, &quarters::<9>(324, instance), Tie::LowestIndex, some);
            }
            Err(_) => some(&mut |_| panic!("a tree agrees")),
        }
    }
}

/// Flows of every value, with directed cycles and without.
pub(crate) fn flow<T: Real>() {
    let cyclic = [(0, 1), (1, 3), (0, 2), (2, 3), (1, 2), (2, 1), (0, 3), (3, 1)];
    for instance in 0..INSTANCES {
        let theta = quarters::<9>(325, instance);
        for units in 1..=3 {
            let graph = Graph::new(Const::<4>, Const::<8>, &cyclic).unwrap();
            let all = |each: Each<'_>| vertices::flows(4, &cyclic, 0, 3, units, each);
            let oracle = Flow::new(graph, 0, 3, units as usize).unwrap();
            assert_best::<T, _>(&oracle, &theta[..8], all);
        }
        let graph = Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
        let oracle = Flow::maximum(graph, 0, 4).unwrap();
        let units = oracle.units() as i32;
        assert_best::<T, _>(&oracle, &theta, |each| vertices::flows(5, &EDGES, 0, 4, units, each));
        vertices::flows(5, &EDGES, 0, 4, units + 1, &mut |_| panic!("a larger flow"));
    }
}

/// Always a tour; of four cities, where an exchange of two edges joins any two tours, the best one.
pub(crate) fn tour<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<10>(326, instance);
        let four = Tour::new(Const::<4>, Const::<6>, 100).unwrap();
        assert_best::<T, _>(&four, &theta[..6], |each| vertices::tours(4, each));
        let mut y = [0.0; 10];
        let all = |each: Each<'_>| vertices::tours(5, each);
        let inserted = solve_into::<T, _>(&Tour::new(Const::<5>, Const::<10>, 0).unwrap(), &theta, &mut y);
        assert!(contains(all, &y), "insertion is no tour");
        let value = solve_into::<T, _>(&Tour::new(Const::<5>, Const::<10>, 100).unwrap(), &theta, &mut y);
        assert!(contains(all, &y), "no tour");
        assert!(inserted <= value && value <= most(all, &theta), "score of a tour");
    }
}
