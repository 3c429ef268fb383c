//! Rows of cells, as they stand in a table.

use std::path::Path;

use csv::StringRecord;

use super::format::Header;
use crate::data::DataError;
use crate::data::text::{self, quote};

/// Whole rows of a table, each of as many cells as the header.
pub(in crate::data) struct Rows<'a> {
    pub(super) file: &'a Path,
    pub(super) header: &'a Header,
    /// The text of the rows, and the line on which it begins.
    text: &'a str,
    line: usize,
    records: Vec<StringRecord>,
}

impl<'a> Rows<'a> {
    /// The rows of a text that begins on `line`.
    pub(in crate::data) fn read(
        file: &'a Path,
        header: &'a Header,
        line: usize,
        text: &'a str,
    ) -> Result<Self, DataError> {
        if let Some(after) = header.syntax.scan(text.as_bytes()).unclosed {
            let expected = "a quote that ends the cell which a quote begins here";
            return Err(DataError::invalid(file, line + after, None, expected, "the end of the file"));
        }
        let mut rows = Self { file, header, text, line, records: Vec::new() };
        for record in header.syntax.reader(text).into_records() {
            // The text is UTF-8 and of any width, so the reader has nothing left to refuse.
            let record = record
                .map_err(|error| DataError::invalid(file, line, None, "a CSV table", error.to_string()))?;
            rows.records.push(record);
            if rows.start(rows.len() - 1) == text.len() {
                rows.records.pop(); // A comment at the end, without a break, which the reader takes for a row.
            } else {
                rows.check_last()?;
            }
        }
        Ok(rows)
    }

    /// The last row has the header's number of cells, and is no comment.
    fn check_last(&self) -> Result<(), DataError> {
        let row = self.records.len() - 1;
        let (found, expected) = (self.records.last().map_or(0, StringRecord::len), self.header.len());
        // A first cell such as #1 is one if all rows have such.
        if self.is_hash(row) && (found != expected || !self.is_hash(0)) {
            let (found, _) = text::first_line(self.text.get(self.start(row)..).unwrap_or(""));
            let found = format!("{}; the option comment skips such lines", quote(found));
            return Err(self.fault(row, None, format!("{expected} fields as in the header"), found));
        }
        if found == expected {
            return Ok(());
        }
        let more = if found == expected + 1 && self.cell(row, expected).is_empty() {
            ", of which the last is empty; remove the separator at the end of the line"
        } else {
            ""
        };
        let expected = format!("{expected} fields as in the header");
        Err(self.fault(row, None, expected, format!("{found}{more}")))
    }

    fn is_hash(&self, row: usize) -> bool {
        self.text.as_bytes().get(self.start(row)) == Some(&b'#')
    }

    /// The first byte of a row.
    fn start(&self, row: usize) -> usize {
        let position = self.records.get(row).and_then(StringRecord::position);
        let start = position.map_or(0, |position| position.byte() as usize);
        // The reader may begin at the breaks, and the comments, before the row.
        let mut rest = self.text.get(start..).unwrap_or("");
        while rest.starts_with(['\n', '\r']) || self.comments(rest) {
            rest = text::first_line(rest).1;
        }
        self.text.len() - rest.len()
    }

    fn comments(&self, text: &str) -> bool {
        self.header.syntax.comment.is_some() && text.bytes().next() == self.header.syntax.comment
    }

    /// Something wrong in a row, and in a cell of it if one is to blame; both counted from 0.
    pub(super) fn fault(
        &self,
        row: usize,
        column: Option<usize>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        let before = self.text.as_bytes().get(..self.start(row)).unwrap_or(&[]);
        let expected = match column {
            Some(column) => format!("in {} {}", quote(self.header.name(column)), expected.into()),
            None => expected.into(),
        };
        let line = self.line + text::breaks(before);
        DataError::invalid(self.file, line, column.map(|column| column + 1), expected, found)
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.records.get(row).and_then(|row| row.get(column)).unwrap_or("")
    }
    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.len()).map(move |row| self.cell(row, column))
    }
}
