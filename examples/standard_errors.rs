//! How exact is an estimate, and how do I sample until it is exact enough?

use perturb::quantity::{Maximizer, Value};
use perturb::{Const, Error, Exact, MonteCarlo, Normal, Perturbed, Ranking, Seed};

fn main() -> Result<(), Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>)?, Normal, 0.5f64)?;
    let theta = [0.3, -0.2, 1.0, 0.0, 0.1];
    let mut samples = 100;
    let (found, worst) = loop {
        // Mirrored pairs of samples: errors are those of the pairs.
        let how = MonteCarlo::new(samples, Seed(1)).antithetic();
        let found = layer.compute_with_error(&theta, &(Value, Maximizer), how)?;
        let (_, errors) = &found.standard_error;
        let worst = errors.iter().copied().fold(0.0, f64::max);
        println!("M = {samples:>6}: largest standard error of an expected rank {worst:.4}");
        if worst < 0.005 {
            break (found, worst);
        }
        samples *= 4;
    };

    let (value, y) = found.mean;
    println!("F = {value:.3} ± {:.3}, y = {y:.3?}, from {} pairs", found.standard_error.0, found.units);
    let exact = layer.maximizer(&theta, Exact)?;
    assert!(y.iter().zip(exact).all(|(y, exact)| (y - exact).abs() < 4.5 * worst));
    Ok(())
}
