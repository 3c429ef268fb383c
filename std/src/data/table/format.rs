//! How a table is written: its separator, its header, and lines that belong to neither.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

use crate::data::DataError;
use crate::data::records::{BLOCK, Syntax};
use crate::data::text::{self, quote};

/// How a table is written.
///
/// Lines end in LF, CR LF or CR, and a byte order mark is skipped. A first line such as `sep=;`, as spreadsheets write it, names
/// what separates cells: `,` `;` `|` or a tab; without it they are separated by commas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Format {
    /// Lines before the header that are skipped, whatever they hold.
    pub skip_lines: usize,
    /// A character of ASCII: lines that begin with it are skipped.
    pub comment: Option<char>,
    /// What separates cells, whatever the first line says of it: `,` `;` `|` or a tab.
    pub separator: Option<char>,
    /// Whether a comma stands before the fractions of numbers; then a number with a point is none.
    pub decimal_comma: bool,
}

impl Format {
    /// That skips `lines` lines before the header.
    #[must_use]
    pub const fn with_skip_lines(self, lines: usize) -> Self {
        Self { skip_lines: lines, ..self }
    }
    /// That skips lines which begin with `comment`.
    #[must_use]
    pub const fn with_comment(self, comment: Option<char>) -> Self {
        Self { comment, ..self }
    }

    /// With cells that `separator` separates.
    #[must_use]
    pub const fn with_separator(self, separator: Option<char>) -> Self {
        Self { separator, ..self }
    }
    /// With numbers such as `1,5`.
    #[must_use]
    pub const fn with_decimal_comma(self, decimal_comma: bool) -> Self {
        Self { decimal_comma, ..self }
    }

    /// How a text that begins with these bytes is written.
    pub(in crate::data) fn syntax(self, beginning: &[u8]) -> Syntax {
        let comment = self.comment.and_then(|comment| u8::try_from(comment).ok()).filter(u8::is_ascii);
        let text = String::from_utf8_lossy(beginning.get(..BLOCK).unwrap_or(beginning));
        let text = text.trim_start_matches(text::MARK);
        let (line, _) = text::first_line(skip(text, self.skip_lines).1);
        let named = self.separator.and_then(|named| u8::try_from(named).ok()).filter(u8::is_ascii);
        let separator = named.or_else(|| separator(line)?.ok()).unwrap_or(b',');
        let decimal = if self.decimal_comma { b',' } else { b'.' };
        Syntax { separator, comment, quotes: true, decimal }
    }
}

/// How many lines of a text are skipped, at most so many, and what follows.
fn skip(mut text: &str, lines: usize) -> (usize, &str) {
    let mut skipped = 0;
    while skipped < lines && !text.is_empty() {
        (skipped, text) = (skipped + 1, text::first_line(text).1);
    }
    (skipped, text)
}

/// The separator that a line such as `sep=;` names, if it is such a line; an error where nothing separates cells by it.
fn separator(line: &str) -> Option<Result<u8, ()>> {
    let mut named = line.strip_prefix("sep=")?.chars();
    let (separator, None) = (named.next()?, named.next()) else { return None };
    let known = [',', ';', '\t', '|'].contains(&separator);
    Some(u8::try_from(separator).ok().filter(|_| known).ok_or(()))
}

/// The names of a table's columns.
#[derive(Clone, Debug)]
pub(in crate::data) struct Header {
    pub(super) names: Vec<String>,
    places: BTreeMap<String, usize>,
    /// The line, counted from 1.
    pub(super) line: usize,
    pub(in crate::data) syntax: Syntax,
}

/// What messages that count columns say of them.
const NAMED: usize = 10;

impl Header {
    /// The header at the beginning of a text, what follows, and the line of that.
    pub(in crate::data) fn read<'a>(
        file: &Path,
        text: &'a str,
        format: Format,
    ) -> Result<(Self, usize, &'a str), DataError> {
        let syntax = format.syntax(text.as_bytes());
        let (line, text) = Self::start(file, text, format)?;
        let expected = "a header with the names of the columns";
        let refuse = |found: String| Err(DataError::invalid(file, line, None, expected, found));
        let first = text::first_line(text).0;
        if text.is_empty() {
            return refuse(if line == 1 { "an empty file".into() } else { "the end of the file".into() });
        }
        if first.trim().is_empty() {
            return refuse("a blank line; the option skip-lines skips it".into());
        }
        if first.starts_with('#') {
            return refuse(format!("{}; the option comment skips such lines", quote(first)));
        }
        let mut reader = syntax.reader(text);
        let mut record = StringRecord::new();
        // The text is UTF-8 and of any width, so the reader has nothing left to refuse.
        reader
            .read_record(&mut record)
            .map_err(|error| DataError::invalid(file, line, None, "a CSV table", error.to_string()))?;
        let used = reader.position().byte() as usize;
        // The reader may stop between CR and LF.
        let used = used + usize::from(text.as_bytes().get(used) == Some(&b'\n'));
        let (head, rest) = text.split_at_checked(used).unwrap_or((text, ""));
        let header =
            Self { names: record.iter().map(str::to_owned).collect(), places: BTreeMap::new(), line, syntax };
        Ok((header.checked(file)?, line + text::breaks(head.as_bytes()), rest))
    }

    /// The line of the header, and the text from there on, which is empty where there is none.
    pub(in crate::data) fn start<'a>(
        file: &Path,
        text: &'a str,
        format: Format,
    ) -> Result<(usize, &'a str), DataError> {
        let comment = format.syntax(&[]).comment;
        let (skipped, mut text) = skip(text, format.skip_lines);
        let mut line = 1 + skipped;
        let (first, rest) = text::first_line(text);
        if let Some(named) = separator(first) {
            let expected = "sep= with one of `,` `;` `|` and a tab";
            let refuse = |expected: String| DataError::invalid(file, line, None, expected, quote(first));
            let named = named.map_err(|()| refuse(expected.into()))?;
            if let Some(other) = format.separator.filter(|&other| other != char::from(named)) {
                let other = quote(&other.to_string());
                return Err(refuse(format!("the separator {other} after sep=, as the option says")));
            }
            (line, text) = (line + 1, rest);
        }
        while comment.is_some() && text.bytes().next() == comment {
            (line, text) = (line + 1, text::first_line(text).1);
        }
        Ok((line, text))
    }

    /// The header, if each column has a name of its own.
    fn checked(mut self, file: &Path) -> Result<Self, DataError> {
        let refuse = |column: Option<usize>, expected: &str, found: String| {
            Err(DataError::invalid(file, self.line, column, expected, found))
        };
        let other = |c: char| [',', ';', '\t', '|'].contains(&c) && c != char::from(self.syntax.separator);
        if let [name] = &self.names[..]
            && name.contains(other)
        {
            let found = format!(
                "one column {}; the option separator, or a first line such as sep=;, names another",
                quote(name)
            );
            let expected = match self.syntax.separator {
                b',' => "columns that commas separate".into(),
                of => format!("columns that {} separates", quote(&char::from(of).to_string())),
            };
            return refuse(None, &expected, found);
        }
        if self.names.iter().all(|name| text::is_number(name, self.syntax.decimal)) {
            let first = quote(self.names.first().map_or("", String::as_str));
            return refuse(None, "a header with the names of the columns", first);
        }
        let expected = "a name for each column";
        if let Some(column) = self.names.iter().position(String::is_empty) {
            let last = column + 1 == self.names.len();
            let found = match column {
                0 => "none; an index that pandas writes is left out by index=False",
                _ if last => "none; remove the separator at the end of the line",
                _ => "none",
            };
            return refuse(Some(column + 1), expected, found.into());
        }
        for (column, name) in self.names.iter().enumerate() {
            if let Some(first) = self.places.insert(name.clone(), column) {
                let found = format!("{}, the name of column {}", quote(name), first + 1);
                return refuse(Some(column + 1), "a column name that no other column has", found);
            }
        }
        for (column, name) in self.names.iter().enumerate() {
            // A feature of each could have the same name.
            if name.match_indices('=').any(|(at, _)| self.has(&name[..at])) {
                let expected = "a column name that is not another's with `=` and a value";
                return refuse(Some(column + 1), expected, quote(name));
            }
        }
        Ok(self)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }
    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The column of that name.
    pub(super) fn column(&self, file: &Path, name: &str) -> Result<usize, DataError> {
        self.places.get(name).copied().ok_or_else(|| {
            let expected = format!("a column named {}", quote(name));
            DataError::invalid(file, self.line, None, expected, text::listed(&self.names, NAMED))
        })
    }
}
