//! How do I put a decision inside a larger computation and backpropagate through it?
//!
//! Scores θ choose 2 of 5 sensors; what matters is a loss of the expected choice. Its gradient in θ is the
//! vector–Jacobian product of the layer (eq. 4 of the paper).

use perturb::{Const, Error, Exact, MonteCarlo, Normal, Perturbed, Seed, TopK};

/// Squared distance of the information gathered from what is needed, and its gradient in the choice.
fn loss(choice: &[f64; 5]) -> (f64, [f64; 5]) {
    let information = [3.0, 1.0, 4.0, 1.5, 2.5];
    let gathered: f64 = choice.iter().zip(information).map(|(c, i)| c * i).sum();
    let miss = gathered - 5.0;
    (miss * miss, information.map(|i| 2.0 * miss * i))
}

fn main() -> Result<(), Error> {
    let layer = Perturbed::new(TopK::new(Const::<5>, 2)?, Normal, 1.0)?;
    let mut theta = [0.0; 5];
    let (before, cotangent) = loss(&layer.maximizer(&theta, Exact)?);

    // The same product in closed form, and from samples as for oracles without one.
    let sampled = layer.vjp(&theta, &cotangent, MonteCarlo::new(1000, Seed(3)))?;
    println!("exact vjp {:.3?}\nsampled   {sampled:.3?}", layer.vjp(&theta, &cotangent, Exact)?);

    for _ in 0..200 {
        let choice = layer.maximizer(&theta, Exact)?;
        let gradient = layer.vjp(&theta, &loss(&choice).1, Exact)?;
        for (theta, gradient) in theta.iter_mut().zip(gradient) {
            *theta -= 0.05 * gradient;
        }
    }
    let (after, _) = loss(&layer.maximizer(&theta, Exact)?);
    println!(
        "loss before {before:.3}, after {after:.1e}; expected choice {:.3?}",
        layer.maximizer(&theta, Exact)?
    );
    assert!(after < 1e-6 && before > 0.01);
    Ok(())
}
