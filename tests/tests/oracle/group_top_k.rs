//! Picking within groups against the enumeration of vertices, on random small instances full of ties.

use perturb::{Const, Dyn, Error, GroupTopK, Oracle, Real, Shape};
use perturb_tests::naive::{self as linear, Tie};
use perturb_tests::naive_combinatorial as naive;
use perturb_tests::solve::solve;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};

fn groups<T: Real>(
    shape: impl Shape,
    limit_shape: impl Shape,
    theta: &[f64],
    groups: &[u32],
    limits: &[u32],
) {
    for k in 1..=theta.len() {
        let all = naive::group_top_k(groups, limits, k);
        match GroupTopK::new(shape, limit_shape, groups, limits, k) {
            Ok(oracle) => {
                let best = linear::best(&all, theta, Tie::LowestIndex);
                assert_eq!(solve::<T, _>(&oracle, theta), best, "{k} of {groups:?}, {limits:?}");
            }
            Err(Error::OutOfRange { parameter: "k", .. }) => assert!(all.is_empty()),
            Err(error) => panic!("{error}"),
        }
    }
    let all = naive::group_top_k(groups, &vec![1; limits.len()], limits.len());
    match GroupTopK::one_of_each(shape, limit_shape, groups) {
        Ok(oracle) => {
            assert_eq!(solve::<T, _>(&oracle, theta), linear::best(&all, theta, Tie::LowestIndex));
        }
        Err(_) => assert!(all.is_empty()),
    }
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn groups_match_the_enumeration(
        (theta, of, limits) in (1usize..=8, 1usize..=4).prop_flat_map(|(d, count)| {
            (vec(quarter(), d), vec(0..count as u32, d), vec(0u32..=3, count))
        })
    ) {
        groups::<f32>(Dyn(theta.len()), Dyn(limits.len()), &theta, &of, &limits);
        groups::<f64>(Dyn(theta.len()), Dyn(limits.len()), &theta, &of, &limits);
    }

    #[test]
    fn fixed_groups_match_the_enumeration(
        theta in vec(quarter(), 7), of in vec(0u32..3, 7), limits in vec(0u32..=3, 3)
    ) {
        groups::<f32>(Const::<7>, Const::<3>, &theta, &of, &limits);
        groups::<f64>(Const::<7>, Const::<3>, &theta, &of, &limits);
    }
}

#[test]
fn groups_refuse_what_does_not_fit() {
    let error = |groups: &[u32], limits: &[u32], k| GroupTopK::new(Dyn(3), Dyn(2), groups, limits, k).err();
    let range =
        |parameter, least, greatest, found| Some(Error::OutOfRange { parameter, least, greatest, found });
    assert_eq!(error(&[0, 1, 1], &[1, 1], 3), range("k", 1, 2, 3));
    assert_eq!(error(&[0, 1, 1], &[1, 1], 0), range("k", 1, 2, 0));
    assert_eq!(error(&[0, 2, 1], &[1, 1], 1), range("group", 0, 1, 2));
    assert_eq!(
        error(&[0, 1], &[1, 1], 1),
        Some(Error::Length { parameter: "groups", expected: 3, found: 2 })
    );
    assert_eq!(
        error(&[0, 1, 0], &[1], 1),
        Some(Error::Length { parameter: "limits", expected: 2, found: 1 })
    );
    // What overflow to infinity leaves is still a pick.
    let oracle = GroupTopK::new(Dyn(3), Dyn(2), &[0, 0, 1], &[1, 1], 2).unwrap();
    let mut y = [0.0f64; 3];
    let theta = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY];
    oracle.solve(&theta, &mut y, &mut Oracle::<f64>::work(&oracle)).unwrap();
    assert_eq!(y, [1.0, 0.0, 1.0]);
}
