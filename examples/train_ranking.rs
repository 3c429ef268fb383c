//! How do I train a ranking model on data and use it?

use perturb::metrics::ranks;
use perturb::train::{Loss, Objective, RankingScores, Training};
use perturb::{Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use perturb_experiments::data::generate::friedman_ranking;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = friedman_ranking::<f32>(3000, 6, 1.0, Seed(1))?;
    let train = data.select(&(0..2000).collect::<Vec<_>>());
    let test = data.select(&(2000..3000).collect::<Vec<_>>());

    let layer = Perturbed::new(Ranking::ascending(Dyn(6))?, Normal, 1.0)?;
    let how = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
    let objective = Objective { layer, loss: Loss::FenchelYoung, how };
    let fitted = Training { epochs: 20, ..Training::default() }.fit(&objective, &train)?;

    let scores = RankingScores::of(&fitted.model, &test);
    println!("Spearman {:.3}, Kendall {:.3} on {} test rows", scores.spearman, scores.kendall, test.len());
    let mut theta = vec![0.0; 6];
    fitted.model.score(test.x(0), &mut theta);
    println!("first test row: predicted ranks {:?}, true ranks {:?}", ranks(&theta), ranks(test.y(0)));
    assert!(scores.spearman > 0.6);
    Ok(())
}
