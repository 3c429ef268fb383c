//! `perturb predict`: ranks new rows.

use std::path::PathBuf;

use clap::Args;
use perturb::metrics::ranks;

use super::source::{counted, features, load};
use super::{Common, Failure, ensure_distinct, streams};

/// Rank the labels of each row; the output is a CSV table of ranks and orderings
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb predict --data new_people.csv --model votes.perturb --out ranks.csv")]
pub(crate) struct Predict {
    /// Model file; - reads standard input
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// CSV table with the model's feature columns, or a file in the label-ranking format; - reads standard input
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Output file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The last column of the output.
pub(crate) const ORDERING: &str = "ordering";

impl Predict {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            ensure_distinct(("--data", &self.data), ("--out", out))?;
            ensure_distinct(("--model", &self.model), ("--out", out))?;
        }
        streams::ensure_output(self.out.as_deref())?;
        let (file, model, input) = load(&self.model, &self.data)?;
        let names = &file.provenance;
        let features: Vec<f32> = if input.has_counts() {
            let data = counted(&input, Some(&file))?;
            (0..data.len()).flat_map(|row| data.x(row).to_vec()).collect()
        } else {
            features(&input, &file)?
        };

        let mut theta = vec![0.0; file.scores];
        let mut rows: Vec<(Vec<usize>, String)> = Vec::new();
        for x in features.chunks_exact(file.features) {
            model.score(x, &mut theta);
            let ranks = ranks(&theta);
            let mut order: Vec<usize> = (0..file.scores).collect();
            order.sort_by_key(|&label| ranks[label]);
            let ordering: Vec<&str> = order.iter().map(|&label| names.label_names[label].as_str()).collect();
            rows.push((ranks, ordering.join(">")));
        }

        let text = if common.json {
            let one = |(ranks, ordering): &(Vec<usize>, String)| serde_json::json!({ "ranks": ranks, "ordering": ordering });
            let predictions: Vec<_> = rows.iter().map(one).collect();
            serde_json::to_string_pretty(
                &serde_json::json!({ "labels": names.label_names, "rows": predictions }),
            )? + "\n"
        } else {
            to_csv(&names.label_names, &rows)?
        };
        streams::write(self.out.as_deref(), text.as_bytes())
    }
}

fn to_csv(labels: &[String], rows: &[(Vec<usize>, String)]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(labels.iter().map(String::as_str).chain([ORDERING]))?;
    for (ranks, ordering) in rows {
        writer.write_record(ranks.iter().map(ToString::to_string).chain([ordering.clone()]))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.to_string())?)?)
}
