//! `perturb experiment benchmark`.

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use perturb::Seed;
use perturb_experiments::benchmark::{self, Problem, Setting};
use serde::Serialize;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::{Common, Failure, Out, number, report, say, say_json, table};

/// Predict costs that no affine model can represent, then decide: regret after training with five losses
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment benchmark --out out           # minutes
  perturb experiment benchmark --out out --resume  # after an interrupt
  perturb experiment benchmark --problem shortest-path --degrees 8 --rows 1000")]
pub(crate) struct Benchmark {
    /// Decision problems [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = problems())]
    problem: Vec<String>,
    /// Degrees of the polynomial by which costs follow features, 1 to 16 [default: 1,2,4,6,8]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = number::degree, allow_negative_numbers = true)]
    degrees: Vec<u32>,
    /// Numbers of training rows, at least 5 [default: 100,1000]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = number::five_rows, allow_negative_numbers = true)]
    rows: Vec<usize>,
    /// Data sets of each kind, 1 to 65535
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = number::runs,
        allow_negative_numbers = true
    )]
    seeds: u16,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

fn problems() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Problem::ALL.map(Problem::name))
}

fn once_each<T: Copy + Ord>(values: &[T]) -> Vec<T> {
    values.iter().copied().collect::<BTreeSet<T>>().into_iter().collect()
}

impl Benchmark {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let mut setting = Setting { runs: self.seeds.into(), ..Setting::new(Seed(common.seed)) };
        if !self.problem.is_empty() {
            setting.problems.retain(|problem| self.problem.iter().any(|name| name == problem.name()));
        }
        if !self.degrees.is_empty() {
            setting.degrees = once_each(&self.degrees);
        }
        if !self.rows.is_empty() {
            setting.rows = once_each(&self.rows);
        }
        let settings = save::settings("benchmark", self, common, None)?;
        let how = (common, &self.checkpoints, &self.out);
        let (outcomes, saver) =
            follow(("training runs", setting.fits()), settings, how, |journal| setting.run(journal))?;

        if common.json {
            say_json(&benchmark::json(&outcomes))?;
        } else {
            for table in benchmark::tables(&outcomes) {
                say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
            }
        }
        if self.out.wanted() {
            let origin = report::origin(common.seed, &[]);
            self.out.save(&benchmark::page(&outcomes, &setting, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }
}
