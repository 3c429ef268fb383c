//! Packing.

use perturb_core::{Const, Knapsack, Real};

use super::assert_best;
use crate::cases::{numbers, quarters};
use crate::vertices;

const INSTANCES: u64 = 12;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let (theta, weights) = (quarters::<7>(320, instance), numbers::<7>(321, instance, 8));
        for capacity in [0, 5, 13, 20] {
            let oracle = Knapsack::new(Const::<7>, Const::<21>, &weights, capacity).unwrap();
            assert_best::<T, _>(&oracle, &theta, |each| vertices::knapsack(&weights, capacity, each));
        }
    }
}
