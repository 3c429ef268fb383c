//! Paths through graphs without cycles.

use perturb_core::{Const, DagPath, Error, Graph, Real};

use super::assert_best;
use crate::cases::quarters;
use crate::layers::EDGES;
use crate::vertices::{self, Each};

const INSTANCES: u64 = 12;

pub(crate) fn enumeration<T: Real>() {
    let oracle = DagPath::new(Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap(), 0, 4).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::graph_paths(&EDGES, 0, 4, each);
        assert_best::<T, _>(&oracle, &quarters::<9>(313, instance), all);
    }
}

/// Edges in any order, and nodes, too.
pub(crate) fn any_order<T: Real>() {
    for instance in 0..INSTANCES {
        let mut edges = EDGES.map(|(tail, head)| ((tail * 3 + 1) % 5, (head * 3 + 1) % 5));
        edges.rotate_left(instance as usize % 9);
        if instance % 2 == 0 {
            edges.reverse();
        }
        let (source, sink) = (1, 3); // 0 and 4
        let oracle = DagPath::new(Graph::new(Const::<5>, Const::<9>, &edges).unwrap(), source, sink).unwrap();
        let all = |each: Each<'_>| vertices::graph_paths(&edges, source as usize, sink as usize, each);
        assert_best::<T, _>(&oracle, &quarters::<9>(314, instance), all);
    }
    // Of equally good ways the edge of the lowest index, wherever its tail stands.
    let ways = Graph::new(Const::<4>, Const::<5>, &[(2, 3), (1, 3), (0, 1), (0, 2), (1, 2)]).unwrap();
    let oracle = DagPath::new(ways, 0, 3).unwrap();
    assert_best::<T, _>(&oracle, &[0.0; 5], |each| each(&[1.0, 0.0, 0.0, 1.0, 0.0]));
    // A cycle, with a way to it and one from it.
    let cycle = [(4, 5), (0, 1), (3, 1), (1, 2), (2, 3), (2, 4)];
    let refused = DagPath::new(Graph::new(Const::<6>, Const::<6>, &cycle).unwrap(), 0, 5).err();
    let Some(Error::Graph { index: 2..=4, because: "an edge lies on a cycle" }) = refused else {
        panic!("{refused:?}");
    };
    let split = Graph::new(Const::<4>, Const::<3>, &[(1, 0), (2, 3), (2, 1)]).unwrap();
    assert!(matches!(DagPath::new(split, 3, 0), Err(Error::Graph { index: 0, .. })));
}
