//! Tours.

use perturb_core::{Const, Real, Tour};

use super::assert_best;
use crate::cases::quarters;
use crate::solve::solve_into;
use crate::vertices::{self, Each, contains, most};

const INSTANCES: u64 = 12;

/// Always a tour; of four cities, where an exchange of two edges joins any two tours, the best one.
pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<10>(326, instance);
        let four = Tour::new(Const::<4>, Const::<6>, 100).unwrap();
        assert_best::<T, _>(&four, &theta[..6], |each| vertices::tours(4, each));
        let mut y = [0.0; 10];
        let all = |each: Each<'_>| vertices::tours(5, each);
        let inserted = solve_into::<T, _>(&Tour::new(Const::<5>, Const::<10>, 0).unwrap(), &theta, &mut y);
        assert!(contains(all, &y), "insertion is no tour");
        let value = solve_into::<T, _>(&Tour::new(Const::<5>, Const::<10>, 100).unwrap(), &theta, &mut y);
        assert!(contains(all, &y), "no tour");
        assert!(inserted <= value && value <= most(all, &theta), "score of a tour");
    }
}
