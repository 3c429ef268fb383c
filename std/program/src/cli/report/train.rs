//! The report of `perturb train`.

use perturb::data::Dataset;
use perturb::train::RankingScores;
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
    if let Some(scores) = &kept.1 {
        let rows = validation.map_or(0, Dataset::len);
        let caption = format!("The resulting model on the {rows} validation rows");
        blocks.push(Block::Table(Table { caption, ..table::scores(scores, "metric") }));
    }
    blocks.push(Block::Heading("Learning curves".into()));
    blocks.push(loss(epochs)?);
    if !curve.scores.is_empty() {
        blocks.push(scores(curve.scores)?);
    }
    blocks.push(rate(epochs)?);
    blocks.push(Block::Heading("Settings".into()));
    let pair = |(name, value): &(String, String)| vec![Cell::Text(name.clone()), Cell::Text(value.clone())];
    blocks.push(Block::Table(Table {
        caption: "Everything that determines the model".into(),
        header: ["setting", "value"].map(String::from).to_vec(),
        rows: curve.settings.iter().map(pair).collect(),
    }));
    let title = format!("Training on {}", train.name());
    Ok(Page { name: "train".into(), title, blocks, origin, ..Page::default() })
}

fn plot(title: &str, y_label: &str, series: Vec<Series>) -> LinePlot {
    let (title, y_label) = (title.into(), y_label.into());
    LinePlot { title, x_label: "epoch".into(), y_label, series, ..LinePlot::default() }
}

fn series(name: &str, points: impl Iterator<Item = (usize, f64)>) -> Series {
    let points = points.map(|(epoch, y)| Point { x: epoch as f64, y, spread: 0.0 });
    Series { name: name.into(), points: points.collect() }
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
