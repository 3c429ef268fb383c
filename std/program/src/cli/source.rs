//! Input files.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::data::table::{self as csv_table, Reading, Targets, Unseen};
use perturb::data::{DataError, Dataset, label_ranking};
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;

use super::streams::{Input, ensure_one_stdin, is_standard};
use super::{Failure, ensure_exists, usage};

/// A file of rows, and its columns of rankings.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// CSV file: a table with a header, or the label-ranking format (line 1 `n,d,k`); - reads standard input
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
    /// Reads the file, once.
    pub(crate) fn input(&self) -> Result<Input, Failure> {
        Input::read(&self.data)
    }

    /// The rows, and what a table's columns were taken for. Features in the label-ranking format are centred as a model's,
    /// if there is one.
    pub(crate) fn parse(
        &self,
        input: &Input,
        model: Option<&ModelFile>,
    ) -> Result<(Dataset<f32>, Option<Reading>), Failure> {
        let (name, bytes) = (&input.name, &input.bytes);
        if input.is_model() {
            return Err(format!("{} is a model file; --data expects a table", name.display()).into());
        }
        Ok(if input.has_counts() {
            if self.ordering.is_some() || !self.ranks.is_empty() {
                let name = name.display();
                return Err(usage(format!(
                    "{name} is in the label-ranking format, which has no column names; --ranks and --ordering apply to tables"
                )));
            }
            (counted(input, model)?, None)
        } else {
            let (data, reading) = csv_table::parse_noting(name, bytes, &self.targets())?;
            (data, Some(reading))
        })
    }
}

/// Rows in the label-ranking format, of as many features as a model has.
pub(crate) fn counted(input: &Input, model: Option<&ModelFile>) -> Result<Dataset<f32>, Failure> {
    let (name, bytes) = (&input.name, &input.bytes);
    let Some(model) = model else { return Ok(label_ranking::parse(name, bytes)?) };
    let data = label_ranking::parse::<f32>(name, bytes)?;
    if data.features() != model.features {
        let (name, found, expected) = (name.display(), data.features(), model.features);
        return Err(format!("{name} has {found} features; the model expects {expected}").into());
    }
    if data.centres() == model.centres {
        return Ok(data);
    }
    Ok(label_ranking::parse_centred(name, bytes, &model.centres)?)
}

/// The features that a model was trained on, from a table.
pub(crate) fn features(input: &Input, model: &ModelFile) -> Result<Vec<f32>, Failure> {
    let names = &model.provenance.feature_names;
    let read = csv_table::parse_features_noting(&input.name, &input.bytes, names, &model.centres);
    let (features, unseen) = read.map_err(|error| {
        // The columns differ from those of the model.
        if !matches!(&error, DataError::Invalid { place, .. } if place.line == 1) {
            return error.into();
        }
        let more = (names.len() > 10).then_some("…");
        let names: Vec<&str> = names.iter().take(10).map(String::as_str).chain(more).collect();
        Failure::from(format!("{error}; the model's features are {}", names.join(", ")))
    })?;
    warn_unseen(&input.name, &unseen);
    Ok(features)
}

/// Warns of values that the model has not seen: they add nothing to any score.
fn warn_unseen(name: &Path, unseen: &[Unseen]) {
    /// Values that are named.
    const NAMED: usize = 5;
    for columns in unseen.chunk_by(|a, b| a.column == b.column) {
        let Some(Unseen { column, .. }) = columns.first() else { continue };
        let rows: usize = columns.iter().map(|unseen| unseen.rows).sum();
        let more = (columns.len() > NAMED).then_some("…");
        let values: Vec<&str> =
            columns.iter().take(NAMED).map(|unseen| unseen.value.as_str()).chain(more).collect();
        eprintln!(
            "{}: warning: column `{column}` has values in {rows} rows that the model was not trained on: {}",
            name.display(),
            values.join(", ")
        );
    }
}

/// Says what a table's columns were taken for, and what is suspicious.
pub(crate) fn tell(name: &Path, data: &Dataset<f32>, reading: &Reading, quiet: bool) {
    let (name, listed) = (name.display(), |names: &[String]| names.join(", "));
    if !quiet {
        let columns = if reading.ranking.len() == 1 { "column" } else { "columns" };
        let mut parts = vec![format!(
            "ranking of {} in {columns} {}",
            listed(data.label_names()),
            listed(&reading.ranking)
        )];
        if !reading.numbers.is_empty() {
            let centre = |name: &String| data.feature_names().iter().position(|other| other == name);
            let numbers = reading.numbers.iter().map(|name| {
                match centre(name).and_then(|j| data.centres().get(j)).filter(|&&centre| centre != 0.0) {
                    Some(centre) => format!("{name} (minus {centre}, beside which f32 is coarse)"),
                    None => name.clone(),
                }
            });
            parts.push(format!("numbers in {}", numbers.collect::<Vec<_>>().join(", ")));
        }
        if !reading.texts.is_empty() {
            let texts: Vec<String> =
                reading.texts.iter().map(|(name, values)| format!("{name} ({values} values)")).collect();
            parts.push(format!("text in {}", texts.join(", ")));
        }
        eprintln!("{name}: {}", parts.join("; "));
    }
    for warning in &reading.warnings {
        eprintln!("{name}: warning: {warning}");
    }
}

/// Whether a file begins like a model file.
fn is_model(file: &Path) -> bool {
    let mut start = [0; 8];
    file.is_file()
        && std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"PERTURB\0"
}

/// A model file.
pub(crate) fn load_file(path: &Path) -> Result<ModelFile, Failure> {
    let tip = "expected a model file, as `perturb train` writes it";
    if is_standard(path) {
        let Input { name, bytes } = Input::read(path)?;
        return ModelFile::from_bytes(&bytes)
            .map_err(|error| format!("{}: {error}; {tip}", name.display()).into());
    }
    ensure_exists(path).map_err(|error| format!("{error}; {tip}"))?;
    ModelFile::load(path).map_err(|error| {
        let tip = if is_model(path) { String::new() } else { format!("; {tip}") };
        format!("{error}{tip}").into()
    })
}

/// A model file whose names fit its sizes, and the data that it is to be used on. Swapped files of model and data are refused.
pub(crate) fn load(path: &Path, data: &Path) -> Result<(ModelFile, LinearModel<f32>, Input), Failure> {
    ensure_one_stdin(("--model", path), ("--data", data))?;
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
    Ok((file, model, Input::read(data)?))
}
