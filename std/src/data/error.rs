//! Why data was refused.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the caller named it.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The comma-separated field, counted from 1; `None` where the whole line is meant.
    pub column: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file.display(), self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ", column {column}"))
    }
}

/// Why data was refused. Nothing of a refused file is used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file as the caller named it.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file as the caller named it.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something in the file breaks its format.
    #[error("{place}: expected {expected}, found {found}")]
    Invalid {
        /// The place of the fault.
        place: Place,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A binary file breaks its format.
    #[error("{}: expected {expected}, found {found}", file.display())]
    Binary {
        /// The file as the caller named it.
        file: PathBuf,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// An argument is out of its range, or arguments do not fit one another.
    #[error("{parameter}: expected {expected}, found {found}")]
    Parameter {
        /// The argument's name.
        parameter: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}

impl DataError {
    /// A fault at a line, and at a field of it if one is to blame.
    pub fn invalid(
        file: &Path,
        line: usize,
        column: Option<usize>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let place = Place { file: file.to_owned(), line, column };
        Self::Invalid { place, expected: expected.into(), found: found.into() }
    }

    /// A fault of a file without lines.
    pub fn binary(file: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Binary { file: file.to_owned(), expected: expected.into(), found: found.into() }
    }

    /// The same, of a decision of this name.
    #[cfg(feature = "files")]
    pub(crate) fn in_decision(mut self, name: &str) -> Self {
        if let Self::Invalid { expected, .. } | Self::Binary { expected, .. } = &mut self {
            *expected = format!("{expected} in the decision {}", super::text::quote(name));
        }
        self
    }

    /// A fault of an argument.
    pub fn parameter(parameter: &'static str, expected: impl Into<String>, found: impl fmt::Display) -> Self {
        Self::Parameter { parameter, expected: expected.into(), found: found.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_place_expectation_and_finding() {
        let error = DataError::invalid(Path::new("a.csv"), 3, Some(2), "a finite number", "`x`");
        assert_eq!(error.to_string(), "a.csv, line 3, column 2: expected a finite number, found `x`");
        let error = DataError::invalid(Path::new("a.csv"), 3, None, "7 fields", "6");
        assert_eq!(error.to_string(), "a.csv, line 3: expected 7 fields, found 6");
        let error = DataError::parameter("k", "2 to 10 folds", 11);
        assert_eq!(error.to_string(), "k: expected 2 to 10 folds, found 11");
    }
}
