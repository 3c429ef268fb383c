//! `perturb evaluate`: compares a model's ranks with known ranks.

use std::path::PathBuf;

use clap::Args;
use perturb::train::RankingScores;

use super::source::{Source, load};
use super::{Common, Failure, Out, report, say, say_json, table};

/// Evaluate a model on rows with known ranks
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb evaluate --data more_votes.csv --model votes.perturb
  perturb evaluate --data more_votes.csv --model votes.perturb --json | jq .spearman")]
pub(crate) struct Evaluate {
    /// Model file; - reads standard input
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    out: Out,
}

impl Evaluate {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        self.out.ensure_free("evaluate", &[("--data", &self.source.data), ("--model", &self.model)])?;
        let (file, model) = load(&self.model, &self.source.data)?;
        let input = self.source.input()?;
        let data = self.source.parse_for(&input, &file)?;
        if format!("{:016x}", data.digest()) == file.provenance.data_digest {
            tell!(
                "{}: warning: the model was trained on these very rows; their scores do not tell how it ranks new ones",
                input.name.display()
            );
        }
        let scores = RankingScores::of(&model, &data);
        if common.json {
            say_json(&scores)?;
        } else {
            say(table::of_scores(&scores, &format!("{} rows", data.len())))?;
        }
        if self.out.wanted() {
            let origin = report::origin(common.seed, &[&data]);
            self.out.save(&report::evaluate(origin, (&file, &model), &data)?, common)?;
        }
        Ok(())
    }
}
