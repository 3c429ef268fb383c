//! How much do noise, temperature and number of samples matter for what is learned?
//!
//! Prints Spearman correlations on 2000 test rows of models trained on 500: 8 labels, 10 features, an affine model that
//! cannot be right.

use perturb::data::Dataset;
use perturb::train::{Loss, Objective, RankingScores, TrainError, Training};
use perturb::{
    Dyn, Gumbel, How, Laplace, Logistic, MonteCarlo, Normal, Perturbed, Ranking, Seed, noise::Law,
};
use perturb_experiments::data::generate::friedman_ranking;

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
        rate: f32,
    ) -> Result<f64, TrainError> {
        let layer = Perturbed::new(Ranking::ascending(Dyn(LABELS))?, noise, epsilon)?;
        let how = match samples {
            0 => How::Exact,
            samples => How::MonteCarlo(MonteCarlo::new(samples, Seed(0))),
        };
        let training = Training { rate: f64::from(rate), ..Training::default() };
        let objective = Objective { layer, loss: Loss::FenchelYoung, how };
        let model = training.fit(&objective, &self.train)?.model;
        Ok(RankingScores::of(&model, &self.test).spearman)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let all = friedman_ranking::<f32>(2500, LABELS, 1.0, Seed(1))?;
    let rows: Vec<usize> = (0..2500).collect();
    let data = Data { train: all.select(&rows[..500]), test: all.select(&rows[500..]) };

    println!("temperature, with a rate of 0.1 ε and of 0.1 (normal noise, M = 1)");
    for epsilon in [0.01, 0.1, 1.0, 10.0, 100.0] {
        let in_proportion = data.spearman(Normal, epsilon, 1, 0.1 * epsilon)?;
        println!("  ε = {epsilon:<5} {in_proportion:.3} {:.3}", data.spearman(Normal, epsilon, 1, 0.1)?);
        assert!((in_proportion - 0.725).abs() < 0.001, "ε and rate are units of θ");
    }
    println!("samples a step (normal noise, ε = 1)");
    for samples in [1, 4, 16, 64, 0] {
        let name = if samples == 0 { "exact".into() } else { format!("M = {samples}") };
        println!("  {name:<9} {:.3}", data.spearman(Normal, 1.0, samples, 0.1)?);
    }
    println!("noise (ε = 1, M = 1)");
    let by_noise = [
        ("Gumbel", data.spearman(Gumbel, 1.0, 1, 0.1)?),
        ("Normal", data.spearman(Normal, 1.0, 1, 0.1)?),
        ("Laplace", data.spearman(Laplace, 1.0, 1, 0.1)?),
        ("Logistic", data.spearman(Logistic, 1.0, 1, 0.1)?),
    ];
    for (name, spearman) in by_noise {
        println!("  {name:<9} {spearman:.3}");
        assert!((spearman - by_noise[1].1).abs() < 0.02, "the noise matters little");
    }
    Ok(())
}
