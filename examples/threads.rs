//! How do I get the same result on any number of threads? By doing nothing: there is one result a seed.

use perturb::train::{Loss, Objective, Training};
use perturb::{
    BatchExt, Dyn, DynRect, GridPath, How, MonteCarlo, Normal, Perturbed, Ranking, Seed, oracle::Neighbours,
};
use perturb_experiments::data::generate::friedman_ranking;
use rayon::ThreadPoolBuilder;

/// A batch of paths, and a trained model, as bits.
fn everything() -> Result<Vec<u32>, Box<dyn std::error::Error + Send + Sync>> {
    let plane = DynRect { rows: 12, columns: 12 };
    let layer = Perturbed::new(GridPath::new(plane, Neighbours::Eight)?, Normal, 0.3f32)?;
    let theta: Vec<f32> = (0..20 * 144u32).map(|i| -1.0 - (i * 37 % 101) as f32 / 25.0).collect();
    let mut bits = layer.batch().maximizer(&theta, MonteCarlo::new(200, Seed(1)))?;

    let data = friedman_ranking::<f32>(1000, 6, 1.0, Seed(2))?;
    let layer = Perturbed::new(Ranking::ascending(Dyn(6))?, Normal, 1.0)?;
    let how = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
    let training = Training { seed: Seed(3), ..Training::default() };
    let model = training.fit(&Objective { layer, loss: Loss::FenchelYoung, how }, &data)?.model;
    bits.extend(model.weights());
    Ok(bits.into_iter().map(f32::to_bits).collect())
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Rayon's global pool has as many threads as there are cores, or as RAYON_NUM_THREADS says.
    let here = everything()?;
    for threads in [1, 2, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        assert_eq!(pool.install(everything)?, here);
        println!("{threads} threads: the same {} numbers, bit for bit", here.len());
    }
    Ok(())
}
