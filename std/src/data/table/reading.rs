//! What a table's columns were taken for, and what looks like a mistake.

use std::collections::BTreeSet;

use perturb_core::Real;

use crate::data::text::{is_number, quote, shown, with_point};

/// What the columns of a table were taken for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The columns of what was decided: one of orderings or labels, or one for each label.
    pub decided: Vec<String>,
    /// Columns of numbers, one feature each.
    pub numbers: Vec<String>,
    /// Columns of text, each with the number of its distinct values, which are its features.
    pub texts: Vec<(String, usize)>,
    /// What is allowed, but is often a mistake; sentences without the file's name.
    pub warnings: Vec<String>,
}

/// Rows from which on a column of text can be seen to be one of names.
const ENOUGH_ROWS: usize = 20;
/// Deviations from the mean that are no longer plausible.
const FAR: f64 = 10.0;

impl Reading {
    /// Takes note of a column of numbers, `cells` as they stand in the file, `kept` as they will be used.
    pub(super) fn number<T: Real>(&mut self, name: &str, cells: &[f64], kept: &[T]) {
        self.numbers.push(name.to_owned());
        let distinct = |numbers: &mut dyn Iterator<Item = f64>| {
            numbers.map(|x| if x == 0.0 { 0 } else { x.to_bits() }).collect::<BTreeSet<_>>().len()
        };
        let before = distinct(&mut cells.iter().copied());
        let after = distinct(&mut kept.iter().map(|x| x.to_f64()));
        // A few that are all but equal are lost in any column of many.
        if after * 10 < before * 9 {
            self.warnings.push(format!(
                "column `{name}` has {before} distinct values, of which {} can tell {after} apart: \
                 they are too far from each other",
                T::NAME
            ));
        }
        let count = cells.len() as f64;
        let mean = cells.iter().map(|x| x / count).sum::<f64>();
        let deviation = cells.iter().map(|x| (x - mean) * (x - mean) / count).sum::<f64>().sqrt();
        let far = |x: &&f64| (**x - mean).abs() > FAR * deviation;
        if let Some(x) = cells.iter().find(far).filter(|_| deviation > 0.0) {
            self.warnings.push(format!(
                "column `{name}` has the value {}, more than {FAR} standard deviations from its mean {}",
                shown(*x),
                shown((mean * 1e6).round() / 1e6)
            ));
        }
    }

    /// Takes note of a column that was found to hold ranks, and may be a feature.
    pub(super) fn constant_rank<'a>(&mut self, name: &str, mut cells: impl Iterator<Item = &'a str>) {
        let first = cells.next().unwrap_or("");
        let mut others = cells.peekable();
        if others.peek().is_some() && others.all(|cell| cell == first) {
            self.warnings.push(format!(
                "column `{name}` is {first} in every row, and was taken for ranks; if it is a feature, name the columns of ranks \
                 by --ranks"
            ));
        }
    }

    /// Takes note of a column of text.
    pub(super) fn text(&mut self, name: &str, values: &BTreeSet<&str>, rows: usize, decimal: u8) {
        self.texts.push((name.to_owned(), values.len()));
        let words: Vec<&str> = values.iter().copied().filter(|value| !is_number(value, decimal)).collect();
        if values.len() >= 10 && words.len() * 10 <= values.len() {
            self.warnings.push(format!(
                "column `{name}` is read as text with {} values, because {} is not a number",
                values.len(),
                words.join(", ")
            ));
        } else if rows >= ENOUGH_ROWS && values.len() * 2 > rows {
            self.warnings.push(format!(
                "column `{name}` has {} distinct texts in {rows} rows, as names and identifiers have: \
                 each is a feature of its own",
                values.len()
            ));
        }
    }
}

/// In which notation a text is a number or a date that is not read.
pub(super) fn misread(cell: &str, decimal: u8) -> Option<&'static str> {
    let (own, other) = if decimal == b',' { (',', '.') } else { ('.', ',') };
    let plain = cell.replace('\u{2212}', "-");
    let number = |text: &str| {
        with_point(text, decimal).is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if number(cell) {
        return None;
    }
    let what = if number(&plain) {
        "a minus sign of typography"
    } else if number(plain.trim_end_matches('%').trim_end()) {
        "a percent sign"
    } else if plain.matches(other).count() == 1
        && !plain.contains(own)
        && number(&plain.replace(other, &own.to_string()))
        && !grouped(&plain, other, own)
    {
        if other == ',' { "a decimal comma" } else { "a decimal point" }
    } else if [other, ' ', '\u{A0}', '\u{202F}', '\''].iter().any(|&mark| grouped(&plain, mark, own)) {
        "separated thousands"
    } else if ['-', '/', '.'].iter().any(|&mark| {
        let parts: Vec<&str> = plain.split([' ', 'T']).next().unwrap_or("").split(mark).collect();
        parts.len() == 3 && parts.iter().all(|part| digits(part) && part.len() <= 4)
    }) {
        "a date"
    } else {
        return None;
    };
    Some(what)
}

/// What was expected and what was found where a cell is a number in a notation that is not read.
pub(crate) fn no_number(cell: &str, decimal: u8) -> Option<(String, String)> {
    let notation = misread(cell, decimal)?;
    let example = if decimal == b',' { "-1200,5" } else { "-1200.5" };
    let hint = if notation == "a decimal comma" { "; the option decimal reads such numbers" } else { "" };
    Some((format!("a number such as {example}, not {notation}"), quote(cell) + hint))
}

/// Whether groups of three digits follow a first group: 1,200 or 1 200 000.5.
fn grouped(text: &str, mark: char, decimal: char) -> bool {
    let whole = text.trim_start_matches(['-', '+']);
    let whole = whole.split_once(decimal).map_or(whole, |(whole, _)| whole);
    let mut groups = whole.split(mark);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| digits(group) && group.len() <= 3);
    let mut others = groups.peekable();
    first && others.peek().is_some() && others.all(|group| digits(group) && group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_written_otherwise_are_known() {
        for (cell, what) in [
            ("1,200", "separated thousands"),
            ("1,200,000.5", "separated thousands"),
            ("1 200", "separated thousands"),
            ("3,14", "a decimal comma"),
            ("-0,5", "a decimal comma"),
            ("45%", "a percent sign"),
            ("4.5 %", "a percent sign"),
            ("\u{2212}5", "a minus sign of typography"),
        ] {
            assert_eq!(misread(cell, b'.'), Some(what), "{cell}");
        }
        for date in ["2026-11-28", "28.11.2026", "1/2/99", "2026-11-28T10:00:00", "2026-11-28 10:00"] {
            assert_eq!(misread(date, b'.'), Some("a date"), "{date}");
        }
        for text in ["Osaka", "26:Osaka", "a,b", "1,2,3", "10115", "3.5", "1-2", "", "1.2.3.4", "v1.2.3", "%"]
        {
            assert_eq!(misread(text, b'.'), None, "{text}");
        }
        for (cell, what) in [
            ("1,5", None),
            ("1.5", Some("a decimal point")),
            ("1.200", Some("separated thousands")),
            ("1.200.000,5", Some("separated thousands")),
            ("1 200,5", Some("separated thousands")),
            ("4,5 %", Some("a percent sign")),
            ("28.11.2026", Some("a date")),
            ("1,200", None),
        ] {
            assert_eq!(misread(cell, b','), what, "{cell}");
        }
    }
}
