use std::io;
use std::path::PathBuf;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program could not be started.
    #[error("cannot start {program}: {source}; {hint}")]
    Start { program: String, source: io::Error, hint: &'static str },
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", file.display())]
    File { action: &'static str, file: PathBuf, source: io::Error },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self::Other(words)
    }
}

/// Names the file of a failed read or write.
pub(crate) fn file(action: &'static str, file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Failure {
    let file = file.into();
    move |source| Failure::File { action, file, source }
}
