//! `perturb evaluate`: compares a model's ranks with known ranks.

use std::path::PathBuf;

use clap::Args;
use perturb::data::Dataset;
use perturb::model_file::ModelFile;
use perturb::train::RankingScores;

use super::source::{Source, features, load};
use super::streams::Input;
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
        let (file, model, input) = load(&self.model, &self.source.data)?;
        let (data, _) = self.source.parse(&input, Some(&file))?;
        let data = if input.has_counts() { data } else { aligned(&input, &data, &file)? };
        if (data.features(), data.labels()) != (file.features, file.scores) {
            return Err(format!(
                "{} has {} features and {} labels; the model expects {} and {}",
                input.name.display(),
                data.features(),
                data.labels(),
                file.features,
                file.scores
            )
            .into());
        }
        if format!("{:016x}", data.digest()) == file.provenance.data_digest {
            eprintln!(
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
            self.out.save(&report::evaluate(origin, (&file, &model), &data)?)?;
        }
        Ok(())
    }
}

/// The table with features and labels in the model's order, matched by name.
fn aligned(input: &Input, data: &Dataset<f32>, file: &ModelFile) -> Result<Dataset<f32>, Failure> {
    let names = &file.provenance;
    let features = features(input, file)?;
    let place = |label: &String| {
        data.label_names().iter().position(|other| other == label).ok_or_else(|| {
            let found = data.label_names().join(", ");
            format!("{}: the model's label `{label}` is missing; found {found}", input.name.display())
        })
    };
    let places = names.label_names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let y = (0..data.len()).flat_map(|row| places.iter().map(move |&place| data.y(row)[place])).collect();
    let (features_named, labels) = (names.feature_names.clone(), names.label_names.clone());
    Ok(Dataset::new(data.name(), features_named, labels, features, y)?.with_centres(file.centres.clone())?)
}
