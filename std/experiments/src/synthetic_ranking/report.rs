use perturb::train::RankingScores;
use serde_json::{Value, json};

use super::{Curve, LOSSES, Outcome, Setting};
use crate::mean_and_deviation;
use crate::report::{self, Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Svg, Table};

/// A metric and its name.
type Metric = (&'static str, fn(&RankingScores) -> f64);

const METRICS: [Metric; 2] =
    [("perfect ranks", |scores| scores.perfect_ranks), ("partial ranks", |scores| scores.partial_ranks)];

/// The noise levels in order.
fn sigmas(outcomes: &[Outcome]) -> Vec<f64> {
    let mut sigmas: Vec<f64> = outcomes.iter().map(|outcome| outcome.sigma).collect();
    sigmas.sort_by(f64::total_cmp);
    sigmas.dedup();
    sigmas
}

/// Mean and standard deviation of a metric over the data sets of one noise level.
fn summary(outcomes: &[Outcome], sigma: f64, loss: usize, metric: Metric) -> (f64, f64) {
    let matching = outcomes.iter().filter(|outcome| outcome.sigma == sigma && outcome.loss == loss);
    let scores: Vec<f64> = matching.map(|outcome| metric.1(&outcome.scores)).collect();
    mean_and_deviation(&scores)
}

/// Perfect and partial ranks by noise level and loss, a table each.
#[must_use]
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    METRICS.into_iter().map(|metric| one_table(outcomes, metric)).collect()
}

fn one_table(outcomes: &[Outcome], metric: Metric) -> Table {
    let header = std::iter::once("σ".to_owned()).chain(LOSSES.iter().map(|&loss| loss.to_owned())).collect();
    let rows = sigmas(outcomes).into_iter().map(|sigma| {
        let scores = (0..LOSSES.len())
            .map(|loss| Cell::Number(format!("{:.4}", summary(outcomes, sigma, loss, metric).0)));
        std::iter::once(Cell::Number(format!("{sigma:.4}"))).chain(scores).collect()
    });
    Table { caption: format!("Share of {}, means over data sets", metric.0), header, rows: rows.collect() }
}

/// One line per noise level, data set and loss.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let head =
        ["sigma", "run", "loss", "learning_rate", "perfect_ranks", "partial_ranks", "spearman", "kendall"];
    let record = |Outcome { sigma, run, loss, rate, scores }: &Outcome| {
        let RankingScores { spearman, kendall, perfect_ranks, partial_ranks, .. } = scores;
        let [sigma, perfect, partial, spearman, kendall] =
            [sigma, perfect_ranks, partial_ranks, spearman, kendall].map(|number| format!("{number:.6}"));
        let (run, loss, rate) = (run.to_string(), LOSSES[*loss].to_owned(), rate.to_string());
        [sigma, run, loss, rate, perfect, partial, spearman, kendall]
    };
    report::csv(std::iter::once(head.map(String::from)).chain(outcomes.iter().map(record)))
}

/// Outcomes and learning curves as JSON.
#[must_use]
pub fn json(outcomes: &[Outcome], curves: &[(f64, Vec<Curve>)]) -> Value {
    let outcomes: Vec<Value> = outcomes
        .iter()
        .map(|o| {
            json!({ "sigma": o.sigma, "run": o.run, "loss": LOSSES[o.loss], "learning_rate": o.rate, "scores": o.scores })
        })
        .collect();
    let curves: Vec<Value> = curves
        .iter()
        .flat_map(|(sigma, losses)| {
            losses
                .iter()
                .enumerate()
                .map(move |(loss, curve)| json!({ "sigma": sigma, "loss": LOSSES[loss], "epochs": curve }))
        })
        .collect();
    json!({ "outcomes": outcomes, "curves": curves })
}

/// Which loss ranks best where there is little noise and where there is much.
fn conclusion(outcomes: &[Outcome]) -> String {
    let sigmas = sigmas(outcomes);
    let best = |sigma: f64, metric: Metric| {
        let share = |loss: usize| summary(outcomes, sigma, loss, metric).0;
        let best = (0..LOSSES.len()).max_by(|&a, &b| share(a).total_cmp(&share(b))).unwrap_or(0);
        format!("{} has the most {} ({:.1} %)", LOSSES[best], metric.0, 100.0 * share(best))
    };
    let middle = sigmas.iter().copied().filter(|&sigma| sigma <= 1.0).fold(f64::NEG_INFINITY, f64::max);
    let ends =
        [(sigmas.first().copied(), METRICS[0]), (Some(middle).filter(|sigma| sigma.is_finite()), METRICS[1])];
    let at = ends.into_iter().filter_map(|(sigma, metric)| Some((sigma?, metric)));
    at.map(|(sigma, metric)| format!("At noise σ = {sigma:.2} {}.", best(sigma, metric)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The experiment as one page.
pub fn page(
    outcomes: &[Outcome],
    curves: &[(f64, Vec<Curve>)],
    setting: &Setting,
    origin: &Origin,
) -> Result<Page, ReportError> {
    let [train, validation, test] = setting.rows;
    let mut blocks = vec![Block::Paragraph(format!(
        "{} labels are ranked by y = argmax ⟨xᵀw₀ + σZ, y⟩ from {} features; a linear model learns from {train} rows \
         with noise σ for {} epochs in batches of 32 (Berthet et al. 2020, Section 5.2 and Appendix C.2). {test} test \
         rows and {validation} validation rows are free of noise: with noisy test labels even the true model would \
         rank almost no instance perfectly from σ ≈ 0.1 on. Each loss chooses its learning rate by partial ranks on \
         the validation rows, the Fenchel–Young loss among {:?}, perturbed squared {:?}, squared {:?}, blackbox {:?}; \
         ε = {}, λ = {}. {} data set{} a noise level.",
        setting.labels,
        setting.features,
        setting.epochs,
        setting.rates[0],
        setting.rates[1],
        setting.rates[2],
        setting.rates[3],
        setting.epsilon,
        setting.lambda,
        setting.runs,
        if setting.runs == 1 { "" } else { "s" },
    ))];
    blocks.push(Block::Heading("Against the noise".into()));
    for metric in METRICS {
        let caption = format!("As Figure 7: {} on the test rows; bands of one standard deviation.", metric.0);
        blocks.push(Block::Figure { svg: against_noise(outcomes, metric)?, caption });
    }
    for (sigma, losses) in curves {
        blocks.push(Block::Heading(format!("During training, σ = {sigma:.4}")));
        for metric in METRICS {
            let caption =
                "As Figure 8: after each epoch, the mean of all iterates so far, at a constant rate."
                    .to_owned();
            blocks.push(Block::Figure { svg: during_training(*sigma, losses, metric)?, caption });
        }
    }
    blocks.push(Block::Heading("Tables".into()));
    blocks.extend(tables(outcomes).into_iter().map(Block::Table));
    Ok(Page {
        name: "synthetic_ranking".into(),
        title: "Synthetic ranking: Figures 4, 7 and 8".into(),
        conclusion: conclusion(outcomes),
        blocks,
        data: csv(outcomes),
        origin: origin.clone(),
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn against_noise(outcomes: &[Outcome], metric: Metric) -> Result<Svg, ReportError> {
    let series = LOSSES.iter().enumerate().map(|(loss, &name)| {
        let points = sigmas(outcomes).into_iter().map(|sigma| {
            let (y, spread) = summary(outcomes, sigma, loss, metric);
            Point { x: sigma, y, spread }
        });
        Series { name: name.into(), points: points.collect(), ..Series::default() }
    });
    LinePlot {
        title: format!("{} against the noise", capital(metric.0)),
        x_label: "noise level σ, in units of scores".into(),
        y_label: format!("share of {}", metric.0),
        log_x: true,
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}

fn during_training(sigma: f64, losses: &[Curve], metric: Metric) -> Result<Svg, ReportError> {
    let series = losses.iter().zip(LOSSES).map(|(curve, name)| {
        let points =
            curve.iter().map(|(epoch, scores)| Point { x: *epoch as f64, y: metric.1(scores), spread: 0.0 });
        Series { name: name.into(), points: points.collect(), ..Series::default() }
    });
    LinePlot {
        title: format!("{} during training, σ = {sigma:.4}", capital(metric.0)),
        x_label: "epoch".into(),
        y_label: format!("share of {}", metric.0),
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}
