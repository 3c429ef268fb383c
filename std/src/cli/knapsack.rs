//! `perturb experiment knapsack`.

use std::path::PathBuf;

use clap::Args;
use perturb::Seed;
use perturb::experiment::knapsack::{self, Days, Setting};

use super::progress::Progress;
use super::{Common, Failure, Out, report, say, say_json, table};

/// Predict energy prices, decide by a knapsack: regret after training by three losses.
#[derive(Args, Debug)]
pub(crate) struct Knapsack {
    /// The archive of prices (.npz with X_1gtrain, y_train, X_1gtest, y_test, weights)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Knapsack capacities [default: 60,120,180]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    capacities: Vec<u32>,
    /// Training runs per capacity and loss
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    #[command(flatten)]
    out: Out,
}

impl Knapsack {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let days = Days::read(&self.data)?;
        let mut setting = Setting { runs: self.runs.into(), ..Setting::new(Seed(common.seed)) };
        if !self.capacities.is_empty() {
            setting.capacities.clone_from(&self.capacities);
        }
        let progress = Progress::new("training runs", setting.fits(), common.quiet);
        let outcomes = setting.run(days, &|| progress.add(1))?;
        drop(progress);

        if common.json {
            say_json(&knapsack::json(&outcomes))?;
        } else {
            let table = knapsack::table(&outcomes);
            say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
        }
        if self.out.wanted() {
            self.out.save(&knapsack::page(&outcomes, &setting, &report::origin(common.seed, &[]))?)?;
        }
        Ok(())
    }
}
