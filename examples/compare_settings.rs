//! How much do noise, temperature, number of samples and loss matter for what is learned?
//!
//! Prints Spearman correlations on 2000 test rows of models trained on 500: 8 labels, 10 features, an affine model that
//! cannot be right.

use perturb::data::Dataset;
use perturb::data::generate::friedman_ranking;
use perturb::train::{Loss, Objective, RankingScores, TrainError, Training};
use perturb::{
    Dyn, Expectation, Gumbel, Laplace, Law, Logistic, MonteCarlo, Normal, Perturbed, Ranking, Seed,
};

const LABELS: usize = 8;

struct Data {
    train: Dataset<f32>,
    test: Dataset<f32>,
}

impl Data {
    fn spearman<N: Law<f32>>(
        &self,
        noise: N,
        epsilon: f32,
        samples: u32,
        loss: Loss<f32>,
    ) -> Result<f64, TrainError> {
        let layer = Perturbed::new(Ranking::ascending(Dyn(LABELS))?, noise, epsilon)?;
        let how = match samples {
            0 => Expectation::Exact,
            samples => Expectation::MonteCarlo(MonteCarlo::new(samples, Seed(0))),
        };
        // Gradients of the Fenchel-Young loss do not depend on the unit of θ: steps as large as ε.
        let training = Training { rate: 0.1 * f64::from(epsilon), ..Training::default() };
        let model = training.fit(&Objective { layer, loss, how }, &self.train)?.model;
        Ok(RankingScores::of(&model, &self.test).spearman)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let all = friedman_ranking::<f32>(2500, LABELS, 1.0, Seed(1))?;
    let rows: Vec<usize> = (0..2500).collect();
    let data = Data { train: all.select(&rows[..500]), test: all.select(&rows[500..]) };
    let fenchel_young = Loss::FenchelYoung;

    println!("temperature, rate in proportion to it (normal noise, M = 1)");
    for epsilon in [0.01, 0.1, 1.0, 10.0, 100.0] {
        println!("  ε = {epsilon:<5} {:.3}", data.spearman(Normal, epsilon, 1, fenchel_young)?);
    }
    println!("samples a step (normal noise, ε = 1)");
    for samples in [1, 4, 16, 64, 0] {
        let name = if samples == 0 { "exact".into() } else { format!("M = {samples}") };
        println!("  {name:<9} {:.3}", data.spearman(Normal, 1.0, samples, fenchel_young)?);
    }
    println!("noise (ε = 1, M = 1)");
    let by_noise = [
        ("Gumbel", data.spearman(Gumbel, 1.0, 1, fenchel_young)?),
        ("Normal", data.spearman(Normal, 1.0, 1, fenchel_young)?),
        ("Laplace", data.spearman(Laplace, 1.0, 1, fenchel_young)?),
        ("Logistic", data.spearman(Logistic, 1.0, 1, fenchel_young)?),
    ];
    for (name, spearman) in by_noise {
        println!("  {name:<9} {spearman:.3}");
        assert!((spearman - by_noise[1].1).abs() < 0.02, "the noise matters little");
    }
    Ok(())
}
