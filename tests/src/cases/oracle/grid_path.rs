//! Paths through grids.

use perturb_core::{
    GridPath, Oracle, Real, Rect,
    oracle::{NegativeCost, Neighbours},
};

use crate::cases::{numbers, quarters};
use crate::solve::solve_into;
use crate::vertices::{self, Each, contains, dot, most};

const INSTANCES: u64 = 12;

/// Under floored costs the path is the cheapest, and its value that of the scores themselves.
#[track_caller]
pub(super) fn assert_cheapest<T: Real, O: Oracle<T>, const N: usize>(
    oracle: &O,
    theta: [f64; N],
    floor: f64,
    all: impl Fn(Each<'_>),
) {
    let mut y = [0.0; N];
    let value = solve_into::<T, _>(oracle, &theta, &mut y);
    let floored = theta.map(|theta| theta.min(-floor));
    assert!(contains(&all, &y), "{} is no path", oracle.properties().name);
    assert!(dot(&y, &floored) == most(all, &floored), "{} is not the cheapest", oracle.properties().name);
    assert!(value == dot(&y, &theta), "value of {}", oracle.properties().name);
}

pub(crate) fn enumeration<T: Real>() {
    for instance in 0..INSTANCES {
        let theta = quarters::<9>(310, instance);
        let [a, b, c, d] = numbers::<4>(311, instance, 3).map(|place| place as usize);
        for (neighbours, diagonal) in [(Neighbours::Four, false), (Neighbours::Eight, true)] {
            let oracle = GridPath::<T, _>::between(Rect::<3, 3>, neighbours, (a, b), (c, d)).unwrap();
            let all = |each: Each<'_>| vertices::grid_paths((3, 3), diagonal, (a, b), (c, d), each);
            assert_cheapest(&oracle, theta, vertices::relative_floor(&theta), all);
            let oracle = oracle.with_negative_costs(NegativeCost::Floor(T::HALF)).unwrap();
            assert_cheapest(&oracle, theta, 0.5, all);
        }
    }
}
