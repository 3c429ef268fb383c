//! What readers of files share: whole files, names, quotations for messages.

#[cfg(feature = "files")]
use std::borrow::Cow;
use std::fs;
use std::path::Path;

use perturb_core::Real;

use super::DataError;

/// Reads a whole file, so that nothing half-read is ever used.
pub fn read(file: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(file).map_err(|source| DataError::Read { file: file.to_owned(), source })
}

/// The text of `bytes`, without a byte order mark.
pub fn decode<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    if let [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] = bytes {
        return Err(DataError::invalid(file, 1, None, "UTF-8 text", "UTF-16; save the file as UTF-8"));
    }
    let text = decode_from(file, 1, bytes)?;
    Ok(text.strip_prefix(MARK).unwrap_or(text))
}

/// The byte order mark.
pub(super) const MARK: char = '\u{FEFF}';

/// The text of bytes that begin on this line.
pub(super) fn decode_from<'a>(file: &Path, line: usize, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (before, after) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let ends = |b: &&u8| !matches!(b, b'\n' | b'\r');
        let column = 1 + before.iter().rev().take_while(ends).filter(|&&b| b == b',').count();
        let found = after.first().map_or_else(|| "nothing".to_owned(), |b| format!("byte 0x{b:02X}"));
        DataError::invalid(file, line + breaks(before), Some(column), "UTF-8 text", found)
    })
}

/// The number of line breaks: LF, CR LF or CR.
pub(super) fn breaks(bytes: &[u8]) -> usize {
    let (mut breaks, mut cr) = (0, false);
    for &byte in bytes {
        breaks += usize::from(byte == b'\r' || byte == b'\n' && !cr);
        cr = byte == b'\r';
    }
    breaks
}

/// A text's first line without its break, and what follows.
pub(super) fn first_line(text: &str) -> (&str, &str) {
    let Some(end) = text.find(['\n', '\r']) else { return (text, "") };
    let (line, rest) = text.split_at(end);
    (line, rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or(""))
}

/// Whether the first line that is not blank is `n,d,k`: the label-ranking format.
pub fn has_counts(bytes: &[u8]) -> bool {
    let lines = bytes.split(|&byte| matches!(byte, b'\n' | b'\r'));
    let mut lines = lines.map(|line| std::str::from_utf8(line).unwrap_or("?").trim_start_matches(MARK));
    let line = lines.find(|line| !line.trim().is_empty()).unwrap_or("");
    line.split(',').map(|field| count(field).is_some()).eq([true; 3])
}

/// The name of a data set: its file's name without the extension.
pub fn name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A decimal number, with or without an exponent, that `T` can hold.
pub(crate) fn number<T: Real>(field: &str) -> Option<f64> {
    field.trim().parse().ok().filter(|&value| T::from_f64(value).is_finite())
}

/// A number as [`number`] reads it, with a point, where a comma stands before fractions; none where a point does.
#[cfg(feature = "files")]
pub(super) fn with_point(cell: &str, decimal: u8) -> Option<Cow<'_, str>> {
    match decimal {
        b',' if cell.contains('.') => None,
        b',' if cell.contains(',') => Some(cell.replace(',', ".").into()),
        _ => Some(cell.into()),
    }
}

/// Whether a cell is a number, however large, or says that one is none.
#[cfg(feature = "files")]
pub(super) fn is_number(cell: &str, decimal: u8) -> bool {
    with_point(cell, decimal).is_some_and(|cell| cell.parse::<f64>().is_ok())
}

/// A count: decimal digits alone.
pub(super) fn count(field: &str) -> Option<usize> {
    let field = field.trim();
    if field.bytes().all(|b| b.is_ascii_digit()) { field.parse().ok() } else { None }
}

/// A rank: decimal digits alone, or with zeros behind a point, as programs write whole numbers among others.
pub(super) fn rank(field: &str) -> Option<usize> {
    let field = field.trim();
    let whole = match field.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => field,
    };
    count(whole)
}

/// `found` in backquotes, cut to a length that fits a message.
pub fn quote(found: &str) -> String {
    format!("`{}`", cut(found))
}

/// Printable text of a length that fits a message.
fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut cut = String::new();
    for c in text.chars().take(LONGEST) {
        if matches!(c, '"' | '\'' | '\\') { cut.push(c) } else { cut.extend(c.escape_debug()) }
    }
    if text.chars().nth(LONGEST).is_some() {
        cut.push('…');
    }
    cut
}

/// A number as a message shows it: without rows of zeros.
pub fn shown(x: f64) -> String {
    if x == 0.0 || (1e-5..1e16).contains(&x.abs()) { x.to_string() } else { format!("{x:e}") }
}

/// Names for a message, at most so many.
pub fn listed(names: &[String], most: usize) -> String {
    let text = names.iter().take(most).map(|name| cut(name)).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(most);
    if more == 0 { text } else { format!("{text} and {more} more") }
}

/// The name that is written most like `word`, if one is.
#[cfg(feature = "files")]
pub(crate) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let distances = names.iter().map(|&name| (distance(&word.to_lowercase(), &name.to_lowercase()), name));
    distances.filter(|(distance, name)| 2 * distance < name.chars().count()).min().map(|(_, name)| name)
}

/// How many characters are left out, added or changed between two words.
#[cfg(feature = "files")]
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let changed = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Collects the ranks of one row and finds the first that spoils the permutation of 1..=k.
#[derive(Debug)]
pub(super) struct Permutation {
    /// The last row in which each rank was seen.
    seen: Vec<usize>,
    row: usize,
}

impl Permutation {
    pub(super) fn new(labels: usize) -> Self {
        Self { seen: vec![0; labels], row: 0 }
    }

    /// Starts the next row.
    pub(super) fn next_row(&mut self) {
        self.row += 1;
    }

    /// Whether `rank` lies in 1..=k and is new in this row.
    pub(super) fn take(&mut self, rank: usize) -> bool {
        match rank.checked_sub(1).and_then(|i| self.seen.get_mut(i)) {
            Some(seen) if *seen != self.row => {
                *seen = self.row;
                true
            }
            _ => false,
        }
    }
}

/// The place and the text of what stands in the cells of a row instead of a permutation of 1..=k, and where it is an ordinary
/// mistake, what to do. `place` is the first cell that cannot be right.
pub(super) fn no_ranking(cells: &[&str], place: usize) -> (usize, String) {
    let (place, why) = mistaken_ranks(cells).unwrap_or((place, ""));
    (place, quote(cells.get(place).unwrap_or(&"")) + why)
}

fn mistaken_ranks(cells: &[&str]) -> Option<(usize, &'static str)> {
    if let Some(missing) = cells.iter().position(|cell| cell.trim().is_empty()) {
        return Some((missing, ", a label without a rank; leave out rows that do not rank all labels"));
    }
    let ranks: Vec<usize> = cells.iter().map(|cell| rank(cell)).collect::<Option<_>>()?;
    let mut sorted = ranks.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().eq(0..cells.len()) {
        let zero = ranks.iter().position(|&rank| rank == 0)?;
        return Some((zero, ": the ranks count from 0; add 1 to each"));
    }
    if sorted.first() == Some(&0) || sorted.last() > Some(&cells.len()) {
        return None;
    }
    let tie = (0..ranks.len()).find(|&i| ranks.iter().take(i).any(|rank| ranks.get(i) == Some(rank)))?;
    Some((tie, ", the rank of another label, too; leave out rows with ties"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_no_ranking_are_understood() {
        for (cells, found) in [
            (["0", "2", "1"], (0, "`0`: the ranks count from 0; add 1 to each")),
            (["2", "1", "2.0"], (2, "`2.0`, the rank of another label, too; leave out rows with ties")),
            (["1", " ", "2"], (1, "` `, a label without a rank; leave out rows that do not rank all labels")),
            (["1", "2", "x"], (1, "`2`")),
            (["1", "2", "4"], (1, "`2`")),
            (["9", "9", "9"], (1, "`9`")),
        ] {
            assert_eq!(no_ranking(&cells, 1), (found.0, found.1.to_owned()), "{cells:?}");
        }
    }

    #[test]
    fn numbers_are_finite_decimals() {
        assert_eq!(number::<f64>(" -1.5e-3 "), Some(-0.0015));
        assert_eq!(number::<f32>("1e38"), Some(1e38));
        assert_eq!(number::<f32>("1e39"), None);
        for refused in ["", "nan", "inf", "-Infinity", "1e999", "1,5", "0x10", "1_000", "1 2"] {
            assert_eq!(number::<f64>(refused), None, "{refused}");
        }
        assert_eq!(["10", " 10 ", "10.0", "10."].map(rank), [Some(10); 4]);
        for refused in ["", ".", ".0", "-1", "+1", "1.5", "1e0", "1.0.0", "99999999999999999999999"] {
            assert_eq!(rank(refused), None, "{refused}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let error = decode(Path::new("a.csv"), b"1,2\n3,\xFF4").unwrap_err();
        assert_eq!(error.to_string(), "a.csv, line 2, column 2: expected UTF-8 text, found byte 0xFF");
        assert_eq!(decode(Path::new("a.csv"), b"\xEF\xBB\xBFab").unwrap(), "ab");
        let error = decode(Path::new("a.csv"), b"\xFF\xFEa\0").unwrap_err().to_string();
        assert_eq!(error, "a.csv, line 1: expected UTF-8 text, found UTF-16; save the file as UTF-8");
        let error = decode(Path::new("a.csv"), b"1\r2\r\n3,\xFF").unwrap_err().to_string();
        assert!(error.starts_with("a.csv, line 3, column 2: "), "{error}");
    }

    #[test]
    fn lines_end_in_three_ways() {
        for (text, count) in
            [("", 0), ("a", 0), ("a\n\nb", 2), ("a\r\nb\r\n", 2), ("a\r\rb\r", 3), ("\n\r", 2)]
        {
            assert_eq!(breaks(text.as_bytes()), count, "{text:?}");
        }
        assert_eq!(first_line("a\r\nb"), ("a", "b"));
        assert_eq!(first_line("a\rb"), ("a", "b"));
        assert_eq!(first_line("\n\nb"), ("", "\nb"));
        assert_eq!(first_line("a"), ("a", ""));
    }

    #[test]
    fn counts_are_three_whole_numbers() {
        for text in ["1,2,3\n", "1,2,3", "\u{FEFF}1,2,3\r\n", "1, 2 ,3\r0,1", "\n \r\n1,2,3"] {
            assert!(has_counts(text.as_bytes()), "{text:?}");
        }
        for text in ["", "1,2\n", "1,2,3,4\n", "a,2,3\n", "1.0,2,3", "1,2,x", "\n1,2,3,4", "\n"] {
            assert!(!has_counts(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    #[cfg(feature = "files")]
    fn words_are_near_or_not() {
        assert_eq!((distance("kitten", "sitting"), distance("", "ab"), distance("ab", "")), (3, 2, 2));
        let names = ["abs", "exp", "missing", "sqrt"];
        assert_eq!(nearest("SQR", &names), Some("sqrt"));
        assert_eq!(nearest("mising", &names), Some("missing"));
        assert_eq!(nearest("tangent", &names), None);
    }

    #[test]
    fn numbers_are_shown_in_short() {
        let numbers = [0.0, 0.1, -1_700_000_000.5, 1e300, -1e-300, f64::INFINITY];
        assert_eq!(numbers.map(shown), ["0", "0.1", "-1700000000.5", "1e300", "-1e-300", "inf"]);
    }

    #[test]
    fn quotations_are_short_and_printable() {
        assert_eq!(quote("a\tb"), "`a\\tb`");
        assert_eq!(quote(&"é".repeat(50)), format!("`{}…`", "é".repeat(40)));
    }
}
