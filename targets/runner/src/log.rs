//! Reads `defmt` logs.

use std::path::Path;

use defmt_decoder::{DecodeError, Table};

use crate::error::{Failure, file};

/// The log as lines; those that are warnings or worse say so.
pub(crate) fn lines(elf: &Path, output: &[u8]) -> Result<Vec<String>, Failure> {
    decoded(elf, output)?.ok_or_else(|| format!("{} has no defmt log", elf.display()).into())
}

/// The same, or none of a program without such a log.
pub(crate) fn decoded(elf: &Path, output: &[u8]) -> Result<Option<Vec<String>>, Failure> {
    let bytes = std::fs::read(elf).map_err(file("read", elf))?;
    let table = Table::parse(&bytes).map_err(|error| format!("{}: {error}", elf.display()))?;
    let Some(table) = table else { return Ok(None) };
    let mut decoder = table.new_stream_decoder();
    decoder.received(output);
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let message = frame.display_message().to_string();
                lines.push(match frame.level().map(defmt_level) {
                    Some(level @ ("warn" | "error")) => format!("{level}: {message}"),
                    _ => message,
                });
            }
            Err(DecodeError::UnexpectedEof) => return Ok(Some(lines)),
            Err(DecodeError::Malformed) => lines.push("error: a malformed frame".into()),
        }
    }
}

fn defmt_level(level: impl std::fmt::Debug) -> &'static str {
    match format!("{level:?}").as_str() {
        "Warn" => "warn",
        "Error" => "error",
        _ => "info",
    }
}
