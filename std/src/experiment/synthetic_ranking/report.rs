use std::fmt::Write;

use serde_json::{Value, json};

use super::{Curve, LOSSES, Outcome, Setting};
use crate::experiment::mean_and_deviation;
use crate::report::{Block, Cell, LinePlot, Origin, Page, Point, ReportError, Series, Svg, Table};
use crate::train::RankingScores;

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

/// Perfect and partial ranks by noise level and loss.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> Table {
    let header = std::iter::once("σ".to_owned()).chain(LOSSES.iter().map(|&loss| loss.to_owned())).collect();
    let rows = sigmas(outcomes).into_iter().map(|sigma| {
        let scores = (0..LOSSES.len()).map(|loss| {
            let [perfect, partial] = METRICS.map(|metric| summary(outcomes, sigma, loss, metric).0);
            Cell::Number(format!("{perfect:.4} | {partial:.4}"))
        });
        std::iter::once(Cell::Number(format!("{sigma:.4}"))).chain(scores).collect()
    });
    Table { caption: "Perfect | partial ranks, means over data sets".into(), header, rows: rows.collect() }
}

/// One line per noise level, data set and loss.
#[must_use]
pub fn csv(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("sigma,run,loss,learning_rate,perfect_ranks,partial_ranks,spearman,kendall\n");
    for Outcome { sigma, run, loss, rate, scores } in outcomes {
        let RankingScores { spearman, kendall, perfect_ranks, partial_ranks } = scores;
        let loss = LOSSES[*loss];
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{sigma:.6},{run},{loss},{rate},{perfect_ranks:.6},{partial_ranks:.6},{spearman:.6},{kendall:.6}"
        );
    }
    text
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

/// The experiment as one page.
pub fn page(
    outcomes: &[Outcome],
    curves: &[(f64, Vec<Curve>)],
    setting: &Setting,
    origin: &Origin,
) -> Result<String, ReportError> {
    let [train, validation, test] = setting.rows;
    let mut blocks = vec![Block::Paragraph(format!(
        "{} labels are ranked by y = argmax ⟨xᵀw₀ + σZ, y⟩ from {} features; a linear model learns from {train} rows \
         with noise σ for {} epochs in batches of 32 (Berthet et al. 2020, Section 5.2 and Appendix C.2). {test} test \
         rows and {validation} validation rows are free of noise: with noisy test labels even the true model would \
         rank almost no instance perfectly from σ ≈ 0.1 on. Each loss chooses its learning rate by partial ranks on \
         the validation rows, the Fenchel–Young loss among {:?}, perturbed squared {:?}, squared {:?}, blackbox {:?}; \
         ε = {}, λ = {}. {} data sets a noise level.",
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
    ))];
    for metric in METRICS {
        blocks.push(Block::Heading(format!("{} against the noise", metric.0)));
        let caption = format!("As Figure 7: {} on the test rows; bands of one standard deviation.", metric.0);
        blocks.push(Block::Figure { svg: against_noise(outcomes, metric)?, caption });
    }
    for (sigma, losses) in curves {
        for metric in METRICS {
            blocks.push(Block::Heading(format!("{} during training, σ = {sigma:.4}", metric.0)));
            let caption =
                "As Figure 8: after each epoch, the mean of all iterates so far, at a constant rate."
                    .to_owned();
            blocks.push(Block::Figure { svg: during_training(losses, metric)?, caption });
        }
    }
    blocks.push(Block::Table(table(outcomes)));
    let page = Page { title: "Synthetic ranking: Figures 4, 7 and 8".into(), blocks, origin: origin.clone() };
    Ok(page.to_html())
}

fn against_noise(outcomes: &[Outcome], metric: Metric) -> Result<Svg, ReportError> {
    let series = LOSSES.iter().enumerate().map(|(loss, &name)| {
        let points = sigmas(outcomes).into_iter().map(|sigma| {
            let (y, spread) = summary(outcomes, sigma, loss, metric);
            Point { x: sigma, y, spread }
        });
        Series { name: name.into(), points: points.collect() }
    });
    LinePlot {
        title: metric.0.into(),
        x_label: "noise level σ".into(),
        y_label: "share".into(),
        log_x: true,
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}

fn during_training(losses: &[Curve], metric: Metric) -> Result<Svg, ReportError> {
    let series = losses.iter().zip(LOSSES).map(|(curve, name)| {
        let points =
            curve.iter().map(|(epoch, scores)| Point { x: *epoch as f64, y: metric.1(scores), spread: 0.0 });
        Series { name: name.into(), points: points.collect() }
    });
    LinePlot {
        title: metric.0.into(),
        x_label: "epoch".into(),
        y_label: "share".into(),
        series: series.collect(),
        ..LinePlot::default()
    }
    .draw()
}
