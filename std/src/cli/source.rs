//! Input files as the user names them.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::data::table::{self as csv_table, Targets};
use perturb::data::{Dataset, label_ranking};
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;

use super::{Failure, found, usage};

/// A file of rows, and where its ranking stands.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// CSV file: a table with a header, or the label-ranking format (line 1 `n,d,k`)
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Columns of ranks, one a label, 1 = best [default: detected]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', conflicts_with = "ordering")]
    ranks: Vec<String>,
    /// Column of orderings such as `b>a>c`, best first [default: detected]
    #[arg(long, value_name = "COLUMN")]
    ordering: Option<String>,
}

impl Source {
    fn targets(&self) -> Targets {
        match &self.ordering {
            Some(column) => Targets::Ordering(column.clone()),
            None if self.ranks.is_empty() => Targets::Detect,
            None => Targets::Ranks(self.ranks.clone()),
        }
    }
    pub(crate) fn read(&self) -> Result<Dataset<f32>, Failure> {
        found(&self.data)?;
        Ok(if has_counts(&self.data)? {
            if self.ordering.is_some() || !self.ranks.is_empty() {
                let file = self.data.display();
                return Err(usage(format!(
                    "{file} is in the label-ranking format, which names no columns: --ranks and --ordering are for tables"
                )));
            }
            label_ranking::read(&self.data)?
        } else {
            csv_table::read(&self.data, &self.targets())?
        })
    }
}

/// Whether the first line is `n,d,k`: the label-ranking format.
pub(crate) fn has_counts(file: &Path) -> Result<bool, Failure> {
    let name = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut line = Vec::new();
    BufReader::new(std::fs::File::open(file).map_err(name)?.take(200))
        .read_until(b'\n', &mut line)
        .map_err(name)?;
    let fields =
        line.split(|&byte| byte == b',').map(|field| std::str::from_utf8(field).unwrap_or("").trim());
    let counts: Vec<bool> = fields.map(|field| field.parse::<u64>().is_ok()).collect();
    Ok(counts == [true; 3])
}

/// A model file whose names fit its sizes.
pub(crate) fn load(path: &Path) -> Result<(ModelFile, LinearModel<f32>), Failure> {
    found(path)?;
    let file = ModelFile::load(path)?;
    if !matches!(file.oracle, OracleKind::Ranking) {
        return Err(format!(
            "{}: the model decides by {}; expected ranking",
            path.display(),
            file.oracle.name()
        )
        .into());
    }
    let names = &file.provenance;
    if (names.feature_names.len(), names.label_names.len()) != (file.features, file.scores) {
        return Err(format!("{}: the model does not name all its features and labels", path.display()).into());
    }
    let model = LinearModel::from_parts(file.features, file.weights.clone(), file.bias.clone())
        .ok_or_else(|| format!("{}: weights and bias do not fit each other", path.display()))?;
    Ok((file, model))
}
