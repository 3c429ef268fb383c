//! `perturb demo`: learning to rank generated data, on one screen.

use std::ops::ControlFlow;
use std::time::Instant;

use clap::Args;
use perturb::train::{Loss, Objective, RankingScores, Training};
use perturb::{Dyn, How, MonteCarlo, Normal, Perturbed, Ranking, Seed};
use perturb_experiments::data::generate::friedman_ranking;
use perturb_experiments::report::{Cell, Table};
use rayon::prelude::*;

use super::progress::Progress;
use super::{Common, Failure, Out, chart, number, report, say, say_json, table};

/// Learn to rank generated data with the four losses of the paper's Section 5.2
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb demo
  perturb demo --labels 20 --out report")]
pub(crate) struct Demo {
    /// Training rows, 1 to 10,000,000
    #[arg(
        long,
        default_value_t = 200,
        value_name = "N",
        value_parser = number::rows,
        allow_negative_numbers = true
    )]
    rows: usize,
    /// Labels to rank, 2 to 1000
    #[arg(
        long,
        default_value_t = 10,
        value_name = "N",
        value_parser = number::labels,
        allow_negative_numbers = true
    )]
    labels: usize,
    /// Passes over the training rows, at least 1
    #[arg(
        long,
        default_value_t = 30,
        value_name = "N",
        value_parser = number::at_least_one,
        allow_negative_numbers = true
    )]
    epochs: usize,
    #[command(flatten)]
    out: Out,
}

/// Number of test rows.
const TEST_ROWS: usize = 2000;

/// A loss's name, mark in the chart, test scores after every epoch, and training time in seconds.
struct Learned {
    name: &'static str,
    mark: char,
    curve: Vec<(usize, RankingScores)>,
    seconds: f64,
}

impl Demo {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let seed = Seed(common.seed);
        let data = friedman_ranking::<f32>(self.rows + TEST_ROWS, self.labels, 1.0, seed.fold(0))?;
        let train = data.select(&(0..self.rows).collect::<Vec<_>>());
        let test = data.select(&(self.rows..data.len()).collect::<Vec<_>>());

        let layer = Perturbed::new(Ranking::ascending(Dyn(self.labels))?, Normal, 1.0f32)?;
        let one = How::MonteCarlo(MonteCarlo::new(1, Seed(0)));
        // Each loss at a learning rate that suits it.
        let losses = [
            (Loss::FenchelYoung, one, 0.03, 'o'),
            (Loss::PerturbedSquared, How::Exact, 0.01, '+'),
            (Loss::Squared, How::Exact, 0.01, '.'),
            (Loss::BlackBox { lambda: 0.1 }, one, 0.1, 'x'),
        ];
        let progress = Progress::new("epochs", (losses.len() * self.epochs) as u64, common);
        let learned: Vec<Learned> = losses
            .into_par_iter()
            .map(|(loss, how, rate, mark)| {
                let start = Instant::now();
                let objective = Objective { layer: layer.clone(), loss, how };
                let training = Training {
                    epochs: self.epochs,
                    least_steps: 0,
                    averaging: 0.0,
                    rate,
                    seed: seed.fold(1),
                    ..Training::default()
                };
                let mut curve = Vec::new();
                training.fit_observed(&objective, &train, |epoch| {
                    curve.push((epoch.epoch, RankingScores::of(epoch.model, &test)));
                    progress.add(1);
                    ControlFlow::Continue(None)
                })?;
                Ok(Learned { name: loss.name(), mark, curve, seconds: start.elapsed().as_secs_f64() })
            })
            .collect::<Result<_, Failure>>()?;
        drop(progress);

        if common.json {
            say_json(&json(&learned))?;
        } else {
            self.print(&learned)?;
        }
        if self.out.wanted() {
            let mut table = summary(&learned);
            // A report contains no times, so that equal seeds give equal files.
            table.header.pop();
            table.rows.iter_mut().for_each(|row| drop(row.pop()));
            self.out.save(
                &report::demo(report::origin(common.seed, &[&train]), table, curves(&learned))?,
                common,
            )?;
        }
        Ok(())
    }

    fn print(&self, learned: &[Learned]) -> Result<(), Failure> {
        say(format_args!(
            "{} labels ranked from 10 features by an affine model: {} training rows, {TEST_ROWS} test rows.\n",
            self.labels, self.rows
        ))?;
        say(table::render(&summary(learned)))?;
        let points: Vec<Vec<(f64, f64)>> = learned.iter().map(points).collect();
        let curves: Vec<chart::Curve<'_>> = learned
            .iter()
            .zip(&points)
            .map(|(learned, points)| chart::Curve { mark: learned.mark, name: learned.name, points })
            .collect();
        say(format_args!("\n{}", chart::render("Spearman correlation on the test rows", "epoch", &curves)))
    }
}

/// The scores at the end of training.
fn summary(learned: &[Learned]) -> Table {
    let header = ["loss", "Spearman", "Kendall", "perfect ranks, %", "partial ranks, %", "seconds"];
    let row = |learned: &Learned| {
        let (_, last) = learned.curve.last().copied().unwrap_or_default();
        vec![
            Cell::Text(learned.name.to_owned()),
            Cell::Number(format!("{:.3}", last.spearman)),
            Cell::Number(format!("{:.3}", last.kendall)),
            Cell::Number(format!("{:.1}", 100.0 * last.perfect_ranks)),
            Cell::Number(format!("{:.1}", 100.0 * last.partial_ranks)),
            Cell::Number(format!("{:.2}", learned.seconds)),
        ]
    };
    Table {
        caption: "Test scores at the end of training".into(),
        header: header.map(String::from).to_vec(),
        rows: learned.iter().map(row).collect(),
    }
}

fn points(learned: &Learned) -> Vec<(f64, f64)> {
    learned.curve.iter().map(|&(epoch, scores)| (epoch as f64, scores.spearman)).collect()
}

fn curves(learned: &[Learned]) -> Vec<(&'static str, Vec<(f64, f64)>)> {
    learned.iter().map(|learned| (learned.name, points(learned))).collect()
}

fn json(learned: &[Learned]) -> serde_json::Value {
    let one = |learned: &Learned| {
        let curve: Vec<_> =
            learned.curve.iter().map(|(epoch, scores)| serde_json::json!([epoch, scores])).collect();
        serde_json::json!({ "loss": learned.name, "seconds": learned.seconds, "curve": curve })
    };
    learned.iter().map(one).collect()
}
