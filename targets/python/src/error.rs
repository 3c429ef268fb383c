//! Refusals as exceptions.

use std::fmt::{Debug, Display};
use std::io;

use perturb::model_file::ModelFileError;
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
     kind : str\n    Which refusal it is: the name of the variant of the library's error, such as \"OutsideHull\".\n\
     row : int or None\n    The first offending row of the batch, counted from 0; None outside of batches."
);

/// An exception with its attributes.
fn raise(py: Python<'_>, message: String, kind: &str, row: Option<usize>) -> PyErr {
    let raised = PerturbedError::new_err(message);
    let value = raised.value(py);
    match value.setattr("kind", kind).and_then(|()| value.setattr("row", row)) {
        Ok(()) => raised,
        Err(other) => other,
    }
}

/// The name of an error's variant.
fn variant(error: &impl Debug) -> String {
    format!("{error:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// The exception for an error, which names the row of a batch.
pub(crate) fn refusal(py: Python<'_>, error: Error, row: Option<usize>) -> PyErr {
    let message = row.map_or_else(|| error.to_string(), |row| format!("row {row}: {error}"));
    raise(py, message, &variant(&error), row)
}

/// The exception for an error in a row: `batch` tells whether there are several.
pub(crate) fn in_row(py: Python<'_>, error: RowError, batch: bool) -> PyErr {
    refusal(py, error.source, batch.then_some(error.row))
}

/// The exception for an error in a decision of this name.
pub(crate) fn of_decision(py: Python<'_>, error: Error, name: &str) -> PyErr {
    raise(py, format!("the decision {name}: {error}"), &variant(&error), None)
}

/// The exception for an error of data, trainings or estimations.
pub(crate) fn other<E: Debug + Display>(py: Python<'_>) -> impl Fn(E) -> PyErr {
    move |error| raise(py, error.to_string(), &variant(&error), None)
}

/// The exception for an error of a model file: an OSError where the system refuses.
pub(crate) fn of_file(py: Python<'_>) -> impl Fn(ModelFileError) -> PyErr {
    move |error| match &error {
        ModelFileError::Io { source, .. } => io::Error::new(source.kind(), error.to_string()).into(),
        _ => raise(py, error.to_string(), &variant(&error), None),
    }
}
