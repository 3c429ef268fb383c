//! `perturb experiment`: the paper's experiments.

use std::path::{Path, PathBuf};

use clap::Args;
use perturb::Seed;
use perturb::data::{Dataset, label_ranking as format};
use perturb_experiments::ExperimentError;
use perturb_experiments::label_ranking::{self, LOSSES, Protocol, SetResult};
use perturb_experiments::synthetic_ranking::{self, Setting};
use serde::Serialize;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::{Common, Failure, Out, ensure_exists, number, report, say, say_json, table};

/// Run nested cross-validation on every file of a folder, and show the paper's values next to the results
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment label-ranking --data sets --out out
  perturb experiment label-ranking --data sets --sets iris,glass")]
pub(crate) struct LabelRanking {
    /// Folder of label-ranking CSV files (line 1 `n,d,k`, then d features and k ranks a line)
    #[arg(long, value_name = "DIR", env = "PERTURB_DATA")]
    #[serde(skip)]
    data: PathBuf,
    /// Use only the sets with these names
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    sets: Vec<String>,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

impl LabelRanking {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        ensure_exists(&self.data)?;
        let mut sets = read_folder(&self.data)?;
        if let Some(missing) =
            self.sets.iter().find(|name| sets.iter().all(|set| set.name() != name.as_str()))
        {
            return Err(format!("{}: no file {missing}.csv", self.data.display()).into());
        }
        sets.retain(|set| self.sets.is_empty() || self.sets.iter().any(|name| name == set.name()));

        let protocol = Protocol { seed: Seed(common.seed), ..Protocol::default() };
        // Every outer fold needs a row, and so does every inner fold of the remaining rows.
        let least = protocol.outer.max(protocol.inner + 1);
        if let Some(small) = sets.iter().find(|set| set.len() < least) {
            let file = self.data.join(format!("{}.csv", small.name()));
            let (file, found) = (file.display(), small.len());
            return Err(format!(
                "{file}: expected at least {least} rows for {} folds, found {found}; select other files with --sets",
                protocol.outer
            )
            .into());
        }
        let total = sets.iter().map(|set| protocol.cost(set.len())).sum();
        let digests: Vec<String> = sets.iter().map(|set| format!("{:016x}", set.digest())).collect();
        let settings = save::settings("label_ranking", self, common, Some(digests.join(", ")))?;
        let how = (common, &self.checkpoints, &self.out);
        let (results, saver) = follow(("gradients", total), settings, how, |journal| {
            sets.iter().map(|set| protocol.run(set, journal)).collect::<Result<Vec<SetResult>, _>>()
        })?;

        if common.json {
            say_json(&label_ranking::json(&results))?;
        } else {
            for table in label_ranking::tables(&results) {
                say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
            }
        }
        if self.out.wanted() {
            let origin = report::origin_of_data(common.seed, &sets.iter().collect::<Vec<_>>(), &self.data);
            self.out.save(&label_ranking::page(&results, &protocol, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }
}

/// Every `.csv` file of a folder, sorted by name.
fn read_folder(folder: &Path) -> Result<Vec<Dataset<f32>>, Failure> {
    let name = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(name)? {
        let path = entry.map_err(name)?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(format!("{}: no .csv files; expected label-ranking files", folder.display()).into());
    }
    files.sort();
    files.iter().map(|file| Ok(format::read(file)?)).collect()
}

/// Measure perfect and partial ranks at growing noise levels, with four losses
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment synthetic-ranking --out out           # minutes
  perturb experiment synthetic-ranking --out out --resume  # after an interrupt
  perturb experiment synthetic-ranking --full --out out    # hours")]
pub(crate) struct SyntheticRanking {
    /// Run at the paper's size: 41 noise levels, three data sets each (hours)
    #[arg(long)]
    full: bool,
    /// Passes over the training rows, at least 1 [default: 16, with --full 2000 as in the paper]
    #[arg(long, value_name = "N", value_parser = number::at_least_one, allow_negative_numbers = true)]
    epochs: Option<usize>,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

/// Noise levels of the learning curves (Figure 8).
const CURVES: [u32; 2] = [9, 15];

impl SyntheticRanking {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let seed = Seed(common.seed);
        let mut setting = if self.full { Setting::full(seed, 2000) } else { Setting::quick(seed) };
        if let Some(epochs) = self.epochs {
            setting.epochs = epochs;
        }
        let curve_fits =
            setting.fits() / setting.sigmas.len() as u64 / setting.runs as u64 + LOSSES.len() as u64;
        let total = setting.fits() + CURVES.len() as u64 * curve_fits;
        let settings = save::settings("synthetic_ranking", self, common, None)?;
        let how = (common, &self.checkpoints, &self.out);
        let ((outcomes, curves), saver) = follow(("training runs", total), settings, how, |journal| {
            let outcomes = setting.run(journal)?;
            let levels = CURVES.iter().map(|&index| synthetic_ranking::noise_level(index));
            let curves = levels.map(|sigma| Ok((sigma, setting.curves(sigma, journal)?)));
            Ok((outcomes, curves.collect::<Result<Vec<_>, ExperimentError>>()?))
        })?;

        if common.json {
            say_json(&synthetic_ranking::json(&outcomes, &curves))?;
        } else {
            for table in synthetic_ranking::tables(&outcomes) {
                say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
            }
        }
        if self.out.wanted() {
            let origin = report::origin(common.seed, &[]);
            self.out.save(&synthetic_ranking::page(&outcomes, &curves, &setting, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }
}
