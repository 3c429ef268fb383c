//! What perturbing adds to paths and assignments: the gradient of one sample through a grid, and estimates of assignments
//! that start from the unperturbed one against those that do not. Answers are asserted before they are timed.

mod settings;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{MonteCarlo, Normal, Perturbed, Seed, oracle::Neighbours};
use perturb_benches::problem;

fn gradients(criterion: &mut Criterion) {
    for (neighbours, name) in [(Neighbours::Four, "4"), (Neighbours::Eight, "8")] {
        let mut group = criterion.benchmark_group(format!("grid path, {name} neighbours"));
        for side in [12, 30, 100] {
            let problem = problem::grid_path(side, neighbours).checked("grid path");
            let (layer, theta) = (Perturbed::new(problem.oracle, Normal, 0.1).expect("> 0"), problem.theta);
            let target = layer.decide(&theta).expect("a path").1;
            let how = MonteCarlo::new(1, Seed(2));
            let mut want = layer.sample(&theta, how.seed, 0).expect("a path");
            want.iter_mut().zip(&target).for_each(|(want, target)| *want -= target);
            assert_eq!(layer.fenchel_young_gradient(&theta, &target, how), Ok(want));
            group.bench_function(BenchmarkId::new("gradient", side), |bench| {
                bench.iter(|| layer.fenchel_young_gradient(&theta, &target, how));
            });
        }
        group.finish();
    }
}

fn warm_starts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assignment, 32 samples");
    let how = MonteCarlo::plain(32, Seed(3));
    for n in [10, 20, 50, 100, 200] {
        let problem = problem::assignment(n).checked("assignment");
        let (oracle, theta) = (problem.oracle, problem.theta);
        for epsilon in [0.01, 0.1, 1.0] {
            let cold = Perturbed::new(oracle, Normal, epsilon).expect("> 0");
            let warm = Perturbed::new(oracle.with_warm_start(), Normal, epsilon).expect("> 0");
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

criterion_group! {
    name = benches;
    config = settings::short();
    targets = gradients, warm_starts
}
criterion_main!(benches);
