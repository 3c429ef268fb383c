//! Rows of cells, as they stand in a table.

use std::ops::Range;
use std::path::Path;

use csv::StringRecord;
use perturb_core::Real;
use rayon::prelude::*;

use super::format::Header;
use crate::data::DataError;
use crate::data::records::Syntax;
use crate::data::text::{self, quote};
use crate::threads;

/// Whole rows of a table, each of as many cells as the header.
pub(in crate::data) struct Rows<'a> {
    pub(super) file: &'a Path,
    pub(super) header: &'a Header,
    /// The text of the rows, and the line on which it begins.
    text: &'a str,
    line: usize,
    records: Vec<Row>,
}

/// The first byte of a row, and its cells.
type Row = (usize, StringRecord);

impl<'a> Rows<'a> {
    /// The rows of a text that begins on `line`, read on all threads.
    pub(in crate::data) fn read(
        file: &'a Path,
        header: &'a Header,
        line: usize,
        text: &'a str,
    ) -> Result<Self, DataError> {
        let mut pieces = Vec::new();
        let (mut from, mut lines) = (0, 0);
        while let Some(rest) = text.as_bytes().get(from..).filter(|rest| !rest.is_empty()) {
            let cut = header.syntax.cut(rest);
            if let Some(after) = cut.unclosed {
                let expected = "a quote that ends the cell which a quote begins here";
                return Err(DataError::invalid(
                    file,
                    line + lines + after,
                    None,
                    expected,
                    "the end of the file",
                ));
            }
            pieces.push(from..from + cut.whole);
            (from, lines) = (from + cut.whole, lines + cut.lines);
        }
        threads::start(None);
        let parts: Vec<Result<Vec<Row>, csv::Error>> =
            pieces.into_par_iter().map(|piece| some_rows(header.syntax, text, piece)).collect();
        let mut rows = Self { file, header, text, line, records: Vec::new() };
        for part in parts {
            // The text is UTF-8 and of any width, so the reader has nothing left to refuse.
            let part =
                part.map_err(|error| DataError::invalid(file, line, None, "a CSV table", error.to_string()))?;
            rows.records.extend(part);
        }
        (0..rows.len()).try_for_each(|row| rows.check(row))?;
        Ok(rows)
    }

    /// A row has the header's number of cells, and is no comment.
    fn check(&self, row: usize) -> Result<(), DataError> {
        let (found, expected) =
            (self.records.get(row).map_or(0, |(_, cells)| cells.len()), self.header.len());
        // A first cell such as #1 is one if all rows have such.
        let hash = |row| self.text.as_bytes().get(self.start(row)) == Some(&b'#');
        if hash(row) && (found != expected || !hash(0)) {
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

    /// Keeps so many rows, the first.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.records.truncate(rows);
    }

    /// Where a row begins in the text, which ends where there is none.
    pub(super) fn start(&self, row: usize) -> usize {
        self.records.get(row).map_or(self.text.len(), |&(start, _)| start)
    }

    /// The line of each row.
    pub(super) fn lines(&self) -> Vec<usize> {
        let (mut line, mut from) = (self.line, 0);
        let mut next = |&(start, _): &Row| {
            line += text::breaks(self.text.as_bytes().get(from..start).unwrap_or(&[]));
            from = start;
            line
        };
        self.records.iter().map(&mut next).collect()
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

    /// What `read` makes of the rows, part by part on all threads; the first error in their order.
    pub(super) fn parts<R: Send>(
        &self,
        read: impl Fn(Range<usize>) -> Result<R, DataError> + Sync,
    ) -> Result<Vec<R>, DataError> {
        /// Rows that a thread reads at once.
        const PART: usize = 4096;
        let starts: Vec<usize> = (0..self.len()).step_by(PART).collect();
        let part = |start| read(start..self.len().min(start + PART));
        starts.into_par_iter().map(part).collect::<Vec<_>>().into_iter().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
    /// The rank that a cell is.
    pub(super) fn rank(&self, cell: &str) -> Option<usize> {
        text::rank(&text::with_point(cell, self.header.syntax.decimal)?)
    }
    /// The number that a cell is.
    pub(super) fn number<T: Real>(&self, cell: &str) -> Option<f64> {
        text::number::<T>(&text::with_point(cell, self.header.syntax.decimal)?)
    }
    /// Whether a cell is a number, or says that one is none.
    pub(super) fn is_number(&self, cell: &str) -> bool {
        text::is_number(cell, self.header.syntax.decimal)
    }
    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.records.get(row).and_then(|(_, cells)| cells.get(column)).unwrap_or("")
    }
    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.len()).map(move |row| self.cell(row, column))
    }
}

/// The rows in a range of a text.
fn some_rows(syntax: Syntax, text: &str, range: Range<usize>) -> Result<Vec<Row>, csv::Error> {
    let piece = text.get(range.clone()).unwrap_or("");
    let comments = |rest: &str| syntax.comment.is_some() && rest.bytes().next() == syntax.comment;
    let mut rows = Vec::new();
    for record in syntax.reader(piece).into_records() {
        let record = record?;
        // The reader may begin at the breaks and the comments before a row.
        let mut rest = record.position().and_then(|at| piece.get(at.byte() as usize..)).unwrap_or("");
        while rest.starts_with(['\n', '\r']) || comments(rest) {
            rest = text::first_line(rest).1;
        }
        // It takes a comment for a row that ends without a break.
        if !rest.is_empty() {
            rows.push((range.start + piece.len() - rest.len(), record));
        }
    }
    Ok(rows)
}
