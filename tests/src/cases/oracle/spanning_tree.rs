//! Spanning trees.

use perturb_core::oracle::{EdgeLabel, Location};
use perturb_core::{Const, Error, Graph, Oracle, Real, SpanningTree};

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

/// A triangle with a parallel edge, a pair, and a node alone.
pub(crate) fn forests<T: Real>() {
    const PARTS: [(u32, u32); 6] = [(1, 3), (0, 1), (3, 1), (0, 3), (2, 5), (5, 2)];
    let graph = || Graph::new(Const::<6>, Const::<6>, &PARTS).unwrap();
    assert_eq!(
        SpanningTree::new(graph()).err(),
        Some(Error::Graph { index: 2, because: "a node is not connected to node 0" })
    );
    let oracle = SpanningTree::forest(graph());
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::spanning_trees(6, &PARTS, each);
        assert_first::<T, _>(&oracle, &quarters::<6>(325, instance), Tie::LowestIndex, all);
    }
    let (free, out, yes) = (EdgeLabel::Free, EdgeLabel::Out, EdgeLabel::In);
    let cut = oracle.constrained(&[free, free, free, free, out, out]).err();
    let because = "without the forbidden edges a node is cut off";
    assert_eq!(cut, Some(Error::Graph { index: 5, because }));
    let some = oracle.constrained(&[out, yes, out, free, out, free]).unwrap();
    assert_first::<T, _>(&some, &[1.0, -1.0, 1.0, -1.0, 1.0, -1.0], Tie::LowestIndex, |each| {
        each(&[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    });
    // Sums of entries other than the number of edges lie outside.
    assert_eq!(oracle.locate(&[T::HALF; 6], None), Location::Undecided);
    assert_eq!(oracle.locate(&[T::ONE; 6], None), Location::Outside);
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
