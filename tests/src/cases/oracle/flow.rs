//! Flows.

use perturb_core::{Const, Flow, Graph, Real};

use super::assert_best;
use crate::cases::quarters;
use crate::layers::EDGES;
use crate::vertices::{self, Each};

const INSTANCES: u64 = 12;

/// Flows of every value, with directed cycles and without.
pub(crate) fn enumeration<T: Real>() {
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
