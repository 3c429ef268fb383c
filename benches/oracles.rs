//! One solve of each oracle in f32 against the size, and a naive solver of the same problem beside it; that both find the
//! same value is asserted first.

mod settings;

use std::fmt::Display;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{Oracle, oracle::Neighbours};
use perturb_benches::problem::{self, Naive, Problem};

const SIZES: [usize; 5] = [2, 16, 128, 1024, 4096];

/// Times the problems of all sizes.
fn measure<S: Copy + Display, O: Oracle<f32>, F: Naive>(
    criterion: &mut Criterion,
    name: &str,
    sizes: &[S],
    problem: impl Fn(S) -> Problem<O, F>,
) {
    let mut group = criterion.benchmark_group(name);
    for &size in sizes {
        let Problem { oracle, theta, naive, .. } = &problem(size).checked(name);
        let (mut y, mut work) = (vec![0.0; theta.len()], oracle.work());
        group.bench_function(BenchmarkId::new("solve", size), |bench| {
            bench.iter(|| oracle.solve(theta, &mut y, &mut work).unwrap());
        });
        group.bench_function(BenchmarkId::new("naive", size), |bench| {
            bench.iter(|| naive(theta, &mut y));
        });
    }
    group.finish();
}

fn selections(criterion: &mut Criterion) {
    measure(criterion, "simplex", &SIZES, problem::simplex);
    measure(criterion, "black box of the naive simplex", &SIZES, problem::black_box);
    measure(criterion, "top half", &SIZES, |dim| problem::top_k(dim, dim / 2));
    measure(criterion, "top-10", &SIZES[1..], |dim| problem::top_k(dim, 10));
    measure(criterion, "one of each of 10 groups", &SIZES[1..], |dim| problem::one_of_each(dim, 10));
    measure(criterion, "hypercube", &SIZES, problem::hypercube);
    measure(criterion, "ranking", &SIZES, problem::ranking);
}

/// Sizes are sides of squares.
fn paths(criterion: &mut Criterion) {
    let four = |side| problem::grid_path(side, Neighbours::Four);
    measure(criterion, "grid path, 4 neighbours", &[12, 30, 100], four);
    let eight = |side| problem::grid_path(side, Neighbours::Eight);
    measure(criterion, "grid path, 8 neighbours", &[12, 30, 100], eight);
    measure(criterion, "dag path", &[12, 45], problem::dag_path);
    measure(criterion, "shortest path", &[12, 32], problem::shortest_path);
    measure(criterion, "flow of one unit", &[12, 24], problem::flow);
}

/// Sizes are numbers of rows, nodes and cities.
fn matrices(criterion: &mut Criterion) {
    measure(criterion, "assignment", &[2, 10, 20, 50, 100, 200, 500], problem::assignment);
    measure(criterion, "spanning tree of a complete graph", &[25, 50, 91], problem::spanning_tree);
    measure(criterion, "tour", &[20, 50, 91], problem::tour);
}

/// Sizes are capacities.
fn knapsacks(criterion: &mut Criterion) {
    let light = |capacity| problem::light_knapsack(48, capacity);
    measure(criterion, "knapsack of 48 items of weights 3, 5, 7", &[60, 120, 180], light);
    measure(criterion, "knapsack of 100 items of weights to 1000", &[1000], |capacity| {
        problem::heavy_knapsack(100, capacity)
    });
    measure(criterion, "knapsack of 500 items of weights to 1000", &[1000, 10_000], |capacity| {
        problem::heavy_knapsack(500, capacity)
    });
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = selections, paths, matrices, knapsacks
}
criterion_main!(benches);
