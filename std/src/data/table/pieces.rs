//! A table of any length, some groups of rows at a time.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::format::Header;
use super::rows::Rows;
use super::{Format, Table};
use crate::data::DataError;
use crate::data::records::{BLOCK, Blocks};
use crate::data::text;

/// The least number of bytes of a piece that is not the last.
const PIECE: usize = 8 * BLOCK;

/// A table that is read piece by piece, in memory that does not depend on its length, but for some 30 bytes a group. No group of rows
/// that stand together is in two pieces.
///
/// ```
/// use perturb::data::frame::Columns;
/// use perturb::data::table::{Format, Pieces};
/// let text = &b"trip,cost\n1,90\n1,50\n2,30\n2,80\n"[..];
/// let mut pieces = Pieces::open("trips.csv".as_ref(), text, Format::default(), Some("trip"))?;
/// let mut rows = 0;
/// while let Some(more) = pieces.next(|table| Ok::<_, perturb::data::DataError>(table.frame(&["cost"])?.len()))? {
///     rows += more;
/// }
/// assert!(rows == 4 && pieces.are_together());
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Debug)]
pub struct Pieces<R> {
    file: PathBuf,
    blocks: Blocks<R>,
    header: Header,
    /// The column of groups; without one a row is one.
    group: Option<usize>,
    /// What was read and is not yet taken, and the line on which it begins.
    bytes: Vec<u8>,
    line: usize,
    /// Rows that were taken.
    before: usize,
    ended: bool,
    seen: HashSet<u64>,
    together: bool,
}

impl<R: Read> Pieces<R> {
    /// Reads the beginning of a table, whose groups the column `group` names; without one, each row is a group.
    pub fn open(file: &Path, reader: R, format: Format, group: Option<&str>) -> Result<Self, DataError> {
        let fault = |source| DataError::Read { file: file.to_owned(), source };
        let mut blocks = Blocks::new(reader);
        let syntax = format.syntax(blocks.peek().map_err(fault)?);
        let mut bytes = Vec::new();
        // What stands above a header may be longer than a block.
        while Header::start(file, text::decode(file, &bytes)?, format)?.1.is_empty()
            && let Some(more) = blocks.next(syntax).map_err(fault)?
        {
            bytes.extend(more.bytes);
        }
        let (header, line, rest) = Header::read(file, text::decode(file, &bytes)?, format)?;
        let bytes = rest.as_bytes().to_vec();
        let group = group.map(|name| header.column(file, name)).transpose()?;
        let (file, seen) = (file.to_owned(), HashSet::new());
        Ok(Self { file, blocks, header, group, bytes, line, before: 0, ended: false, seen, together: true })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.header.names
    }
    /// Whether the rows of each group so far stand together.
    pub fn are_together(&self) -> bool {
        self.together
    }

    /// What `take` takes from the next rows, whole groups of them; none after the last.
    pub fn next<T, E: From<DataError>>(
        &mut self,
        take: impl FnOnce(&Table<'_>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        loop {
            let wanted = self.bytes.len() + self.bytes.len().max(PIECE);
            while !self.ended && self.bytes.len() < wanted {
                let read = self.blocks.next(self.header.syntax);
                match read.map_err(|source| DataError::Read { file: self.file.clone(), source })? {
                    Some(block) => self.bytes.extend(block.bytes),
                    None => self.ended = true,
                }
            }
            if self.bytes.is_empty() {
                return Ok(None);
            }
            let content = text::decode_from(&self.file, self.line, &self.bytes)?;
            let mut rows = Rows::read(&self.file, &self.header, self.line, content)?;
            let starts = starts(&rows, self.group);
            // The last group may go on.
            let groups = starts.len() - usize::from(!self.ended && !starts.is_empty());
            if groups == 0 && !self.ended {
                continue;
            }
            let count = starts.get(groups).map_or(rows.len(), |&(row, _)| row);
            for &(_, key) in starts.iter().take(groups).filter(|_| self.group.is_some()) {
                self.together &= self.seen.insert(key);
            }
            let end = rows.start(count);
            let lines = text::breaks(content.as_bytes().get(..end).unwrap_or(&[]));
            rows.truncate(count);
            let taken = take(&Table { rows, before: self.before })?;
            self.bytes.drain(..end);
            (self.line, self.before) = (self.line + lines, self.before + count);
            return Ok(Some(taken));
        }
    }
}

/// The first row of each group, and what names the group: equal numbers are, however they are written.
fn starts(rows: &Rows<'_>, group: Option<usize>) -> Vec<(usize, u64)> {
    let mut starts: Vec<(usize, u64)> = Vec::new();
    for row in 0..rows.len() {
        let Some(column) = group else {
            starts.push((row, 0));
            continue;
        };
        let cell = rows.cell(row, column);
        let mut hasher = DefaultHasher::new();
        match rows.number::<f64>(cell) {
            Some(x) => (x + 0.0).to_bits().hash(&mut hasher),
            None => cell.hash(&mut hasher),
        }
        let key = hasher.finish();
        if starts.last().is_none_or(|&(_, last)| last != key) {
            starts.push((row, key));
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::data::frame::Columns;

    /// Pieces have the rows of the table, their lines and whole groups, however long these are.
    #[test]
    fn pieces_are_the_table_cut_between_groups() {
        // Groups of one row to more than a piece.
        let sizes = [3usize, 200_000, 1, 40_000, 90_000, 2, 300_000];
        let mut text = "g,x\r\n".to_owned();
        for (group, &size) in sizes.iter().enumerate() {
            for row in 0..size {
                let cell = "1\n2\n"[..2 * (row % 3)].trim();
                write!(text, "{group}{},\"{cell}\"\r\n", ["", ".0"][row % 2]).unwrap();
            }
        }
        let mut pieces =
            Pieces::open(Path::new("t.csv"), text.as_bytes(), Format::default(), Some("g")).unwrap();
        let (mut groups, mut rows, mut count) = (Vec::new(), 0, 0);
        let mut lines = Vec::new();
        while let Some(frame) = pieces.next(|table| table.frame(&["g", "x"])).unwrap() {
            assert_eq!(frame.before(), rows);
            (rows, count) = (rows + frame.len(), count + 1);
            let of = |row: usize| frame.column("g").unwrap().shown(row).unwrap();
            let own: Vec<String> = (0..frame.len()).map(of).collect();
            groups.extend(own.chunk_by(|a, b| a == b).map(|run| (run[0].clone(), run.len())));
            lines.push(frame.fault(frame.len() - 1, "a", "b").to_string());
        }
        let expected: Vec<_> =
            sizes.iter().enumerate().map(|(group, &size)| (group.to_string(), size)).collect();
        assert_eq!(groups, expected);
        assert!(count > 2 && pieces.are_together(), "{count}");
        // The last row of the table, on its line.
        let last = 1 + text.trim_end().matches('\n').count()
            - text.trim_end().rsplit("\r\n").next().unwrap().matches('\n').count();
        assert!(lines.last().unwrap().starts_with(&format!("t.csv, line {last}:")), "{lines:?} {last}");
    }

    #[test]
    fn groups_that_do_not_stand_together_are_told() {
        let of = |text: &str| {
            let mut pieces = Pieces::open(Path::new("t.csv"), text.as_bytes(), Format::default(), Some("g"))?;
            while pieces.next(|table| table.frame(&["g"]))?.is_some() {}
            Ok::<_, DataError>(pieces.are_together())
        };
        assert!(of("g\n1\n1.0\n2\nb\n").unwrap() && !of("g\n1\n2\n1.0\n").unwrap() && of("g\n").unwrap());
        assert!(of("h\n1\n").unwrap_err().to_string().contains("expected a column named `g`"));
        assert!(of("").unwrap_err().to_string().contains("found an empty file"));
    }
}
