//! How alike orders are, a number a row.

use numpy::{IntoPyArray, PyUntypedArrayMethods};
use perturb::metrics;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::arguments::{integer, python_shape, read};
use crate::pool;

/// So many numbers are worth the threads, and looking for Ctrl-C between two rows.
const LARGE: usize = 4096;

/// What `metric` says of two rows, or of each row of two arrays of shape (n, k).
fn rows<'py>(
    (a_name, a): (&str, &Bound<'py, PyAny>),
    (b_name, b): (&str, &Bound<'py, PyAny>),
    metric: impl Fn(&[f64], &[f64]) -> f64 + Sync + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let py = a.py();
    let (a, b) = (read::<f64>(a_name, a)?, read::<f64>(b_name, b)?);
    if a.shape() != b.shape() {
        let (found, expected) = (python_shape(b.shape()), python_shape(a.shape()));
        let message = format!("{b_name} has shape {found}; expected {expected}, that of {a_name}");
        return Err(PyValueError::new_err(message));
    }
    for (name, array) in [(a_name, &a), (b_name, &b)] {
        if let Some(place) = array.as_slice()?.iter().position(|x| !x.is_finite()) {
            return Err(PyValueError::new_err(format!("{name} has NaN or infinity at number {place}")));
        }
    }
    let (left, right) = (a.as_slice()?, b.as_slice()?);
    match *a.shape() {
        [_] => Ok(py.detach(|| metric(left, right)).into_pyobject(py)?.into_any()),
        [_, k] if k > 0 => {
            let pair = |(a, b): (&[f64], &[f64])| metric(a, b);
            let values: Vec<f64> = if left.len() < LARGE {
                left.chunks_exact(k).zip(right.chunks_exact(k)).map(pair).collect()
            } else {
                pool::watched(py, |stop| {
                    let pair = |rows| if pool::stopped(stop) { f64::NAN } else { pair(rows) };
                    left.par_chunks_exact(k).zip(right.par_chunks_exact(k)).map(pair).collect()
                })?
            };
            Ok(values.into_pyarray(py).into_any())
        }
        _ => {
            let found = python_shape(a.shape());
            Err(PyValueError::new_err(format!("{a_name} has shape {found}; expected (k,) or (n, k)")))
        }
    }
}

/// Spearman's rank correlation in [-1, 1]: a number, or of arrays of shape (n, k) one for each row.
///
/// Equal entries share the average of their ranks. Beside entries that are all equal it is 0.
#[pyfunction]
pub(crate) fn spearman<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    rows(("a", a), ("b", b), metrics::spearman)
}

/// Kendall's rank correlation tau_b in [-1, 1]: a number, or of arrays of shape (n, k) one for each row.
///
/// Beside entries that are all equal it is 0.
#[pyfunction]
pub(crate) fn kendall<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    rows(("a", a), ("b", b), metrics::kendall)
}

/// The normalised discounted cumulative gain of the k best scores, in [0, 1]: a number, or of arrays of shape (n, d) one for each row.
///
/// The gain of a grade is 2^grade - 1; equal scores share the mean of their gains. NaN where no grade is above 0. Grades are at least 0.
#[pyfunction]
#[pyo3(signature = (scores, grades, k=10))]
pub(crate) fn ndcg<'py>(
    scores: &Bound<'py, PyAny>,
    grades: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = best)] k: usize,
) -> PyResult<Bound<'py, PyAny>> {
    check_grades(grades)?;
    rows(("scores", scores), ("grades", grades), |scores, grades| metrics::ndcg(scores, grades, k))
}

/// The largest grade whose gain, 2 to its power, is of use in float64.
const LARGEST: f64 = 512.0;

fn check_grades(grades: &Bound<'_, PyAny>) -> PyResult<()> {
    let grades = read::<f64>("grades", grades)?;
    match grades.as_slice()?.iter().find(|grade| !(0.0..=LARGEST).contains(*grade)) {
        Some(grade) => Err(PyValueError::new_err(format!("grades has {grade}; expected 0 to {LARGEST}"))),
        None => Ok(()),
    }
}

fn best(x: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(integer("k", x, 1, u64::from(u32::MAX))? as usize)
}

/// The average precision in [0, 1]: a number, or of arrays of shape (n, d) one for each row. NaN where no grade is above 0.
///
/// The mean over entries with a grade above 0 of the share of such ones among the entries whose scores are at least as large.
#[pyfunction]
pub(crate) fn average_precision<'py>(
    scores: &Bound<'py, PyAny>,
    grades: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    rows(("scores", scores), ("grades", grades), metrics::average_precision)
}
