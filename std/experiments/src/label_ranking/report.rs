use serde_json::{Value, json};

use super::{LOSSES, Protocol, SetResult, paper};
use crate::mean_and_deviation;
use crate::report::{self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Spread, Table};

/// Tables 1 and 2: mean ± standard deviation over the outer folds, ours and the paper's, and the mean over sets.
#[must_use]
pub fn tables(results: &[SetResult]) -> Vec<Table> {
    (0..2).map(|table| one_table(results, table)).collect()
}

fn one_table(results: &[SetResult], table: usize) -> Table {
    let choice = ["the learning rate (ε = 1)", "the learning rate and ε"][table];
    let mut header = vec!["set".to_owned()];
    for loss in LOSSES {
        header.push(loss.to_owned());
        header.push("paper".to_owned());
    }
    header.extend([LEAST_SQUARES, PAIRWISE_LOGISTIC].map(String::from));
    let number = |text: String| Cell::Number(text);
    let pair = |(mean, deviation): (f64, f64)| format!("{mean:.3} ± {deviation:.3}");
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for set in results {
        let printed = printed(set, table);
        let mut row = vec![Cell::Text(set.name.clone())];
        for loss in 0..LOSSES.len() {
            row.push(number(pair(set.score(table, loss))));
            row.push(number(printed.map_or("–".into(), |p| format!("{:.2} ± {:.2}", p[loss].0, p[loss].1))));
        }
        row.push(number(pair(mean_and_deviation(&set.least_squares))));
        row.push(number(pair(mean_and_deviation(&pairwise(set)))));
        rows.push(row);
    }
    // Sets that the paper does not have would make the columns incomparable.
    let both: Vec<&SetResult> = results.iter().filter(|set| printed(set, table).is_some()).collect();
    if !both.is_empty() {
        let mut average = vec![Cell::Text("average of the paper's sets".into())];
        for loss in 0..LOSSES.len() {
            average.push(number(format!("{:.3}", mean(both.iter().map(|set| set.score(table, loss).0)))));
            let known = results.iter().filter_map(|set| printed(set, table)).map(|p| p[loss].0);
            average.push(number(format!("{:.3}", mean(known))));
        }
        average.push(number(format!(
            "{:.3}",
            mean(both.iter().map(|set| mean_and_deviation(&set.least_squares).0))
        )));
        let means = both.iter().map(|set| mean_and_deviation(&pairwise(set)).0);
        average.push(number(format!("{:.3}", mean(means))));
        rows.push(average);
    }
    Table {
        caption: format!(
            "Table {}: Spearman correlation, mean ± standard deviation over the outer folds, ours and the paper's; inner \
             folds choose {choice}",
            table + 1
        ),
        header,
        rows,
    }
}

fn printed(set: &SetResult, table: usize) -> Option<&'static [(f64, f64); 4]> {
    paper::printed(&set.name).map(|row| if table == 0 { &row.table_1 } else { &row.table_2 })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// The names of the baselines.
const LEAST_SQUARES: &str = "least squares";
const PAIRWISE_LOGISTIC: &str = "pairwise logistic";

/// The scores of pairwise logistic regression, one per outer fold.
fn pairwise(set: &SetResult) -> Vec<f64> {
    set.pairwise.iter().map(|selection| selection.score).collect()
}

/// One line per table, set, loss and outer fold: the score and the chosen cell; least squares and pairwise logistic regression belong to no table.
#[must_use]
pub fn csv(results: &[SetResult]) -> String {
    let head = ["table", "set", "loss", "fold", "spearman", "learning_rate", "epsilon"];
    let mut records = vec![head.map(String::from)];
    for set in results {
        for (table, losses) in set.tables.iter().enumerate() {
            for (loss, folds) in losses.iter().enumerate() {
                for (fold, selection) in folds.iter().enumerate() {
                    let cell = set.cells[selection.cell];
                    records.push([
                        (table + 1).to_string(),
                        set.name.clone(),
                        LOSSES[loss].to_owned(),
                        (fold + 1).to_string(),
                        format!("{:.6}", selection.score),
                        cell.rate.to_string(),
                        cell.epsilon.to_string(),
                    ]);
                }
            }
        }
        for (fold, score) in set.least_squares.iter().enumerate() {
            let (fold, score) = ((fold + 1).to_string(), format!("{score:.6}"));
            let [table, rate, epsilon] = [(); 3].map(|()| String::new());
            records.push([table, set.name.clone(), LEAST_SQUARES.to_owned(), fold, score, rate, epsilon]);
        }
        for (fold, selection) in set.pairwise.iter().enumerate() {
            let (fold, score) = ((fold + 1).to_string(), format!("{:.6}", selection.score));
            let (name, rate) = (PAIRWISE_LOGISTIC.to_owned(), set.cells[selection.cell].rate.to_string());
            records.push([String::new(), set.name.clone(), name, fold, score, rate, String::new()]);
        }
    }
    report::csv(records)
}

/// The tables as JSON: `[{set, rows, features, labels, table_1: {loss: [mean, deviation]}, …}]`.
#[must_use]
pub fn json(results: &[SetResult]) -> Value {
    let one = |set: &SetResult| {
        let table = |table: usize| -> Value {
            LOSSES
                .iter()
                .enumerate()
                .map(|(loss, &name)| (name.to_owned(), json!(set.score(table, loss))))
                .collect()
        };
        json!({
            "set": set.name,
            "rows": set.size.0,
            "features": set.size.1,
            "labels": set.size.2,
            "table_1": table(0),
            "table_2": table(1),
            "least_squares": mean_and_deviation(&set.least_squares),
            "pairwise_logistic": mean_and_deviation(&pairwise(set)),
        })
    };
    results.iter().map(one).collect()
}

/// What the losses reach on the mean, and how often the first is the best.
fn conclusion(results: &[SetResult]) -> String {
    let score = |set: &SetResult, loss: usize| set.score(1, loss).0;
    let means = LOSSES
        .iter()
        .enumerate()
        .map(|(loss, name)| format!("{name} {:.3}", mean(results.iter().map(|set| score(set, loss)))));
    let least_squares = mean(results.iter().map(|set| mean_and_deviation(&set.least_squares).0));
    let best = |set: &&SetResult| (1..LOSSES.len()).all(|loss| score(set, 0) >= score(set, loss));
    format!(
        "Mean Spearman correlation over {} sets by Table 2's protocol: {}; least squares {least_squares:.3}. {} is the best \
         of the four on {} of them.",
        results.len(),
        means.collect::<Vec<_>>().join(", "),
        LOSSES[0],
        results.iter().filter(best).count()
    )
}

/// The experiment as one page.
pub fn page(results: &[SetResult], protocol: &Protocol, origin: &Origin) -> Result<Page, ReportError> {
    let mut blocks = vec![
        Block::Paragraph(format!(
            "An affine model ranks labels by four losses (Berthet et al. 2020, Section 5.2 and Appendix C.2). {} folds \
             judge, {} folds of each training part choose among learning rates {:?} and, in Table 2, temperatures \
             {:?}. Not given in the paper and ours: plain gradient descent in batches of {}, at least {} steps and {} \
             epochs, a rate that decays linearly to 0, the mean of the iterates of the last half, features \
             standardised on the training rows, W = b = 0 at the start, one sample (M = 1) of normal noise for the \
             Fenchel–Young loss, the exact Jacobian for the perturbed squared loss, λ = {} for the blackbox loss.",
            protocol.outer,
            protocol.inner,
            protocol.rates,
            protocol.temperatures,
            protocol.training.batch,
            protocol.training.least_steps,
            protocol.training.epochs,
            protocol.lambda,
        )),
        Block::Heading("Fenchel–Young against the other losses".into()),
        Block::Figure { svg: against_others(results).draw()?, caption: AGAINST_OTHERS.into() },
    ];
    if results.iter().any(|set| paper::printed(&set.name).is_some()) {
        blocks.push(Block::Heading("Ours and the paper's".into()));
        blocks.push(Block::Figure { svg: against_paper(results).draw()?, caption: AGAINST_PAPER.into() });
    }
    blocks.push(Block::Heading("Tables".into()));
    blocks.extend(tables(results).into_iter().map(Block::Table));
    Ok(Page {
        name: "label_ranking".into(),
        title: "Label ranking: Tables 1 and 2".into(),
        conclusion: conclusion(results),
        blocks,
        data: csv(results),
        origin: origin.clone(),
    })
}

const AGAINST_OTHERS: &str = "As Figure 3: one mark a data set, Table 2's protocol. Above the diagonal the \
                              Fenchel–Young loss is better.";
const AGAINST_PAPER: &str = "Table 2, perturbed Fenchel–Young: our mean over outer folds against the paper's, bars of \
                             one standard deviation of ours. Above the diagonal ours is higher.";

fn against_others(results: &[SetResult]) -> LinePlot {
    let mut series = vec![diagonal()];
    for (loss, &name) in LOSSES.iter().enumerate().skip(1) {
        let points = results.iter().map(|set| (set.score(1, loss).0, set.score(1, 0).0, 0.0));
        series.push(scattered(name, results.iter().map(|set| set.name.as_str()).zip(points)));
    }
    LinePlot {
        title: "Spearman correlation by data set".into(),
        x_label: "Spearman correlation by the other loss".into(),
        y_label: "Spearman correlation by perturbed Fenchel–Young".into(),
        series,
        ..LinePlot::default()
    }
}

fn against_paper(results: &[SetResult]) -> LinePlot {
    let points = results.iter().filter_map(|set| {
        let (mean, deviation) = set.score(1, 0);
        Some((set.name.as_str(), (printed(set, 1)?[0].0, mean, deviation)))
    });
    LinePlot {
        title: "Spearman correlation, perturbed Fenchel–Young".into(),
        x_label: "Spearman correlation printed in the paper".into(),
        y_label: "Spearman correlation, ours".into(),
        spread: Spread::Bars,
        series: vec![diagonal(), scattered("data sets", points)],
        ..LinePlot::default()
    }
}

fn diagonal() -> Series {
    let point = |x| Point { x, y: x, spread: 0.0 };
    Series { name: "equal".into(), points: vec![point(0.0), point(1.0)], ..Series::default() }
}

/// Marks without a line, each with its name: a gap after each point.
fn scattered<'a>(name: &str, points: impl Iterator<Item = (&'a str, (f64, f64, f64))>) -> Series {
    let mut series = Series { name: name.into(), ..Series::default() };
    for (name, (x, y, spread)) in points {
        series.points.extend([Point { x, y, spread }, Point { x, y: f64::NAN, spread: 0.0 }]);
        series.names.extend([name.to_owned(), String::new()]);
    }
    series
}
