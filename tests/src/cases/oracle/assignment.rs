//! Assignments.

use perturb_core::{Assignment, Oracle, Real, Rect};

use super::assert_best;
use crate::cases::quarters;
use crate::vertices::{self, Each, contains, most};

const INSTANCES: u64 = 12;

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<16>(314, instance);
        let square = |each: Each<'_>| vertices::assignments(4, 4, each);
        assert_best::<T, _>(&Assignment::new(Rect::<4, 4>).unwrap(), &theta, square);
        let wide = |each: Each<'_>| vertices::assignments(3, 4, each);
        assert_best::<T, _>(&Assignment::new(Rect::<3, 4>).unwrap(), &theta[..12], wide);
        let high = |each: Each<'_>| vertices::assignments(4, 2, each);
        assert_best::<T, _>(&Assignment::new(Rect::<4, 2>).unwrap(), &theta[..8], high);
    }
}

/// After a warm start at other scores the answer is a best one still.
pub(crate) fn warm_start<T: Real>() {
    let oracle = Assignment::new(Rect::<3, 3>).unwrap().with_warm_start();
    for instance in 0..INSTANCES {
        let (theta, other) = (quarters::<9>(315, instance), quarters::<9>(316, instance));
        let (scores, others) = (theta.map(T::from_f64), other.map(T::from_f64));
        let (mut y, mut work) = ([T::ZERO; 9], oracle.work());
        oracle.warm_up(&others, &mut work);
        let value = oracle.solve(&scores, &mut y, &mut work).unwrap().to_f64();
        let all = |each: Each<'_>| vertices::assignments(3, 3, each);
        assert!(contains(all, &y.map(T::to_f64)) && value == most(all, &theta), "warm assignment");
    }
}
