//! Picking within groups.

use perturb_core::{Const, GroupTopK, Real};

use super::assert_first;
use crate::cases::{numbers, quarters};
use crate::vertices::{self, Each, Tie};

const INSTANCES: u64 = 20;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let (theta, groups) = (quarters::<7>(305, instance), numbers::<7>(306, instance, 3));
        let limits = numbers::<3>(307, instance, 4);
        for k in 1..=7 {
            let all = |each: Each<'_>| vertices::group_top_k(&groups, &limits, k, each);
            match GroupTopK::new(Const::<7>, Const::<3>, &groups, &limits, k) {
                Ok(oracle) => assert_first::<T, _>(&oracle, &theta, Tie::LowestIndex, all),
                Err(_) => all(&mut |_| panic!("{k} fit")),
            }
        }
    }
}
