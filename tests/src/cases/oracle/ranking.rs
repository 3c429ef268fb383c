//! Ranks.

use perturb_core::{Const, Ranking, Real};

use super::assert_first;
use crate::cases::quarters;
use crate::layers::reals;
use crate::solve::solve_into;
use crate::vertices::{self, Tie};

const INSTANCES: u64 = 20;

pub(crate) fn enumeration<T: Real>() {
    let uneven = [0.5, -3.0, 2.0, 0.0, 7.0];
    for instance in 0..INSTANCES {
        let theta = quarters::<5>(303, instance);
        for (oracle, v) in [
            (Ranking::<T, _>::ascending(Const::<5>).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0]),
            (Ranking::descending(Const::<5>).unwrap(), [-1.0, -2.0, -3.0, -4.0, -5.0]),
            (Ranking::new(Const::<5>, &reals(uneven)).unwrap(), uneven),
        ] {
            assert_first(&oracle, &theta, Tie::LowestIndex, |each| vertices::permutahedron(&v, each));
        }
    }
}

/// More entries than are counted: every rank once, in the order of the scores, ties by index.
pub(crate) fn sorting<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<20>(304, instance);
        let mut y = [0.0; 20];
        solve_into::<T, _>(&Ranking::ascending(Const::<20>).unwrap(), &theta, &mut y);
        for i in 0..20 {
            let before = |j: &usize| theta[*j] > theta[i] || (theta[*j] == theta[i] && *j < i);
            assert_eq!(y[i], (20 - (0..20).filter(before).count()) as f64, "rank of {i}");
        }
    }
}
