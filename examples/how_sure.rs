//! How sure is a decision, and what else might it have been?

use perturb::{Const, Error, MonteCarlo, Normal, Perturbed, Seed, TopK};

fn main() -> Result<(), Error> {
    let names = ["north", "east", "south", "west", "centre"];
    let layer = Perturbed::new(TopK::new(Const::<5>, 2)?, Normal, 0.4f64)?;
    let theta = [1.3, 0.2, 0.9, -1.0, 0.8];

    // Distinct decisions among the samples with their shares: there are ten ways to pick two of five.
    let outcomes = layer.distribution::<10>(&theta, 10_000, Seed(1))?;
    for (y, share) in &outcomes {
        let picked: Vec<&str> =
            names.iter().zip(y).filter(|&(_, &y)| y == 1.0).map(|(name, _)| *name).collect();
        println!("{:>5.1} %  {}", 100.0 * share, picked.join(", "));
    }
    let (likeliest, share) = outcomes[0];
    assert_eq!(likeliest, layer.decide(&theta)?.1);
    assert!(share > 0.3 && share < 0.9);

    // The mean of the same samples: how often each place is picked.
    let y = layer.maximizer(&theta, MonteCarlo::new(10_000, Seed(1)))?;
    println!("each: {y:.3?} of {names:?}");
    let north: f64 = outcomes.iter().map(|(y, share)| y[0] * share).sum();
    assert!((north - y[0]).abs() < 1e-9);
    Ok(())
}
