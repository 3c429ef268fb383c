//! How do I learn from rankings of which only a part is known?
//!
//! Of each race only the winner was written down. The loss of a partial label compares all rankings with those that
//! agree with it; an oracle over the agreeing ones is all it needs.

use perturb::loss::partial_label;
use perturb::metrics::spearman;
use perturb::{BlackBox, Const, Error, MonteCarlo, Normal, Perturbed, Ranking, Seed};

const HORSES: usize = 6;
const STRENGTHS: [f64; HORSES] = [0.9, -0.4, 0.2, -1.1, 0.6, -0.2];

/// The best ranking with `winner` on top: y is HORSES for the winner, and 1, 2, … for the others by their scores.
fn with_winner(winner: usize, theta: &[f64], y: &mut [f64]) {
    let mut others: Vec<usize> = (0..HORSES).filter(|&horse| horse != winner).collect();
    others.sort_by(|&a, &b| theta[a].total_cmp(&theta[b]));
    for (place, &horse) in (1u32..).zip(others.iter().chain([&winner])) {
        y[horse] = f64::from(place);
    }
}

fn main() -> Result<(), Error> {
    // The largest score has the largest rank.
    let layer = Perturbed::new(Ranking::ascending(Const::<HORSES>)?, Normal, 1.0)?;
    let mut theta = [0.0; HORSES];
    let mut total = 0.0;
    for race in 0..2000 {
        let ranks = layer.sample(&STRENGTHS, Seed(1), race)?;
        let winner = ranks.iter().position(|&rank| rank == HORSES as f64).unwrap_or(0);

        let agreeing =
            BlackBox::new(Const::<HORSES>, |theta: &[f64], y: &mut [f64]| with_winner(winner, theta, y))?;
        let found = partial_label(&layer, &agreeing, &theta, MonteCarlo::new(4, Seed(2).fold(race)))?;
        total += found.loss;
        for (theta, gradient) in theta.iter_mut().zip(found.gradient) {
            *theta -= 0.02 * gradient;
        }
    }
    let correlation = spearman(&theta, &STRENGTHS);
    println!(
        "mean loss {:.3}\ntrue strengths    {STRENGTHS:.2?}\nlearned from wins {theta:.2?}",
        total / 2000.0
    );
    println!("rank correlation  {correlation:.2}");
    assert!(correlation > 0.9);
    Ok(())
}
