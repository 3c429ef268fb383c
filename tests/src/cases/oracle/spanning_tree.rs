//! Spanning trees.

use perturb_core::{Const, Graph, Real, SpanningTree, oracle::EdgeLabel};

use super::assert_first;
use crate::cases::{numbers, quarters};
use crate::layers::EDGES;
use crate::vertices::{self, Each, Tie};

const INSTANCES: u64 = 12;

pub(crate) fn enumeration<T: Real>() {
    let oracle = SpanningTree::new(Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap()).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::spanning_trees(5, &EDGES, each);
        assert_first::<T, _>(&oracle, &quarters::<9>(322, instance), Tie::LowestIndex, all);
    }
}

/// Trees under labels: the enumeration without those that disagree.
pub(crate) fn labels<T: Real>() {
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
