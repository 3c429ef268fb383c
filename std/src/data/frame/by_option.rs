//! Tables with a row a decision and columns by option, turned into rows by option.

use serde::{Deserialize, Serialize};

use super::{Column, Frame, Texts};
use crate::data::DataError;
use crate::data::text::quote;

/// How a table with a row a decision names what it knows of each option.
///
/// With the options `TRAIN`, `CAR` and the pattern `{option}_{column}`, the columns `TRAIN_TT` and `CAR_TT` become one column `TT`
/// of the rows for the options; columns of the decision are repeated. Where an option lacks a column, its values are missing. The
/// options' names and numbers are columns, too.
///
/// ```
/// use perturb::data::frame::{ByOption, Column, Expression, Frame};
/// let column = |name: &str, x: [f64; 2]| (name.to_owned(), Column::Numbers(x.to_vec()));
/// let columns = vec![column("TRAIN_TT", [60.0, 70.0]), column("CAR_TT", [50.0, 90.0]), column("AGE", [3.0, 2.0])];
/// let by_option = ByOption::new(["TRAIN", "CAR"].map(String::from).to_vec(), "{option}_{column}", "mode")?;
/// let long = by_option.lengthen(&Frame::new("trips".as_ref(), columns)?, &["TT", "AGE", "mode"])?;
/// let numbers = |text| Expression::parse(text)?.numbers(&long, 0..4);
/// assert_eq!(numbers("TT")?, [60.0, 50.0, 70.0, 90.0]);
/// assert_eq!(numbers("AGE * (mode == 'CAR')")?, [0.0, 3.0, 0.0, 2.0]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct ByOption {
    /// The names of the options, as columns have them.
    options: Vec<String>,
    /// With `{option}` and `{column}`.
    pattern: String,
    /// The name of the column that names the option.
    name: String,
}

/// [`ByOption`] as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    options: Vec<String>,
    pattern: String,
    name: String,
}

impl TryFrom<Unchecked> for ByOption {
    type Error = DataError;

    fn try_from(of: Unchecked) -> Result<Self, DataError> {
        Self::new(of.options, &of.pattern, &of.name)
    }
}

impl ByOption {
    /// The pattern of [`ByOption::new`] for names such as `TRAIN_TT`.
    pub const PATTERN: &'static str = "{option}_{column}";

    /// Refused: fewer than two options, one twice, and a pattern without `{option}` or `{column}`. `name` names the column of the
    /// options' names.
    pub fn new(options: Vec<String>, pattern: &str, name: &str) -> Result<Self, DataError> {
        if options.len() < 2 {
            return Err(DataError::parameter("options", "at least 2 names", options.len()));
        }
        if let Some((_, twice)) =
            options.iter().enumerate().find(|(at, name)| options.iter().take(*at).any(|other| other == *name))
        {
            return Err(DataError::parameter("options", "each name once", format!("{} twice", quote(twice))));
        }
        for part in ["{option}", "{column}"] {
            if pattern.matches(part).count() != 1 {
                return Err(DataError::parameter("pattern", format!("{part} once"), quote(pattern)));
            }
        }
        Ok(Self { options, pattern: pattern.to_owned(), name: name.to_owned() })
    }

    /// The names of the options.
    pub fn options(&self) -> &[String] {
        &self.options
    }
    /// The name of the column that names the option.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the column of the options' numbers, 1 for the first: the name and `.number`.
    pub fn number(&self) -> String {
        format!("{}.number", self.name)
    }

    fn is_own(&self, name: &str) -> bool {
        name == self.name || name == self.number()
    }

    /// The column of an option.
    fn column(&self, option: &str, column: &str) -> String {
        // Names of options and columns may have braces.
        let (before, after) = self.pattern.split_once("{option}").unwrap_or((&self.pattern, ""));
        let part = |text: &str| text.replace("{column}", column);
        format!("{}{option}{}", part(before), part(after))
    }

    /// The columns of a table from which [`lengthen`](Self::lengthen) makes those named.
    pub fn sources(&self, names: &[&str], has: impl Fn(&str) -> bool) -> Vec<String> {
        let mut sources = Vec::new();
        for &name in names.iter().filter(|&&name| !self.is_own(name)) {
            let by_option =
                self.options.iter().map(|option| self.column(option, name)).filter(|name| has(name));
            let before = sources.len();
            sources.extend(by_option);
            if sources.len() == before {
                sources.push(name.to_owned());
            }
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// The columns named, with a row for each option of each row, in their order.
    pub fn lengthen(&self, frame: &Frame, names: &[&str]) -> Result<Frame, DataError> {
        let count = self.options.len();
        let rows: Vec<usize> = (0..frame.len() * count).map(|row| row / count).collect();
        let (columns, names_of) = (std::collections::BTreeMap::new(), Vec::new());
        let mut long = Frame { columns, names: names_of, options: self.options.clone(), ..frame.clone() };
        long.rows = rows.len();
        long.lines = rows.iter().filter_map(|&row| frame.lines.get(row).copied()).collect();
        let options = (0..rows.len()).filter_map(|row| self.options.get(row % count)).map(String::as_str);
        long.set(&self.name, Column::Texts(Texts::new(options)))?;
        let numbers = (0..rows.len()).map(|row| (row % count + 1) as f64).collect();
        long.set(&self.number(), Column::Numbers(numbers))?;
        for &name in names.iter().filter(|&&name| !self.is_own(name)) {
            let sources: Vec<String> = self.options.iter().map(|option| self.column(option, name)).collect();
            let found: Vec<Option<&Column>> =
                sources.iter().map(|source| frame.columns.get(source)).collect();
            if found.iter().all(Option::is_none) {
                let column = frame.columns.get(name).ok_or_else(|| self.lacks(frame, name))?;
                long.set(name, column.select(&rows))?;
                continue;
            }
            let places = sources.iter().map(|source| frame.places.get(source)?.first().copied());
            long.places.insert(name.to_owned(), places.map(Option::unwrap_or_default).collect());
            let cell =
                |row: usize| found.get(row % count).copied().flatten().map(|column| (column, row / count));
            let texts = found.iter().flatten().any(|column| matches!(column, Column::Texts(_)));
            let column = if texts {
                let cells: Vec<String> = (0..rows.len())
                    .map(|row| cell(row).and_then(|(column, row)| column.shown(row)).unwrap_or_default())
                    .collect();
                Column::Texts(Texts::new(cells.iter().map(String::as_str)))
            } else {
                let number = |row| match cell(row) {
                    Some((Column::Numbers(numbers), row)) => numbers.get(row).copied().unwrap_or(f64::NAN),
                    _ => f64::NAN,
                };
                Column::Numbers((0..rows.len()).map(number).collect())
            };
            long.set(name, column)?;
        }
        Ok(long)
    }

    /// Whether a column of a long table differs between the options of a decision.
    pub fn varies(&self, frame: &Frame, column: &str) -> bool {
        let count = self.options.len();
        let first = |row: usize| row / count * count;
        frame
            .columns
            .get(column)
            .is_some_and(|of| (0..frame.len()).any(|row| of.shown(row) != of.shown(first(row))))
    }

    fn lacks(&self, frame: &Frame, name: &str) -> DataError {
        let by_option = self.options.first().map(|option| self.column(option, name)).unwrap_or_default();
        let expected = format!("a column named {} or, by option, such as {}", quote(name), quote(&by_option));
        let found = crate::data::text::listed(&frame.names, 10);
        match frame.lines.first() {
            Some(_) => DataError::invalid(&frame.file, 1, None, expected, found),
            None => DataError::binary(&frame.file, expected, found),
        }
    }
}
