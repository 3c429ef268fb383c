//! The features that a model names, from the columns of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use perturb_core::Real;

use super::format::Header;
use super::rows::Rows;
use crate::data::text::quote;
use crate::data::{DataError, label_ranking};

/// Values of a one-hot column that no name of a feature mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unseen {
    /// The column.
    pub column: String,
    /// The first of the values in byte order, at most [`Unseen::NAMED`] and one more, which says that there are others.
    pub values: BTreeSet<String>,
    /// The number of rows with such a value.
    pub rows: usize,
}

impl Unseen {
    /// How many values a message names.
    pub const NAMED: usize = 5;

    /// Takes note of this value, of another row.
    pub(crate) fn add(&mut self, value: String) {
        self.rows += 1;
        self.note(value);
    }
    /// Takes note of this value.
    pub(crate) fn note(&mut self, value: String) {
        self.values.insert(value);
        if self.values.len() > Self::NAMED + 1 {
            self.values.pop_last();
        }
    }

    /// Counts the values of another part of a table, too.
    pub fn merge_all(all: &mut Vec<Self>, others: impl IntoIterator<Item = Self>) {
        for other in others {
            let Some(known) = all.iter_mut().find(|known| known.column == other.column) else {
                all.push(other);
                continue;
            };
            known.rows += other.rows;
            known.values.extend(other.values);
            while known.values.len() > Self::NAMED + 1 {
                known.values.pop_last();
            }
        }
    }
}

/// Where in a table the features of a model stand.
#[derive(Clone, Debug)]
pub(in crate::data) struct Columns {
    /// For each feature its column, and the value that a one-hot feature looks for.
    sources: Vec<(usize, Option<String>)>,
    centres: Vec<f64>,
    /// The values that features mention, by columns.
    known: BTreeMap<usize, BTreeSet<String>>,
}

impl Columns {
    /// Of features with these names: `column`, or `column=value`.
    pub(in crate::data) fn find(
        file: &Path,
        header: &Header,
        names: &[String],
        centres: &[f64],
    ) -> Result<Self, DataError> {
        if centres.len() != names.len() {
            let expected = format!("{} numbers, one a feature", names.len());
            return Err(DataError::parameter("centres", expected, centres.len()));
        }
        let mut known: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let sources = names.iter().map(|name| {
            // Names of columns and values may have `=` in them: no two columns can both be meant.
            let mut splits = name.match_indices('=').map(|(at, _)| (&name[..at], &name[at + 1..]));
            match splits.find(|(column, _)| header.has(column)) {
                Some((column, value)) => {
                    let column = header.column(file, column)?;
                    known.entry(column).or_default().insert(value.to_owned());
                    Ok((column, Some(value.to_owned())))
                }
                None => Ok((header.column(file, name)?, None)),
            }
        });
        let sources = sources.collect::<Result<_, DataError>>()?;
        Ok(Self { sources, centres: centres.to_vec(), known })
    }

    /// Their values minus their centres, row by row, and what no name mentions; read on all threads.
    pub(in crate::data) fn read<T: Real>(&self, rows: &Rows<'_>) -> Result<(Vec<T>, Vec<Unseen>), DataError> {
        let parts =
            rows.parts(|part| Ok((self.numbers::<T>(rows, part.clone())?, self.unseen(rows, part))))?;
        let mut features = Vec::with_capacity(self.sources.len().saturating_mul(rows.len()));
        let mut unseen = Vec::new();
        for (numbers, others) in parts {
            features.extend(numbers);
            Unseen::merge_all(&mut unseen, others);
        }
        Ok((features, unseen))
    }

    fn numbers<T: Real>(&self, rows: &Rows<'_>, part: Range<usize>) -> Result<Vec<T>, DataError> {
        let mut numbers = Vec::with_capacity(self.sources.len().saturating_mul(part.len()));
        for row in part {
            for ((column, value), centre) in self.sources.iter().zip(&self.centres) {
                let cell = rows.cell(row, *column);
                let refuse = || rows.fault(row, Some(*column), label_ranking::finite::<T>(), quote(cell));
                let x = match value {
                    Some(value) => f64::from(cell == value),
                    None => rows.number::<T>(cell).ok_or_else(refuse)?,
                };
                numbers.push(Some(T::from_f64(x - centre)).filter(|x| x.is_finite()).ok_or_else(refuse)?);
            }
        }
        Ok(numbers)
    }

    fn unseen(&self, rows: &Rows<'_>, part: Range<usize>) -> Vec<Unseen> {
        let mut unseen = Vec::new();
        for (&column, known) in &self.known {
            let name = rows.header.name(column);
            for cell in part.clone().map(|row| rows.cell(row, column)).filter(|&cell| !known.contains(cell)) {
                let one =
                    Unseen { column: name.to_owned(), values: BTreeSet::from([cell.to_owned()]), rows: 1 };
                Unseen::merge_all(&mut unseen, [one]);
            }
        }
        unseen
    }
}
