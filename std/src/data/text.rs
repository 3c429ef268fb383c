//! What readers of files share: whole files, names, quotations for messages.

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
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (before, after) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let line = before.split(|&b| b == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&b| b != b'\n').filter(|&&b| b == b',').count();
        let found = after.first().map_or_else(|| "nothing".to_owned(), |b| format!("byte 0x{b:02X}"));
        DataError::invalid(file, line, Some(column), "UTF-8 text", found)
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// The name of a data set: its file's name without the extension.
pub fn name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A decimal number, with or without an exponent, that `T` can hold.
pub(super) fn number<T: Real>(field: &str) -> Option<f64> {
    field.trim().parse().ok().filter(|&value| T::from_f64(value).is_finite())
}

/// A rank: decimal digits alone.
pub(super) fn rank(field: &str) -> Option<usize> {
    let field = field.trim();
    if field.bytes().all(|b| b.is_ascii_digit()) { field.parse().ok() } else { None }
}

/// `found` in backquotes, cut to a length that fits a message.
pub fn quote(found: &str) -> String {
    const LONGEST: usize = 40;
    let mut cut = String::new();
    for c in found.chars().take(LONGEST) {
        if matches!(c, '"' | '\'' | '\\') { cut.push(c) } else { cut.extend(c.escape_debug()) }
    }
    if found.chars().nth(LONGEST).is_some() {
        cut.push('…');
    }
    format!("`{cut}`")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_decimals() {
        assert_eq!(number::<f64>(" -1.5e-3 "), Some(-0.0015));
        assert_eq!(number::<f32>("1e38"), Some(1e38));
        assert_eq!(number::<f32>("1e39"), None);
        for refused in ["", "nan", "inf", "-Infinity", "1e999", "1,5", "0x10", "1_000", "1 2"] {
            assert_eq!(number::<f64>(refused), None, "{refused}");
        }
        assert_eq!(rank(" 10 "), Some(10));
        for refused in ["", "-1", "+1", "1.0", "99999999999999999999999"] {
            assert_eq!(rank(refused), None, "{refused}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let error = decode(Path::new("a.csv"), b"1,2\n3,\xFF4").unwrap_err();
        assert_eq!(error.to_string(), "a.csv, line 2, column 2: expected UTF-8 text, found byte 0xFF");
        assert_eq!(decode(Path::new("a.csv"), b"\xEF\xBB\xBFab").unwrap(), "ab");
    }

    #[test]
    fn quotations_are_short_and_printable() {
        assert_eq!(quote("a\tb"), "`a\\tb`");
        assert_eq!(quote(&"é".repeat(50)), format!("`{}…`", "é".repeat(40)));
    }
}
