use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{LOSSES, Outcome, Problem, Setting, TRAINED};
use crate::mean_and_deviation;
use crate::report::{self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Svg, Table};

/// Rows, degree, and normalised regrets in percent of least squares and of SPO+, mean and standard error.
type Published = (usize, u32, (f64, f64), (f64, f64));

/// Shortest paths with noise 0.5 by Elmachtoub and Grigas: means over the 50 trials of `plots/shortest_path.csv` in their repository
/// paulgrigas/SmartPredictThenOptimize at commit 4002e9f, `…_spoloss_test` over `zstar_avg_test`, 10,000 test rows a trial. Their
/// models have an ℓ1 penalty, chosen on further rows, a quarter of the training rows.
const PUBLISHED: [Published; 10] = [
    (100, 1, (16.99, 0.10), (17.97, 0.11)),
    (100, 2, (11.42, 0.12), (12.74, 0.15)),
    (100, 4, (10.13, 0.17), (10.35, 0.16)),
    (100, 6, (15.69, 0.35), (12.45, 0.32)),
    (100, 8, (25.51, 0.86), (16.79, 0.43)),
    (1000, 1, (15.65, 0.07), (15.77, 0.07)),
    (1000, 2, (10.65, 0.08), (10.68, 0.08)),
    (1000, 4, (8.96, 0.15), (7.78, 0.14)),
    (1000, 6, (12.93, 0.23), (8.33, 0.14)),
    (1000, 8, (21.38, 0.50), (10.66, 0.21)),
];

/// The pairs of losses that are compared, run by run.
const PAIRS: [(usize, usize); 5] = [(1, 0), (2, 0), (3, 0), (4, 0), (2, 1)];

/// Mean and its standard error over runs, in percent.
fn percent(values: &[f64]) -> (f64, f64) {
    let (mean, deviation) = mean_and_deviation(values);
    (100.0 * mean, 100.0 * deviation / (values.len() as f64).sqrt())
}

fn shown((mean, error): (f64, f64)) -> Cell {
    Cell::Number(format!("{mean:.2} ± {error:.2}"))
}

/// The regrets of a loss, in the order of runs.
fn regrets(outcomes: &[Outcome], (problem, rows, degree): (Problem, usize, u32), loss: usize) -> Vec<f64> {
    let of = |o: &&Outcome| (o.problem, o.rows, o.degree, o.loss) == (problem, rows, degree, loss);
    outcomes.iter().filter(of).map(|outcome| outcome.regret).collect()
}

/// A loss's regrets less another's, on the same data.
fn differences(outcomes: &[Outcome], cell: (Problem, usize, u32), (loss, other): (usize, usize)) -> Vec<f64> {
    let pairs = regrets(outcomes, cell, loss).into_iter().zip(regrets(outcomes, cell, other));
    pairs.map(|(loss, other)| loss - other).collect()
}

/// Every problem with its numbers of rows and its degrees, in order.
fn cells(outcomes: &[Outcome], problem: Problem) -> Vec<(Problem, usize, u32)> {
    let of = outcomes.iter().filter(|outcome| outcome.problem == problem);
    let mut cells: Vec<_> = of.map(|outcome| (problem, outcome.rows, outcome.degree)).collect();
    cells.sort_by_key(|&(_, rows, degree)| (rows, degree));
    cells.dedup();
    cells
}

fn problems(outcomes: &[Outcome]) -> impl Iterator<Item = Problem> {
    Problem::ALL.into_iter().filter(|&problem| outcomes.iter().any(|outcome| outcome.problem == problem))
}

/// For each problem the regrets and their differences; for paths, the published ones, too.
#[must_use]
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    problems(outcomes).flat_map(|problem| tables_of(outcomes, problem)).collect()
}

fn tables_of(outcomes: &[Outcome], problem: Problem) -> Vec<Table> {
    let name = problem.name();
    let table = |caption: String, columns: Vec<String>, row: &dyn Fn((Problem, usize, u32)) -> Vec<Cell>| {
        let rows = cells(outcomes, problem).into_iter().map(|cell| {
            let place = [cell.1.to_string(), cell.2.to_string()].map(Cell::Number);
            place.into_iter().chain(row(cell)).collect()
        });
        let header = ["rows", "degree"].map(String::from).into_iter().chain(columns).collect();
        Table { caption, header, rows: rows.collect() }
    };
    let regret = |cell, loss| shown(percent(&regrets(outcomes, cell, loss)));
    let mut tables = vec![
        table(
            format!("{name}: normalised regret in %, mean ± standard error over runs"),
            LOSSES.map(String::from).to_vec(),
            &|cell| (0..LOSSES.len()).map(|loss| regret(cell, loss)).collect(),
        ),
        table(
            format!("{name}: differences on the same data, in points of %, mean ± standard error"),
            PAIRS.map(|(loss, other)| format!("{} − {}", LOSSES[loss], LOSSES[other])).to_vec(),
            &|cell| PAIRS.iter().map(|&pair| shown(percent(&differences(outcomes, cell, pair)))).collect(),
        ),
    ];
    if problem == Problem::ShortestPath {
        let names = ["least squares", "published", "SPO+", "published"];
        tables.push(table(
            format!("{name}: beside the figures of Elmachtoub and Grigas (50 trials, ℓ1 penalty), in %"),
            names.map(String::from).to_vec(),
            &|cell| {
                let known = PUBLISHED.iter().find(|known| (known.0, known.1) == (cell.1, cell.2));
                let published = |of: fn(&Published) -> (f64, f64)| {
                    known.map_or(Cell::Number(String::new()), |known| shown(of(known)))
                };
                vec![regret(cell, 0), published(|known| known.2), regret(cell, 1), published(|known| known.3)]
            },
        ));
    }
    tables
}

/// One line per data set and loss.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head = ["problem", "degree", "rows", "run", "loss", "learning_rate", "normalized_regret"];
    let record = |outcome: &Outcome| {
        let Outcome { problem, degree, rows, run, loss, rate, regret } = outcome;
        let rate = if *rate > 0.0 { rate.to_string() } else { String::new() };
        let [degree, rows, run] = [*degree as usize, *rows, *run].map(|number| number.to_string());
        [problem.name().into(), degree, rows, run, LOSSES[*loss].into(), rate, format!("{regret:.6}")]
    };
    report::csv(std::iter::once(head.map(String::from)).chain(outcomes.iter().map(record)))
}

/// Outcomes as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> Value {
    let one = |o: &Outcome| {
        json!({ "problem": o.problem.name(), "degree": o.degree, "rows": o.rows, "run": o.run, "loss": LOSSES[o.loss],
                "learning_rate": Some(o.rate).filter(|&rate| rate > 0.0), "normalized_regret": o.regret })
    };
    json!({ "outcomes": outcomes.iter().map(one).collect::<Vec<_>>() })
}

/// What least squares and the best of the trained losses lose with the most rows, at the least and at the greatest degree.
fn conclusion(outcomes: &[Outcome]) -> String {
    let most = outcomes.iter().map(|outcome| outcome.rows).max().unwrap_or(0);
    let degrees: BTreeSet<u32> = outcomes.iter().map(|outcome| outcome.degree).collect();
    let ends = degrees.first().into_iter().chain(degrees.last()).collect::<BTreeSet<_>>();
    let one = |degree: u32, problem: Problem| {
        let cell = (problem, most, degree);
        let mean = |loss: usize| percent(&regrets(outcomes, cell, loss)).0;
        let best = (1..=TRAINED).min_by(|&a, &b| mean(a).total_cmp(&mean(b))).unwrap_or(1);
        let (apart, error) = percent(&differences(outcomes, cell, (best, 0)));
        format!(
            "{} {:.2} % by least squares, {:.2} % by {} (difference {apart:.2} ± {error:.2})",
            problem.name(),
            mean(0),
            mean(best),
            LOSSES[best],
        )
    };
    let sentence = |&degree: &u32| {
        let all: Vec<String> = problems(outcomes).map(|problem| one(degree, problem)).collect();
        format!(
            "At degree {degree} with {most} training rows, least squares and the best of the trained losses lose: {}.",
            all.join("; ")
        )
    };
    ends.into_iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// Regret against the degree.
fn plot(outcomes: &[Outcome], problem: Problem, rows: usize) -> Result<Svg, ReportError> {
    let cells: Vec<_> = cells(outcomes, problem).into_iter().filter(|cell| cell.1 == rows).collect();
    let series = LOSSES.iter().enumerate().map(|(loss, &name)| {
        let points = cells.iter().map(|&cell| {
            let (y, spread) = percent(&regrets(outcomes, cell, loss));
            Point { x: f64::from(cell.2), y, spread }
        });
        Series { name: name.into(), points: points.collect(), ..Series::default() }
    });
    LinePlot {
        title: format!("{}, {rows} training rows", problem.name()),
        x_label: "degree of the kernel".into(),
        y_label: "normalised regret, %".into(),
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}

/// The experiment as one page.
pub fn page(outcomes: &[Outcome], setting: &Setting, origin: &Origin) -> Result<Page, ReportError> {
    let Setting { runs, features, noise, test, steps, batch, rates, lambda, .. } = setting;
    let mut blocks = vec![Block::Paragraph(format!(
        "Costs [((Bx)_j/√{features} + 3)^degree + 1]·u_j with fair bits B, standard normal features x and u_j uniform within 1 ± {noise} \
         (Elmachtoub and Grigas 2022) are predicted by affine models, and decided by: a path through a grid of 5 × 5 nodes, 32 items \
         of weights 3 to 7 of which 20 fit, five items of 50. Least squares: on the costs, in closed form. SPO+, blackbox \
         interpolation and I-MLE (one sample, normal noise, ε = 1, λ = {lambda}): of the regret. Fenchel–Young (one sample, normal \
         noise, ε = 1): of the best decision alone, without a cost. {steps} steps of gradient descent on batches of {batch}, rate \
         falling linearly, mean of the second half of the iterates. Rates among {rates:?} by regret on held-out training rows. \
         Normalised regret: Σ(⟨c, y*(ĉ)⟩ − ⟨c, y*(c)⟩)/Σ⟨c, y*(c)⟩ over {test} test rows \
         with their noise; decisions by the expected costs, which nobody knows, have the rest of it. Runs: {runs}, each with a B and \
         rows of its own.",
    ))];
    for problem in problems(outcomes) {
        blocks.push(Block::Heading(problem.name().into()));
        let mut rows: Vec<usize> = cells(outcomes, problem).into_iter().map(|cell| cell.1).collect();
        rows.dedup();
        for rows in rows {
            let caption = "Means over runs; bands of one standard error.".into();
            blocks.push(Block::Figure { svg: plot(outcomes, problem, rows)?, caption });
        }
        blocks.extend(tables_of(outcomes, problem).into_iter().map(Block::Table));
    }
    Ok(Page {
        name: "benchmark".into(),
        title: "Benchmarks of decision-focused learning".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}
