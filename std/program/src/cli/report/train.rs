//! The report of `perturb train`.

use perturb::data::Dataset;
use perturb::train::{LinearModel, RankingScores};
use perturb_experiments::report::{Block, Cell, LinePlot, Origin, Page, Point, Series, Table};
use serde::{Deserialize, Serialize};

use crate::cli::{Failure, table};

/// An epoch of the learning curves.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub(crate) struct Epoch {
    /// Counted from 1.
    pub(crate) number: usize,
    /// The learning rate of its last step.
    pub(crate) rate: f64,
    /// The mean loss over the training rows.
    pub(crate) loss: f64,
    /// The mean loss over the validation rows.
    pub(crate) validation_loss: Option<f64>,
}

/// A training, its data and its course.
pub(crate) struct Curve<'a> {
    pub(crate) train: &'a Dataset<f32>,
    pub(crate) validation: Option<&'a Dataset<f32>>,
    pub(crate) epochs: &'a [Epoch],
    /// Scores on the validation rows after each epoch.
    pub(crate) scores: &'a [(usize, RankingScores)],
    /// The epoch whose model was kept, and its scores.
    pub(crate) kept: (usize, Option<RankingScores>),
    /// That model.
    pub(crate) model: &'a LinearModel<f32>,
    /// Names and values.
    pub(crate) settings: &'a [(String, String)],
}

/// Learning curves, scores and settings.
pub(crate) fn train(origin: Origin, curve: &Curve<'_>) -> Result<Page, Failure> {
    let Curve { train, validation, epochs, kept, .. } = curve;
    let (features, labels) = (train.features(), train.labels());
    let judged = validation.map_or("there are no validation rows".to_owned(), |rows| {
        format!("{} other rows validate it after each epoch", rows.len())
    });
    let mut blocks = vec![Block::Paragraph(format!(
        "An affine model learns to rank {labels} labels of {} from {features} features on {} rows; {judged}. \
         The result is the model after epoch {} of {}.",
        train.name(),
        train.len(),
        kept.0,
        epochs.len(),
    ))];
    let mut conclusion = String::new();
    if let (Some(scores), Some(rows)) = (&kept.1, validation) {
        let baseline = baseline(train, rows);
        conclusion = format!(
            "On {} rows that it was not trained on, the model has a mean Spearman correlation of {:.3}; one ranking for all \
             rows has {:.3}.",
            rows.len(),
            scores.spearman,
            baseline.spearman
        );
        let caption = format!(
            "On the {} validation rows: the resulting model, and the ranking by the labels' mean ranks in the training rows",
            rows.len()
        );
        blocks.push(Block::Table(against(scores, &baseline, caption)));
    }
    blocks.push(Block::Heading("Learning curves".into()));
    blocks.push(loss(epochs)?);
    if !curve.scores.is_empty() {
        blocks.push(scores(curve.scores)?);
    }
    blocks.push(rate(epochs)?);
    blocks.push(Block::Heading("Weights".into()));
    blocks.push(Block::Table(weights(curve.model, train)));
    blocks.push(Block::Heading("Settings".into()));
    let pair = |(name, value): &(String, String)| vec![Cell::Text(name.clone()), Cell::Text(value.clone())];
    blocks.push(Block::Table(Table {
        caption: "Everything that determines the model".into(),
        header: ["setting", "value"].map(String::from).to_vec(),
        rows: curve.settings.iter().map(pair).collect(),
    }));
    let title = format!("Training on {}", train.name());
    Ok(Page { name: "train".into(), title, conclusion, blocks, origin, ..Page::default() })
}

/// The scores of one ranking for all rows: the labels by their mean ranks in the training rows.
fn baseline(train: &Dataset<f32>, rows: &Dataset<f32>) -> RankingScores {
    let mut sums = vec![0.0f32; train.labels()];
    for row in 0..train.len() {
        // Sums of small integers: in any order.
        sums.iter_mut().zip(train.y(row)).for_each(|(sum, y)| *sum += y);
    }
    let zeros = vec![0.0; train.features() * train.labels()];
    let constant = LinearModel::from_parts(train.features(), zeros, sums);
    constant.map_or_else(RankingScores::default, |model| RankingScores::of(&model, rows))
}

/// Two models' scores side by side.
fn against(model: &RankingScores, baseline: &RankingScores, caption: String) -> Table {
    let (model, baseline) = (table::scores(model, "metric"), table::scores(baseline, ""));
    let rows = model.rows.into_iter().zip(baseline.rows);
    let rows = rows.map(|(row, other)| row.into_iter().chain(other.into_iter().skip(1)).collect());
    let header = ["metric", "model", "one ranking for all"].map(String::from).to_vec();
    Table { caption, header, rows: rows.collect() }
}

/// Features and labels whose weights a page shows.
const SHOWN: [usize; 2] = [30, 20];

/// The features that move the scores most, by their weights times the features' deviations.
fn weights(model: &LinearModel<f32>, train: &Dataset<f32>) -> Table {
    let (d, k) = (model.features(), model.scores());
    let weight = |label: usize, feature: usize| f64::from(model.weights()[feature * k + label]);
    let deviation = |feature: usize| {
        let values = || (0..train.len()).map(|row| f64::from(train.x(row)[feature]));
        let mean = values().sum::<f64>() / train.len() as f64;
        (values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / train.len() as f64).sqrt()
    };
    let deviations: Vec<f64> = (0..d).map(deviation).collect();
    let effect = |feature: usize| {
        (0..k).map(|label| (weight(label, feature) * deviations[feature]).abs()).fold(0.0, f64::max)
    };
    let mut features: Vec<(f64, usize)> = (0..d).map(|feature| (effect(feature), feature)).collect();
    features.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let labels = k.min(SHOWN[1]);
    let row = |&(_, feature): &(f64, usize)| {
        let weights = (0..labels)
            .map(|label| Cell::Number(format!("{:+.3}", weight(label, feature) * deviations[feature])));
        std::iter::once(Cell::Text(train.feature_names()[feature].clone())).chain(weights).collect()
    };
    let left_out = match (d.saturating_sub(SHOWN[0]), k - labels) {
        (0, 0) => String::new(),
        (features, 0) => format!("; {features} features of less effect stand in the model file alone"),
        (0, labels) => format!("; {labels} more labels stand in the model file alone"),
        (features, labels) => {
            format!(
                "; {features} features of less effect and {labels} more labels stand in the model file alone"
            )
        }
    };
    Table {
        caption: format!(
            "By how much a label's score changes with one standard deviation of a feature: the weight times the deviation, \
             largest effects first{left_out}"
        ),
        header: std::iter::once("feature".to_owned())
            .chain(train.label_names().iter().take(labels).cloned())
            .collect(),
        rows: features.iter().take(SHOWN[0]).map(row).collect(),
    }
}

fn plot(title: &str, y_label: &str, series: Vec<Series>) -> LinePlot {
    let (title, y_label) = (title.into(), y_label.into());
    LinePlot { title, x_label: "epoch".into(), y_label, series, ..LinePlot::default() }
}

fn series(name: &str, points: impl Iterator<Item = (usize, f64)>) -> Series {
    let points = points.map(|(epoch, y)| Point { x: epoch as f64, y, spread: 0.0 });
    Series { name: name.into(), points: points.collect(), ..Series::default() }
}

/// The plot, or a line that says why it is missing.
fn figure(plot: &LinePlot, caption: &str) -> Result<Block, Failure> {
    let mut points = plot.series.iter().flat_map(|series| &series.points);
    if !points.any(|point| point.y.is_finite()) {
        return Ok(Block::Paragraph(format!("{}: no finite number to draw.", plot.title)));
    }
    Ok(Block::Figure { svg: plot.draw()?, caption: caption.into() })
}

fn loss(epochs: &[Epoch]) -> Result<Block, Failure> {
    let mut lines = vec![series("training rows", epochs.iter().map(|epoch| (epoch.number, epoch.loss)))];
    if epochs.iter().any(|epoch| epoch.validation_loss.is_some()) {
        let points = epochs.iter().filter_map(|epoch| Some((epoch.number, epoch.validation_loss?)));
        lines.push(series("validation rows", points));
    }
    let caption = "Loss of the model after each epoch; sampled losses use the same samples in each epoch. A gap is a \
                   loss that overflows.";
    figure(&plot("Loss", "mean loss of a row", lines), caption)
}

/// A score and its name.
type Metric = (&'static str, fn(&RankingScores) -> f64);

const METRICS: [Metric; 4] = [
    ("Spearman", |scores| scores.spearman),
    ("Kendall", |scores| scores.kendall),
    ("perfect ranks", |scores| scores.perfect_ranks),
    ("partial ranks", |scores| scores.partial_ranks),
];

fn scores(curve: &[(usize, RankingScores)]) -> Result<Block, Failure> {
    let lines =
        METRICS.map(|(name, of)| series(name, curve.iter().map(|(epoch, scores)| (*epoch, of(scores)))));
    let caption =
        "Mean rank correlations; share of rows with all ranks right, and of labels with the right rank.";
    figure(&plot("Scores on validation rows", "correlation, or share of ranks", lines.into()), caption)
}

fn rate(epochs: &[Epoch]) -> Result<Block, Failure> {
    let line = series("", epochs.iter().map(|epoch| (epoch.number, epoch.rate)));
    figure(
        &plot("Learning rate", "learning rate", vec![line]),
        "Learning rate at the last step of each epoch.",
    )
}
