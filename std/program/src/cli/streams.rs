//! Files and standard streams: what is read is read once, and `-` names standard input or output.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use perturb::atomic;
use perturb::data::text;

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
        text::has_counts(&self.bytes)
    }
}

/// Opens a file, or standard input, to be read piece by piece; and its name in messages.
pub(crate) fn open(file: &Path) -> Result<(PathBuf, Box<dyn Read + Sync>), Failure> {
    if is_standard(file) {
        return Ok(("standard input".into(), Box::new(std::io::stdin())));
    }
    ensure_exists(file)?;
    let opened = File::open(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok((file.to_owned(), Box::new(opened)))
}

/// Says something on standard error. The work goes on if nobody can hear it: the disk may be full, or the reader gone.
pub(crate) fn tell(text: impl Display) {
    // A line: breaks stand in names alone.
    let text = printable(&text.to_string()).replace('\n', "\\n");
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints `text` and a line break. `println!` would panic after a reader such as `head` has ended.
pub(crate) fn say(text: impl Display) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{}", printable(&text.to_string()))?;
    Ok(())
}

/// Text for a terminal, which must not obey what stands in names of columns and files.
fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(obeyed) {
        return text.into();
    }
    let mut printable = String::new();
    for c in text.chars() {
        if obeyed(c) { printable.extend(c.escape_default()) } else { printable.push(c) }
    }
    printable.into()
}

/// Checks that a result can be written, before the work and not after it; removes what interrupted writes have left of it.
pub(crate) fn ensure_output(out: Option<&Path>) -> Result<(), Failure> {
    let Some(out) = out.filter(|out| !is_standard(out)) else { return Ok(()) };
    perturb::checkpoint::clear_leftovers(out);
    ensure_writable(out)
}

/// Writes a result to a file, or to standard output if there is none or its name is `-`.
pub(crate) fn write(out: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    write_with(out, |out| Ok(out.write_all(bytes)?))
}

/// Writes a result piece by piece; a file is kept only if it is whole.
pub(crate) fn write_with(
    out: Option<&Path>,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(file) = out.filter(|out| !is_standard(out)) else {
        return fill(&mut std::io::stdout());
    };
    atomic::write_with(file, fill).map_err(|error| match error.downcast::<std::io::Error>() {
        Ok(error) => format!("cannot write {}: {error}", file.display()).into(),
        Err(error) => error,
    })
}

/// Refuses two inputs that are both standard input.
pub(crate) fn ensure_one_stdin((a, first): (&str, &Path), (b, second): (&str, &Path)) -> Result<(), Failure> {
    if is_standard(first) && is_standard(second) {
        return Err(usage(format!("{a} and {b} cannot both be standard input")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminals_obey_no_names() {
        assert_eq!(printable("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(printable("\u{1b}[31mred\u{7}\r\u{9b}2J"), "\\u{1b}[31mred\\u{7}\\r\\u{9b}2J");
    }
}
