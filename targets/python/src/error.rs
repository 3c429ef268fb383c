//! Refusals as exceptions.

use perturb::{Error, RowError};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    perturbed,
    PerturbedError,
    PyValueError,
    "Why an input was refused.\n\n\
     The message names the parameter. Attributes:\n\n\
     kind : str\n    Which refusal it is: the name of the variant of `perturb::Error`, such as \"OutsideHull\".\n\
     row : int or None\n    The first offending row of the batch, counted from 0; None outside of batches."
);

/// The exception for an error, which names the row of a batch.
pub(crate) fn refusal(py: Python<'_>, error: Error, row: Option<usize>) -> PyErr {
    let message = row.map_or_else(|| error.to_string(), |row| format!("row {row}: {error}"));
    let debug = format!("{error:?}");
    let kind = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let raised = PerturbedError::new_err(message);
    let value = raised.value(py);
    match value.setattr("kind", kind).and_then(|()| value.setattr("row", row)) {
        Ok(()) => raised,
        Err(other) => other,
    }
}

/// The exception for an error in a row: `batch` tells whether there are several.
pub(crate) fn in_row(py: Python<'_>, error: RowError, batch: bool) -> PyErr {
    refusal(py, error.source, batch.then_some(error.row))
}
