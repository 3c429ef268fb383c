//! `perturb evaluate`: compares a model's decisions with known ones.

use std::path::PathBuf;

use clap::Args;

use super::scores::Scores;
use super::source::{Source, linear, load};
use super::{Common, Failure, Out, options, report, say, say_json};

/// Evaluate a model on rows with known decisions
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb evaluate --data more_votes.csv --model votes.perturb
  perturb evaluate --data more_votes.csv --model votes.perturb --json | jq .spearman
  perturb evaluate --data more_trips.csv --model trips.perturb")]
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
        let file = load(&self.model, &self.source.data)?;
        if let Some(recipe) = &file.provenance.recipe {
            options::Asked::JUDGED.ensure(common)?;
            return options::evaluate(&self.source, &file, recipe, (common, &self.out));
        }
        let model = linear(&self.model, &file)?;
        let input = self.source.input()?;
        let data = self.source.parse_for_model(&input, &file)?;
        if format!("{:016x}", data.digest()) == file.provenance.data_digest {
            tell!(
                "{}: warning: the model was trained on these very rows; their scores do not tell how it decides in new ones",
                input.name.display()
            );
        }
        let scores = Scores::of(&model, &data, (file.noise, file.epsilon))?;
        if common.json {
            say_json(&scores)?;
        } else {
            say(scores.text(&format!("{} rows", data.len())))?;
        }
        if self.out.wanted() {
            let origin = report::origin(common.seed, &[&data]);
            self.out.save(&report::evaluate(origin, (&file, &model), &data)?, common)?;
        }
        Ok(())
    }
}
