//! Argmax.

use perturb_core::{Const, Real, Simplex};

use super::assert_first;
use crate::cases::quarters;
use crate::vertices::{self, Tie};

const INSTANCES: u64 = 20;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(300, instance);
        let oracle = Simplex::new(Const::<5>).unwrap();
        assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, |each| vertices::top_k(5, 1, each));
    }
}
