//! Picking and ranking, against enumeration, and beyond by a stable sort.

use perturb::{Const, Dyn, GroupTopK, Hypercube, Oracle, Ranking, Real, Simplex, TopK};
use perturb_tests::naive;
use perturb_tests::reals;
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, Tie};

use super::finds;
use crate::Source;

pub(super) fn simplex<T: Real>(source: &mut Source) {
    let d = source.whole(1, 8);
    let theta = source.scaled::<T>(d);
    let vertices = |each: vertices::Each<'_>| vertices::top_k(d, 1, each);
    finds::<T, _>(&Simplex::new(Dyn(d)).unwrap(), &theta, Tie::LowestIndex, vertices);
    if d == 5 {
        finds::<T, _>(&Simplex::new(Const::<5>).unwrap(), &theta, Tie::LowestIndex, vertices);
    }
}

pub(super) fn top_k<T: Real>(source: &mut Source) {
    let d = source.whole(1, 8);
    let k = source.whole(1, d);
    let theta = source.scaled::<T>(d);
    let vertices = |each: vertices::Each<'_>| vertices::top_k(d, k, each);
    finds::<T, _>(&TopK::new(Dyn(d), k).unwrap(), &theta, Tie::LowestIndex, vertices);
    if d == 5 {
        finds::<T, _>(&TopK::new(Const::<5>, k).unwrap(), &theta, Tie::LowestIndex, vertices);
    }
}

pub(super) fn hypercube<T: Real>(source: &mut Source) {
    let d = source.whole(1, 7);
    let theta = source.scaled::<T>(d);
    let binary = |each: vertices::Each<'_>| vertices::hypercube(d, 0.0, 1.0, each);
    finds::<T, _>(&Hypercube::binary(Dyn(d)).unwrap(), &theta, Tie::Low, binary);
    let signs = |each: vertices::Each<'_>| vertices::hypercube(d, -1.0, 1.0, each);
    finds::<T, _>(&Hypercube::sign(Dyn(d)).unwrap(), &theta, Tie::Low, signs);
}

/// Reference vectors ascending, descending, and of any distinct quarters, whose products with subnormal scores would round.
pub(super) fn ranking<T: Real>(source: &mut Source) {
    let d = source.whole(1, 5);
    let ascending: Vec<f64> = (1..=d).map(|rank| rank as f64).collect();
    let descending: Vec<f64> = ascending.iter().map(|rank| -rank).collect();
    let mut any: Vec<f64> = (0..40).map(|i| f64::from(i) / 4.0 - 5.0).collect();
    source.shuffle(&mut any);
    any.truncate(d);
    let check = |oracle: Ranking<T, Dyn>, v: &[f64], theta: &[f64]| {
        finds::<T, _>(&oracle, theta, Tie::LowestIndex, |each| vertices::permutahedron(v, each));
    };
    let theta = source.scaled::<T>(d);
    check(Ranking::ascending(Dyn(d)).unwrap(), &ascending, &theta);
    check(Ranking::descending(Dyn(d)).unwrap(), &descending, &theta);
    check(Ranking::new(Dyn(d), &reals::<T>(&any)).unwrap(), &any, &source.exact(d));
}

/// Up to 300 entries with scores of any size, by a stable sort.
pub(super) fn many<T: Real>(source: &mut Source) {
    let d = source.whole(1, 3) * source.whole(1, 100);
    let k = source.whole(1, d);
    let theta = if source.unit() < 0.5 { source.any::<T>(d) } else { source.scaled::<T>(d) };
    let order = naive::order(&theta);
    let mut ranks = vec![0.0; d];
    let mut picked = vec![0.0; d];
    for (place, &i) in order.iter().enumerate() {
        ranks[i] = (d - place) as f64;
        picked[i] = f64::from(place < k);
    }
    let mut largest = vec![0.0; d];
    largest[order[0]] = 1.0;
    let positive: Vec<f64> = theta.iter().map(|&x| f64::from(x > 0.0)).collect();
    decides::<T, _>(&Ranking::ascending(Dyn(d)).unwrap(), &theta, &ranks);
    let negated: Vec<f64> = ranks.iter().map(|rank| rank - d as f64 - 1.0).collect();
    decides::<T, _>(&Ranking::descending(Dyn(d)).unwrap(), &theta, &negated);
    decides::<T, _>(&TopK::new(Dyn(d), k).unwrap(), &theta, &picked);
    decides::<T, _>(&Simplex::new(Dyn(d)).unwrap(), &theta, &largest);
    decides::<T, _>(&Hypercube::binary(Dyn(d)).unwrap(), &theta, &positive);
}

#[track_caller]
fn decides<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], want: &[f64]) {
    let (y, _) = solve::<T, O>(oracle, theta);
    assert!(y == want, "{}: {y:?} for {theta:?}", oracle.properties().name);
}

/// Groups, some of them empty, with limits from 0 on.
fn groups(source: &mut Source, d: usize) -> (Vec<u32>, Vec<u32>, usize) {
    let count = source.whole(1, d.min(5));
    let groups: Vec<u32> = (0..d).map(|_| source.whole(0, count - 1) as u32).collect();
    let limits: Vec<u32> = (0..count).map(|_| source.whole(0, 3) as u32).collect();
    let room = |group: usize| {
        let members = groups.iter().filter(|&&of| of as usize == group).count();
        members.min(limits[group] as usize)
    };
    let most = (0..count).map(room).sum();
    (groups, limits, most)
}

pub(super) fn group_top_k<T: Real>(source: &mut Source) {
    let d = source.whole(1, 7);
    let (groups, limits, most) = groups(source, d);
    let shape = Dyn(limits.len());
    assert!(GroupTopK::new(Dyn(d), shape, &groups, &limits, most + 1).is_err());
    if most == 0 {
        return;
    }
    let k = source.whole(1, most);
    let theta = source.scaled::<T>(d);
    let oracle = GroupTopK::new(Dyn(d), shape, &groups, &limits, k).unwrap();
    let vertices = |each: vertices::Each<'_>| vertices::group_top_k(&groups, &limits, k, each);
    finds::<T, _>(&oracle, &theta, Tie::LowestIndex, vertices);
}

/// Greedily down the order: the picks are the bases of a matroid.
pub(super) fn many_groups<T: Real>(source: &mut Source) {
    let d = source.whole(1, 60);
    let (groups, mut limits, most) = groups(source, d);
    if most == 0 {
        return;
    }
    let k = source.whole(1, most);
    let shape = Dyn(limits.len());
    let oracle = GroupTopK::new(Dyn(d), shape, &groups, &limits, k).unwrap();
    let theta = source.any::<T>(d);
    let mut want = vec![0.0; d];
    let mut left = k;
    for i in naive::order(&theta) {
        let limit = &mut limits[groups[i] as usize];
        if *limit > 0 && left > 0 {
            (*limit, left, want[i]) = (*limit - 1, left - 1, 1.0);
        }
    }
    decides::<T, _>(&oracle, &theta, &want);
}
