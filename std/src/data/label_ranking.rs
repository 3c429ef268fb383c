//! The label-ranking files of Hüllermeier et al. (2008) and Cheng et al. (2009).
//!
//! Line 1 is `n,d,k`; then n lines of d decimal features and k integer ranks, separated by commas. Field d + j
//! is the rank of label j, 1 = best: every row is a permutation of 1..=k. Lines end in LF, CR LF or CR.

use std::path::Path;

use perturb_core::Real;

use super::text::{self, Permutation, quote};
use super::{DataError, Dataset, centre, numbered};

/// Reads a file. Features are named `x1`…`xd`, labels `y1`…`yk`, the set after the file.
///
/// A file that breaks the format anywhere is refused as a whole, with line, column, expectation and finding.
/// Memory follows the file's length, whatever its first line claims.
pub fn read<T: Real>(file: impl AsRef<Path>) -> Result<Dataset<T>, DataError> {
    let file = file.as_ref();
    parse(file, &text::read(file)?)
}

/// Reads a data set from the bytes of a file in the label-ranking format. `file` gives its name; errors name it.
///
/// ```
/// use perturb::data::label_ranking;
/// let data = label_ranking::parse::<f32>("two.csv".as_ref(), b"2,1,3\n0.5,3,1,2\n-1e-3,1,2,3\n")?;
/// assert_eq!((data.name(), data.x(0), data.y(0)), ("two", &[0.5][..], &[1.0, 3.0, 2.0][..])); // ranks 3, 1, 2
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse<T: Real>(file: &Path, bytes: &[u8]) -> Result<Dataset<T>, DataError> {
    parse_around(file, bytes, None)
}

/// [`parse`] with features minus these [centres](Dataset::centres): those of the set that a model was trained on.
pub fn parse_centred<T: Real>(file: &Path, bytes: &[u8], centres: &[f64]) -> Result<Dataset<T>, DataError> {
    parse_around(file, bytes, Some(centres))
}

fn parse_around<T: Real>(
    file: &Path,
    bytes: &[u8],
    centres: Option<&[f64]>,
) -> Result<Dataset<T>, DataError> {
    let (counts, rows) = Counts::read(file, text::decode(file, bytes)?)?;
    let Counts { features: d, labels: k, .. } = counts;
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    let line = counts.rows::<T>(file, 2, rows, &mut features, &mut targets)?;
    counts.end(file, line)?;
    let centres = centres.map_or_else(|| centre::of_rows::<T>(&features, d), <[f64]>::to_vec);
    let features = centre::subtract(&features, &centres);
    Dataset::from_ranks(text::name(file), numbered("x", d), numbered("y", k), features, targets)?
        .with_centres(centres)
}

/// What is expected of a feature.
pub(super) fn finite<T: Real>() -> String {
    format!("a finite decimal number within {}", T::NAME)
}

/// What line 1 says. Nothing is reserved by it: it is a promise until the rows have kept it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) rows: usize,
    pub(super) features: usize,
    pub(super) labels: usize,
}

impl Counts {
    /// n ≥ 1, d ≥ 1, k ≥ 2, and what follows.
    pub(super) fn read<'a>(file: &Path, text: &'a str) -> Result<(Self, &'a str), DataError> {
        let (line, rest) = text::first_line(text);
        let found: Vec<&str> = line.split(',').collect();
        let &[n, d, k] = found.as_slice() else {
            let expected = "3 numbers `n,d,k`: rows, features, labels";
            let blank = line.trim().is_empty() && !rest.is_empty();
            let found = if blank { "a blank line; remove it".into() } else { quote(line) };
            return Err(DataError::invalid(file, 1, None, expected, found));
        };
        let number = |column, field, least: usize, what| {
            let expected = || format!("the number of {what}, at least {least}");
            text::count(field)
                .filter(|&number| number >= least)
                .ok_or_else(|| DataError::invalid(file, 1, Some(column), expected(), quote(field)))
        };
        let rows = number(1, n, 1, "rows")?;
        Ok((Self { rows, features: number(2, d, 1, "features")?, labels: number(3, k, 2, "labels")? }, rest))
    }

    /// Appends the features and ranks of the rows of a text that begins on `line`; returns the line after the last.
    pub(super) fn rows<T: Real>(
        self,
        file: &Path,
        mut line: usize,
        mut text: &str,
        features: &mut Vec<f64>,
        ranks: &mut Vec<T>,
    ) -> Result<usize, DataError> {
        let Self { rows, features: d, labels: k } = self;
        let fields = d.saturating_add(k);
        let mut permutation = None;
        // Blank lines may end the file.
        text = text.trim_end_matches(['\r', '\n']);
        while !text.is_empty() {
            let (row, rest) = text::first_line(text);
            text = rest;
            if line > rows.saturating_add(1) {
                let expected = format!("the end of the file after {rows} rows");
                return Err(DataError::invalid(file, line, None, expected, quote(row)));
            }
            let found = row.split(',').count();
            if found != fields {
                let expected = format!("{fields} fields ({d} features, {k} ranks)");
                return Err(DataError::invalid(file, line, None, expected, found.to_string()));
            }
            let permutation = permutation.get_or_insert_with(|| Permutation::new(k));
            permutation.next_row();
            for (column, field) in (1..).zip(row.split(',')) {
                if column <= d {
                    let refuse = || DataError::invalid(file, line, Some(column), finite::<T>(), quote(field));
                    features.push(text::number::<T>(field).ok_or_else(refuse)?);
                } else if let Some(rank) = text::rank(field).filter(|&rank| permutation.take(rank)) {
                    ranks.push(T::from_usize(rank));
                } else {
                    let cells: Vec<&str> = row.split(',').skip(d).collect();
                    let (place, found) = text::no_ranking(&cells, column - d - 1);
                    let expected = format!("a rank: each of 1..={k} once a row");
                    return Err(DataError::invalid(file, line, Some(d + 1 + place), expected, found));
                }
            }
            line += 1;
        }
        Ok(line)
    }

    /// The file ends before this line.
    pub(super) fn end(self, file: &Path, line: usize) -> Result<(), DataError> {
        let (rows, expected) = (line.saturating_sub(2), self.rows);
        if rows == expected {
            return Ok(());
        }
        let (expected, found) =
            (format!("{expected} rows as line 1 says"), format!("the end of the file after {rows}"));
        Err(DataError::invalid(file, line, None, expected, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &[u8]) -> String {
        parse::<f32>(Path::new("f.csv"), text).unwrap_err().to_string()
    }

    #[test]
    fn both_line_ends_and_exponents_are_read() {
        for text in [
            "2,2,3\r\n1e-2,-3,3,1,2\r\n0,.5,1,2,3\r\n",
            "2,2,3\n1E-2, -3 ,3,1,2\n0,5e-1,1,2,3\n\n",
            "\u{FEFF}2,2,3\r1e-2,-3,3.0,1.0,2.0\r0,.5,1,2,3\r",
        ] {
            let data = parse::<f64>(Path::new("dir/f.v1.csv"), text.as_bytes()).unwrap();
            assert_eq!((data.name(), data.len(), data.features(), data.labels()), ("f.v1", 2, 2, 3));
            assert_eq!((data.x(0), data.y(0)), (&[0.01, -3.0][..], &[1.0, 3.0, 2.0][..]));
            assert_eq!((data.x(1), data.y(1)), (&[0.0, 0.5][..], &[3.0, 2.0, 1.0][..]));
            assert_eq!((data.feature_names(), data.label_names()), (&*numbered("x", 2), &*numbered("y", 3)));
        }
    }

    #[test]
    fn faults_are_placed_and_named() {
        let rank = "expected a rank: each of 1..=2 once a row";
        let finite = "expected a finite decimal number within f32";
        let head = "expected 3 numbers `n,d,k`: rows, features, labels";
        for (text, want) in [
            (&b""[..], format!("f.csv, line 1: {head}, found ``")),
            (b"a,b\n", format!("f.csv, line 1: {head}, found `a,b`")),
            (b"\n1,1,2\n0,1,2\n", format!("f.csv, line 1: {head}, found a blank line; remove it")),
            (
                b"0,1,2\n",
                "f.csv, line 1, column 1: expected the number of rows, at least 1, found `0`".into(),
            ),
            (
                b"1,x,2\n",
                "f.csv, line 1, column 2: expected the number of features, at least 1, found `x`".into(),
            ),
            (
                b"1,1,1\n",
                "f.csv, line 1, column 3: expected the number of labels, at least 2, found `1`".into(),
            ),
            (b"1,1,2\n0,1\n", "f.csv, line 2: expected 3 fields (1 features, 2 ranks), found 2".into()),
            (
                b"2,1,2\n0,1,2\n0,1,2,\n",
                "f.csv, line 3: expected 3 fields (1 features, 2 ranks), found 4".into(),
            ),
            (b"1,1,2\nnan,1,2\n", format!("f.csv, line 2, column 1: {finite}, found `nan`")),
            (b"1,1,2\r\n1e39,1,2\r\n", format!("f.csv, line 2, column 1: {finite}, found `1e39`")),
            (b"1,1,2\n\"1\",1,2\n", format!("f.csv, line 2, column 1: {finite}, found `\"1\"`")),
            (
                b"1,1,2\n0,1,1\n",
                format!(
                    "f.csv, line 2, column 3: {rank}, found `1`, the rank of another label, too; leave out rows with ties"
                ),
            ),
            (
                b"1,1,2\n0,0,1\n",
                format!("f.csv, line 2, column 2: {rank}, found `0`: the ranks count from 0; add 1 to each"),
            ),
            (b"1,1,2\n0,1.5,2\n", format!("f.csv, line 2, column 2: {rank}, found `1.5`")),
            (
                b"1,1,2\n0,,2\n",
                format!(
                    "f.csv, line 2, column 2: {rank}, found ``, a label without a rank; leave out rows that do not rank all labels"
                ),
            ),
            (
                b"1,1,2\n0,1,2\nEOF",
                "f.csv, line 3: expected the end of the file after 1 rows, found `EOF`".into(),
            ),
            (
                b"1,1,2\n0,1,2\n\n7\n",
                "f.csv, line 3: expected the end of the file after 1 rows, found ``".into(),
            ),
            (
                b"3,1,2\n0,1,2\n",
                "f.csv, line 3: expected 3 rows as line 1 says, found the end of the file after 1".into(),
            ),
            (
                b"1,1,2\n\xC3\x28,1,2\n",
                "f.csv, line 2, column 1: expected UTF-8 text, found byte 0xC3".into(),
            ),
        ] {
            assert_eq!(refusal(text), want);
        }
    }

    #[test]
    fn huge_promises_cost_nothing() {
        let huge = usize::MAX;
        assert!(refusal(format!("{huge},1,2\n0,1,2\n").as_bytes()).contains("after 1"));
        assert!(refusal(format!("1,{huge},{huge}\n0,1,2\n").as_bytes()).contains("line 2: expected"));
        assert!(refusal(format!("1,1,{huge}9\n0,1,2\n").as_bytes()).contains("line 1, column 3"));
        assert!(refusal(format!("{huge},{huge},{huge}").as_bytes()).contains("line 2: expected"));
    }

    /// Rows, features and labels of the published files, rows as counted by `wc`.
    const FILES: [(&str, usize, usize, usize); 16] = [
        ("authorship", 841, 70, 4),
        ("bodyfat", 252, 7, 7),
        ("calhousing", 20640, 4, 4),
        ("cold", 2465, 24, 4),
        ("diau", 2465, 24, 7),
        ("dtt", 2465, 24, 4),
        ("elevators", 16599, 9, 9),
        ("fried", 40768, 9, 5),
        ("glass", 214, 9, 6),
        ("iris", 150, 4, 3),
        ("pendigits", 10992, 16, 10),
        ("segment", 2310, 18, 7),
        ("spo", 2465, 24, 11),
        ("stock", 950, 5, 5),
        ("vehicle", 846, 18, 4),
        ("wisconsin", 194, 16, 16),
    ];

    #[test]
    fn real_files_are_read() {
        for (name, n, d, k) in FILES {
            let Some(file) = super::super::real_data(&format!("label_ranking/{name}.csv")) else { return };
            let data = read::<f32>(&file).unwrap();
            assert_eq!((data.name(), data.len(), data.features(), data.labels()), (name, n, d, k));
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read::<f32>("no/such.csv").unwrap_err().to_string();
        assert!(error.starts_with("cannot read no/such.csv: "), "{error}");
    }
}
