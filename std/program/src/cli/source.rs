//! Input files.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::data::table::{self as csv_table, Format, Reading, Targets, Unseen};
use perturb::data::{DataError, Dataset, label_ranking, text};
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;

use super::streams::{Input, ensure_one_stdin, is_standard};
use super::{Failure, ensure_exists, number, usage};

/// A file of rows, and its columns of rankings.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// CSV file: a table with a header, or the label-ranking format (line 1 `n,d,k`); of options also SVMlight's queries and a
    /// matrix of NumPy (.npy); - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Columns of ranks, one for each label, 1 = best [default: detected]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', conflicts_with = "ordering")]
    ranks: Vec<String>,
    /// Column of orderings such as `b>a>c`, best first [default: detected]
    #[arg(long, value_name = "COLUMN")]
    ordering: Option<String>,
    #[command(flatten)]
    pub(crate) layout: Layout,
}

/// How a table is written.
#[derive(Args, Debug)]
pub(crate) struct Layout {
    /// Skip lines of a table that begin with this character, such as #
    #[arg(long, value_name = "CHARACTER", value_parser = number::comment)]
    comment: Option<char>,
    /// Skip this many lines before the header of a table
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = number::lines, allow_negative_numbers = true)]
    skip_lines: usize,
}

impl Layout {
    pub(crate) fn format(&self) -> Format {
        Format::default().with_comment(self.comment).with_skip_lines(self.skip_lines)
    }
    /// Whether it says anything, which applies to tables alone.
    pub(crate) fn is_given(&self) -> bool {
        self.format() != Format::default()
    }
}

impl Source {
    /// The columns of ranks that were named.
    pub(crate) fn ranks(&self) -> &[String] {
        &self.ranks
    }
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

    /// The rows, and what a table's columns were taken for.
    pub(crate) fn parse(&self, input: &Input) -> Result<(Dataset<f32>, Option<Reading>), Failure> {
        if self.has_counts(input)? {
            return Ok((label_ranking::parse(&input.name, &input.bytes)?, None));
        }
        let (name, bytes, format) = (&input.name, &input.bytes, self.layout.format());
        let (data, reading) =
            csv_table::parse_table(name, bytes, format, |table| table.dataset(&self.targets()))?;
        Ok((data, Some(reading)))
    }

    /// The rows with the features of a model, and with its labels.
    pub(crate) fn parse_for(&self, input: &Input, model: &ModelFile) -> Result<Dataset<f32>, Failure> {
        let (name, bytes) = (&input.name, &input.bytes);
        let of = &model.provenance;
        if self.has_counts(input)? {
            let data = label_ranking::parse_centred::<f32>(name, bytes, &model.centres).map_err(|error| {
                let name = name.display();
                match error {
                    // As many as features.
                    DataError::Parameter { parameter: "centres", .. } => {
                        format!("{name}: the model expects {} features", model.features).into()
                    }
                    error => Failure::from(error),
                }
            })?;
            if data.labels() != model.scores {
                let (name, found, expected) = (name.display(), data.labels(), model.scores);
                return Err(format!("{name} has {found} labels; the model expects {expected}").into());
            }
            return Ok(data);
        }
        let read = csv_table::parse_table(name, bytes, self.layout.format(), |table| {
            table.dataset_with::<f32>(&self.targets(), &of.feature_names, &model.centres)
        });
        let (data, unseen) = read.map_err(|error| columns_differ(error, model))?;
        warn_unseen(name, &unseen);
        let data = &data;
        let place = |label: &String| {
            data.label_names().iter().position(|other| other == label).ok_or_else(|| {
                let found = text::listed(data.label_names(), NAMED);
                format!("{}: the model's label `{label}` is missing; found {found}", name.display())
            })
        };
        let places = of.label_names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        if data.labels() != model.scores {
            let (found, expected) =
                (text::listed(data.label_names(), NAMED), text::listed(&of.label_names, NAMED));
            return Err(
                format!("{} ranks the labels {found}; the model expects {expected}", name.display()).into()
            );
        }
        let y = (0..data.len()).flat_map(|row| places.iter().map(move |&place| data.y(row)[place])).collect();
        let x = (0..data.len()).flat_map(|row| data.x(row).iter().copied()).collect();
        let (names, labels) = (of.feature_names.clone(), of.label_names.clone());
        Ok(Dataset::new(data.name(), names, labels, x, y)?.with_centres(model.centres.clone())?)
    }

    /// Whether the file is in the label-ranking format, to which options of tables do not apply.
    fn has_counts(&self, input: &Input) -> Result<bool, Failure> {
        let name = input.name.display();
        if input.is_model() {
            return Err(format!("{name} is a model file; --data expects a table").into());
        }
        let counts = input.has_counts();
        if counts && (self.ordering.is_some() || !self.ranks.is_empty()) {
            return Err(usage(format!(
                "{name} is in the label-ranking format, which has no column names; --ranks and --ordering apply to tables"
            )));
        }
        if counts && self.layout.is_given() {
            return Err(usage(format!(
                "{name} is in the label-ranking format; --comment and --skip-lines apply to tables"
            )));
        }
        Ok(counts)
    }
}

/// Names that a message lists.
const NAMED: usize = 10;

/// The error, and where a column is missing, the columns that a model needs.
pub(crate) fn columns_differ(error: DataError, model: &ModelFile) -> Failure {
    match &error {
        DataError::Invalid { place, expected, .. }
            if place.column.is_none() && expected.starts_with("a column named") =>
        {
            let names = text::listed(&model.provenance.feature_names, NAMED);
            format!("{error}; the model's features are {names}").into()
        }
        _ => error.into(),
    }
}

/// Warns of values that the model has not seen: they add nothing to any score.
pub(crate) fn warn_unseen(name: &Path, unseen: &[Unseen]) {
    for Unseen { column, values, rows, .. } in unseen {
        let more = (values.len() > Unseen::NAMED).then_some("…");
        let values: Vec<&str> = values.iter().take(Unseen::NAMED).map(String::as_str).chain(more).collect();
        tell!(
            "{}: warning: column `{column}` has values in {rows} rows that the model was not trained on: {}",
            name.display(),
            values.join(", ")
        );
    }
}

/// Says what a table's columns were taken for, and what is suspicious.
pub(crate) fn tell(name: &Path, data: &Dataset<f32>, reading: &Reading, quiet: bool) {
    let (name, listed) = (name.display(), |names: &[String]| text::listed(names, 2 * NAMED));
    if !quiet {
        let columns = if reading.ranking.len() == 1 { "column" } else { "columns" };
        let mut parts = vec![format!(
            "ranking of {} in {columns} {}",
            listed(data.label_names()),
            listed(&reading.ranking)
        )];
        if !reading.numbers.is_empty() {
            let centres: BTreeMap<_, _> = data.feature_names().iter().zip(data.centres()).collect();
            let numbers = reading.numbers.iter().map(|name| {
                match centres.get(name).filter(|&&&centre| centre != 0.0) {
                    Some(&&centre) => {
                        format!("{name} (minus {}, beside which f32 is coarse)", text::shown(centre))
                    }
                    None => name.clone(),
                }
            });
            parts.push(format!("numbers in {}", listed(&numbers.collect::<Vec<_>>())));
        }
        if !reading.texts.is_empty() {
            let texts: Vec<String> =
                reading.texts.iter().map(|(name, values)| format!("{name} ({values} values)")).collect();
            parts.push(format!("text in {}", listed(&texts)));
        }
        tell!("{name}: {}", parts.join("; "));
    }
    for warning in reading.warnings.iter().take(NAMED) {
        tell!("{name}: warning: {warning}");
    }
    if let Some(more) = reading.warnings.len().checked_sub(NAMED).filter(|&more| more > 0) {
        tell!("{name}: {more} more warnings of this kind");
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

/// A model file for the data that it is to be used on. Swapped files of model and data are refused.
pub(crate) fn load(path: &Path, data: &Path) -> Result<ModelFile, Failure> {
    ensure_one_stdin(("--model", path), ("--data", data))?;
    if path.is_file() && !is_model(path) && is_model(data) {
        let (path, data) = (path.display(), data.display());
        return Err(usage(format!(
            "--data {data} is a model file and --model {path} is not; are they swapped?"
        )));
    }
    load_file(path)
}

/// The affine model of a file that ranks labels, whose names fit its sizes.
pub(crate) fn linear(path: &Path, file: &ModelFile) -> Result<LinearModel<f32>, Failure> {
    let path = path.display();
    if file.shared {
        return Err(format!("{path}: the model's weights are shared by all options, and it does not say how a table becomes decisions, because `export --format bytes` and devices omit that; use the file that `perturb train` wrote").into());
    }
    if !matches!(file.oracle, OracleKind::Ranking) {
        return Err(format!("{path}: the model decides by {}; expected ranking", file.oracle.name()).into());
    }
    let names = &file.provenance;
    if (names.feature_names.len(), names.label_names.len()) != (file.features, file.scores) {
        return Err(format!("{path}: the model does not name all its features and labels, because `export --format bytes` and devices omit names; use the file that `perturb train` wrote").into());
    }
    LinearModel::from_parts(file.features, file.weights.clone(), file.bias.clone())
        .ok_or_else(|| format!("{path}: weights and bias do not fit each other").into())
}
