//! Tables that are too large to be held in memory: they are read twice, piece by piece.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use perturb::data::frame::{ByOption, Column, Columns, Frame, svmlight};
use perturb::data::table::{Format, Pieces, Table};
use perturb::decisions::Recipe;

use crate::cli::streams::{Input, is_standard};
use crate::cli::{Failure, ensure_exists};

/// Bytes from which on a table is not read as a whole.
const LARGE: u64 = 1 << 23;

/// A table for predictions.
pub(super) enum Data {
    /// What is read as a whole.
    Whole(Input),
    /// A file that can be read again.
    Large(PathBuf, File),
    /// A file in a format of its own.
    Other,
}

impl Data {
    /// Of a file or of standard input. What is large of the latter is kept in a file without a name.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if !is_standard(path) {
            ensure_exists(path)?;
            let fault = |error| format!("cannot read {}: {error}", path.display());
            let mut file = File::open(path).map_err(fault)?;
            let about = file.metadata().map_err(fault)?;
            if !about.is_file() || about.len() < LARGE || !is_table(&mut file).map_err(fault)? {
                return Ok(Self::Other);
            }
            return Ok(Self::Large(path.to_owned(), file));
        }
        let fault = |error| format!("cannot read standard input: {error}");
        let (mut input, mut bytes) = (std::io::stdin().lock(), Vec::new());
        input.by_ref().take(LARGE).read_to_end(&mut bytes).map_err(fault)?;
        let name = PathBuf::from("standard input");
        if (bytes.len() as u64) < LARGE {
            return Ok(Self::Whole(Input { name, bytes }));
        }
        let kept = |error| format!("cannot keep standard input in a temporary file: {error}");
        let mut file = tempfile::tempfile().map_err(kept)?;
        file.write_all(&bytes).map_err(kept)?;
        drop(bytes);
        std::io::copy(&mut input, &mut file).map_err(kept)?;
        if is_table(&mut file).map_err(kept)? {
            return Ok(Self::Large(name, file));
        }
        Ok(Self::Whole(whole(name, &file)?))
    }
}

/// A file that was opened, as a whole.
pub(super) fn whole(name: PathBuf, mut file: &File) -> Result<Input, Failure> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(Input { name, bytes })
}

/// Whether a file may be a table; goes back to its beginning.
fn is_table(file: &mut File) -> std::io::Result<bool> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(4096).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let other = [&b"PERTURB\0"[..], b"PAR1", b"\x93NUMPY"].iter().any(|kind| start.starts_with(kind));
    Ok(!other && !svmlight::is_svmlight(&start))
}

/// How a large table is read: the columns that are needed, and which of them are texts anywhere.
pub(super) struct Plan<'a> {
    name: &'a Path,
    file: &'a File,
    format: Format,
    group: Option<&'a str>,
    by_option: Option<&'a ByOption>,
    names: &'a [&'a str],
    sources: Vec<String>,
    texts: BTreeSet<String>,
}

impl<'a> Plan<'a> {
    /// Reads the table once. None if the rows of a decision do not stand together: it must be read as a whole.
    pub(super) fn new(
        name: &'a Path,
        file: &'a File,
        format: Format,
        recipe: &'a Recipe,
        names: &'a [&'a str],
    ) -> Result<Option<Self>, Failure> {
        let by_option = recipe.by_option.as_ref();
        let group = recipe.group.as_deref().filter(|_| by_option.is_none());
        let (sources, texts) = (names.iter().map(|&name| name.to_owned()).collect(), BTreeSet::new());
        let mut plan = Self { name, file, format, group, by_option, names, sources, texts };
        let mut pieces = plan.pieces()?;
        if let Some(by_option) = by_option {
            let known: BTreeSet<&str> = pieces.names().iter().map(String::as_str).collect();
            plan.sources = by_option.sources(names, |name| known.contains(name));
        }
        let sources: Vec<&str> = plan.sources.iter().map(String::as_str).collect();
        let mut texts = BTreeSet::new();
        while let Some(frame) = pieces.next(|table| table.frame(&sources))? {
            let is_text = |name: &&&str| matches!(frame.column(name), Ok(Column::Texts(_)));
            let known = texts.len();
            texts.extend(sources.iter().filter(is_text).map(|&name| name.to_owned()));
            if texts.len() > known {
                // Of texts where numbers are needed, this piece has the first.
                let frame = plan.long(frame)?;
                let formulas = recipe.terms.iter().map(|(_, of)| of);
                for formula in formulas.chain(&recipe.filter).chain(&recipe.available) {
                    formula.numbers(&frame, 0..0)?;
                }
            }
        }
        let together = pieces.are_together();
        plan.texts = texts;
        Ok(together.then_some(plan))
    }

    /// The table from its beginning.
    pub(super) fn pieces(&self) -> Result<Pieces<&'a File>, Failure> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(0))?;
        Ok(Pieces::open(self.name, file, self.format, self.group)?)
    }

    /// The columns of a piece, as those of the whole table are.
    pub(super) fn frame(&self, table: &Table<'_>) -> Result<Frame, Failure> {
        let sources: Vec<&str> = self.sources.iter().map(String::as_str).collect();
        self.long(table.frame_as(&sources, &self.texts)?)
    }

    /// A frame with a row an option.
    fn long(&self, frame: Frame) -> Result<Frame, Failure> {
        match self.by_option {
            Some(by_option) => Ok(by_option.lengthen(&frame, self.names)?),
            None => Ok(frame),
        }
    }
}
