//! The report of `perturb evaluate`.

use perturb::data::Dataset;
use perturb::model_file::ModelFile;
use perturb::train::{LabelScores, LinearModel, RankingScores};
use perturb_experiments::report::{Block, Cell, LinePlot, Origin, Page, Point, Series, Table};

use crate::cli::{Failure, table};

/// Scores of a model: on average, row by row and label by label.
pub(crate) fn evaluate(
    mut origin: Origin,
    (file, model): (&ModelFile, &LinearModel<f32>),
    data: &Dataset<f32>,
) -> Result<Page, Failure> {
    let rows = RankingScores::of_rows(model, data);
    let from = &file.provenance;
    let trained = format!(
        "perturb {}, loss {}, seed {}, data {} with digest {}",
        from.library_version, from.loss, from.seed, from.data_name, from.data_digest
    );
    origin.versions.push(("model".into(), trained));
    let caption = format!("Means over {} rows", rows.len());
    let label = |(name, scores): (&String, LabelScores)| {
        let right = Cell::Number(format!("{:.2}", 100.0 * scores.right));
        vec![Cell::Text(name.clone()), right, Cell::Number(format!("{:.3}", scores.places))]
    };
    let labels = Table {
        caption: "The share of rows where a label's rank is right, and the mean number of places by which it is wrong".into(),
        header: ["label", "right rank, %", "places off"].map(String::from).to_vec(),
        rows: data.label_names().iter().zip(LabelScores::of(model, data)).map(label).collect(),
    };
    let mean = RankingScores::mean(&rows);
    let conclusion = format!(
        "On {} rows the model's rankings have a mean Spearman correlation of {:.3} with the known ones; {:.1} % are right in \
         every place.",
        rows.len(),
        mean.spearman,
        100.0 * mean.perfect_ranks
    );
    let blocks = vec![
        Block::Paragraph(format!(
            "A model's rankings of {} labels, compared with the known ranks of {}.",
            data.labels(),
            data.name()
        )),
        Block::Table(Table { caption, ..table::scores(&mean, "metric") }),
        Block::Heading("Rows".into()),
        histogram(&rows)?,
        Block::Heading("Labels".into()),
        Block::Table(labels),
    ];
    let title = format!("A ranking model on {}", data.name());
    Ok(Page { name: "evaluate".into(), title, conclusion, blocks, origin, ..Page::default() })
}

/// The number of bins, which are centred at −1, −0.9, …, 1, so that reversed, unrelated and right rankings are in the middle of
/// one.
const BINS: i32 = 21;

fn histogram(rows: &[RankingScores]) -> Result<Block, Failure> {
    let place = |row: &RankingScores| (10.0 * row.spearman).round();
    let share = |bin: i32| {
        let count = rows.iter().filter(|row| place(row) == f64::from(bin)).count();
        Point { x: f64::from(bin) / 10.0, y: count as f64 / rows.len() as f64, spread: 0.0 }
    };
    let points = (-BINS / 2..=BINS / 2).map(share).collect();
    let plot = LinePlot {
        title: "Rows by their correlation".into(),
        x_label: "Spearman correlation of a row, to one decimal".into(),
        y_label: "share of rows".into(),
        bars: true,
        series: vec![Series { points, ..Series::default() }],
        ..LinePlot::default()
    };
    Ok(Block::Figure {
        svg: plot.draw()?,
        caption: "1 is the known ranking, 0 an unrelated one, −1 the reverse.".into(),
    })
}
