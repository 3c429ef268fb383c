//! Solvers written in Python.
//!
//! An oracle of the library does not own the solver, which the garbage collector could then not see: the layer does, and lends it to
//! the calling thread for the time of a call. There the solver is called, there its exception waits for the end of the call.

use std::cell::RefCell;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use perturb::{AnyOracle, Error};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{Number, python_shape, read};

thread_local! {
    static LENT: RefCell<Option<Solver>> = const { RefCell::new(None) };
}

/// A solver for the time of a call.
pub(crate) struct Solver {
    function: Py<PyAny>,
    batched: bool,
    maximise: bool,
    raised: Option<PyErr>,
}

impl Solver {
    /// The solver of a `BlackBox`.
    pub(crate) fn of(oracle: &Bound<'_, PyAny>) -> PyResult<Self> {
        let batched = oracle.getattr("batched")?.is_truthy()?;
        let maximise = oracle.getattr("maximise")?.is_truthy()?;
        Ok(Self { function: oracle.getattr("solver")?.unbind(), batched, maximise, raised: None })
    }
    /// Runs `f` on this thread, where [`oracle`] then is this solver; or raises what the solver raised.
    pub(crate) fn lend<R>(self, f: impl FnOnce() -> R) -> PyResult<R> {
        // A solver may itself ask another layer.
        let outer = LENT.replace(Some(self));
        let result = f();
        match LENT.replace(outer).and_then(|solver| solver.raised) {
            Some(raised) => Err(raised),
            None => Ok(result),
        }
    }
}

/// The solver that is lent.
pub(crate) fn oracle<T: Number>(dim: usize) -> Result<AnyOracle<T>, Error> {
    AnyOracle::batched(dim, move |scores, decisions| {
        // After an exception nothing more is asked.
        let usable = LENT.with_borrow(|lent| lent.as_ref().is_some_and(|solver| solver.raised.is_none()));
        let solved = usable.then(|| Python::attach(|py| solve(py, dim, scores, decisions)));
        match solved {
            Some(Ok(())) => Ok(()),
            Some(Err(raised)) => {
                LENT.with_borrow_mut(|lent| lent.as_mut().map(|solver| solver.raised = Some(raised)));
                Err("it raised an exception")
            }
            None => Err("it raised an exception"),
        }
    })
}

/// The decisions of a solver for all rows of scores.
pub(crate) fn decide<T: Number>(
    py: Python<'_>,
    solver: Solver,
    dim: usize,
    scores: &[T],
) -> PyResult<Vec<T>> {
    let mut decisions = vec![T::ZERO; scores.len()];
    if !scores.is_empty() {
        solver.lend(|| solve(py, dim, scores, &mut decisions))??;
    }
    Ok(decisions)
}

/// Calls the solver: once, or once for each problem.
fn solve<T: Number>(py: Python<'_>, dim: usize, scores: &[T], decisions: &mut [T]) -> PyResult<()> {
    let lent = LENT.with_borrow(|lent| {
        lent.as_ref().map(|lent| (lent.function.clone_ref(py), lent.batched, lent.maximise))
    });
    let Some((solver, batched, maximise)) = lent else { return Ok(()) };
    let problems = if batched { scores.len() / dim } else { 1 };
    let chunks = scores.chunks_exact(problems * dim).zip(decisions.chunks_exact_mut(problems * dim));
    for (call, (scores, decisions)) in chunks.enumerate() {
        let scores = if maximise {
            PyArray1::from_slice(py, scores)
        } else {
            PyArray1::from_iter(py, scores.iter().map(|&score| -score))
        };
        let found = if batched {
            solver.call1(py, (scores.reshape([problems, dim])?,))?
        } else {
            solver.call1(py, (scores,))?
        };
        let found = read::<T>("what the solver returned", found.bind(py))?;
        let expected = if batched { &[problems, dim][..] } else { &[dim] };
        if found.shape() != expected {
            let (found, expected) = (python_shape(found.shape()), python_shape(expected));
            let message = format!("the solver returned an array of shape {found}; expected {expected}");
            return Err(PyValueError::new_err(message));
        }
        let numbers = found.as_slice()?;
        if let Some(place) = numbers.iter().position(|x| !x.is_finite()) {
            let (row, column) = (call * problems + place / dim, place % dim);
            let message = format!("the solver returned NaN or infinity in row {row}, column {column}");
            return Err(PyValueError::new_err(message));
        }
        decisions.copy_from_slice(numbers);
    }
    Ok(())
}
