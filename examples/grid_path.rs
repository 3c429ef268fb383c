//! How do I learn the costs of a map from the paths that an expert walked?
//!
//! Cells are road, grass, forest or water. Nobody tells what each costs; 200 maps with a path on each do.

use perturb::{Error, GridPath, MonteCarlo, Noise, Normal, Perturbed, Rect, Seed, oracle::Neighbours};

const SIDE: usize = 8;
const CELLS: usize = SIDE * SIDE;
const TRUE_COSTS: [f32; 4] = [1.0, 2.5, 5.0, 9.0];

/// Kinds of terrain at random.
fn map(number: u64) -> [usize; CELLS] {
    let mut noise = [0.0f32; CELLS];
    Normal.fill(&mut Seed(1).stream(number), &mut noise);
    noise.map(|z| if z < -0.7 { 0 } else { 1 + usize::from(z > 0.0) + usize::from(z > 0.7) })
}

/// Oracles maximise: a cost enters as the score −cost.
fn scores(map: &[usize; CELLS], costs: [f32; 4]) -> [f32; CELLS] {
    map.map(|kind| -costs[kind])
}

fn main() -> Result<(), Error> {
    let grid = GridPath::new(Rect::<SIDE, SIDE>, Neighbours::Eight)?;
    let layer = Perturbed::new(grid, Normal, 1.0f32)?;
    let mut costs = [4.0f32; 4];
    for step in 0..1000 {
        let map = map(step % 200);
        let (_, expert) = layer.decide(&scores(&map, TRUE_COSTS))?;
        // One sample a step: y_ε(θ) − y, cell by cell.
        let how = MonteCarlo::new(1, Seed(2).fold(step));
        let gradient = layer.fenchel_young_gradient(&scores(&map, costs), expert.as_ref(), how)?;
        for (&kind, &gradient) in map.iter().zip(gradient.as_ref()) {
            costs[kind] += 0.02 * gradient; // θ = −cost, so that descending in θ ascends in the cost
        }
    }

    let mut optimal = 0;
    for number in 1000..1200 {
        let map = map(number);
        let (best, _) = layer.decide(&scores(&map, TRUE_COSTS))?;
        let (_, path) = layer.decide(&scores(&map, costs))?;
        let truth = scores(&map, TRUE_COSTS);
        let found: f32 = path.as_ref().iter().zip(truth).map(|(y, theta)| y * theta).sum();
        optimal += usize::from(found > best - 1e-3);
    }
    println!("learned costs {costs:.1?}; on new maps {optimal} of 200 paths are optimal");
    assert!(costs.is_sorted() && optimal > 160);
    Ok(())
}
