//! Shortest paths.

use perturb_core::{Const, Graph, Real, ShortestPath};

use super::grid_path::assert_cheapest;
use crate::cases::quarters;
use crate::vertices::{self, Each};

const INSTANCES: u64 = 12;

/// A complete directed graph of four nodes.
const COMPLETE: [(u32, u32); 12] =
    [(0, 1), (2, 1), (0, 2), (1, 0), (3, 0), (1, 2), (3, 1), (1, 3), (0, 3), (2, 0), (2, 3), (3, 2)];

pub(crate) fn enumeration<T: Real>() {
    let graph = Graph::new(Const::<4>, Const::<12>, &COMPLETE).unwrap();
    let oracle = ShortestPath::<T, _, _>::new(graph, 0, 3).unwrap();
    for instance in 0..INSTANCES {
        let all = |each: Each<'_>| vertices::graph_paths(&COMPLETE, 0, 3, each);
        let theta = quarters::<12>(312, instance);
        assert_cheapest(&oracle, theta, vertices::relative_floor(&theta), all);
    }
}
