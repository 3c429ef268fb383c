//! How do I make my own solver differentiable?
//!
//! A scheduler picks the best pair of adjacent time slots: any function from scores to a decision will do.

use perturb::{BlackBox, Const, Error, MonteCarlo, Normal, Perturbed, Seed};

const SLOTS: usize = 6;

fn best_adjacent_pair(scores: &[f64], slots: &mut [f64]) {
    slots.fill(0.0);
    let sums = scores.windows(2).map(|pair| pair[0] + pair[1]);
    let best = sums.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(start, _)| start);
    slots[best..best + 2].fill(1.0);
}

fn main() -> Result<(), Error> {
    let layer = Perturbed::new(BlackBox::new(Const::<SLOTS>, best_adjacent_pair)?, Normal, 0.3)?;
    let mut theta = [0.0; SLOTS];
    let wanted = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0];

    // Learn scores under which slots 3 and 4 are chosen, from that decision alone.
    for step in 0..100 {
        let how = MonteCarlo::new(10, Seed(1).fold(step));
        let gradient = layer.fenchel_young_gradient(&theta, &wanted, how)?;
        for (theta, gradient) in theta.iter_mut().zip(gradient) {
            *theta -= 0.1 * gradient;
        }
    }
    println!("learned scores       {theta:.2?}");
    println!("decision             {:?}", layer.decide(&theta)?.1);
    println!("average decision     {:.2?}", layer.maximizer(&theta, MonteCarlo::new(10_000, Seed(2)))?);
    assert_eq!(layer.decide(&theta)?.1, wanted);
    Ok(())
}
