//! Sixteen problems side by side have the bits of each alone, or are named doubtful.

use perturb::engine::{GroupMemory, LANES, SolveGroup, Wanted};
use perturb::{
    Assignment, Dyn, DynRect, GridPath, Hypercube, Oracle, Ranking, Real, Shape, Simplex, TopK,
    oracle::Neighbours,
};
use perturb_tests::naive_graphs::hungarian;
use perturb_tests::reals;
use perturb_tests::solve::solve;

use super::graphs::floored;
use super::paths::assert_matching;
use crate::Source;

fn dim(source: &mut Source) -> usize {
    source.whole(1, 3) * source.whole(1, 20)
}

pub(super) fn simplex<T: Real>(source: &mut Source) {
    let d = dim(source);
    check::<T, _>(&Simplex::new(Dyn(d)).unwrap(), source);
}
pub(super) fn top_k<T: Real>(source: &mut Source) {
    let d = dim(source);
    let k = source.whole(1, d);
    check::<T, _>(&TopK::new(Dyn(d), k).unwrap(), source);
}
pub(super) fn hypercube<T: Real>(source: &mut Source) {
    let d = dim(source);
    check::<T, _>(&Hypercube::binary(Dyn(d)).unwrap(), source);
    check::<T, _>(&Hypercube::sign(Dyn(d)).unwrap(), source);
}
pub(super) fn ranking<T: Real>(source: &mut Source) {
    let d = dim(source);
    check::<T, _>(&Ranking::ascending(Dyn(d)).unwrap(), source);
    check::<T, _>(&Ranking::descending(Dyn(d)).unwrap(), source);
}
pub(super) fn grid_path<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 8), source.whole(1, 8));
    let [start, goal] = [(); 2].map(|()| (source.whole(0, rows - 1), source.whole(0, columns - 1)));
    let neighbours = source.pick(&[Neighbours::Four, Neighbours::Eight]);
    let oracle = GridPath::between(DynRect { rows, columns }, neighbours, start, goal).unwrap();
    let (_, _, negative) = floored::<T>(source, 1);
    check::<T, _>(&oracle.with_negative_costs(negative).unwrap(), source);
}
/// One problem in vectors, sixteen tasks at a time, against the textbook algorithm.
pub(super) fn assignment<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 24), source.whole(1, 40));
    let (rows, columns) = if source.unit() < 0.5 { (rows, columns) } else { (columns, rows) };
    let theta = source.scaled::<T>(rows * columns);
    let (y, value) = solve::<T, _>(&Assignment::new(DynRect { rows, columns }).unwrap(), &theta);
    assert_matching(rows, columns, &y);
    assert_eq!(value, hungarian(rows, columns, &theta), "{rows} × {columns} {theta:?}");
}

/// Exact scores with ties, those of any size, and their negatives, each lane its own kind.
fn check<T: Real, O: Oracle<T>>(oracle: &O, source: &mut Source) {
    let d = oracle.shape().dim();
    let columns: [Vec<T>; LANES] = core::array::from_fn(|_| {
        let scores = match source.whole(0, 2) {
            0 => source.scaled::<T>(d),
            1 => source.any::<T>(d),
            _ => source.exact(d).into_iter().map(|x| -x.abs() - 0.25).collect(),
        };
        reals(&scores)
    });
    let theta: Vec<[T; LANES]> = (0..d).map(|i| core::array::from_fn(|lane| columns[lane][i])).collect();
    let lanes = || vec![[T::ZERO; LANES]; d];
    let (mut costs, mut distances, mut codes) = (lanes(), lanes(), vec![[0; LANES]; d]);
    let mut ask = |wanted: Wanted<'_, T>, count: usize| {
        let memory = GroupMemory { codes: &mut codes, costs: &mut costs, distances: &mut distances };
        oracle.solve_group(SolveGroup { theta: &theta, count, wanted, memory })
    };
    let (mut y, mut values) = (lanes(), [T::ZERO; LANES]);
    let solved = ask(Wanted::Each { y: &mut y, values: Some(&mut values) }, LANES);
    let mut sums = lanes();
    let count = source.whole(1, LANES);
    let added = ask(Wanted::Sum { sums: &mut sums }, count);
    let mut work = oracle.work();
    for (lane, column) in columns.iter().enumerate() {
        let mut alone = vec![T::ZERO; d];
        let value = oracle.solve(column, &mut alone, &mut work).unwrap();
        let certain = |doubtful: u32| doubtful >> lane & 1 == 0;
        if solved.is_some_and(certain) {
            let same = y.iter().zip(&alone).all(|(row, &y)| row[lane] == y);
            assert!(same, "{}: lane {lane} at {column:?}", oracle.properties().name);
            let (found, want) = (values[lane].to_f64(), value.to_f64());
            assert_eq!(
                found.to_bits(),
                want.to_bits(),
                "{}: the value of lane {lane} at {column:?}",
                oracle.properties().name
            );
        }
        if let Some(doubtful) = added {
            let want = |y: T| if lane < count && certain(doubtful) { y } else { T::ZERO };
            let same = sums.iter().zip(&alone).all(|(row, &y)| row[lane] == want(y));
            assert!(same, "{}: the sum of lane {lane} of {count} at {column:?}", oracle.properties().name);
        }
    }
}
