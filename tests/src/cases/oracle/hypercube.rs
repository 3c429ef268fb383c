//! Yes-or-no decisions.

use perturb_core::{Const, Hypercube, Real};

use super::assert_first;
use crate::cases::quarters;
use crate::vertices::{self, Tie};

const INSTANCES: u64 = 20;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(302, instance);
        let oracle = Hypercube::binary(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::Low, |each| vertices::hypercube(5, 0.0, 1.0, each));
        let oracle = Hypercube::sign(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::Low, |each| vertices::hypercube(5, -1.0, 1.0, each));
    }
}
