//! Input files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::data::table::{self as csv_table, Targets};
use perturb::data::{DataError, Dataset, label_ranking};
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;

use super::{Failure, ensure_exists, usage};

/// A file of rows, and its columns of rankings.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// CSV file: a table with a header, or the label-ranking format (line 1 `n,d,k`)
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Columns of ranks, one for each label, 1 = best [default: detected]
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
        ensure_exists(&self.data)?;
        if is_model(&self.data) {
            return Err(format!("{} is a model file; --data expects a table", self.data.display()).into());
        }
        Ok(if has_counts(&self.data)? {
            if self.ordering.is_some() || !self.ranks.is_empty() {
                let file = self.data.display();
                return Err(usage(format!(
                    "{file} is in the label-ranking format, which has no column names; --ranks and --ordering apply to tables"
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

/// The features that a model was trained on, from a table.
pub(crate) fn features(file: &Path, names: &[String]) -> Result<Vec<f32>, Failure> {
    csv_table::read_features(file, names).map_err(|error| {
        // The columns differ from those of the model.
        if !matches!(&error, DataError::Invalid { place, .. } if place.line == 1) {
            return error.into();
        }
        let more = (names.len() > 10).then_some("…");
        let names: Vec<&str> = names.iter().take(10).map(String::as_str).chain(more).collect();
        format!("{error}; the model's features are {}", names.join(", ")).into()
    })
}

/// Warns of columns that are text because of few values among many numbers, such as `n.a.`.
pub(crate) fn warn_suspicious_text(file: &Path, names: &[String]) {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (column, value) in names.iter().filter_map(|name| name.split_once('=')) {
        columns.entry(column).or_default().push(value);
    }
    for (column, values) in columns {
        let texts: Vec<&str> = values.iter().copied().filter(|value| value.parse::<f64>().is_err()).collect();
        if values.len() >= 10 && texts.len() * 10 <= values.len() {
            eprintln!(
                "{}: warning: column `{column}` is read as text with {} values, because {} is not a number",
                file.display(),
                values.len(),
                texts.join(", ")
            );
        }
    }
}

/// Whether a file begins like a model file.
fn is_model(file: &Path) -> bool {
    let mut start = [0; 8];
    std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"PERTURB\0"
}

/// A model file.
pub(crate) fn load_file(path: &Path) -> Result<ModelFile, Failure> {
    let tip = "expected a model file, as `perturb train` writes it";
    ensure_exists(path).map_err(|error| format!("{error}; {tip}"))?;
    ModelFile::load(path).map_err(|error| {
        let tip = if is_model(path) { String::new() } else { format!("; {tip}") };
        format!("{error}{tip}").into()
    })
}

/// A model file whose names fit its sizes. Swapped files of model and data are refused.
pub(crate) fn load(path: &Path, data: &Path) -> Result<(ModelFile, LinearModel<f32>), Failure> {
    if path.is_file() && !is_model(path) && is_model(data) {
        let (path, data) = (path.display(), data.display());
        return Err(usage(format!(
            "--data {data} is a model file and --model {path} is not; are they swapped?"
        )));
    }
    let file = load_file(path)?;
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
        return Err(format!("{}: the model does not name all its features and labels, because `export --format bytes` and devices omit names; use the file that `perturb train` wrote", path.display()).into());
    }
    let model = LinearModel::from_parts(file.features, file.weights.clone(), file.bias.clone())
        .ok_or_else(|| format!("{}: weights and bias do not fit each other", path.display()))?;
    Ok((file, model))
}
