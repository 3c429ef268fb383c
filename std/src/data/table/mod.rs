//! Ordinary CSV tables with a header: features, and what was decided, as a rule a ranking.
//!
//! The ranking is either in one column for each label, as ranks (1 = best, a permutation of 1..=k in every row), or
//! in one column, as an ordering such as `f>a>d`, best first, over the same labels in every row. Other [decisions](Targets) are a
//! column that names the label which was picked, or a column a label that is 1 where it was chosen. Every other
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
//! [`Format`] says how tables may be written. [`Reading`] says what columns were taken for, and what is suspicious.

mod decision;
mod features;
mod format;
mod pieces;
mod ranking;
mod reading;
mod rows;

use std::collections::BTreeSet;
use std::path::Path;

use perturb_core::Real;
use rayon::prelude::*;

use super::frame::{self, Frame};
use super::text::{self, quote};
use super::{DataError, Dataset, centre, label_ranking};
use decision::Decided;
pub(super) use features::Columns;
pub use features::Unseen;
pub use format::Format;
pub(super) use format::Header;
pub use pieces::Pieces;
pub use reading::Reading;
pub(crate) use reading::no_number;
pub(super) use rows::Rows;

/// The most distinct values of a one-hot column. A column with more is rather one of names, or of numbers with a typing error.
const MOST_VALUES: usize = 1000;

/// The columns that contain what was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Targets {
    /// These columns contain ranks, one column for each label. The labels keep the given order and the columns' names.
    Ranks(Vec<String>),
    /// This column contains an ordering, best label first. The labels are sorted by their bytes.
    Ordering(String),
    /// This column names the label that was picked. The labels are sorted: by their bytes, or, if all are numbers, by their size.
    Pick(String),
    /// These columns, one for each label, contain 1 (or true) where the label was chosen and 0 (or false) elsewhere, as many 1 in
    /// every row.
    PickK(Vec<String>),
    /// These columns contain 1 where the label was chosen and 0 elsewhere, any number of them.
    Each(Vec<String>),
    /// A ranking. The last column, if any of its values contains `>`; otherwise the longest run of last columns with a permutation of 1..=k,
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
    Ok(parse_table(file, bytes, Format::default(), |table| table.dataset(targets))?.0)
}

/// Reads only the features named `names`, in the order of a model, from the bytes of a file: see [`Table::features`].
pub fn parse_features<T: Real>(
    file: &Path,
    bytes: &[u8],
    names: &[String],
    centres: &[f64],
) -> Result<Vec<T>, DataError> {
    Ok(parse_table(file, bytes, Format::default(), |table| table.features(names, centres))?.0)
}

/// What `take` takes from the table that the bytes of a file hold. Errors name `file`.
///
/// ```
/// use perturb::data::table::{self, Format, Targets};
/// let text = b"# made by hand\nsep=;\nage;votes\n31;b>a\n64;a>b\n";
/// let format = Format::default().with_skip_lines(1);
/// let (data, reading) = table::parse_table("votes.csv".as_ref(), text, format, |table| {
///     table.dataset::<f32>(&Targets::Detect)
/// })?;
/// assert_eq!((data.len(), reading.numbers), (2, vec!["age".to_owned()]));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse_table<R>(
    file: &Path,
    bytes: &[u8],
    format: Format,
    take: impl FnOnce(&Table<'_>) -> Result<R, DataError>,
) -> Result<R, DataError> {
    let (header, line, rest) = Header::read(file, text::decode(file, bytes)?, format)?;
    let rows = Rows::read(file, &header, line, rest)?;
    take(&Table { rows, before: 0 })
}

/// A table: named columns, and rows of as many cells.
pub struct Table<'a> {
    rows: Rows<'a>,
    /// Rows of the file before these.
    before: usize,
}

impl std::fmt::Debug for Table<'_> {
    /// The names of the columns and the number of rows.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("columns", &self.rows.header.names)
            .field("rows", &self.rows.len())
            .finish()
    }
}

/// Columns are of numbers if all cells are numbers or missing (an empty cell, `NA`, `NaN`, `null`), otherwise of texts.
impl frame::Columns for Table<'_> {
    fn names(&self) -> &[String] {
        &self.rows.header.names
    }
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError> {
        self.frame_as(names, &BTreeSet::new())
    }
}

impl Table<'_> {
    /// The columns of these names; those of `texts` are texts whatever their cells are.
    pub fn frame_as(&self, names: &[&str], texts: &BTreeSet<String>) -> Result<Frame, DataError> {
        let wanted: BTreeSet<&str> = names.iter().copied().collect();
        let read = |name: &&str| {
            let column = self.rows.header.column(self.rows.file, name)?;
            let cells = self.rows.column(column);
            let column = if texts.contains(*name) {
                frame::Column::Texts(frame::Texts::new(cells))
            } else {
                Frame::parse_column(cells, self.rows.header.syntax.decimal)
            };
            Ok(((*name).to_owned(), column))
        };
        let columns = wanted.par_iter().map(read).collect::<Vec<Result<_, DataError>>>();
        let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
        let frame = Frame::new(self.rows.file, columns)?.with_lines(self.rows.len(), self.rows.lines());
        let place = |name: &str| Some(self.rows.header.column(self.rows.file, name).ok()? + 1);
        Ok(frame.with_places(place, self.rows.header.syntax.decimal).behind(self.before))
    }
}

/// The features of a table, one column each.
#[derive(Default)]
struct Features<T> {
    names: Vec<String>,
    columns: Vec<Vec<T>>,
    centres: Vec<f64>,
}

impl Table<'_> {
    /// Features and decisions of all rows, and what the columns were taken for.
    pub fn dataset<T: Real>(&self, targets: &Targets) -> Result<(Dataset<T>, Reading), DataError> {
        let Rows { file, header, .. } = self.rows;
        let Decided { columns, labels, oracle, y } = self.decided(targets, None)?;
        let decided: BTreeSet<usize> = columns.iter().copied().collect();
        if decided.len() == header.len() {
            return Err(self.no_features());
        }
        let mut features = Features::default();
        let mut reading = Reading::default();
        if *targets == Targets::Detect && columns.len() > 1 {
            for &column in &columns {
                reading.constant_rank(header.name(column), self.rows.column(column));
            }
        }
        let named: BTreeSet<&String> = labels.iter().collect();
        for (column, name) in header.names.iter().enumerate() {
            if decided.contains(&column) {
                reading.decided.push(name.clone());
            } else if named.contains(name) {
                // The ranks of a prediction beside what they were predicted from.
                let expected = "a feature that is not named like a label; drop the column or rename it";
                return Err(DataError::invalid(file, header.line, Some(column + 1), expected, quote(name)));
            } else {
                self.encode(column, &mut features, &mut reading)?;
            }
        }
        let Features { names, columns, centres } = features;
        let features = (0..self.rows.len()).flat_map(|row| columns.iter().map(move |x: &Vec<T>| x.get(row)));
        let features = features.flatten().copied().collect();
        let y = y.into_iter().map(T::from_usize).collect();
        let data = Dataset::of_oracle(text::name(file), oracle, names, labels, features, y)?;
        Ok((data.with_centres(centres)?, reading))
    }

    /// The [features](Self::features) named `names` and the decisions of all rows, and the values that no name mentions. `labels` are
    /// those of a model: of a [pick](Targets::Pick), which may not name all of them.
    pub fn dataset_with<T: Real>(
        &self,
        targets: &Targets,
        (names, centres): (&[String], &[f64]),
        labels: &[String],
    ) -> Result<(Dataset<T>, Vec<Unseen>), DataError> {
        let Decided { labels, oracle, y, .. } = self.decided(targets, Some(labels))?;
        let (features, unseen) = self.features(names, centres)?;
        let y = y.into_iter().map(T::from_usize).collect();
        let data =
            Dataset::of_oracle(text::name(self.rows.file), oracle, names.to_vec(), labels, features, y)?;
        Ok((data.with_centres(centres.to_vec())?, unseen))
    }

    /// The features named `names`, in the order of a model: n rows of `names.len()` numbers; and the values that no name mentions.
    ///
    /// A name is a column of numbers, or `column=value` of a one-hot column; other columns, a ranking among them,
    /// do not matter. A value of a one-hot column that no name mentions is 0 in all of its features. From each feature its centre
    /// is subtracted: `centres` are [those](Dataset::centres) of the set that the model was trained on. A table without rows has no
    /// features.
    pub fn features<T: Real>(
        &self,
        names: &[String],
        centres: &[f64],
    ) -> Result<(Vec<T>, Vec<Unseen>), DataError> {
        Columns::find(self.rows.file, self.rows.header, names, centres)?.read(&self.rows)
    }

    /// Appends the features of one column: one of numbers, or one for each distinct value.
    fn encode<T: Real>(
        &self,
        column: usize,
        features: &mut Features<T>,
        reading: &mut Reading,
    ) -> Result<(), DataError> {
        let rows = &self.rows;
        let header = rows.header;
        let (cells, name) = (|| rows.column(column), header.name(column));
        if let Some(row) = cells().position(str::is_empty) {
            return Err(rows.fault(row, Some(column), "a value", "an empty cell"));
        }
        let Some(text_row) = cells().position(|cell| !rows.is_number(cell)) else {
            let mut numbers = Vec::with_capacity(rows.len());
            for (row, cell) in cells().enumerate() {
                let refuse = || rows.fault(row, Some(column), label_ranking::finite::<T>(), quote(cell));
                numbers.push(rows.number::<T>(cell).ok_or_else(refuse)?);
            }
            let centre = centre::of::<T>(numbers.iter().copied());
            let kept = centre::subtract(&numbers, &[centre]);
            reading.number(name, &numbers, &kept);
            features.names.push(name.to_owned());
            features.columns.push(kept);
            features.centres.push(centre);
            return Ok(());
        };
        let values: BTreeSet<&str> = cells().collect();
        if values.len() > MOST_VALUES {
            let expected =
                format!("a number, or at most {MOST_VALUES} distinct values (there are {})", values.len());
            return Err(rows.fault(text_row, Some(column), expected, quote(rows.cell(text_row, column))));
        }
        let decimal = header.syntax.decimal;
        let mut words = values.iter().copied().filter(|value| !rows.is_number(value));
        let cell = rows.cell(text_row, column);
        let (mut others, numbers) = (words.clone(), cells().any(|cell| rows.is_number(cell)));
        if numbers && others.all(frame::is_missing) {
            let expected = "a number; leave out rows in which it is missing, or the column";
            return Err(rows.fault(text_row, Some(column), expected, quote(cell)));
        }
        if words.all(|word| reading::misread(word, decimal).is_some())
            && let Some((expected, found)) = reading::no_number(cell, decimal)
        {
            return Err(rows.fault(text_row, Some(column), expected, found));
        }
        reading.text(name, &values, rows.len(), decimal);
        for value in values {
            features.names.push(format!("{name}={value}"));
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
    use crate::OracleSpec;

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
    fn picks_and_chosen_labels_are_read() {
        let pick = Targets::Pick("to".into());
        let data = parse("x,to\n1,tram\n2,bus\n3,tram\n", &pick).unwrap();
        assert_eq!(data.label_names(), ["bus", "tram"]);
        assert_eq!((data.oracle(), data.y(0)), (&OracleSpec::Simplex { dim: 2 }, &[0.0, 1.0][..]));
        assert_eq!(parse("x,to\n1,10\n2,9\n", &pick).unwrap().label_names(), ["9", "10"]);
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let text = "a,b,c,x\n1,0,true,7\n0,1.0,1,8\n";
        let data = parse(text, &Targets::PickK(names.clone())).unwrap();
        assert_eq!((data.oracle(), data.y(1)), (&OracleSpec::TopK { dim: 3, k: 2 }, &[0.0, 1.0, 1.0][..]));
        assert_eq!(data.feature_names(), ["x"]);
        let each = Targets::Each(names.clone());
        let data = parse("a,b,c,x\n1,1,1,7\n0,0,0,8\n", &each).unwrap();
        assert_eq!(data.oracle(), &OracleSpec::Hypercube { dim: 3, sign: false });
        let unlike = refusal("a,b,c,x\n1,0,1,7\n1,0,0,8\n", &Targets::PickK(names));
        assert_eq!(
            unlike,
            "t.csv, line 3: expected 2 chosen labels, as in the first row, found 1; --decide each takes any number"
        );
        for (text, targets, want) in [
            (
                "x,to\n1,\n",
                &pick,
                "t.csv, line 2, column 2: expected in `to` the label that was picked, found an empty cell",
            ),
            (
                "x,to\n1,a\n2,a\n",
                &pick,
                "t.csv, line 2, column 2: expected in `to` 2 to 1000 distinct labels, found 1 in all rows",
            ),
            ("x,to\n", &pick, "t.csv, line 2: expected a row after the header, found the end of the file"),
            (
                "a,b,c,x\n1,0,2,7\n",
                &each,
                "t.csv, line 2, column 3: expected in `c` 1 if the label was chosen, otherwise 0, found `2`",
            ),
            (
                "x,b,to\n1,2,a\n3,4,b\n",
                &pick,
                "t.csv, line 1, column 2: expected a feature that is not named like a label; drop the column or rename it, found `b`",
            ),
        ] {
            assert_eq!(refusal(text, targets), want);
        }
        // With the labels of a model.
        let known = ["bus", "tram", "walk"].map(String::from);
        let with = |text: &str| {
            parse_table(Path::new("t.csv"), text.as_bytes(), Format::default(), |table| {
                table.dataset_with::<f64>(&pick, (&["x".to_owned()], &[0.0]), &known)
            })
        };
        assert_eq!(with("to,x\nwalk,1\nbus,2\n").unwrap().0.y(0), [0.0, 0.0, 1.0]);
        assert_eq!(
            with("to,x\nwalk,1\nboat,2\n").unwrap_err().to_string(),
            "t.csv, line 3, column 1: expected in `to` a label of the model: bus, tram, walk, found `boat`"
        );
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
                "t.csv, line 1: expected columns that commas separate, found one column `x;r`; the option separator, \
                 or a first line such as sep=;, names another",
            ),
            (
                "x\tr\n1\ta>b\n",
                &ranks(["a", "b"]),
                "t.csv, line 1: expected columns that commas separate, found one column `x\\tr`; the option separator, \
                 or a first line such as sep=;, names another",
            ),
            ("x,r\n", &detect, "t.csv, line 2: expected a row after the header, found the end of the file"),
            (
                "x,x\n1,a>b\n",
                &detect,
                "t.csv, line 1, column 2: expected a column name that no other column has, found `x`, the name of column 1",
            ),
            (
                "x,\n1,a>b\n",
                &detect,
                "t.csv, line 1, column 2: expected a name for each column, found none; remove the separator at the \
                 end of the line",
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
                "t.csv, line 3, column 3: expected in `b` a rank: each of 1..=2 once a row, found `2`, the rank of another label, too; \
                 leave out rows with ties",
            ),
            (
                "x,a,b\n1,1,2\n",
                &ranks(["a", "c"]),
                "t.csv, line 1: expected a column named `c`, found x, a, b",
            ),
            ("x,a,b\n1,1,2\n", &ranks(["a", "a"]), "ranks: expected each column once, found `a` twice"),
            (
                "a,b\n1,2\n",
                &ranks(["a", "b"]),
                "t.csv, line 1: expected a column of features beside the ranking; a column of ones learns one ranking \
                 for all rows, found a, b",
            ),
            (
                "x,a,b\n1,0,1\n",
                &ranks(["a", "b"]),
                "t.csv, line 2, column 2: expected in `a` a rank: each of 1..=2 once a row, found `0`: the ranks count \
                 from 0; add 1 to each",
            ),
            (
                "x,a,b\n1,,1\n",
                &ranks(["a", "b"]),
                "t.csv, line 2, column 2: expected in `a` a rank: each of 1..=2 once a row, found ``, a label without a \
                 rank; leave out rows that do not rank all labels",
            ),
            (
                "x,a\n1,1\n",
                &Targets::Ranks(vec!["a".into()]),
                "label_names: expected at least 2 labels, found 1",
            ),
        ] {
            assert_eq!(refusal(text, targets), want);
        }
    }

    #[test]
    fn rankings_that_are_none_say_why() {
        let detect = Targets::Detect;
        let ordering = "expected in `r` an ordering best>…>worst of the labels of the first row, each once";
        for (bad, why) in [
            ("a>b", " without `c`; leave out rows that do not order all labels"),
            ("a>b>c>c", ", which names `c` twice"),
            ("a>b>d", ": `d` is no label of the first row"),
            ("a>b>", ", in which a label is empty"),
            ("a=b>c", ", which has a tie; leave out rows with ties"),
        ] {
            let want = format!("t.csv, line 3, column 2: {ordering}, found `{bad}`{why}");
            assert_eq!(refusal(&format!("x,r\n1,a>b>c\n2,{bad}\n"), &detect), want);
        }
        for (bad, why) in [
            ("a", ", a single label"),
            ("a>a", ", which names `a` twice"),
            ("a>", ", in which a label is empty"),
            (">", ", in which a label is empty"),
        ] {
            let want = format!("t.csv, line 2, column 2: {ordering}, found `{bad}`{why}");
            assert_eq!(refusal(&format!("x,r\n1,{bad}\n"), &Targets::Ordering("r".into())), want);
        }
        for (text, found) in [
            ("x,a,b\n1,1,2\n1,2,2\n", "line 3: expected a ranking|`2`, the rank of another label, too"),
            ("x,a,b,c\n.5,2,0,1\n", "line 2: expected a ranking|`0`: the ranks count from 0; add 1 to each"),
            ("x,a,b\n1,1,4\n", "line 2: expected a ranking|`1,1,4` at the end"),
            ("x,class\n1,setosa\n", "line 2: expected a ranking|`setosa`: a class alone has no order"),
            ("x,a,b\n1,1,\n", "line 2: expected a ranking|``, a label without a rank"),
            (
                "x,r,z\n1,a>b,q\n2,b>a,q\n",
                "line 2: expected a ranking|orderings in column `r`; name it by --ordering",
            ),
            ("x\n1\n", "line 2: expected a ranking|`1` at the end"),
        ] {
            let (error, (place, found)) = (refusal(text, &detect), found.split_once('|').unwrap());
            assert!(error.contains(place) && error.contains(found), "{error}");
        }
    }

    #[test]
    fn lines_that_are_no_rows_say_what_to_do() {
        for (text, want) in [
            (
                ",x,r\n0,1,a>b\n",
                "t.csv, line 1, column 1: expected a name for each column, found none; an index that pandas writes is \
                 left out by index=False",
            ),
            (
                "x,r\n1,a>b,\n",
                "t.csv, line 2: expected 2 fields as in the header, found 3, of which the last is empty; remove the \
                 separator at the end of the line",
            ),
            (
                "\nx,r\n1,a>b\n",
                "t.csv, line 1: expected a header with the names of the columns, found a blank line; the option \
                 skip-lines skips it",
            ),
            (
                "# by hand\nx,r\n1,a>b\n",
                "t.csv, line 1: expected a header with the names of the columns, found `# by hand`; the option comment \
                 skips such lines",
            ),
            (
                "x,r\n1,a>b\n# 2,a>b\n",
                "t.csv, line 3: expected 2 fields as in the header, found `# 2,a>b`; the option comment skips such lines",
            ),
            ("sep=:\nx:r\n", "t.csv, line 1: expected sep= with one of `,` `;` `|` and a tab, found `sep=:`"),
        ] {
            assert_eq!(refusal(text, &Targets::Detect), want);
        }
    }

    /// What programs and spreadsheets write is read as it is meant.
    #[test]
    fn tables_are_read_however_they_are_written() {
        let plain = parse("x,r\n1,a>b\n2,b>a\n", &Targets::Detect).unwrap();
        for text in [
            "\u{FEFF}x,r\n1,a>b\n2,b>a\n",
            "x,r\r1,a>b\r2,b>a",
            "x,r\r\n1,a>b\r\n\r\n2,b>a\r\n",
            "sep=,\nx,r\n1,a>b\n2,b>a\n",
            "\u{FEFF}sep=;\r\nx;r\r\n1;a>b\r\n2;b>a\r\n",
            "sep=\t\nx\tr\n1\ta>b\n2\tb>a\n",
            "sep=|\nx|r\n1|\"a>b\"\n2|b>a\n",
        ] {
            assert_eq!(parse(text, &Targets::Detect).unwrap(), plain, "{text:?}");
        }
        let with = |format: Format, text: &str| {
            parse_table(Path::new("t.csv"), text.as_bytes(), format, |table| table.dataset(&Targets::Detect))
                .map(|(data, _)| data)
        };
        let comment = Format::default().with_comment(Some('#'));
        for (format, text) in [
            (comment, "# a, \"b\nx,r\n1,a>b\n#\n# \"\n2,b>a\n#"),
            (comment.with_skip_lines(2), "\n\"\nsep=;\n#\nx;r\n1;a>b\n2;b>a\n"),
            (Format::default().with_skip_lines(1), "\r\nx,r\n1,a>b\n2,b>a\n"),
        ] {
            assert_eq!(with(format, text).unwrap(), plain, "{text:?}");
        }
        // Faults are on the line where an editor shows them.
        for (format, text, line) in [
            (comment, "#\n#\nx,r\n#\n1,a>b\n#\n2\n", 7),
            (Format::default().with_skip_lines(2), "?\n?\nx,r\n1,a>b\n2\n", 5),
            (Format::default(), "sep=,\rx,r\r1,a>b\r\r2\r", 5),
            (Format::default(), "x,r\n\"1\n\",a>b\n2\n", 4),
        ] {
            let error = with(format, text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("t.csv, line {line}: expected 2 fields")), "{error}");
        }
        // Where all rows begin so, these are values.
        assert_eq!(parse("x,r\n#1,a>b\n#2,b>a\n", &Targets::Detect).unwrap().features(), 2);
        assert!(
            with(Format::default().with_skip_lines(9), "x,r\n")
                .unwrap_err()
                .to_string()
                .contains("the end of the file")
        );
    }

    #[test]
    fn wide_tables_are_read_and_refused_in_short() {
        let names: Vec<String> = (0..200_000).map(|i| format!("column{i}")).collect();
        let text = format!("{},r\n{}a>b\n", names.join(","), "1,".repeat(names.len()));
        // Comparing all names with each other would take minutes.
        assert_eq!(parse(&text, &Targets::Detect).unwrap().features(), 200_000);
        let missing = ["z".to_owned()];
        let error = parse_features::<f64>(Path::new("t.csv"), text.as_bytes(), &missing, &[0.0])
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("column8, column9 and 199991 more"), "{error}");
    }
    /// A missing number is neither text nor 0.
    #[test]
    fn missing_numbers_are_refused() {
        for missing in ["NA", "NaN", "null"] {
            let error = refusal(&format!("x,r\n1,a>b\n{missing},b>a\n"), &Targets::Detect);
            assert!(error.starts_with("t.csv, line 3, column 1: expected in `x` a"), "{error}");
        }
        // Among texts it is one of them.
        assert_eq!(parse("x,r\nred,a>b\nNA,b>a\n", &Targets::Detect).unwrap().features(), 2);
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
