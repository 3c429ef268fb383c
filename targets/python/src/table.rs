//! Tables of Python as columns of numbers and texts.

use std::cell::RefCell;
use std::path::Path;

use numpy::{PyArrayMethods, PyReadonlyArray1};
use perturb::data::DataError;
use perturb::data::frame::{Column, Columns, Frame, Texts};
use pyo3::prelude::*;

/// A table of Python, whose columns are asked for by name: a `Table` of `_tables.py`.
pub(crate) struct Table<'py> {
    names: Vec<String>,
    columns: Bound<'py, PyAny>,
    /// What was raised where a column was read.
    raised: RefCell<Option<PyErr>>,
}

impl<'py> Table<'py> {
    /// Lists names of columns, and later their contents.
    pub(crate) fn new(table: &Bound<'py, PyAny>) -> PyResult<Self> {
        let columns = table.py().import("perturbed._tables")?.getattr("Table")?.call1((table,))?;
        Ok(Self { names: columns.getattr("names")?.extract()?, columns, raised: RefCell::default() })
    }

    /// The exception for an error, or the one that is its cause.
    pub(crate) fn refusal(&self, error: DataError) -> PyErr {
        let raised = self.raised.take();
        raised.unwrap_or_else(|| crate::error::other(self.columns.py())(error))
    }

    fn column(&self, name: &str) -> PyResult<Column> {
        let column = self.columns.call_method1("column", (name,))?;
        if let Ok(numbers) = column.extract::<PyReadonlyArray1<'_, f64>>() {
            return Ok(Column::Numbers(numbers.to_vec()?));
        }
        let cells: Vec<String> = column.extract()?;
        Ok(Column::Texts(Texts::new(cells.iter().map(String::as_str))))
    }
}

impl Columns for Table<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError> {
        let mut columns: Vec<(String, Column)> = Vec::with_capacity(names.len());
        for &name in names {
            if columns.iter().any(|(known, _)| known == name) {
                continue;
            }
            match self.column(name) {
                Ok(column) => columns.push((name.to_owned(), column)),
                Err(raised) => {
                    *self.raised.borrow_mut() = Some(raised);
                    return Err(DataError::parameter("table", "columns of numbers or texts", "another"));
                }
            }
        }
        Frame::new(Path::new("table"), columns)
    }
}
