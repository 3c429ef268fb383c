//! Exact against sampled: expectations in closed form, and from 1000 samples, for each oracle; 1000 times the ratio is
//! the number of samples from which exact costs less. Answers are asserted before they are timed.

mod settings;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{
    ClosedForm, Dyn, Exact, Gumbel, How, Hypercube, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking,
    Real, Seed, Shape, Simplex, TopK,
};
use perturb_benches::normals;

const SAMPLES: u32 = 1000;

/// Times F_ε, y_ε and Jᵀu exactly and from 1000 samples, after checking that 10⁴ samples agree with the closed form.
fn pair<O, N>(criterion: &mut Criterion, name: &str, oracle: O, noise: N)
where
    O: ClosedForm<f32, N> + Oracle<f32>,
    N: Noise<f32>,
{
    let dim = oracle.shape().dim();
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
    for (way, how) in
        [("exact", How::Exact), ("1000 samples", How::MonteCarlo(MonteCarlo::new(SAMPLES, Seed(3))))]
    {
        group.bench_function(BenchmarkId::new(format!("value, {way}"), dim), |bench| {
            bench.iter(|| layer.value(&theta, how));
        });
        group.bench_function(BenchmarkId::new(format!("maximizer, {way}"), dim), |bench| {
            bench.iter(|| layer.maximizer(&theta, how));
        });
        group.bench_function(BenchmarkId::new(format!("vjp, {way}"), dim), |bench| {
            bench.iter(|| layer.vjp(&theta, &theta, how));
        });
    }
    group.finish();
}

fn crossover(criterion: &mut Criterion) {
    for dim in [10, 100, 1000] {
        let shape = Dyn(dim);
        pair(criterion, "simplex, gumbel", Simplex::new(shape).expect("d > 0"), Gumbel);
        pair(criterion, "simplex, normal", Simplex::new(shape).expect("d > 0"), Normal);
        pair(criterion, "hypercube, normal", Hypercube::binary(shape).expect("d > 0"), Normal);
        pair(criterion, "ranking, normal", Ranking::ascending(shape).expect("d > 0"), Normal);
        pair(criterion, "ranking, gumbel", Ranking::ascending(shape).expect("d > 0"), Gumbel);
        if dim <= 100 {
            pair(criterion, "top-5, normal", TopK::new(shape, 5).expect("5 <= d"), Normal);
        }
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = crossover
}
criterion_main!(benches);
