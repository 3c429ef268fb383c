//! Value, maximizer, vector–Jacobian product and Jacobian of layers in f32, from 64 samples and in closed form; naive is
//! the mean over the samples as the paper writes it, in f64, which each estimate must equal.

mod settings;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{ClosedForm, Exact, MonteCarlo, Noise, Normal, Oracle, Seed};
use perturb_benches::layer::{self, Layer};
use perturb_benches::{check, naive};

/// Jacobians with more entries than their square are not measured.
const LARGEST_JACOBIAN: usize = 400;

/// Times the estimates from 64 samples.
fn sampled<O, N>(criterion: &mut Criterion, name: &str, (layer, theta): &Layer<O, N, f32>)
where
    O: Oracle<f32>,
    N: Noise<f32>,
{
    let how = MonteCarlo::new(64, Seed(2));
    let dim = theta.len();
    let value = layer.value(theta, how).expect("scores");
    check::close(name, &[value], &[naive::value(layer, theta, how)], 1e-5);
    let maximizer = layer.maximizer(theta, how).expect("scores");
    check::close(name, maximizer.as_ref(), &naive::maximizer(layer, theta, how), 1e-5);
    let vjp = layer.vjp(theta, theta, how).expect("scores");
    check::close(name, vjp.as_ref(), &naive::vjp(layer, theta, theta, how), 1e-3);

    let mut group = criterion.benchmark_group(format!("{name}, 64 samples"));
    group.bench_function(BenchmarkId::new("value", dim), |bench| {
        bench.iter(|| layer.value(theta, how));
    });
    group.bench_function(BenchmarkId::new("maximizer", dim), |bench| {
        bench.iter(|| layer.maximizer(theta, how));
    });
    group.bench_function(BenchmarkId::new("maximizer, naive", dim), |bench| {
        bench.iter(|| naive::maximizer(layer, theta, how));
    });
    group.bench_function(BenchmarkId::new("vjp", dim), |bench| {
        bench.iter(|| layer.vjp(theta, theta, how));
    });
    if dim <= LARGEST_JACOBIAN {
        let jacobian = layer.jacobian(theta, how).expect("scores");
        check::close(name, jacobian.as_ref(), &naive::jacobian(layer, theta, how), 1e-3);
        group.bench_function(BenchmarkId::new("jacobian", dim), |bench| {
            bench.iter(|| layer.jacobian(theta, how));
        });
    }
    group.finish();
}

/// Times the closed forms; `want` is what the maximizer and the product of the Jacobian with θ must be near.
fn exact<O, N>(
    criterion: &mut Criterion,
    name: &str,
    (layer, theta): &Layer<O, N, f32>,
    want: (&[f64], &[f64]),
    tolerance: f64,
) where
    O: ClosedForm<f32, N>,
    N: Noise<f32>,
{
    let dim = theta.len();
    check::close(name, layer.maximizer(theta, Exact).expect("scores").as_ref(), want.0, tolerance);
    let vjp = layer.vjp(theta, theta, Exact).expect("scores");
    check::close(name, vjp.as_ref(), want.1, tolerance);
    let jacobian = layer.jacobian(theta, Exact).expect("scores");
    let rows = jacobian.as_ref().chunks_exact(dim);
    let products: Vec<f32> = rows.map(|row| row.iter().zip(theta).map(|(j, u)| j * u).sum()).collect();
    check::close(name, &products, &widened(vjp.as_ref()), 1e-3);

    let mut group = criterion.benchmark_group(format!("{name}, exact"));
    group.bench_function(BenchmarkId::new("value", dim), |bench| {
        bench.iter(|| layer.value(theta, Exact));
    });
    group.bench_function(BenchmarkId::new("maximizer", dim), |bench| {
        bench.iter(|| layer.maximizer(theta, Exact));
    });
    group.bench_function(BenchmarkId::new("vjp", dim), |bench| {
        bench.iter(|| layer.vjp(theta, theta, Exact));
    });
    group.bench_function(BenchmarkId::new("jacobian", dim), |bench| {
        bench.iter(|| layer.jacobian(theta, Exact));
    });
    group.finish();
}

fn widened(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn argmax(criterion: &mut Criterion) {
    for dim in [10, 100, 1000] {
        let layer = layer::argmax::<f32>(dim);
        sampled(criterion, "argmax", &layer);
        let theta = widened(&layer.1);
        let p = naive::softmax(&theta, 1.0);
        let mean: f64 = p.iter().zip(&theta).map(|(p, theta)| p * theta).sum();
        let product: Vec<f64> = p.iter().zip(&theta).map(|(p, theta)| p * (theta - mean)).collect();
        exact(criterion, "argmax", &layer, (&p, &product), 1e-4);
    }
}

fn top_10(criterion: &mut Criterion) {
    for dim in [20, 100] {
        let layer = layer::top_k::<f32>(dim, 10);
        sampled(criterion, "top-10", &layer);
        // The closed form in f64: near what samples say, and its product with θ near its change along θ.
        let (exactly, theta) = (layer::top_k::<f64>(dim, 10).0, widened(&layer.1));
        let along = |h: f64| -> Vec<f64> {
            let moved: Vec<f64> = theta.iter().map(|theta| theta * (1.0 + h)).collect();
            exactly.maximizer(&moved, Exact).expect("scores")
        };
        let p = along(0.0);
        // Standard errors of probabilities are at most 0.005.
        let samples = naive::maximizer(&exactly, &theta, MonteCarlo::new(10_000, Seed(3)));
        check::close("top-10", &p, &samples, 0.05);
        let step = 1e-4;
        let ends = along(step).into_iter().zip(along(-step));
        let product: Vec<f64> = ends.map(|(after, before)| (after - before) / (2.0 * step)).collect();
        exact(criterion, "top-10", &layer, (&p, &product), 1e-3);
    }
}

fn ranking(criterion: &mut Criterion) {
    for dim in [10, 100, 300] {
        let layer = layer::ranking::<f32>(dim);
        sampled(criterion, "ranking", &layer);
        let theta = widened(&layer.1);
        let ranks = naive::expected_ranks(Normal, &theta, 1.0);
        let product = naive::expected_ranks_vjp(Normal, &theta, &theta, 1.0);
        exact(criterion, "ranking", &layer, (&ranks, &product), 1e-4);
    }
}

fn grid_path(criterion: &mut Criterion) {
    sampled(criterion, "grid path", &layer::grid_path(12));
}

fn assignment(criterion: &mut Criterion) {
    sampled(criterion, "assignment", &layer::assignment(20));
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = argmax, top_10, ranking, grid_path, assignment
}
criterion_main!(benches);
