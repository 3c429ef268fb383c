//! The report of `perturb evaluate`.

use perturb::data::Dataset;
use perturb::model_file::ModelFile;
use perturb::train::{LabelScores, LinearModel, RankingScores};
use perturb::{AnyLayer, AnyOracle, OracleSpec};
use perturb_experiments::report::{Block, Cell, LinePlot, Origin, Page, Point, Series, Table};

use crate::cli::Failure;
use crate::cli::scores::Scores;

/// Scores of a model: on average, row by row and label by label.
pub(crate) fn evaluate(
    mut origin: Origin,
    (file, model): (&ModelFile, &LinearModel<f32>),
    data: &Dataset<f32>,
) -> Result<Page, Failure> {
    let from = &file.provenance;
    let trained = format!(
        "perturb {}, loss {}, seed {}, data {} with digest {}",
        from.library_version, from.loss, from.seed, from.data_name, from.data_digest
    );
    origin.versions.push(("model".into(), trained));
    let scores = Scores::of(model, data, (file.noise, file.epsilon))?;
    let caption = format!("Means over {} rows", data.len());
    let means = Block::Table(Table { caption, ..scores.table("metric") });
    let name = "evaluate".to_owned();
    if !data.is_ranking() {
        let conclusion = format!("On {} rows the model has a mean {}.", data.len(), scores.told());
        let compared = format!(
            "A model's decisions on {} labels, compared with the known ones of {}.",
            data.labels(),
            data.name()
        );
        let mut blocks = vec![Block::Paragraph(compared), means];
        blocks.extend(labels(&decided(file, model, data)?, data));
        let title = format!("A model on {}", data.name());
        return Ok(Page { name, title, conclusion, blocks, origin, ..Page::default() });
    }
    let rows = RankingScores::of_rows(model, data);
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
        means,
        Block::Heading("Rows".into()),
        histogram(&rows)?,
        Block::Heading("Labels".into()),
        Block::Table(labels),
    ];
    let title = format!("A ranking model on {}", data.name());
    Ok(Page { name, title, conclusion, blocks, origin, ..Page::default() })
}

/// The model's decisions, row by row.
fn decided(
    file: &ModelFile,
    model: &LinearModel<f32>,
    data: &Dataset<f32>,
) -> Result<Vec<Vec<f32>>, Failure> {
    let layer = AnyLayer::of(AnyOracle::new(data.oracle())?, file.noise, file.epsilon)?;
    let mut theta = vec![0.0; data.labels()];
    (0..data.len())
        .map(|row| {
            model.score(data.x(row), &mut theta);
            Ok(layer.decide(&theta)?.1)
        })
        .collect()
}

/// The most labels of which a page shows what was decided instead of each.
const CONFUSED: usize = 20;

/// How often each label was chosen, and of picks what was picked instead.
fn labels(decided: &[Vec<f32>], data: &Dataset<f32>) -> Vec<Block> {
    let k = data.labels();
    // How often label j was decided where i was known.
    let mut both = vec![0usize; k * k];
    let (mut known, mut chosen) = (vec![0usize; k], vec![0usize; k]);
    for (row, y) in decided.iter().enumerate() {
        let set = |y: &[f32]| (0..k).filter(|&label| y[label] == 1.0).collect::<Vec<_>>();
        let (truth, y) = (set(data.y(row)), set(y));
        for &i in &truth {
            known[i] += 1;
            for &j in &y {
                both[i * k + j] += 1;
            }
        }
        for j in y {
            chosen[j] += 1;
        }
    }
    let share = |part: usize, of: usize| {
        Cell::Number(if of == 0 { "-".into() } else { format!("{:.2}", 100.0 * part as f64 / of as f64) })
    };
    let number = |x: usize| Cell::Number(x.to_string());
    let names = data.label_names();
    let row = |label: usize| {
        let right = both[label * k + label];
        let (of, as_it) = (share(right, known[label]), share(right, chosen[label]));
        vec![Cell::Text(names[label].clone()), number(known[label]), number(chosen[label]), of, as_it]
    };
    let mut blocks = vec![
        Block::Heading("Labels".into()),
        Block::Table(Table {
            caption: "How often a label is known to be chosen and how often the model chooses it; the share of the first that the \
                      model finds (recall), and the share of the second that is right (precision)"
                .into(),
            header: ["label", "known", "decided", "found, %", "right, %"].map(String::from).to_vec(),
            rows: (0..k).map(row).collect(),
        }),
    ];
    if matches!(data.oracle(), OracleSpec::Simplex { .. }) && k <= CONFUSED {
        let row = |label: usize| {
            let counts = both[label * k..(label + 1) * k].iter().map(|&count| number(count));
            std::iter::once(Cell::Text(names[label].clone())).chain(counts).collect()
        };
        blocks.push(Block::Table(Table {
            caption: "In each row the known label, in each column how often the model picks that one".into(),
            header: std::iter::once("known".to_owned()).chain(names.iter().cloned()).collect(),
            rows: (0..k).map(row).collect(),
        }));
    }
    blocks
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
