//! Picking k.

use perturb_core::{Const, Real, TopK};

use super::assert_first;
use crate::cases::quarters;
use crate::vertices::{self, Tie};

const INSTANCES: u64 = 20;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(301, instance);
        for k in 1..=5 {
            let oracle = TopK::new(Const::<5>, k).unwrap();
            assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, |each| vertices::top_k(5, k, each));
        }
    }
}
