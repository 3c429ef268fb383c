//! Ordinary CSV tables with a header: features, then the ranking.
//!
//! The ranking is either in one column for each label, as ranks (1 = best, a permutation of 1..=k in every row), or
//! in one column, as an ordering such as `f>a>d`, best first, over the same labels in every row. Every other
//! column is a feature:
//!
//! - a column whose values are all numbers is one feature;
//! - a column with any value that is not a number is one-hot encoded: one feature `column=value` for each of its
//!   distinct values, in byte order, 1 where the row has that value and 0 elsewhere. Codes such as `26:Osaka`
//!   are text, and so are one-hot.
//!
//! Cells are trimmed. Refused are an empty cell, NaN or an infinity among numbers, a quote that nothing closes, a header of
//! numbers, a feature named like a label, a column `a=b` in a table with a column `a`, since features of both could have one name,
//! and a column of text whose texts are numbers or dates in another notation, such as `1,5`, `1,200`, `45%` or `28.11.2026`.
//! [`Reading`] says what columns were taken for, and what is suspicious.

mod ranking;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::StringRecord;
use perturb_core::Real;

use super::text::{self, quote};
use super::{DataError, Dataset, centre, label_ranking};
use ranking::Ranking;
pub use reading::Reading;

/// The most distinct values of a one-hot column. A column with more is rather one of names, or of numbers with a typing error.
const MOST_VALUES: usize = 1000;

/// The columns that contain the ranking of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Targets {
    /// These columns contain ranks, one column for each label. The labels keep the given order and the columns' names.
    Ranks(Vec<String>),
    /// This column contains an ordering, best label first. The labels are sorted by their bytes.
    Ordering(String),
    /// The last column, if any of its values contains `>`; otherwise the longest run of last columns with a permutation of 1..=k,
    /// k ≥ 2, in every row.
    #[default]
    Detect,
}

/// Reads a table; the set is named after the file.
///
/// A table that breaks the rules of [this module](self) is refused as a whole. The error has line and column, what was expected
/// and what was found.
pub fn read<T: Real>(file: impl AsRef<Path>, targets: &Targets) -> Result<Dataset<T>, DataError> {
    let file = file.as_ref();
    parse(file, &text::read(file)?, targets)
}

/// Reads a table from the bytes of a file. `file` gives the name of the set; errors name it.
///
/// ```
/// use perturb::data::table::{self, Targets};
/// let text = b"age,town,votes\n31,Kyoto,b>a\n64,Osaka,a>b\n";
/// let data = table::parse::<f64>("votes.csv".as_ref(), text, &Targets::Detect)?;
/// assert_eq!(data.feature_names(), ["age", "town=Kyoto", "town=Osaka"]);
/// assert_eq!(data.label_names(), ["a", "b"]);
/// assert_eq!((data.x(0), data.y(0)), (&[31.0, 1.0, 0.0][..], &[1.0, 2.0][..])); // b is the best
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse<T: Real>(file: &Path, bytes: &[u8], targets: &Targets) -> Result<Dataset<T>, DataError> {
    Ok(parse_noting(file, bytes, targets)?.0)
}

/// [`parse`], and what the columns were taken for.
pub fn parse_noting<T: Real>(
    file: &Path,
    bytes: &[u8],
    targets: &Targets,
) -> Result<(Dataset<T>, Reading), DataError> {
    let table = Table::new(file, text::decode(file, bytes)?)?;
    // Features and a ranking are two columns at least.
    let header: Vec<&str> = table.header.iter().collect();
    if let [name] = header[..]
        && name.contains([';', '\t', '|'])
    {
        let found = format!("one column {}", quote(name));
        return Err(DataError::invalid(file, 1, None, "columns that commas separate", found));
    }
    let ranking = match targets {
        Targets::Ranks(names) => {
            Ranking::Ranks(names.iter().map(|name| table.column(name)).collect::<Result<_, _>>()?)
        }
        Targets::Ordering(name) => Ranking::Ordering(table.column(name)?),
        Targets::Detect => table.detect()?,
    };
    let is_target = |column: &usize| match &ranking {
        Ranking::Ranks(columns) => columns.contains(column),
        Ranking::Ordering(ordering) => column == ordering,
    };
    let (labels, ranks) = match &ranking {
        Ranking::Ranks(columns) => table.ranks(columns)?,
        Ranking::Ordering(column) => table.orderings(*column)?,
    };
    let mut features = Features::default();
    let mut reading = Reading::default();
    for column in 0..table.header.len() {
        let name = table.name(column);
        if is_target(&column) {
            reading.ranking.push(name.to_owned());
        } else if labels.iter().any(|label| label == name) {
            // The ranks of a prediction beside what they were predicted from.
            let expected = "a feature that is not named like a label; drop the column or rename it";
            return Err(DataError::invalid(file, 1, Some(column + 1), expected, quote(name)));
        } else {
            table.encode(column, &mut features, &mut reading)?;
        }
    }
    let Features { names, columns, centres } = features;
    let features = (0..table.rows.len()).flat_map(|row| columns.iter().map(move |x: &Vec<T>| x.get(row)));
    let features = features.flatten().copied().collect();
    let ranks = ranks.into_iter().map(T::from_usize).collect();
    let data =
        Dataset::from_ranks(text::name(file), names, labels, features, ranks)?.with_centres(centres)?;
    Ok((data, reading))
}

/// The features of a table, one column each.
#[derive(Default)]
struct Features<T> {
    names: Vec<String>,
    columns: Vec<Vec<T>>,
    centres: Vec<f64>,
}

/// Reads only the features named `names`, in the order of a model: n rows of `names.len()` numbers.
///
/// A name is a column of numbers, or `column=value` of a one-hot column; other columns, a ranking among them,
/// do not matter. A value of a one-hot column that no name mentions is 0 in all of its features. From each feature its centre
/// is subtracted: `centres` are [those](Dataset::centres) of the set that the model was trained on.
pub fn read_features<T: Real>(
    file: impl AsRef<Path>,
    names: &[String],
    centres: &[f64],
) -> Result<Vec<T>, DataError> {
    let file = file.as_ref();
    parse_features(file, &text::read(file)?, names, centres)
}

/// [`read_features`] from the bytes of a file. Errors name `file`.
pub fn parse_features<T: Real>(
    file: &Path,
    bytes: &[u8],
    names: &[String],
    centres: &[f64],
) -> Result<Vec<T>, DataError> {
    Ok(parse_features_noting(file, bytes, names, centres)?.0)
}

/// A value of a one-hot column that no name mentions, in so many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unseen {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// The number of rows.
    pub rows: usize,
}

/// [`parse_features`], and the values that no name mentions, by columns and then by values.
pub fn parse_features_noting<T: Real>(
    file: &Path,
    bytes: &[u8],
    names: &[String],
    centres: &[f64],
) -> Result<(Vec<T>, Vec<Unseen>), DataError> {
    if centres.len() != names.len() {
        let expected = format!("{} numbers, one a feature", names.len());
        return Err(DataError::parameter("centres", expected, centres.len()));
    }
    let table = Table::new(file, text::decode(file, bytes)?)?;
    let sources = names.iter().map(|name| {
        // Names of columns and values may have `=` in them: no two columns can both be meant.
        let mut splits = name.match_indices('=').map(|(at, _)| (&name[..at], &name[at + 1..]));
        match splits.find(|(column, _)| table.has(column)) {
            Some((column, value)) => Ok((table.column(column)?, Some(value))),
            None => Ok((table.column(name)?, None)),
        }
    });
    let sources = sources.collect::<Result<Vec<_>, DataError>>()?;
    let mut features = Vec::with_capacity(sources.len().saturating_mul(table.rows.len()));
    for row in 0..table.rows.len() {
        for (&(column, value), centre) in sources.iter().zip(centres) {
            let cell = table.cell(row, column);
            let refuse = || table.fault(row, Some(column), label_ranking::finite::<T>(), quote(cell));
            let x = match value {
                Some(value) => f64::from(cell == value),
                None => text::number::<T>(cell).ok_or_else(refuse)?,
            };
            features.push(Some(T::from_f64(x - centre)).filter(|x| x.is_finite()).ok_or_else(refuse)?);
        }
    }
    let mut known: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for &(column, value) in &sources {
        if let Some(value) = value {
            known.entry(column).or_default().insert(value);
        }
    }
    let mut unseen: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (&column, values) in &known {
        for row in 0..table.rows.len() {
            let cell = table.cell(row, column);
            if !values.contains(cell) {
                *unseen.entry((column, cell)).or_default() += 1;
            }
        }
    }
    let note = |((column, value), rows): ((usize, &str), usize)| Unseen {
        column: table.name(column).to_owned(),
        value: value.to_owned(),
        rows,
    };
    Ok((features, unseen.into_iter().map(note).collect()))
}

/// A table as text: every row has as many cells as the header.
struct Table<'a> {
    file: &'a Path,
    text: &'a str,
    header: StringRecord,
    rows: Vec<StringRecord>,
}

impl<'a> Table<'a> {
    fn new(file: &'a Path, text: &'a str) -> Result<Self, DataError> {
        if let Some(line) = reading::unclosed_quote(text) {
            let expected = "a quote that ends the cell which a quote begins here";
            return Err(DataError::invalid(file, line, None, expected, "the end of the file"));
        }
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        // The text is UTF-8 and of any width, so the reader has nothing left to refuse.
        let fault = |error: csv::Error| DataError::invalid(file, 1, None, "a CSV table", error.to_string());
        let header = reader.headers().map_err(fault)?.clone();
        if header.is_empty() {
            let expected = "a header with the names of the columns";
            return Err(DataError::invalid(file, 1, None, expected, "an empty file"));
        }
        if header.iter().all(|name| name.parse::<f64>().is_ok()) {
            let (expected, first) = ("a header with the names of the columns", header.iter().next());
            return Err(DataError::invalid(file, 1, None, expected, quote(first.unwrap_or_default())));
        }
        let mut table = Self { file, text, header, rows: Vec::new() };
        for (column, name) in table.header.iter().enumerate() {
            if name.is_empty() || table.header.iter().take(column).any(|other| other == name) {
                let expected = "a column name that no other column has";
                return Err(DataError::invalid(file, 1, Some(column + 1), expected, quote(name)));
            }
            // A feature of each could have the same name.
            if name.match_indices('=').any(|(at, _)| table.has(&name[..at])) {
                let expected = "a column name that is not another's with `=` and a value";
                return Err(DataError::invalid(file, 1, Some(column + 1), expected, quote(name)));
            }
        }
        for row in reader.records() {
            let row = row.map_err(fault)?;
            let (found, expected) = (row.len(), table.header.len());
            table.rows.push(row);
            if found != expected {
                let expected = format!("{expected} fields as in the header");
                return Err(table.fault(table.rows.len() - 1, None, expected, found.to_string()));
            }
        }
        if table.rows.is_empty() {
            let expected = "a row after the header";
            return Err(DataError::invalid(file, 2, None, expected, "the end of the file"));
        }
        Ok(table)
    }

    /// Something wrong in a row, and in a cell of it if one is to blame; both counted from 0.
    fn fault(
        &self,
        row: usize,
        column: Option<usize>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        // The reader's own line numbers are off after CRLF and blank lines: count up to the row's first byte.
        let position = self.rows.get(row).and_then(StringRecord::position);
        let start = position.map_or(0, |position| position.byte() as usize);
        let bytes = self.text.as_bytes();
        let ends = bytes.iter().skip(start).take_while(|&&b| b == b'\r' || b == b'\n').count();
        let line = 1 + bytes.iter().take(start + ends).filter(|&&b| b == b'\n').count();
        let column = column.map(|column| column + 1);
        let expected = match column.and_then(|column| self.header.get(column - 1)) {
            Some(name) => format!("in `{name}` {}", expected.into()),
            None => expected.into(),
        };
        DataError::invalid(self.file, line, column, expected, found)
    }

    fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).unwrap_or("")
    }

    fn name(&self, column: usize) -> &str {
        self.header.get(column).unwrap_or("")
    }

    fn has(&self, name: &str) -> bool {
        self.header.iter().any(|other| other == name)
    }

    /// The column of that name.
    fn column(&self, name: &str) -> Result<usize, DataError> {
        self.header.iter().position(|other| other == name).ok_or_else(|| {
            let names: Vec<&str> = self.header.iter().collect();
            let expected = format!("a column named `{name}`");
            DataError::invalid(self.file, 1, None, expected, names.join(", "))
        })
    }

    /// Appends the features of one column: one of numbers, or one for each distinct value.
    fn encode<T: Real>(
        &self,
        column: usize,
        features: &mut Features<T>,
        reading: &mut Reading,
    ) -> Result<(), DataError> {
        let cells = || (0..self.rows.len()).map(|row| self.cell(row, column));
        if let Some(row) = cells().position(str::is_empty) {
            return Err(self.fault(row, Some(column), "a value", "an empty cell"));
        }
        let Some(text_row) = cells().position(|cell| cell.parse::<f64>().is_err()) else {
            let mut numbers = Vec::with_capacity(self.rows.len());
            for (row, cell) in cells().enumerate() {
                let refuse = || self.fault(row, Some(column), label_ranking::finite::<T>(), quote(cell));
                numbers.push(text::number::<T>(cell).ok_or_else(refuse)?);
            }
            let centre = centre::of::<T>(numbers.iter().copied());
            let kept = centre::subtract(&numbers, &[centre]);
            reading.number(self.name(column), &numbers, &kept);
            features.names.push(self.name(column).to_owned());
            features.columns.push(kept);
            features.centres.push(centre);
            return Ok(());
        };
        let values: BTreeSet<&str> = cells().collect();
        if values.len() > MOST_VALUES {
            let expected =
                format!("a number, or at most {MOST_VALUES} distinct values (there are {})", values.len());
            return Err(self.fault(text_row, Some(column), expected, quote(self.cell(text_row, column))));
        }
        let mut words = values.iter().filter(|value| value.parse::<f64>().is_err());
        let cell = self.cell(text_row, column);
        if words.all(|word| reading::misread(word).is_some())
            && let Some(notation) = reading::misread(cell)
        {
            let expected = format!("a number such as -1200.5, not {notation}");
            return Err(self.fault(text_row, Some(column), expected, quote(cell)));
        }
        reading.text(self.name(column), &values, self.rows.len());
        for value in values {
            features.names.push(format!("{}={value}", self.name(column)));
            let kept = cells().map(|cell| if cell == value { T::ONE } else { T::ZERO });
            features.columns.push(kept.collect());
            features.centres.push(0.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, targets: &Targets) -> Result<Dataset<f64>, DataError> {
        super::parse(Path::new("t.csv"), text.as_bytes(), targets)
    }
    fn refusal(text: &str, targets: &Targets) -> String {
        parse(text, targets).unwrap_err().to_string()
    }

    #[test]
    fn ranks_are_found_wherever_they_are_said_to_be() {
        let text = "p,x,q,y\r\n2,0.5,1,a\r\n1,-3,2,\"b,c\"\r\n";
        let data = parse(text, &Targets::Ranks(vec!["q".into(), "p".into()])).unwrap();
        assert_eq!((data.name(), data.label_names()), ("t", &["q".to_owned(), "p".to_owned()][..]));
        assert_eq!(data.feature_names(), ["x", "y=a", "y=b,c"]);
        assert_eq!((data.x(0), data.y(0)), (&[0.5, 1.0, 0.0][..], &[2.0, 1.0][..]));
        assert_eq!((data.x(1), data.y(1)), (&[-3.0, 0.0, 1.0][..], &[1.0, 2.0][..]));
    }

    #[test]
    fn rankings_are_detected() {
        let data = parse("x,y,r\n1,2,b>a>c\n3,4, c > b > a \n", &Targets::Detect).unwrap();
        assert_eq!(data.label_names(), ["a", "b", "c"]);
        assert_eq!((data.y(0), data.y(1)), (&[2.0, 3.0, 1.0][..], &[1.0, 2.0, 3.0][..]));
        // Both (2, 1) and (3, 2, 1) are permutations in row 1, only the longer stays one in row 2.
        let data = parse("x,a,b,c\n9,3,2,1\n9,1,3,2\n", &Targets::Detect).unwrap();
        assert_eq!((data.labels(), data.feature_names()), (3, &["x".to_owned()][..]));
        // The longest run: a column x that happens to hold 3 is a rank as far as the file can tell.
        assert_eq!(parse("w,x,a,b\n0,3,1,2\n0,3,2,1\n", &Targets::Detect).unwrap().labels(), 3);
        // The first column always stays a feature.
        assert_eq!(parse("x,a,b\n3,1,2\n3,2,1\n", &Targets::Detect).unwrap().labels(), 2);
    }

    #[test]
    fn features_follow_the_names_of_a_model() {
        let names = ["y=a", "x", "y=c"].map(String::from);
        let text = b"x,ignored,y\n1,?,a\n2,!,b\n";
        let features = parse_features::<f64>(Path::new("t.csv"), text, &names, &[0.0; 3]).unwrap();
        assert_eq!(features, [1.0, 1.0, 0.0, 0.0, 2.0, 0.0]);
        let missing = parse_features::<f64>(Path::new("t.csv"), text, &["z".to_owned()], &[0.0]).unwrap_err();
        assert_eq!(missing.to_string(), "t.csv, line 1: expected a column named `z`, found x, ignored, y");
    }

    /// A model that learned from `a=b=c` would have been given another column's numbers, or zeros.
    #[test]
    fn features_of_columns_with_an_equals_sign_are_not_taken_for_others() {
        let text = "a=b,r\nc,p>q\nd,q>p\n";
        let data = parse(text, &Targets::Detect).unwrap();
        assert_eq!(data.feature_names(), ["a=b=c", "a=b=d"]);
        let features =
            parse_features::<f64>(Path::new("t.csv"), text.as_bytes(), data.feature_names(), data.centres());
        assert_eq!(features.unwrap(), [1.0, 0.0, 0.0, 1.0]);
        for text in ["a,a=b,r\nb,0.5,q>p\nd,0.5,p>q\n", "a=b,a,r\nc,1,q>p\nd,1,p>q\n"] {
            let error = refusal(text, &Targets::Detect);
            let expected = "expected a column name that is not another's with `=` and a value, found `a=b`";
            assert!(error.starts_with("t.csv, line 1, column ") && error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn faults_are_placed_and_named() {
        let detect = Targets::Detect;
        let ranks = |names: [&str; 2]| Targets::Ranks(names.map(String::from).to_vec());
        for (text, targets, want) in [
            (
                "",
                &detect,
                "t.csv, line 1: expected a header with the names of the columns, found an empty file",
            ),
            (
                "x;r\n1;a>b\n",
                &detect,
                "t.csv, line 1: expected columns that commas separate, found one column `x;r`",
            ),
            (
                "x\tr\n1\ta>b\n",
                &ranks(["a", "b"]),
                "t.csv, line 1: expected columns that commas separate, found one column `x\\tr`",
            ),
            ("x,r\n", &detect, "t.csv, line 2: expected a row after the header, found the end of the file"),
            (
                "x,x\n1,a>b\n",
                &detect,
                "t.csv, line 1, column 2: expected a column name that no other column has, found `x`",
            ),
            (
                "x,\n1,a>b\n",
                &detect,
                "t.csv, line 1, column 2: expected a column name that no other column has, found ``",
            ),
            (
                "x,r\r\n1,a>b\r\n\r\n2\r\n",
                &detect,
                "t.csv, line 4: expected 2 fields as in the header, found 1",
            ),
            (
                "x,r\n1,a>b\n\n ,a>b\n",
                &detect,
                "t.csv, line 4, column 1: expected in `x` a value, found an empty cell",
            ),
            (
                "x,r\n1,a>b\ninf,a>b\n",
                &detect,
                "t.csv, line 3, column 1: expected in `x` a finite decimal number within f64, found `inf`",
            ),
            (
                "x,a,b\n1,1,2\n1,2,2\n",
                &ranks(["a", "b"]),
                "t.csv, line 3, column 3: expected in `b` a rank: each of 1..=2 once a row, found `2`",
            ),
            (
                "x,a,b\n1,1,2\n",
                &ranks(["a", "c"]),
                "t.csv, line 1: expected a column named `c`, found x, a, b",
            ),
            (
                "x,a,b\n1,1,2\n",
                &ranks(["a", "a"]),
                "t.csv, line 2, column 2: expected in `a` a rank: each of 1..=2 once a row, found `1`",
            ),
            ("a,b\n1,2\n", &ranks(["a", "b"]), "feature_names: expected at least 1 feature, found 0"),
            (
                "x,a\n1,1\n",
                &Targets::Ranks(vec!["a".into()]),
                "label_names: expected at least 2 labels, found 1",
            ),
        ] {
            assert_eq!(refusal(text, targets), want);
        }
        let ordering = "expected in `r` an ordering best>…>worst of the labels of the first row, each once";
        for bad in ["a>b", "a>b>c>c", "a>b>d", "a>b>", "a=b>c", "a>b>b"] {
            let want = format!("t.csv, line 3, column 2: {ordering}, found `{bad}`");
            assert_eq!(refusal(&format!("x,r\n1,a>b>c\n2,{bad}\n"), &detect), want);
        }
        for bad in ["a", "a>a", "a>", ">"] {
            let want = format!("t.csv, line 2, column 2: {ordering}, found `{bad}`");
            assert_eq!(refusal(&format!("x,r\n1,{bad}\n"), &Targets::Ordering("r".into())), want);
        }
        let error = refusal("x,a,b\n1,1,2\n1,2,2\n", &detect);
        assert!(
            error.starts_with("t.csv, line 3: expected a ranking:") && error.ends_with("`1,2,2` at the end")
        );
        assert!(refusal("x\n1\n", &detect).contains("expected a ranking"));
    }

    #[test]
    fn a_number_with_a_slip_is_no_category() {
        let rows = (0..=MOST_VALUES).map(|i| format!("{i},a>b\n"));
        let mut text: String = std::iter::once("x,r\n".to_owned()).chain(rows).collect();
        assert!(parse(&text, &Targets::Detect).is_ok());
        text += "7;5,a>b\n";
        let error = refusal(&text, &Targets::Detect);
        assert!(
            error.starts_with("t.csv, line 1003, column 1: expected in `x` a number, or at most 1000"),
            "{error}"
        );
        assert!(error.ends_with("found `7;5`"), "{error}");
    }

    /// 5,000 rankings of ten sushi; sizes counted with Python's csv module.
    #[test]
    fn real_orderings_are_read() {
        let Some(file) = crate::data::real_data("sushi/sushi.txt") else { return };
        let data = read::<f32>(&file, &Targets::Detect).unwrap();
        let one_hot = 47 + 11 + 2 + 47 + 11 + 2;
        assert_eq!((data.len(), data.features(), data.labels()), (5000, 4 + one_hot, 10));
        assert_eq!(data.label_names().concat(), "abcdefghij");
        // f>a>d>e>g>j>i>b>h>c
        assert!(data.ranks(0).eq([2.0, 8.0, 10.0, 3.0, 4.0, 1.0, 5.0, 9.0, 7.0, 6.0]));
        assert_eq!(data.x(0).get(..3), Some(&[0.0, 2.0, 355.0][..]));
        assert_eq!(data.x(0).iter().skip(3).sum::<f32>(), 6.0);
        assert!(data.feature_names().contains(&"lived_in_prefecture=26:Osaka".to_owned()));
        assert_eq!(read::<f32>(&file, &Targets::Ordering("ranking".into())).unwrap(), data);
    }
}
