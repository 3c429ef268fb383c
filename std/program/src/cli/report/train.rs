//! The report of `perturb train`.

use perturb::data::Dataset;
use perturb::train::LinearModel;
use perturb::{AnyNoise, OracleSpec};
use perturb_experiments::report::{Block, Cell, LinePlot, Origin, Page, Point, Series, Table};
use serde::{Deserialize, Serialize};

use crate::cli::Failure;
use crate::cli::scores::Scores;

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
    pub(crate) scores: &'a [(usize, Scores)],
    /// The epoch whose model was kept, and its scores.
    pub(crate) kept: (usize, Option<&'a Scores>),
    /// That model.
    pub(crate) model: &'a LinearModel<f32>,
    /// Its noise and temperature.
    pub(crate) layer: (AnyNoise, f32),
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
        "An affine model learns to {} {labels} labels of {} from {features} features on {} rows; {judged}. \
         The result is the model after epoch {} of {}.",
        verb(train.oracle()),
        train.name(),
        train.len(),
        kept.0,
        epochs.len(),
    ))];
    let mut conclusion = String::new();
    if let (Some(scores), Some(rows)) = (&kept.1, validation) {
        let baseline = baseline(train, rows, curve.layer)?;
        let (one, what, by) = if train.is_ranking() {
            ("one ranking", "a mean Spearman correlation of", "ranking by the labels' mean ranks")
        } else {
            ("one decision", "a mean", "decision by the labels' shares")
        };
        let named = |scores: &Scores| {
            if train.is_ranking() { format!("{:.3}", scores.watched()) } else { scores.told() }
        };
        conclusion = format!(
            "On {} rows that it was not trained on, the model has {what} {}; {one} for all rows has {}.",
            rows.len(),
            named(scores),
            named(&baseline)
        );
        let caption = format!(
            "On the {} validation rows: the resulting model, and the {by} in the training rows",
            rows.len()
        );
        blocks.push(Block::Table(Table { caption, ..against(scores, &baseline, "metric") }));
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

/// What a model learns to do with labels.
fn verb(oracle: &OracleSpec) -> String {
    match oracle {
        OracleSpec::Simplex { .. } => "pick one of".into(),
        OracleSpec::TopK { k, .. } => format!("pick {k} of"),
        OracleSpec::Hypercube { .. } => "say yes or no to each of".into(),
        _ => "rank".into(),
    }
}

/// The scores of one decision for all rows, by the labels' shares in the training rows, which are the probabilities of picks; one
/// ranking by their mean ranks.
pub(crate) fn baseline(
    train: &Dataset<f32>,
    rows: &Dataset<f32>,
    layer: (AnyNoise, f32),
) -> Result<Scores, Failure> {
    let mut sums = vec![0.0f32; train.labels()];
    for row in 0..train.len() {
        // Sums of small integers: in any order.
        sums.iter_mut().zip(train.y(row)).for_each(|(sum, y)| *sum += y);
    }
    let zeros = vec![0.0; train.features() * train.labels()];
    let (n, layer) = (
        train.len() as f32,
        match train.oracle() {
            // The softmax of logarithms.
            OracleSpec::Simplex { .. } => (AnyNoise::Gumbel, 1.0),
            _ => layer,
        },
    );
    for sum in &mut sums {
        *sum = match train.oracle() {
            OracleSpec::Simplex { .. } => (*sum / n).ln(),
            OracleSpec::Hypercube { .. } => *sum / n - 0.5,
            _ => *sum,
        };
    }
    let model = LinearModel::from_parts(train.features(), zeros, sums).ok_or("a model without labels")?;
    Ok(Scores::of(&model, rows, layer)?)
}

/// Two models' scores side by side.
pub(crate) fn against(model: &Scores, baseline: &Scores, head: &str) -> Table {
    let one = if model.is_ranking() { "one ranking for all" } else { "one decision for all" };
    let (model, baseline) = (model.table(head), baseline.table(""));
    let rows = model.rows.into_iter().zip(baseline.rows);
    let rows = rows.map(|(row, other)| row.into_iter().chain(other.into_iter().skip(1)).collect());
    let header = [head, "model", one].map(String::from).to_vec();
    Table { caption: String::new(), header, rows: rows.collect() }
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

fn scores(curve: &[(usize, Scores)]) -> Result<Block, Failure> {
    let metrics: Vec<_> = curve.iter().take(1).flat_map(|(_, scores)| scores.iter()).collect();
    let lines = metrics.iter().enumerate().map(|(place, (metric, _))| {
        let points = curve.iter().filter_map(|(epoch, scores)| Some((*epoch, scores.iter().nth(place)?.1)));
        series(metric.name, points)
    });
    let ranks = metrics.iter().any(|(metric, _)| metric.key == "perfect_ranks");
    let (label, caption) = if ranks {
        (
            "correlation, or share of ranks",
            "Mean rank correlations; share of rows with all ranks right, and of labels with the right rank.",
        )
    } else {
        (
            "share, or loss",
            "Agreement is the share of rows that are right, overlap the share of the chosen labels that the model chooses, right \
             labels the share of labels that are right; log-loss is the mean of −ln P of what was picked.",
        )
    };
    figure(&plot("Scores on validation rows", label, lines.collect()), caption)
}

fn rate(epochs: &[Epoch]) -> Result<Block, Failure> {
    let line = series("", epochs.iter().map(|epoch| (epoch.number, epoch.rate)));
    figure(
        &plot("Learning rate", "learning rate", vec![line]),
        "Learning rate at the last step of each epoch.",
    )
}
