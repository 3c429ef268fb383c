//! How do I train on a CSV table, judge the model on rows it has not seen, and rank new rows?

use perturb::data::table::{self, Targets};
use perturb::data::{folds, shuffle};
use perturb::metrics::ranks;
use perturb::train::{Loss, Objective, RankingScores, Training};
use perturb::{Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};

/// A table as a spreadsheet exports it; `table::read` takes the name of such a file.
fn exported() -> String {
    let rows = (0..300u32).map(|i| {
        let (age, town) = (18 + i * 37 % 60, ["Kyoto", "Osaka", "Nara"][i as usize % 3]);
        let order = match (age < 40, town) {
            (true, "Nara") => "tea>juice>coffee",
            (true, _) => "juice>tea>coffee",
            (false, "Kyoto") => "coffee>tea>juice",
            (false, _) => "tea>coffee>juice",
        };
        format!("{age},{town},{order}\n")
    });
    format!("age,town,order\n{}", rows.collect::<String>())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Text columns become one feature a value; the last column holds orderings, best first.
    let data = table::parse::<f32>("drinks.csv".as_ref(), exported().as_bytes(), &Targets::Detect)?;
    assert_eq!(data.feature_names(), ["age", "town=Kyoto", "town=Nara", "town=Osaka"]);
    let order = shuffle(Seed(1), data.len());
    let (test, train) = (data.select(&order[..60]), data.select(&order[60..]));

    let layer = Perturbed::new(Ranking::ascending(Dyn(data.labels()))?, Normal, 1.0)?;
    let how = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
    let objective = Objective { layer, loss: Loss::FenchelYoung, how };
    let training = Training { epochs: 30, ..Training::default() };
    let model = training.fit(&objective, &train)?.model;
    let scores = RankingScores::of(&model, &test);
    println!(
        "60 held-out rows: Spearman {:.3}, all ranks right in {:.0} %",
        scores.spearman,
        100.0 * scores.perfect_ranks
    );
    assert!(scores.spearman > 0.8);

    // Every row is held out once.
    let mut correlations = Vec::new();
    for fold in folds(data.len(), 5, Seed(2))? {
        let model = training.fit(&objective, &data.select(&fold.train))?.model;
        correlations.push(RankingScores::mean_spearman(&model, &data, &fold.test));
    }
    println!("5 folds: Spearman {correlations:.3?}");

    let names = data.feature_names().to_vec();
    let new =
        table::parse_features::<f32>("new.csv".as_ref(), b"town,age\nKyoto,71\n", &names, data.centres())?;
    let mut theta = vec![0.0; data.labels()];
    model.score(&new, &mut theta);
    let ranks = ranks(&theta);
    println!("a guest of 71 from Kyoto: {:?} have ranks {ranks:?}", data.label_names());
    assert_eq!(ranks[0], 1, "coffee first");
    Ok(())
}
