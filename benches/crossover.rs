//! Exact against sampled: one expectation in closed form, and one sample, for each oracle; the ratio is the
//! number of samples from which exact costs less. Answers are asserted before they are timed.

mod settings;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{
    ClosedForm, Dyn, Exact, Gumbel, Hypercube, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real,
    Seed, Simplex, TopK,
};
use perturb_benches::normals;

/// Times y_ε exactly and from 100 samples, after checking that 10⁴ samples agree with the closed form.
fn pair<O, N>(criterion: &mut Criterion, name: &str, dim: usize, oracle: O, noise: N)
where
    O: ClosedForm<f32, N> + Oracle<f32>,
    N: Noise<f32>,
{
    let Ok(layer) = Perturbed::new(oracle, noise, 1.0f32) else { return };
    let theta: Vec<f32> = normals(dim);
    let exact = layer.maximizer(&theta, Exact).expect("valid scores");
    let sampled = layer.maximizer(&theta, MonteCarlo::new(10_000, Seed(2))).expect("valid scores");
    let size = exact.as_ref().iter().fold(1.0f32, |size, y| size.larger(y.abs()));
    for (a, b) in exact.as_ref().iter().zip(sampled.as_ref()) {
        // Entries lie in [0, size]: the standard error is below size/2/√M; 5 of them.
        assert!((a - b).abs() < 2.5 * size / 100.0, "{name}: {a} {b}");
    }
    let mut group = criterion.benchmark_group(name);
    group.bench_function(BenchmarkId::new("exact", dim), |bench| {
        bench.iter(|| layer.maximizer(&theta, Exact));
    });
    let how = MonteCarlo::new(100, Seed(3));
    group.bench_function(BenchmarkId::new("100 samples", dim), |bench| {
        bench.iter(|| layer.maximizer(&theta, how));
    });
    group.finish();
}

fn crossover(criterion: &mut Criterion) {
    for dim in [10, 100] {
        let shape = Dyn(dim);
        pair(criterion, "simplex, gumbel", dim, Simplex::new(shape).expect("d > 0"), Gumbel);
        pair(criterion, "simplex, normal", dim, Simplex::new(shape).expect("d > 0"), Normal);
        pair(criterion, "hypercube, normal", dim, Hypercube::binary(shape).expect("d > 0"), Normal);
        pair(criterion, "ranking, normal", dim, Ranking::ascending(shape).expect("d > 0"), Normal);
        pair(criterion, "ranking, gumbel", dim, Ranking::ascending(shape).expect("d > 0"), Gumbel);
        pair(criterion, "top-5, normal", dim, TopK::new(shape, 5).expect("5 <= d"), Normal);
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = crossover
}
criterion_main!(benches);
