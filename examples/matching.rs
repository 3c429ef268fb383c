//! How do I learn to match rows with columns from matches that experts made?
//!
//! Couriers get orders. A pair has two features, detour and delay; a dispatcher weighs them, and only her matches are known.

use perturb::{Assignment, BatchExt, DynRect, MonteCarlo, Noise, Normal, Perturbed, Seed};

const COURIERS: usize = 6;
const ORDERS: usize = 8;
const PAIRS: usize = COURIERS * ORDERS;
const DAYS: usize = 100;

/// θ of all pairs of all days: what matters costs.
fn scores(features: &[f64], weights: [f64; 2]) -> Vec<f64> {
    features.chunks_exact(2).map(|x| -x[0] * weights[0] - x[1] * weights[1]).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plane = DynRect { rows: COURIERS, columns: ORDERS };
    let layer = Perturbed::new(Assignment::new(plane)?, Normal, 0.5f64)?;
    let days = |seed: Seed| {
        let mut features = vec![0.0f64; 2 * PAIRS * DAYS];
        Normal.fill(&mut seed.stream(0), &mut features);
        features
    };
    let decide = |theta: &[f64]| -> Result<Vec<f64>, perturb::Error> {
        let days = theta.chunks_exact(PAIRS).map(|theta| Ok(layer.decide(theta)?.1));
        Ok(days.collect::<Result<Vec<_>, perturb::Error>>()?.concat())
    };

    let features = days(Seed(1));
    let matches = decide(&scores(&features, [1.0, 2.0]))?;
    let mut weights = [0.0; 2];
    for step in 0..100 {
        // All days at once, on all cores: one sample each, and noise of its own for every day.
        let how = MonteCarlo::new(1, Seed(2).fold(step));
        let theta = scores(&features, weights);
        let gradient = layer.batch().fenchel_young_gradient(&theta, &matches, how)?;
        for (x, gradient) in features.chunks_exact(2).zip(gradient) {
            weights[0] += 0.3 * x[0] * gradient / DAYS as f64;
            weights[1] += 0.3 * x[1] * gradient / DAYS as f64;
        }
    }

    let (new, ratio) = (days(Seed(3)), weights[1] / weights[0]);
    let (ours, hers) = (decide(&scores(&new, weights))?, decide(&scores(&new, [1.0, 2.0]))?);
    let same = ours.iter().zip(&hers).filter(|&(&ours, &hers)| ours == 1.0 && hers == 1.0).count();
    println!("delay weighs {ratio:.2} times detour; {same} of {} pairs are hers", COURIERS * DAYS);
    assert!((ratio - 2.0).abs() < 0.2 && same > 540);
    Ok(())
}
