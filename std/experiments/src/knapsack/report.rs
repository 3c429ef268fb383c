use serde_json::{Value, json};

use super::{LOSSES, Outcome, Setting};
use crate::mean_and_deviation;
use crate::report::{self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Table};

/// A summary of the runs of one loss at one capacity.
struct Summary {
    /// Normalised regret, mean and deviation over runs.
    regret: (f64, f64),
    /// Normalised regret of the squared loss less this one's: mean over runs and days, standard error over days.
    gain: (f64, f64),
}

fn capacities(outcomes: &[Outcome]) -> Vec<u32> {
    let mut capacities: Vec<u32> = outcomes.iter().map(|outcome| outcome.capacity).collect();
    capacities.sort_unstable();
    capacities.dedup();
    capacities
}

fn summary(outcomes: &[Outcome], capacity: u32, loss: usize) -> Summary {
    let of = |loss: usize| {
        outcomes.iter().filter(move |outcome| outcome.capacity == capacity && outcome.loss == loss)
    };
    let regrets: Vec<f64> = of(loss).map(Outcome::normalized_regret).collect();
    // Mean over runs of each day's regret, normalised.
    let by_day = |loss: usize| -> Vec<f64> {
        let runs: Vec<&Outcome> = of(loss).collect();
        let days = runs.first().map_or(0, |run| run.regrets.len());
        let mean_best = runs.first().map_or(f64::NAN, |run| run.best.iter().sum::<f64>() / days as f64);
        let total = |day: usize| runs.iter().map(|run| run.regrets[day]).sum::<f64>();
        (0..days).map(|day| total(day) / (runs.len() as f64 * mean_best)).collect()
    };
    let gains: Vec<f64> = by_day(0).iter().zip(by_day(loss)).map(|(squared, own)| squared - own).collect();
    let (gain, deviation) = mean_and_deviation(&gains);
    Summary { regret: mean_and_deviation(&regrets), gain: (gain, deviation / (gains.len() as f64).sqrt()) }
}

/// Normalised regret by capacity and loss.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> Table {
    let header = ["capacity", "loss", "normalised regret %", "less than squared by %", "standard errors"];
    let rows = capacities(outcomes).into_iter().flat_map(|capacity| {
        LOSSES.iter().enumerate().map(move |(loss, name)| {
            let Summary { regret, gain } = summary(outcomes, capacity, loss);
            let (better, errors) = if loss == 0 {
                (String::new(), String::new())
            } else {
                (format!("{:.2} ± {:.2}", 100.0 * gain.0, 100.0 * gain.1), format!("{:.1}", gain.0 / gain.1))
            };
            vec![
                Cell::Number(capacity.to_string()),
                Cell::Text((*name).to_owned()),
                Cell::Number(format!("{:.2} ± {:.2}", 100.0 * regret.0, 100.0 * regret.1)),
                Cell::Number(better),
                Cell::Number(errors),
            ]
        })
    });
    Table {
        caption: "Regret on the test days: mean ± deviation over runs; the difference to the squared loss day by day, \
                  mean ± standard error over days"
            .into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

/// One line per capacity, run and loss.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head = ["capacity", "run", "loss", "learning_rate", "normalized_regret"].map(String::from);
    let record = |outcome: &Outcome| {
        let regret = format!("{:.6}", outcome.normalized_regret());
        let Outcome { capacity, run, loss, rate, .. } = outcome;
        [capacity.to_string(), run.to_string(), LOSSES[*loss].to_owned(), rate.to_string(), regret]
    };
    report::csv(std::iter::once(head).chain(outcomes.iter().map(record)))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| {
        json!({ "capacity": o.capacity, "run": o.run, "loss": LOSSES[o.loss], "learning_rate": o.rate,
                "normalized_regret": o.normalized_regret() })
    };
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// Which loss decides best.
fn conclusion(outcomes: &[Outcome]) -> String {
    let one = |capacity| {
        let regret = |loss: usize| summary(outcomes, capacity, loss).regret.0;
        let best = (0..LOSSES.len()).min_by(|&a, &b| regret(a).total_cmp(&regret(b))).unwrap_or(0);
        format!(
            "At capacity {capacity} {} has the least regret: {:.2} %, where the squared loss has {:.2} %.",
            LOSSES[best],
            100.0 * regret(best),
            100.0 * regret(0)
        )
    };
    capacities(outcomes).into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The experiment as one page.
pub fn page(outcomes: &[Outcome], setting: &Setting, origin: &Origin) -> Result<Page, ReportError> {
    let days = outcomes.first().map_or(0, |outcome| outcome.regrets.len());
    let series = LOSSES.iter().enumerate().map(|(loss, &name)| {
        let points = capacities(outcomes).into_iter().map(|capacity| {
            let (y, spread) = summary(outcomes, capacity, loss).regret;
            Point { x: f64::from(capacity), y: 100.0 * y, spread: 100.0 * spread }
        });
        Series { name: name.into(), points: points.collect(), ..Series::default() }
    });
    let plot = LinePlot {
        title: "Regret against capacity".into(),
        x_label: "capacity W, in units of weight".into(),
        y_label: "normalised regret, %".into(),
        series: series.collect(),
        ..LinePlot::default()
    };
    let blocks = vec![
        Block::Paragraph(format!(
            "Half-hourly energy prices are predicted by one affine map of the features, shared by all half-hours, and \
             the half-hours of a day are picked by a knapsack. Squared loss: on the prices. SPO+: on prices and \
             decision. Fenchel–Young (one sample, normal noise, ε = 1): on the best decision alone, without a price. \
             {} steps of gradient descent on batches of {} days, rate falling linearly, mean of the second half of \
             the iterates. Rates by regret on the last fifth of the training days, squared among {:?}, SPO+ {:?}, \
             Fenchel–Young {:?}. {} runs, {days} test days.",
            setting.steps, setting.batch, setting.rates[0], setting.rates[1], setting.rates[2], setting.runs,
        )),
        Block::Figure {
            svg: plot.draw()?,
            caption:
                "Regret as a share of the best decisions' value; bands of one standard deviation over runs."
                    .into(),
        },
        Block::Table(table(outcomes)),
    ];
    Ok(Page {
        name: "knapsack".into(),
        title: "Predict prices, then pack".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}
