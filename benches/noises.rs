//! Draws against their number, in f32 and f64; that they follow their law is asserted first. Naive is the inverse
//! distribution function of uniform numbers; these alone are measured, too.

mod settings;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use perturb::{Gumbel, Laplace, Logistic, Noise, Normal, Real, Seed};
use perturb_benches::check;

const SIZES: [usize; 4] = [2, 64, 1024, 4096];

fn measure<N: Noise<T>, T: Real>(criterion: &mut Criterion, noise: N) {
    check::follows::<N, T>(noise);
    let mut group = criterion.benchmark_group(format!("{}, {}", noise.name(), T::NAME));
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let mut z = vec![T::ZERO; size];
        group.bench_function(BenchmarkId::new("fill", size), |bench| {
            bench.iter(|| noise.fill(&mut Seed(1).stream(0), &mut z));
        });
        group.bench_function(BenchmarkId::new("naive", size), |bench| {
            bench.iter(|| {
                let mut stream = Seed(1).stream(0);
                z.fill_with(|| noise.quantile(T::uniform(&mut stream)));
            });
        });
    }
    group.finish();
}

fn noises(criterion: &mut Criterion) {
    measure::<_, f32>(criterion, Gumbel);
    measure::<_, f32>(criterion, Normal);
    measure::<_, f32>(criterion, Laplace);
    measure::<_, f32>(criterion, Logistic);
    measure::<_, f64>(criterion, Gumbel);
    measure::<_, f64>(criterion, Normal);
    measure::<_, f64>(criterion, Laplace);
    measure::<_, f64>(criterion, Logistic);
}

fn uniform<T: Real>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("uniform, {}", T::NAME));
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let mut u = vec![T::ZERO; size];
        group.bench_function(BenchmarkId::new("fill", size), |bench| {
            bench.iter(|| {
                let mut stream = Seed(1).stream(0);
                u.fill_with(|| T::uniform(&mut stream));
            });
        });
        assert!(u.iter().all(|&u| u > T::ZERO && u < T::ONE));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = noises, uniform::<f32>, uniform::<f64>
}
criterion_main!(benches);
