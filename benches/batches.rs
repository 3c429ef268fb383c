//! Batches against their rows, on one thread and on two; that they have the bits of rows alone is asserted first.

mod settings;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use perturb::{BatchExt, MonteCarlo, Noise, Oracle, Seed};
use perturb_benches::layer::{self, Layer};
use perturb_benches::normals;

fn measure<O, N>(criterion: &mut Criterion, name: &str, (layer, theta): &Layer<O, N, f32>, samples: u32)
where
    O: Oracle<f32> + Sync,
    N: Noise<f32>,
{
    let (dim, how) = (theta.len(), MonteCarlo::new(samples, Seed(2)));
    let mut group = criterion.benchmark_group(format!("{name}, samples a row: {samples}"));
    for rows in [1, 32, 256] {
        let theta: Vec<f32> = normals(rows * dim);
        group.throughput(Throughput::Elements(rows as u64));
        let alone = || -> Vec<f32> {
            let rows = theta.chunks_exact(dim).enumerate();
            let rows = rows.map(|(row, theta)| layer.maximizer(theta, how.row(row as u64)).expect("scores"));
            rows.flat_map(|y| y.as_ref().to_vec()).collect()
        };
        group.bench_function(BenchmarkId::new("row by row", rows), |bench| bench.iter(alone));
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let batch = || layer.batch().maximizer(&theta, how).expect("scores");
            assert_eq!(pool.install(batch), alone(), "{name}");
            group.bench_function(BenchmarkId::new(format!("threads: {threads}"), rows), |bench| {
                pool.install(|| bench.iter(batch));
            });
        }
    }
    group.finish();
}

fn batches(criterion: &mut Criterion) {
    for samples in [1, 64] {
        measure(criterion, "argmax of 10", &layer::argmax(10), samples);
        measure(criterion, "ranking of 100", &layer::ranking(100), samples);
        measure(criterion, "assignment of 20", &layer::assignment(20), samples);
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = batches
}
criterion_main!(benches);
