//! Paths through graphs without cycles.

use perturb_core::{Const, DagPath, Graph, Real};

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
