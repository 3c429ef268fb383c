//! `perturb experiment asymptotics` and `perturb experiment temperature`.

use clap::Args;
use perturb::Seed;
use perturb_experiments::{asymptotics, temperature};
use serde::Serialize;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::{Common, Failure, Out, report, say, say_json, table};

/// Learn scores from decisions: covariance and coverage of intervals at growing numbers of decisions
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment asymptotics --out out         # seconds
  perturb experiment asymptotics --full --out out  # minutes")]
pub(crate) struct Asymptotics {
    /// Take up to 100,000 decisions and 4000 data sets (minutes)
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

impl Asymptotics {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let seed = Seed(common.seed);
        let setting =
            if self.full { asymptotics::Setting::full(seed) } else { asymptotics::Setting::quick(seed) };
        let settings = save::settings("asymptotics", self, common, None)?;
        let how = (common, &self.checkpoints, &self.out);
        let (outcomes, saver) =
            follow(("data sets", setting.data_sets()), settings, how, |journal| setting.run(journal))?;
        if common.json {
            say_json(&asymptotics::json(&outcomes))?;
        } else {
            let table = asymptotics::table(&outcomes);
            say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
        }
        if self.out.wanted() {
            self.out
                .save(&asymptotics::page(&outcomes, &setting, &report::origin(common.seed, &[]))?, common)?;
        }
        saver.done();
        Ok(())
    }
}

/// Measure the effect of the temperature on a ranking and on paths, with the picture of Figure 1
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb experiment temperature --out out")]
pub(crate) struct Temperature {
    #[command(flatten)]
    out: Out,
}

impl Temperature {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let setting = temperature::Setting::new(Seed(common.seed));
        let outcomes = setting.run()?;
        if common.json {
            say_json(&temperature::json(&outcomes))?;
        } else {
            let table = temperature::table(&outcomes);
            say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
        }
        if self.out.wanted() {
            let (picture, origin) = (setting.picture()?, report::origin(common.seed, &[]));
            self.out.save(&temperature::page(&outcomes, &picture, &setting, &origin)?, common)?;
        }
        Ok(())
    }
}
