//! One step of training an affine model to rank, from so many features to so many labels: of 32 rows on a host, and of
//! one row in place, as a device does it. That the loss falls is asserted first.

mod settings;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use perturb::{Affine, Exact, Seed};
use perturb_benches::step::Step;
use perturb_benches::{layer, normals};

fn host(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training step");
    for (features, labels) in [(2, 2), (10, 10), (50, 100), (400, 100)] {
        let step = Step::new(32, features, labels);
        step.check();
        group.bench_function(BenchmarkId::new("32 rows", format!("{features} to {labels}")), |bench| {
            bench.iter(|| step.run());
        });
    }
    group.finish();
}

fn device<const FEATURES: usize, const LABELS: usize>(criterion: &mut Criterion) {
    let (layer, ranked) = layer::ranking::<f32>(LABELS);
    let target = layer.decide(&ranked).expect("scores").1;
    let x: Vec<f32> = normals(FEATURES);
    let mut model = Affine::<f32, FEATURES, LABELS>::zeros();
    let loss = |model: &Affine<f32, FEATURES, LABELS>| {
        layer.fenchel_young(&model.scores(&x).expect("features"), &target, Exact).expect("scores").loss
    };
    let before = loss(&model);
    let step = |model: &mut Affine<f32, FEATURES, LABELS>| {
        model.step(&layer, &x, &target, 1.0 / (LABELS * LABELS) as f32, Seed(2))
    };
    step(&mut model).expect("a step");
    let after = loss(&model);
    assert!(after < before, "the loss goes from {before} to {after}");
    let mut group = criterion.benchmark_group("training step");
    group.bench_function(BenchmarkId::new("one row", format!("{FEATURES} to {LABELS}")), |bench| {
        bench.iter(|| step(&mut model));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = host, device::<2, 2>, device::<10, 10>, device::<50, 100>
}
criterion_main!(benches);
