//! Paths and assignments: one solve against the size. Answers are asserted before they are timed: grid paths against
//! sweeps of relaxation to the fixed point, assignments against their own transpose.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{
    Assignment, DynRect, GridPath, MonteCarlo, Neighbours, Noise, Normal, Oracle, Perturbed, Seed,
};

fn normals(count: usize) -> Vec<f32> {
    let mut z = vec![0.0f32; count];
    Normal.fill(&mut Seed(1).stream(0), &mut z);
    z
}

/// The cost of the cheapest path by relaxing all cells until nothing changes (Bellman and Ford).
fn relaxed(side: usize, theta: &[f32], diagonal: bool) -> f32 {
    let mut cost = vec![f32::INFINITY; side * side];
    cost[0] = -theta[0];
    loop {
        let before = cost.clone();
        for cell in 0..side * side {
            let (row, column) = (cell / side, cell % side);
            for other in 0..side * side {
                let (down, right) = (row.abs_diff(other / side), column.abs_diff(other % side));
                if down.max(right) == 1 && (diagonal || down + right == 1) {
                    cost[cell] = cost[cell].min(cost[other] - theta[cell]);
                }
            }
        }
        if cost == before {
            return cost[side * side - 1];
        }
    }
}

fn grid_paths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("grid path");
    for side in [12usize, 30, 100] {
        let theta: Vec<f32> = normals(side * side).iter().map(|z| -1.0 - z.abs()).collect();
        for (neighbours, name) in [(Neighbours::Four, "4"), (Neighbours::Eight, "8")] {
            let plane = DynRect { rows: side, columns: side };
            let oracle = GridPath::new(plane, neighbours).expect("a grid");
            let (mut work, mut y) = (oracle.work(), vec![0.0; side * side]);
            if side == 12 {
                let value = oracle.solve(&theta, &mut y, &mut work);
                let want = relaxed(side, &theta, neighbours == Neighbours::Eight);
                assert!((value + want).abs() < 1e-3, "{value} {want}");
            }
            group.bench_function(BenchmarkId::new(format!("{name} neighbours"), side), |bench| {
                bench.iter(|| oracle.solve(&theta, &mut y, &mut work));
            });
            let layer = Perturbed::new(oracle, Normal, 0.1).expect("a temperature");
            let target = layer.decide(&theta).expect("a path").1;
            let how = MonteCarlo::new(1, Seed(2));
            group.bench_function(BenchmarkId::new(format!("{name} neighbours, gradient"), side), |bench| {
                bench.iter(|| layer.fenchel_young_gradient(&theta, &target, how));
            });
        }
    }
    group.finish();
}

fn assignments(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assignment");
    for n in [10usize, 20, 50, 100, 200, 500] {
        let theta = normals(n * n);
        let transposed: Vec<f32> = (0..n * n).map(|i| theta[i % n * n + i / n]).collect();
        let oracle = Assignment::new(DynRect { rows: n, columns: n }).expect("a square");
        let (mut work, mut y) = (oracle.work(), vec![0.0; n * n]);
        let value = oracle.solve(&theta, &mut y, &mut work);
        let other = oracle.solve(&transposed, &mut y, &mut work);
        assert!((value - other).abs() < 1e-3 * value.abs(), "{value} {other}");
        group.bench_function(BenchmarkId::new("solve", n), |bench| {
            bench.iter(|| oracle.solve(&theta, &mut y, &mut work));
        });
        if n > 200 {
            continue;
        }
        // Warm against cold: an estimate of 32 samples.
        for epsilon in [0.01, 0.1, 1.0] {
            let how = MonteCarlo::plain(32, Seed(3));
            let cold = Perturbed::new(oracle, Normal, epsilon).expect("a temperature");
            let warm = Perturbed::new(oracle.with_warm_start(), Normal, epsilon).expect("a temperature");
            assert_eq!(cold.maximizer(&theta, how), warm.maximizer(&theta, how));
            group.bench_function(BenchmarkId::new(format!("cold, ε = {epsilon}"), n), |bench| {
                bench.iter(|| cold.maximizer(&theta, how));
            });
            group.bench_function(BenchmarkId::new(format!("warm, ε = {epsilon}"), n), |bench| {
                bench.iter(|| warm.maximizer(&theta, how));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, grid_paths, assignments);
criterion_main!(benches);
