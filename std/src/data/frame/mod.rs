//! Columns of numbers and texts, as expressions see a table.

mod by_option;
mod expression;
mod formula;
#[cfg(feature = "parquet")]
mod parquet;
pub mod svmlight;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::numpy::Array;
use super::text::{self, quote};
use super::{DataError, numbered};

pub use by_option::ByOption;
pub use expression::Expression;
pub(crate) use formula::Formulas;
#[cfg(feature = "parquet")]
pub use parquet::ParquetFile;

/// Rows of named columns, of numbers or of texts.
///
/// Missing values are NaN among numbers. They are refused where they are used, and do no harm elsewhere.
#[derive(Clone, Debug)]
pub struct Frame {
    file: PathBuf,
    names: Vec<String>,
    columns: BTreeMap<String, Column>,
    rows: usize,
    /// The line of each row; of a file without lines there are none.
    lines: Vec<usize>,
    /// Rows of the file before the first.
    before: usize,
    /// The options that the rows for one of the file are in turn; none where each is a row of the file.
    options: Vec<String>,
    /// What stands before the fractions of numbers.
    decimal: u8,
    /// Where in their lines the cells of a column stand, counted from 1: those of the rows in turn.
    places: BTreeMap<String, Vec<usize>>,
}

/// A column of a [`Frame`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Numbers, NaN where one is missing.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Texts),
}

/// Texts of which many are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// For each row the place of its text in `values`, or `u32::MAX` where it is missing.
    codes: Vec<u32>,
    /// In byte order, each once.
    values: Vec<String>,
}

impl Texts {
    /// The texts of all rows; an empty one is missing.
    pub fn new<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut values: Vec<&str> = cells.clone().filter(|cell| !cell.is_empty()).collect();
        values.sort_unstable();
        values.dedup();
        let code = |cell: &str| {
            values.binary_search(&cell).map_or(u32::MAX, |at| u32::try_from(at).unwrap_or(u32::MAX))
        };
        Self {
            codes: cells.map(code).collect(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }
    /// The distinct texts, in byte order.
    pub fn values(&self) -> &[String] {
        &self.values
    }
    /// The text of a row; none where it is missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.value(*self.codes.get(row)?)
    }
    /// The place of a row's text among the distinct ones.
    pub(crate) fn place(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied().filter(|&code| code != u32::MAX)
    }
    fn value(&self, code: u32) -> Option<&str> {
        self.values.get(code as usize).map(String::as_str)
    }
    fn code(&self, text: &str) -> Option<u32> {
        self.values
            .binary_search_by(|value| value.as_str().cmp(text))
            .ok()
            .and_then(|at| u32::try_from(at).ok())
    }
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.codes.len(),
        }
    }

    /// What stands in a row, as text; none where it is missing.
    pub fn shown(&self, row: usize) -> Option<String> {
        match self {
            Self::Numbers(numbers) => numbers.get(row).filter(|x| !x.is_nan()).map(|&x| text::shown(x)),
            Self::Texts(texts) => texts.get(row).map(str::to_owned),
        }
    }

    /// The rows in some order.
    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => {
                Self::Numbers(rows.iter().map(|&row| numbers.get(row).copied().unwrap_or(f64::NAN)).collect())
            }
            Self::Texts(texts) => Self::Texts(Texts {
                codes: rows.iter().map(|&row| texts.codes.get(row).copied().unwrap_or(u32::MAX)).collect(),
                values: texts.values.clone(),
            }),
        }
    }
}

/// A file of named columns, of which those that are asked for are read.
pub trait Columns {
    /// The names of the columns.
    fn names(&self) -> &[String];
    /// The columns of these names.
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError>;

    /// Whether there is a column of this name.
    fn has(&self, name: &str) -> bool {
        self.names().iter().any(|other| other == name)
    }
}

impl Columns for Frame {
    fn names(&self) -> &[String] {
        &self.names
    }
    fn frame(&self, names: &[&str]) -> Result<Self, DataError> {
        let mut kept = Self { names: Vec::new(), columns: BTreeMap::new(), ..self.clone() };
        for name in names {
            kept.set(name, self.column(name)?.clone())?;
        }
        Ok(kept)
    }
}

/// A matrix of NumPy as a table, whose columns are called `x1`, `x2`, …
///
/// ```
/// use perturb::data::frame::{Columns, Expression, Matrix};
/// use perturb::data::numpy::Array;
/// let array = Array { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
/// let frame = Matrix::new("m.npy".as_ref(), array)?.frame(&["x3"])?;
/// assert_eq!(Expression::parse("x3 + 1")?.numbers(&frame, 0..2)?, [4.0, 7.0]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Matrix {
    file: PathBuf,
    names: Vec<String>,
    rows: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// Of an array with two axes: a row an option.
    pub fn new(file: &Path, array: Array) -> Result<Self, DataError> {
        let [rows, width] = array.shape[..] else {
            let found = format!("{} axes", array.shape.len());
            return Err(DataError::binary(file, "a matrix, a row an option", found));
        };
        if rows.checked_mul(width) != Some(array.values.len()) {
            return Err(DataError::binary(
                file,
                format!("{rows} × {width} numbers"),
                array.values.len().to_string(),
            ));
        }
        Ok(Self { file: file.to_owned(), names: numbered("x", width), rows, values: array.values })
    }
}

impl Columns for Matrix {
    fn names(&self) -> &[String] {
        &self.names
    }
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError> {
        /// Rows of which a thread takes one column after the other, so that they stay in its cache.
        const PART: usize = 1024;
        let wanted: BTreeSet<&str> = names.iter().copied().collect();
        let place = |name: &&str| {
            self.names.iter().position(|other| other == name).ok_or_else(|| {
                let (expected, found) =
                    (format!("a column named {}", quote(name)), text::listed(&self.names, 10));
                DataError::binary(&self.file, expected, found)
            })
        };
        let places = wanted.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let width = self.names.len().max(1);
        let mut columns = vec![vec![0.0; self.rows]; places.len()];
        let mut parts: Vec<Vec<&mut [f64]>> = (0..self.rows.div_ceil(PART)).map(|_| Vec::new()).collect();
        for column in &mut columns {
            parts.iter_mut().zip(column.chunks_mut(PART)).for_each(|(part, column)| part.push(column));
        }
        crate::threads::start(None);
        parts.into_par_iter().zip(self.values.par_chunks(PART * width)).for_each(|(part, values)| {
            for (column, &place) in part.into_iter().zip(&places) {
                column
                    .iter_mut()
                    .zip(values.iter().skip(place).step_by(width))
                    .for_each(|(x, &value)| *x = value);
            }
        });
        let named = wanted.into_iter().map(str::to_owned).zip(columns.into_iter().map(Column::Numbers));
        Frame::new(&self.file, named.collect())
    }
}

/// Cells that say that a number is missing.
const MISSING: [&str; 6] = ["", "NA", "NaN", "nan", "null", "NULL"];

/// Whether a cell says that a number is missing.
pub(super) fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell)
}

impl Frame {
    /// From columns of as many rows each. `file` names the data in messages.
    ///
    /// ```
    /// use perturb::data::frame::{Column, Expression, Frame};
    /// let columns = vec![("cost".to_owned(), Column::Numbers(vec![3.0, 5.0]))];
    /// let frame = Frame::new("trips".as_ref(), columns)?;
    /// assert_eq!(Expression::parse("cost / 2 > 2")?.numbers(&frame, 0..2)?, [0.0, 1.0]);
    /// # Ok::<(), perturb::data::DataError>(())
    /// ```
    pub fn new(file: &Path, columns: Vec<(String, Column)>) -> Result<Self, DataError> {
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
            let expected = format!("{rows} rows in {}", quote(name));
            return Err(DataError::parameter("columns", expected, column.len()));
        }
        let columns: BTreeMap<_, _> = columns.into_iter().collect();
        if columns.len() != names.len() {
            return Err(DataError::parameter("columns", "each name once", "a name twice"));
        }
        Ok(Self {
            file: file.to_owned(),
            names,
            columns,
            rows,
            lines: Vec::new(),
            places: BTreeMap::new(),
            decimal: b'.',
            before: 0,
            options: Vec::new(),
        })
    }

    /// The same, of a file whose rows, so many, begin on these lines.
    pub(super) fn with_lines(self, rows: usize, lines: Vec<usize>) -> Self {
        Self { rows, lines, ..self }
    }
    /// The same, of a file whose columns stand at these places, counted from 1, and that writes numbers so.
    pub(super) fn with_places(self, place: impl Fn(&str) -> Option<usize>, decimal: u8) -> Self {
        let of = |name: &String| Some((name.clone(), vec![place(name)?]));
        Self { places: self.names.iter().filter_map(of).collect(), decimal, ..self }
    }

    /// The column of cells: of numbers if all are numbers or missing, otherwise of texts, as are whole numbers beyond 2⁵³, which are
    /// rather names.
    pub(crate) fn parse_column<'a>(cells: impl Iterator<Item = &'a str> + Clone, decimal: u8) -> Column {
        let number = |cell: &str| -> Option<f64> {
            if MISSING.contains(&cell) {
                return Some(f64::NAN);
            }
            text::number::<f64>(&text::with_point(cell, decimal)?)
                .filter(|x| x.abs() < 9_007_199_254_740_992.0 || !cell.bytes().all(|b| b.is_ascii_digit()))
        };
        let mut numbers = Vec::with_capacity(cells.size_hint().0);
        for cell in cells.clone() {
            match number(cell) {
                Some(x) => numbers.push(x),
                None => return Column::Texts(Texts::new(cells)),
            }
        }
        Column::Numbers(numbers)
    }

    /// The rows of several frames with the same columns, one after the other.
    ///
    /// Values of the column `group` are made different from frame to frame: a group is never one of two files.
    pub fn join(frames: Vec<Self>, group: Option<&str>) -> Result<Self, DataError> {
        let mut frames = frames.into_iter();
        let Some(mut all) = frames.next() else {
            return Err(DataError::parameter("frames", "at least 1", 0));
        };
        for (mut next, number) in frames.zip(2..) {
            if let Some(group) = group {
                let named: Vec<String> = (0..next.rows)
                    .map(|row| {
                        next.column(group).map(|of| {
                            of.shown(row).map_or_else(String::new, |name| format!("{name} ({number})"))
                        })
                    })
                    .collect::<Result<_, _>>()?;
                next.set(group, Column::Texts(Texts::new(named.iter().map(String::as_str))))?;
            }
            let rows = all.rows + next.rows;
            for name in all.names.clone() {
                let joined = match (all.column(&name)?, next.column(&name)?) {
                    (Column::Numbers(a), Column::Numbers(b)) => {
                        Column::Numbers(a.iter().chain(b).copied().collect())
                    }
                    (a, b) => {
                        let cells = (0..all.rows)
                            .map(|row| a.shown(row))
                            .chain((0..next.rows).map(|row| b.shown(row)));
                        let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
                        Column::Texts(Texts::new(cells.iter().map(String::as_str)))
                    }
                };
                all.columns.insert(name, joined);
            }
            all.rows = rows;
            // Rows of several files have no lines.
            (all.lines, all.places) = (Vec::new(), BTreeMap::new());
        }
        Ok(all)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }
    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
    /// The file as the caller named it.
    pub fn file(&self) -> &Path {
        &self.file
    }
    /// The names of the columns, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }
    /// Whether there is such a column.
    pub fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// A column. An error lists those that there are.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        self.columns.get(name).ok_or_else(|| {
            let found = text::listed(&self.names, 10);
            if self.lines.is_empty() {
                let expected = format!("a column named {}", quote(name));
                return DataError::binary(&self.file, expected, found);
            }
            DataError::invalid(&self.file, 1, None, format!("a column named {}", quote(name)), found)
        })
    }

    /// Something wrong in a row, counted from 0: in the line of the file in which it stands, or in the row, and by option.
    pub fn fault(&self, row: usize, expected: impl Into<String>, found: impl Into<String>) -> DataError {
        if let Some(&line) = self.lines.get(row) {
            return DataError::invalid(&self.file, line, None, expected, found);
        }
        let option = self.options.get(row % self.options.len().max(1));
        let option = option.map_or_else(String::new, |option| format!(", option {}", quote(option)));
        let row = self.before + self.row_of_file(row);
        DataError::binary(&self.file, format!("{} in row {row}{option}", expected.into()), found)
    }

    /// The row of the file from which a row is, counted from the first of these.
    pub(crate) fn row_of_file(&self, row: usize) -> usize {
        row / self.options.len().max(1)
    }

    /// The same, of a file that has so many rows before these.
    pub(super) fn behind(self, before: usize) -> Self {
        Self { before, ..self }
    }
    /// How many rows of the file stand before these.
    pub(crate) fn before(&self) -> usize {
        self.before
    }

    /// Whether a text is a number, or says that one is none.
    pub(crate) fn is_number(&self, cell: &str) -> bool {
        text::is_number(cell, self.decimal)
    }
    /// What was expected and found where a text is a number in a notation that is not read.
    pub(crate) fn misread(&self, cell: &str) -> Option<(String, String)> {
        super::table::no_number(cell, self.decimal)
    }

    /// Something wrong in a row of a column.
    pub(crate) fn cell_fault(
        &self,
        row: usize,
        name: &str,
        expected: &str,
        found: impl Into<String>,
    ) -> DataError {
        let expected = format!("in {} {expected}", quote(name));
        let places = self.places.get(name).filter(|places| !places.is_empty());
        match (self.lines.get(row), places) {
            (Some(&line), Some(places)) => {
                let place = places.get(row % places.len()).copied().filter(|&place| place > 0);
                DataError::invalid(&self.file, line, place, expected, found)
            }
            _ => self.fault(row, expected, found),
        }
    }

    /// The error of a column of texts where numbers are needed: of its first cell that is none.
    pub(crate) fn no_number(&self, name: &str, expected: &str) -> DataError {
        let cell = |row: usize| match self.columns.get(name) {
            Some(Column::Texts(texts)) => texts.get(row).unwrap_or(""),
            _ => "",
        };
        let wrong = |row: &usize| !MISSING.contains(&cell(*row)) && !self.is_number(cell(*row));
        let row = (0..self.rows).find(wrong).unwrap_or(0);
        let text = cell(row);
        if let Some((number, found)) = self.misread(text) {
            return self.cell_fault(row, name, &number, found);
        }
        // A column of texts, not one of numbers with a mistake.
        let number = |row| !MISSING.contains(&cell(row)) && self.is_number(cell(row));
        let compare = !(text.contains('\'') || (0..self.rows).any(number));
        let hint = if compare {
            format!("; a comparison such as {} makes a number of a text", Expression::indicator(name, text))
        } else {
            String::new()
        };
        self.cell_fault(row, name, expected, quote(text) + &hint)
    }

    /// The rows in some order; those that do not exist are left out.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|&row| row < self.rows).collect();
        Self {
            file: self.file.clone(),
            names: self.names.clone(),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), column.select(&rows))).collect(),
            rows: rows.len(),
            decimal: self.decimal,
            before: 0,
            options: Vec::new(),
            lines: rows.iter().filter_map(|&row| self.lines.get(row).copied()).collect(),
            places: self
                .places
                .iter()
                .filter(|(_, places)| places.len() == 1)
                .map(|(name, places)| (name.clone(), places.clone()))
                .collect(),
        }
    }

    /// Another column, at the end or in the place of one with this name.
    pub fn set(&mut self, name: &str, column: Column) -> Result<(), DataError> {
        if column.len() != self.rows {
            let expected = format!("{} rows in {}", self.rows, quote(name));
            return Err(DataError::parameter("columns", expected, column.len()));
        }
        if self.columns.insert(name.to_owned(), column).is_none() {
            self.names.push(name.to_owned());
        }
        Ok(())
    }
}
