//! `perturb predict`: ranks new rows.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use perturb::data::label_ranking;
use perturb::{Dyn, Oracle, Ranking, atomic};

use super::source::{features, has_counts, load};
use super::{Common, Failure, ensure_distinct, ensure_exists, ensure_writable};

/// Rank the labels of each row; the output is a CSV table of ranks and orderings
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb predict --data new_people.csv --model votes.perturb --out ranks.csv")]
pub(crate) struct Predict {
    /// Model file
    #[arg(long, value_name = "FILE", default_value = "model.perturb")]
    model: PathBuf,
    /// CSV table with the model's feature columns, or a file in the label-ranking format
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Output file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Predict {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            ensure_distinct(("--data", &self.data), ("--out", out))?;
            ensure_distinct(("--model", &self.model), ("--out", out))?;
            ensure_writable(out)?;
        }
        let (file, model) = load(&self.model, &self.data)?;
        let names = &file.provenance;
        ensure_exists(&self.data)?;
        let features: Vec<f32> = if has_counts(&self.data)? {
            let data = label_ranking::read(&self.data)?;
            if data.features() != file.features {
                let (found, expected) = (data.features(), file.features);
                return Err(format!(
                    "{} has {found} features; the model expects {expected}",
                    self.data.display()
                )
                .into());
            }
            (0..data.len()).flat_map(|row| data.x(row).to_vec()).collect()
        } else {
            features(&self.data, &names.feature_names)?
        };

        let oracle = Ranking::<f32, _>::ascending(Dyn(file.scores))?;
        let (mut theta, mut ranks, mut work) =
            (vec![0.0; file.scores], vec![0.0; file.scores], oracle.work());
        let mut rows: Vec<(Vec<usize>, String)> = Vec::new();
        for x in features.chunks_exact(file.features) {
            model.score(x, &mut theta);
            // Cannot fail: a sort.
            let _ = oracle.solve(&theta, &mut ranks, &mut work);
            let mut order: Vec<usize> = (0..file.scores).collect();
            order.sort_by(|&a, &b| ranks[a].total_cmp(&ranks[b]));
            let ordering: Vec<&str> = order.iter().map(|&label| names.label_names[label].as_str()).collect();
            rows.push((ranks.iter().map(|&rank| rank as usize).collect(), ordering.join(">")));
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
        if let Some(path) = &self.out {
            atomic::write(path, text.as_bytes())
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        } else {
            std::io::stdout().write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

fn to_csv(labels: &[String], rows: &[(Vec<usize>, String)]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(labels.iter().map(String::as_str).chain(["ordering"]))?;
    for (ranks, ordering) in rows {
        writer.write_record(ranks.iter().map(ToString::to_string).chain([ordering.clone()]))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(|error| error.to_string())?)?)
}
