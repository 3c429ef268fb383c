//! How many samples do I need, and when is exact cheaper?
//!
//! Prints the error of sampled expected ranks against the closed form, for growing M.

use perturb::{Const, Error, Exact, MonteCarlo, Normal, Perturbed, Ranking, Seed};

fn main() -> Result<(), Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<8>)?, Normal, 0.5f64)?;
    let theta = [0.3, -1.2, 0.8, 0.0, 1.1, -0.4, 0.2, 0.5];
    let exact = layer.maximizer(&theta, Exact)?;
    println!("expected ranks {exact:.3?}");
    let mut errors = Vec::new();
    for samples in [1, 10, 100, 1000, 10_000, 100_000] {
        let y = layer.maximizer(&theta, MonteCarlo::new(samples, Seed(1)))?;
        let square: f64 = y.iter().zip(exact).map(|(a, b)| (a - b) * (a - b)).sum();
        println!("M = {samples:>6}: root mean square error {:.4}", (square / 8.0).sqrt());
        errors.push(square.sqrt());
    }
    assert!(errors[5] < 0.02 * errors[0]);
    Ok(())
}
