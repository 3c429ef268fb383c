//! `perturb experiment knapsack`.

use std::path::PathBuf;

use clap::Args;
use perturb::Seed;
use perturb_experiments::knapsack::{self, Days, Setting};
use serde::Serialize;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::{Common, Failure, Out, ensure_exists, number, report, say, say_json, table};

/// Predict energy prices, then pack a knapsack: regret after training with three losses
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment knapsack --data Data.npz --out out
  perturb experiment knapsack --data Data.npz --capacities 60 --runs 1")]
pub(crate) struct Knapsack {
    /// Archive of prices (.npz with X_1gtrain, y_train, X_1gtest, y_test, weights)
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    data: PathBuf,
    /// Knapsack capacities, whole numbers [default: 60,120,180]
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        value_parser = number::capacity,
        allow_negative_numbers = true
    )]
    capacities: Vec<u32>,
    /// Training runs per capacity and loss, 1 to 65535
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        value_parser = number::runs,
        allow_negative_numbers = true
    )]
    runs: u16,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

impl Knapsack {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        ensure_exists(&self.data)?;
        let days = Days::read(&self.data)?;
        let mut setting = Setting { runs: self.runs.into(), ..Setting::new(Seed(common.seed)) };
        if !self.capacities.is_empty() {
            setting.capacities.clone_from(&self.capacities);
        }
        let digest = format!("{:016x}", days.digest());
        let mut origin = report::origin(common.seed, &[]);
        origin.versions.push(("data".into(), format!("digest {digest}")));
        let settings = save::settings("knapsack", self, common, Some(digest))?;
        let how = (common, &self.checkpoints, &self.out);
        let (outcomes, saver) =
            follow(("training runs", setting.fits()), settings, how, |journal| setting.run(days, journal))?;

        if common.json {
            say_json(&knapsack::json(&outcomes))?;
        } else {
            let table = knapsack::table(&outcomes);
            say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
        }
        if self.out.wanted() {
            self.out.save(&knapsack::page(&outcomes, &setting, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }
}
