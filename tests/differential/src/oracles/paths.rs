//! Grids and assignments, against enumeration, relaxation, and sums over subsets.

use perturb::{Assignment, DynRect, GridPath, Noise, Normal, Oracle, Real, Rect, Seed, oracle::Neighbours};
use perturb_tests::reals;
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, dot};

use super::finds_one;
use super::graphs::{floor, floored};
use crate::Source;

/// Grids of up to nine cells, or one row or column of up to twelve, between any two cells.
pub(super) fn grid<T: Real>(source: &mut Source) {
    let (rows, columns) = match source.whole(0, 3) {
        0 => (1, source.whole(1, 12)),
        1 => (source.whole(1, 12), 1),
        _ => (source.whole(1, 3), source.whole(1, 3)),
    };
    let [start, goal] = [(); 2].map(|()| (source.whole(0, rows - 1), source.whole(0, columns - 1)));
    let neighbours = source.pick(&[Neighbours::Four, Neighbours::Eight]);
    let (theta, least, negative) = floored::<T>(source, rows * columns);
    let check = |y: Vec<f64>| {
        let costs = floor(&theta, least);
        let diagonal = neighbours == Neighbours::Eight;
        let all = |each: vertices::Each<'_>| {
            vertices::grid_paths((rows, columns), diagonal, start, goal, each);
        };
        assert!(vertices::contains(all, &y), "{y:?} is no path");
        assert_eq!(dot(&y, &costs), vertices::most(all, &costs), "{rows} × {columns} {theta:?}");
    };
    let plane = DynRect { rows, columns };
    let oracle = GridPath::between(plane, neighbours, start, goal).unwrap();
    check(solve::<T, _>(&oracle.with_negative_costs(negative).unwrap(), &theta).0);
    if (rows, columns) == (3, 3) {
        let oracle = GridPath::between(Rect::<3, 3>, neighbours, start, goal).unwrap();
        check(solve::<T, _>(&oracle.with_negative_costs(negative).unwrap(), &theta).0);
    }
}

/// Up to 144 cells: the value by relaxation. That y is a path is what the oracle itself says, as `solve` asks it.
pub(super) fn large_grid<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 12), source.whole(1, 12));
    let [start, goal] = [(); 2].map(|()| (source.whole(0, rows - 1), source.whole(0, columns - 1)));
    let neighbours = source.pick(&[Neighbours::Four, Neighbours::Eight]);
    let (theta, least, negative) = floored::<T>(source, rows * columns);
    let oracle = GridPath::between(DynRect { rows, columns }, neighbours, start, goal).unwrap();
    let (y, _) = solve::<T, _>(&oracle.with_negative_costs(negative).unwrap(), &theta);
    let costs = floor(&theta, least);
    let mut best = vec![f64::NEG_INFINITY; rows * columns];
    best[start.0 * columns + start.1] = costs[start.0 * columns + start.1];
    loop {
        let before = best.clone();
        for cell in 0..rows * columns {
            let (row, column) = (cell / columns, cell % columns);
            for next in 0..rows * columns {
                let (down, right) = ((next / columns).abs_diff(row), (next % columns).abs_diff(column));
                let steps = if neighbours == Neighbours::Four { down + right } else { down.max(right) };
                if steps == 1 {
                    best[next] = best[next].max(best[cell] + costs[next]);
                }
            }
        }
        if best == before {
            break;
        }
    }
    assert_eq!(dot(&y, &costs), best[goal.0 * columns + goal.1], "{rows} × {columns} {theta:?}");
}

pub(super) fn assignment<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 4), source.whole(1, 5));
    let (rows, columns) = if source.unit() < 0.5 { (rows, columns) } else { (columns, rows) };
    let theta = source.scaled::<T>(rows * columns);
    let all = |each: vertices::Each<'_>| vertices::assignments(rows, columns, each);
    finds_one::<T, _>(&Assignment::new(DynRect { rows, columns }).unwrap(), &theta, all);
    if (rows, columns) == (3, 3) {
        finds_one::<T, _>(&Assignment::new(Rect::<3, 3>).unwrap(), &theta, all);
    }
}

/// Asserts that `y` matches all of the shorter side, nobody twice.
#[track_caller]
pub(super) fn assert_matching(rows: usize, columns: usize, y: &[f64]) {
    assert!(y.iter().all(|&y| y == 0.0 || y == 1.0));
    assert_eq!(y.iter().sum::<f64>(), rows.min(columns) as f64);
    for row in 0..rows {
        assert!(y[row * columns..][..columns].iter().sum::<f64>() <= 1.0);
    }
    for column in 0..columns {
        assert!(y.iter().skip(column).step_by(columns).sum::<f64>() <= 1.0);
    }
}

/// The best value, agent after agent over the sets of tasks that are taken.
fn by_subsets(rows: usize, columns: usize, theta: &[f64]) -> f64 {
    let (agents, tasks) = (rows.min(columns), rows.max(columns));
    let score = |agent: usize, task: usize| {
        if rows <= columns { theta[agent * columns + task] } else { theta[task * columns + agent] }
    };
    let mut best = vec![f64::NEG_INFINITY; 1 << tasks];
    best[0] = 0.0;
    for agent in 0..agents {
        let mut next = vec![f64::NEG_INFINITY; 1 << tasks];
        for (taken, &value) in best.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            for task in (0..tasks).filter(|task| taken >> task & 1 == 0) {
                let with = &mut next[taken | 1 << task];
                *with = with.max(value + score(agent, task));
            }
        }
        best = next;
    }
    best.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

pub(super) fn large_assignment<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 8), source.whole(1, 8));
    let theta = source.scaled::<T>(rows * columns);
    let (y, value) = solve::<T, _>(&Assignment::new(DynRect { rows, columns }).unwrap(), &theta);
    assert_matching(rows, columns, &y);
    assert_eq!(value, by_subsets(rows, columns, &theta), "{rows} × {columns} {theta:?}");
}

/// Solves that start from the solution of other scores: the same, near ones, or others of their size. Prices round as those
/// do: scores that are much smaller would be lost in them.
pub(super) fn warm_assignment<T: Real>(source: &mut Source) {
    let (rows, columns) = (source.whole(1, 6), source.whole(1, 6));
    let oracle = Assignment::new(DynRect { rows, columns }).unwrap().with_warm_start();
    let mut work = Oracle::<T>::work(&oracle);
    let start = source.exact(rows * columns);
    let mut y = vec![T::ZERO; start.len()];
    Oracle::<T>::warm_up(&oracle, &reals(&start), &mut work);
    for _ in 0..3 {
        let theta = match source.whole(0, 2) {
            0 => start.clone(),
            1 => {
                let other = source.exact(start.len());
                start.iter().zip(other).map(|(a, b)| a + b / 4.0).collect()
            }
            _ => source.exact(start.len()),
        };
        let value = oracle.solve(&reals(&theta), &mut y, &mut work).unwrap();
        assert_matching(rows, columns, &perturb_tests::widened(&y));
        assert_eq!(value.to_f64(), by_subsets(rows, columns, &theta), "{rows} × {columns} {theta:?}");
    }
    // Any scores, whose sums round: the bits of a cold start.
    let (mut noise, mut cold) = (reals::<T>(&start), y.clone());
    Normal.fill(&mut Seed(source.whole(0, 1 << 30) as u64).stream(0), &mut noise);
    let value = oracle.solve(&noise, &mut y, &mut work).unwrap();
    let plain = Assignment::new(DynRect { rows, columns }).unwrap();
    assert_eq!(value, plain.solve(&noise, &mut cold, &mut plain.work()).unwrap(), "{noise:?}");
    assert_eq!(y, cold, "{noise:?}");
}
