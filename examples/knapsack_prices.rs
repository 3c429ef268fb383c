//! How do I train a predictor for what its decisions are worth, when true prices are known afterwards?
//!
//! Items have a feature and a weight, and a price that follows both; the model sees the feature alone, and cannot be right.
//! Four gradients for the same knapsack: which errors matter is what they differ in.

use perturb::loss::{SpoPlus, interpolation_gradient};
use perturb::{Dyn, Error, Knapsack, MonteCarlo, Noise, Normal, Perturbed, Seed};

const ITEMS: usize = 20;
const LOSSES: [&str; 4] = ["squared", "SPO+", "blackbox interpolation", "Fenchel-Young"];

/// Features x and prices of one day.
fn day(number: u64, weights: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let mut z = vec![0.0f64; 2 * ITEMS];
    Normal.fill(&mut Seed(1).stream(number), &mut z);
    let (x, noise) = z.split_at(ITEMS);
    let price = |((&x, noise), &weight): ((&f64, &f64), &u32)| {
        f64::from(weight) * (1.0 + x + 0.6 * x * x) + 0.5 * noise
    };
    (x.to_vec(), x.iter().zip(noise).zip(weights).map(price).collect())
}

fn main() -> Result<(), Error> {
    let weights: Vec<u32> = (0..ITEMS).map(|i| [3, 5, 7][i % 3]).collect();
    let capacity = 30;
    let layer = Perturbed::new(Knapsack::new(Dyn(ITEMS), Dyn(31), &weights, capacity)?, Normal, 1.0)?;
    // θ = a·x + b: predicted prices.
    let scores = |[a, b]: [f64; 2], x: &[f64]| -> Vec<f64> { x.iter().map(|x| a * x + b).collect() };

    let mut regrets = [0.0; 4];
    for (loss, regret) in regrets.iter_mut().enumerate() {
        let mut model = [1.0, 1.0];
        for step in 0..2000u64 {
            let (x, prices) = day(step % 200, &weights);
            let theta = scores(model, &x);
            let truth = SpoPlus::new(layer.oracle(), &prices)?;
            let gradient: Vec<f64> = match loss {
                0 => theta.iter().zip(&prices).map(|(theta, price)| theta - price).collect(),
                1 => truth.loss(layer.oracle(), &theta)?.gradient,
                // The loss is −⟨price, y⟩, so that its gradient in y is −price.
                2 => {
                    let cotangent: Vec<f64> = prices.iter().map(|price| -price).collect();
                    interpolation_gradient(layer.oracle(), &theta, &cotangent, 1.0)?
                }
                // Needs the best decision alone, and no price.
                _ => layer.fenchel_young_gradient(
                    &theta,
                    truth.best(),
                    MonteCarlo::new(1, Seed(2).fold(step)),
                )?,
            };
            let rate = 0.01 * (1.0 - step as f64 / 2000.0);
            for (x, gradient) in x.iter().zip(gradient) {
                model[0] -= rate * gradient * x;
                model[1] -= rate * gradient;
            }
        }
        let mut best = 0.0;
        for number in 1000..1100 {
            let (x, prices) = day(number, &weights);
            let truth = SpoPlus::new(layer.oracle(), &prices)?;
            *regret += truth.regret(layer.oracle(), &scores(model, &x))?;
            best += truth.value();
        }
        *regret /= best;
        println!("{:<24} regret {:>5.2} % of the best", LOSSES[loss], 100.0 * *regret);
    }
    assert!(regrets[1] < regrets[0]);
    Ok(())
}
