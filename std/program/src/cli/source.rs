//! Input files.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use perturb::OracleSpec;
use perturb::data::frame::svmlight;
use perturb::data::table::{self as csv_table, Format, Reading, Targets, Unseen};
use perturb::data::{DataError, Dataset, label_ranking, text};
use perturb::model_file::{ModelFile, OracleKind};
use perturb::train::LinearModel;

use super::streams::{Input, ensure_one_stdin, is_standard};
use super::{Failure, ensure_exists, number, usage};

/// A file of rows, and its columns of rankings.
#[derive(Args, Debug, Clone)]
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
#[derive(Args, Debug, Clone)]
pub(crate) struct Layout {
    /// Skip lines of a table that begin with this character, such as #
    #[arg(long, value_name = "CHARACTER", value_parser = number::comment)]
    comment: Option<char>,
    /// Skip this many lines before the header of a table
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = number::lines, allow_negative_numbers = true)]
    skip_lines: usize,
    /// What separates the cells of a table, if its first line such as sep=; does not say so: , ; | or tab [default: ,]
    #[arg(long, value_name = "CHARACTER", value_parser = number::separator)]
    separator: Option<char>,
    /// What stands before the fractions of a table's numbers, . or , [default: .]
    #[arg(long, value_name = "CHARACTER", value_parser = number::decimal)]
    decimal: Option<char>,
}

/// What is said where options of a layout are given with another file.
pub(crate) const OF_LAYOUT: &str = "--comment, --skip-lines, --separator and --decimal apply to tables";

impl Layout {
    pub(crate) fn format(&self) -> Format {
        Format::default()
            .with_comment(self.comment)
            .with_skip_lines(self.skip_lines)
            .with_separator(self.separator)
            .with_decimal_comma(self.decimal == Some(','))
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
    /// The columns of rankings.
    pub(crate) fn targets(&self) -> Targets {
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

    /// The columns of what was decided, for a model.
    fn targets_of(&self, model: &ModelFile) -> Result<Targets, Failure> {
        let of = &model.provenance;
        let targets = match model.oracle {
            OracleKind::Simplex => match &of.decided {
                Some(column) => Targets::Pick(column.clone()),
                None => return Err("the model does not name the column of what was picked".into()),
            },
            OracleKind::TopK => Targets::PickK(of.label_names.clone()),
            OracleKind::Hypercube => Targets::Each(of.label_names.clone()),
            _ => return Ok(self.targets()),
        };
        self.ensure_no_rankings(model.oracle.name())?;
        Ok(targets)
    }

    /// Refuses options that name columns of rankings, where something else is decided.
    pub(crate) fn ensure_no_rankings(&self, decided: &str) -> Result<(), Failure> {
        if self.targets() == Targets::Detect {
            return Ok(());
        }
        Err(usage(format!("--ranks and --ordering name columns of rankings; what is decided is {decided}")))
    }

    /// The rows, and what a table's columns were taken for.
    pub(crate) fn parse(
        &self,
        input: &Input,
        targets: &Targets,
    ) -> Result<(Dataset<f32>, Option<Reading>), Failure> {
        if self.has_counts(input)? {
            if *targets != self.targets() {
                let name = input.name.display();
                return Err(usage(format!(
                    "{name} is in the label-ranking format; --decide and --chosen apply to tables"
                )));
            }
            return Ok((label_ranking::parse(&input.name, &input.bytes)?, None));
        }
        let (name, bytes, format) = (&input.name, &input.bytes, self.layout.format());
        let read = csv_table::parse_table(name, bytes, format, |table| table.dataset(targets));
        let (data, reading) = read.map_err(|error| match &error {
            DataError::Invalid { expected, .. } if expected.starts_with("a ranking: ") => Failure::from(format!(
                "{error}. If a row is an option, name the column of decisions with --group; if columns are by option, name the options with --options"
            )),
            _ => error.into(),
        })?;
        Ok((data, Some(reading)))
    }

    /// The rows with the features of a model, and with its labels.
    pub(crate) fn parse_for_model(&self, input: &Input, model: &ModelFile) -> Result<Dataset<f32>, Failure> {
        let of = &model.provenance;
        let targets = self.targets_of(model)?;
        let data = self.parse_for(input, &targets, (&of.feature_names, &model.centres), &of.label_names)?;
        if let OracleSpec::TopK { k, .. } = data.oracle()
            && *k != model.parameter as usize
        {
            let (name, picks) = (input.name.display(), model.parameter);
            return Err(format!("{name} has {k} chosen labels in each row; the model chooses {picks}").into());
        }
        Ok(data)
    }

    /// The rows with these features and labels.
    pub(crate) fn parse_for(
        &self,
        input: &Input,
        targets: &Targets,
        (features, centres): (&[String], &[f64]),
        labels: &[String],
    ) -> Result<Dataset<f32>, Failure> {
        let (name, bytes) = (&input.name, &input.bytes);
        if self.has_counts(input)? {
            let data = label_ranking::parse_centred::<f32>(name, bytes, centres).map_err(|error| {
                let name = name.display();
                match error {
                    // As many as features.
                    DataError::Parameter { parameter: "centres", .. } => {
                        format!("{name}: the model expects {} features", features.len()).into()
                    }
                    error => Failure::from(error),
                }
            })?;
            if data.labels() != labels.len() {
                let (name, found, expected) = (name.display(), data.labels(), labels.len());
                return Err(format!("{name} has {found} labels; the model expects {expected}").into());
            }
            return Ok(data);
        }
        let read = csv_table::parse_table(name, bytes, self.layout.format(), |table| {
            table.dataset_with::<f32>(targets, (features, centres), labels)
        });
        let (data, unseen) = read.map_err(|error| columns_differ(error, features))?;
        warn_unseen(name, &unseen);
        let data = &data;
        let place = |label: &String| {
            data.label_names().iter().position(|other| other == label).ok_or_else(|| {
                let found = text::listed(data.label_names(), NAMED);
                format!("{}: the model's label `{label}` is missing; found {found}", name.display())
            })
        };
        let places = labels.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        if data.labels() != labels.len() {
            let (found, expected) = (text::listed(data.label_names(), NAMED), text::listed(labels, NAMED));
            return Err(
                format!("{} ranks the labels {found}; the model expects {expected}", name.display()).into()
            );
        }
        let y = (0..data.len()).flat_map(|row| places.iter().map(move |&place| data.y(row)[place])).collect();
        let x = (0..data.len()).flat_map(|row| data.x(row).iter().copied()).collect();
        let data =
            Dataset::of_oracle(data.name(), data.oracle().clone(), features.to_vec(), labels.to_vec(), x, y)?;
        Ok(data.with_centres(centres.to_vec())?)
    }

    /// Whether the file is in the label-ranking format, to which options of tables do not apply.
    fn has_counts(&self, input: &Input) -> Result<bool, Failure> {
        let name = input.name.display();
        if input.is_model() {
            return Err(format!("{name} is a model file; --data expects a table").into());
        }
        let group = "its rows are options, and";
        if svmlight::is_svmlight(&input.bytes) {
            return Err(usage(format!(
                "{name} is in SVMlight's format: {group} --group qid --decide rank ranks those of a query"
            )));
        }
        if input.bytes.starts_with(b"\x93NUMPY") {
            return Err(usage(format!(
                "{name} is a matrix of NumPy: {group} --group names the column of decisions, such as x1"
            )));
        }
        let counts = input.has_counts();
        if counts && (self.ordering.is_some() || !self.ranks.is_empty()) {
            return Err(usage(format!(
                "{name} is in the label-ranking format, which has no column names; --ranks and --ordering apply to tables"
            )));
        }
        if counts && self.layout.is_given() {
            return Err(usage(format!("{name} is in the label-ranking format; {OF_LAYOUT}")));
        }
        Ok(counts)
    }
}

/// Names that a message lists.
const NAMED: usize = 10;

/// The error, and where a column is missing, the columns that a model needs.
pub(crate) fn columns_differ(error: DataError, features: &[String]) -> Failure {
    match &error {
        DataError::Invalid { place, expected, .. }
            if place.column.is_none() && expected.starts_with("a column named") =>
        {
            let names = text::listed(features, NAMED);
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
        let columns = if reading.decided.len() == 1 { "column" } else { "columns" };
        let what = match data.oracle() {
            OracleSpec::Simplex { .. } => "pick of ".to_owned(),
            OracleSpec::TopK { k, .. } => format!("pick of {k} of "),
            OracleSpec::Hypercube { .. } => "yes or no to ".to_owned(),
            _ => "ranking of ".to_owned(),
        };
        let mut parts =
            vec![format!("{what}{} in {columns} {}", listed(data.label_names()), listed(&reading.decided))];
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

/// The affine model of a file that decides on labels, whose names fit its sizes.
pub(crate) fn linear(path: &Path, file: &ModelFile) -> Result<LinearModel<f32>, Failure> {
    let path = path.display();
    if file.shared {
        return Err(format!("{path}: the model's weights are shared by all options, and it does not say how a table becomes decisions, because `export --format bytes` and devices omit that; use the file that `perturb train` wrote").into());
    }
    if file.oracle == OracleKind::Other {
        let expected = "ranking, simplex, hypercube or top-k";
        return Err(format!(
            "{path}: the model decides by an oracle {}; expected {expected}",
            file.oracle.name()
        )
        .into());
    }
    let names = &file.provenance;
    if (names.feature_names.len(), names.label_names.len()) != (file.features, file.scores) {
        return Err(format!("{path}: the model does not name all its features and labels, because `export --format bytes` and devices omit names; use the file that `perturb train` wrote").into());
    }
    file.linear().ok_or_else(|| format!("{path}: weights and bias do not fit each other").into())
}
