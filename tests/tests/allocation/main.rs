//! Batches with a workspace allocate nothing once it has grown.

use perturb::quantity::{FenchelYoungGradient, Maximizer, Vjp};
use perturb::{
    Assignment, BatchExt, Dyn, DynRect, GridPath, Gumbel, MonteCarlo, Noise, Normal, Oracle, Perturbed,
    Ranking, Seed, Shape, Simplex, TopK, oracle::Neighbours,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn check<O: Oracle<f32> + Sync, N: Noise<f32>>(oracle: O, noise: N, rows: usize, samples: u32) {
    let dim = oracle.shape().dim();
    let layer = Perturbed::new(oracle, noise, 0.5).unwrap();
    let theta: Vec<f32> = (0..rows * dim).map(|i| -1.0 - (i * 31 % 17) as f32 / 9.0).collect();
    let (mut y, mut gradient) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
    let mut workspace = layer.batch().workspace();
    let mut call = |seed| {
        let (batch, how) = (layer.batch(), MonteCarlo::new(samples, Seed(seed)));
        batch.compute_into(&theta, |_| Maximizer, how, &mut workspace, &mut y).unwrap();
        let row = |r: usize| &y[r * dim..(r + 1) * dim];
        let product = |r| Vjp { cotangent: row(r) };
        batch.compute_into(&theta, product, how, &mut workspace, &mut gradient).unwrap();
        let loss = |r| FenchelYoungGradient { target: row(r) };
        batch.compute_into(&theta, loss, how, &mut workspace, &mut gradient).unwrap();
    };
    // The least of some rounds, since rayon's threads make what they need when they first take work from another.
    let rounds = (0..6).map(|round| {
        let before = dhat::HeapStats::get().total_blocks;
        for seed in 0..10 {
            call(10 * round + seed);
        }
        dhat::HeapStats::get().total_blocks - before
    });
    assert_eq!(rounds.min(), Some(0), "{} {rows} rows, {samples} samples", layer.oracle().properties().name);
}

/// In a thread of rayon's, as passing work to one may allocate. One test, since the count is of the whole process.
#[test]
fn nothing_is_allocated_in_steady_state() {
    let _counting = dhat::Profiler::builder().testing().build();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            // Many rows, rows with few samples, and one row with many blocks.
            for (rows, samples) in [(100, 100), (40, 1), (40, 7), (1, 20_000)] {
                check(Simplex::new(Dyn(10)).unwrap(), Gumbel, rows, samples);
                check(TopK::new(Dyn(50), 7).unwrap(), Normal, rows, samples);
                check(Ranking::ascending(Dyn(30)).unwrap(), Normal, rows, samples);
            }
            let plane = DynRect { rows: 6, columns: 6 };
            check(GridPath::new(plane, Neighbours::Eight).unwrap(), Normal, 40, 7);
            check(Assignment::new(plane).unwrap(), Normal, 40, 7);
        });
    }
}
