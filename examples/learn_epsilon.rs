//! How do I choose the temperature ε? Learn it, as any other parameter.
//!
//! People choose among four options whose scores are known, with Gumbel noise of a temperature that is not. L_ε has the
//! units of ε and would shrink with it; what is descended is L_ε/ε, which here is minus the log-likelihood.

use perturb::quantity::{EpsilonLossDerivative, FenchelYoungTerm};
use perturb::{Const, Error, Exact, Gumbel, MonteCarlo, Perturbed, Seed, Simplex};

const SCORES: [f64; 4] = [1.0, 0.6, 0.0, -0.5];

fn layer(epsilon: f64) -> Result<Perturbed<Simplex<Const<4>>, Gumbel, f64>, Error> {
    Perturbed::new(Simplex::new(Const)?, Gumbel, epsilon)
}

fn main() -> Result<(), Error> {
    let people = layer(0.7)?;
    let choices = (0..1000).map(|i| people.sample(&SCORES, Seed(1), i)).collect::<Result<Vec<_>, _>>()?;

    let mut epsilon = 2.0f64;
    for epoch in 0..10u32 {
        let rate = 0.02 / f64::from(1 + epoch);
        for (i, choice) in choices.iter().enumerate() {
            // Loss and derivative in ε share one pass over four samples.
            let pair =
                (FenchelYoungTerm { target: choice, offset: 0.0 }, EpsilonLossDerivative { target: choice });
            let how = MonteCarlo::new(4, Seed(2).fold(u64::from(epoch)).fold(i as u64));
            let ((loss, _), slope) = layer(epsilon)?.compute(&SCORES, &pair, how)?;
            epsilon = (epsilon - rate * (slope - loss / epsilon) / epsilon).max(0.01);
        }
    }

    // The same by trying all: the mean of the exact loss over ε is least at the maximum of the likelihood.
    let mut best = (f64::INFINITY, 0.0);
    for tried in (10..200).map(|i| f64::from(i) / 100.0) {
        let losses =
            choices.iter().map(|choice| Ok(layer(tried)?.fenchel_young(&SCORES, choice, Exact)?.loss));
        let mean = losses.sum::<Result<f64, Error>>()? / tried;
        if mean < best.0 {
            best = (mean, tried);
        }
    }
    println!("true ε 0.70, learned {epsilon:.2}, most likely {:.2}", best.1);
    assert!((epsilon - best.1).abs() < 0.1);
    Ok(())
}
