//! Files and standard streams: what is read is read once, and `-` names standard input or output.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use perturb::atomic;

use super::{Failure, ensure_exists, ensure_writable, usage};

/// Whether a file's name means standard input or output.
pub(crate) fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// A file's contents, which are read once: what comes from a pipe is gone then.
#[derive(Debug)]
pub(crate) struct Input {
    /// As errors and data sets name it.
    pub(crate) name: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl Input {
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        if is_standard(file) {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| format!("cannot read standard input: {error}"))?;
            return Ok(Self { name: "standard input".into(), bytes });
        }
        ensure_exists(file)?;
        let bytes =
            std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Ok(Self { name: file.to_owned(), bytes })
    }

    /// Whether it begins like a model file.
    pub(crate) fn is_model(&self) -> bool {
        self.bytes.starts_with(b"PERTURB\0")
    }

    /// Whether the first line is `n,d,k`: the label-ranking format.
    pub(crate) fn has_counts(&self) -> bool {
        let line = self.bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let field = |field| std::str::from_utf8(field).unwrap_or("").trim().parse::<u64>().is_ok();
        line.split(|&byte| byte == b',').map(field).eq([true; 3])
    }
}

/// Checks that a result can be written, before the work and not after it.
pub(crate) fn ensure_output(out: Option<&Path>) -> Result<(), Failure> {
    out.filter(|out| !is_standard(out)).map_or(Ok(()), ensure_writable)
}

/// Writes a result to a file, or to standard output if there is none or its name is `-`.
pub(crate) fn write(out: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match out.filter(|out| !is_standard(out)) {
        Some(file) => Ok(atomic::write(file, bytes)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?),
        None => Ok(std::io::stdout().write_all(bytes)?),
    }
}

/// Refuses two inputs that are both standard input.
pub(crate) fn ensure_one_stdin((a, first): (&str, &Path), (b, second): (&str, &Path)) -> Result<(), Failure> {
    if is_standard(first) && is_standard(second) {
        return Err(usage(format!("{a} and {b} cannot both be standard input")));
    }
    Ok(())
}
