//! Why a model file was refused.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a model could not be saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The system failed.
    #[error("cannot {action} {}: {source}", file.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bytes break the format.
    #[error(transparent)]
    Bytes(#[from] perturb_core::Error),
    /// The model or its metadata is not what the format can hold.
    #[error("{what}: expected {expected}, found {found}")]
    Invalid {
        /// The part of the file.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The file was refused.
    #[error("{} is no usable model file: {source}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// The fault.
        source: Box<ModelFileError>,
    },
}

pub(super) fn invalid(
    what: &'static str,
    expected: impl Into<String>,
    found: impl fmt::Display,
) -> ModelFileError {
    ModelFileError::Invalid { what, expected: expected.into(), found: found.to_string() }
}

pub(super) fn io_error(action: &'static str, file: &Path, source: io::Error) -> ModelFileError {
    ModelFileError::Io { action, file: file.to_owned(), source }
}
