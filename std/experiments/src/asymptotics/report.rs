use serde_json::{Value, json};

use super::{EPSILON, LEVEL, Outcome, SCORES, Setting};
use crate::report::{
    self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Spread, Svg, Table,
};

/// Ratio and coverage by layer and n.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> Table {
    let header = ["layer", "n", "covariance ratio", "coverage of 95 %", "without estimate"];
    let rows = outcomes.iter().map(|outcome| {
        vec![
            Cell::Text(outcome.layer.into()),
            Cell::Number(outcome.size.to_string()),
            Cell::Number(format!("{:.3} ± {:.3}", outcome.ratio.0, outcome.ratio.1)),
            Cell::Number(format!("{:.3} ± {:.3}", outcome.coverage.0, outcome.coverage.1)),
            Cell::Number(outcome.without.to_string()),
        ]
    });
    Table {
        caption:
            "n·E‖θ̂ − θ‖² over the trace of Proposition 4.1, and the share of intervals that hold; ± standard \
                  errors"
                .into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

/// One line per layer and n.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head =
        ["layer", "n", "ratio", "ratio_error", "coverage", "coverage_error", "without"].map(String::from);
    let record = |Outcome { layer, size, ratio, coverage, without }: &Outcome| {
        let [ratio, ratio_error, coverage, coverage_error] =
            [ratio.0, ratio.1, coverage.0, coverage.1].map(|number| format!("{number:.6}"));
        let (layer, size, without) = ((*layer).to_owned(), size.to_string(), without.to_string());
        [layer, size, ratio, ratio_error, coverage, coverage_error, without]
    };
    report::csv(std::iter::once(head).chain(outcomes.iter().map(record)))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| {
        json!({ "layer": o.layer, "n": o.size, "ratio": o.ratio.0, "ratio_error": o.ratio.1,
                "coverage": o.coverage.0, "coverage_error": o.coverage.1, "without": o.without })
    };
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// What the largest data sets say.
fn conclusion(outcomes: &[Outcome]) -> String {
    let size = outcomes.iter().map(|outcome| outcome.size).max().unwrap_or(0);
    let largest = || outcomes.iter().filter(|outcome| outcome.size == size);
    let (low, high) = range(largest().map(|outcome| outcome.ratio.0));
    let (least, most) = range(outcomes.iter().map(|outcome| 100.0 * outcome.coverage.0));
    format!(
        "From {size} decisions, the covariance of the scores is {low:.3} to {high:.3} times that of the proposition; 95 % \
         intervals hold in {least:.1} to {most:.1} % of all data sets."
    )
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// The experiment as one page.
pub fn page(outcomes: &[Outcome], setting: &Setting, origin: &Origin) -> Result<Page, ReportError> {
    let blocks = vec![
        Block::Paragraph(format!(
            "Scores θ = {SCORES:?} (hypercube: the first three) are learned from n decisions at temperature {EPSILON}, \
             {} data sets for every n (Berthet et al. 2020, Proposition 4.1). Where a constant added to all scores \
             changes nothing, scores of mean 0 are compared. Data sets in which some decision never occurs have no \
             finite estimate and are left out.",
            setting.runs
        )),
        Block::Figure {
            svg: plot(outcomes, "Covariance against the proposition", "n·E‖θ̂ − θ‖² / trace", |o| o.ratio)?,
            caption: "Tends to 1. Bars of one standard error.".into(),
        },
        Block::Figure {
            svg: plot(outcomes, "Coverage of 95 % intervals", "share of intervals that hold", |o| {
                o.coverage
            })?,
            caption: format!("Tends to {LEVEL}. Bars of one standard error."),
        },
        Block::Table(table(outcomes)),
    ];
    Ok(Page {
        name: "asymptotics".into(),
        title: "Scores from decisions: Proposition 4.1".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

fn plot(
    outcomes: &[Outcome],
    title: &str,
    y_label: &str,
    value: fn(&Outcome) -> (f64, f64),
) -> Result<Svg, ReportError> {
    let points = outcomes.iter().map(|outcome| {
        let (y, spread) = value(outcome);
        (outcome.layer.into(), Point { x: outcome.size as f64, y, spread })
    });
    LinePlot {
        title: title.into(),
        x_label: "decisions n".into(),
        y_label: y_label.into(),
        log_x: true,
        spread: Spread::Bars,
        series: Series::by_name(points),
        ..LinePlot::default()
    }
    .draw()
}
