//! A layer as a value of Python.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use perturb::method::BLOCK;
use perturb::{AnyLayer, AnyNoise, AnyOracle, Error, How, MonteCarlo, OracleSpec, RowError, Seed, threads};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};
use rayon::prelude::*;

use crate::arguments::{Number, Scores, fits, integer, number, python_shape, read};
use crate::black_box::{self, Solver};
use crate::question::{Ask, Out, Part, Shapes, array};
use crate::{arguments, error, method, pool};

/// Does the same in float32 and float64.
macro_rules! by_type {
    ($self:expr, $name:literal, $x:expr, ($array:ident, $layer:ident) => $body:expr) => {
        match Scores::new($name, $x)? {
            Scores::Single($array) => {
                let $layer = &$self.single;
                $body
            }
            Scores::Double($array) => {
                let $layer = &$self.double;
                $body
            }
        }
    };
}

mod losses;
mod quantities;

/// So many scores, times samples, are worth the threads and letting go of the interpreter.
const LARGE: usize = 4096;
/// So many are worth looking for Ctrl-C in between.
const LONG: usize = 1 << 26;
/// A search is worth so many samples at least.
const SEARCH: usize = 256;

/// An oracle's own description; `None` for a black box, which has a number of entries alone.
fn spec(oracle: &Bound<'_, PyAny>) -> PyResult<Option<OracleSpec>> {
    let Ok(describe) = oracle.getattr("_spec") else {
        let found = oracle.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "oracle is of type {found}; expected an oracle such as Ranking(5), or BlackBox(dim, solver)"
        )));
    };
    let json: Option<String> = describe.call0()?.extract()?;
    let Some(json) = json else { return Ok(None) };
    let spec = serde_json::from_str(&json).map_err(|error| PyValueError::new_err(error.to_string()))?;
    // Sizes that no array vouches for.
    fits::<f64>(match &spec {
        OracleSpec::DagPath { nodes, .. }
        | OracleSpec::ShortestPath { nodes, .. }
        | OracleSpec::Flow { nodes, .. }
        | OracleSpec::SpanningTree { nodes, .. } => nodes.saturating_mul(8),
        OracleSpec::Knapsack { weights, capacity } => {
            let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
            total.min(u64::from(*capacity)).saturating_mul(4) as usize
        }
        _ => 0,
    })?;
    Ok(Some(spec))
}

/// Refuses an oracle that cannot be: its own constructor.
#[pyfunction]
pub(crate) fn check_oracle(oracle: &Bound<'_, PyAny>) -> PyResult<()> {
    let made = match spec(oracle)? {
        Some(spec) => AnyOracle::<f64>::new(&spec),
        None => black_box::oracle(oracle.getattr("dim")?.extract()?),
    };
    made.map(|_| ()).map_err(|error| error::refusal(oracle.py(), error, None))
}

/// A discrete decision made differentiable: y_eps(theta) = E[y*(theta + eps Z)].
///
/// y*(theta) is the decision of `oracle` for scores theta, argmax over its set C of <y, theta>; Z is noise, and eps the
/// temperature. The smoothed maximum F_eps(theta) = E[max <y, theta + eps Z>] has y_eps as its gradient.
///
/// oracle : Oracle, or list or tuple of Oracle
///     What is decided, such as `Ranking(100)`; or one oracle of one shape for each row of every batch: instances that differ in their
///     weights, graphs or solvers.
/// noise : {"normal", "gumbel", "laplace", "logistic"}
/// epsilon : float
///     The temperature, positive, in the units of theta.
///
/// **Shapes.** theta is one instance, of shape (d,), or a batch of B rows, (B, d). An oracle on a rectangle (GridPath,
/// Assignment) also takes (rows, columns) and (B, rows, columns). Answers have the shape of theta; numbers have one for each
/// row; Jacobians have the shape of a row twice. An array of an instance's own shape is one instance.
///
/// **Types.** float32 is computed in float32 and float64 in float64; float16 and bfloat16 in float32, integers, booleans and
/// lists in float64. Objects, complex numbers and strings are a TypeError. Targets and directions are converted to the type
/// of theta.
///
/// **Noise.** Row r of a batch has the noise of `method.fold(first_row + r)`, whatever the batch: a batch may be split
/// anywhere. One instance has the noise of `method` itself.
///
/// **Errors.** PerturbedError, a ValueError, names the parameter and the row.
///
/// **Threads.** The interpreter is free while large calls run, and their threads are `set_num_threads`; results have the
/// same bits for any number.
///
/// Layers are immutable; they can be compared, hashed, copied and pickled.
#[pyclass(frozen, module = "perturbed")]
pub(crate) struct Layer {
    oracle: Py<PyAny>,
    noise: AnyNoise,
    epsilon: f64,
    shape: Vec<usize>,
    /// One for all rows, or one for each; `None` for a black box.
    specs: Vec<Option<OracleSpec>>,
    /// Whether each row has an oracle of its own.
    by_row: bool,
    single: PyOnceLock<Vec<AnyLayer<f32>>>,
    double: PyOnceLock<Vec<AnyLayer<f64>>>,
    /// Of large graphs, not computed twice.
    hash: PyOnceLock<isize>,
}

/// The arguments that most methods share.
struct Call<'a, 'py> {
    theta: &'a Bound<'py, PyAny>,
    vectors: &'a [(&'static str, &'a Bound<'py, PyAny>)],
    method: &'a Bound<'py, PyAny>,
    first_row: u64,
    with_error: bool,
    out: Option<&'a Bound<'py, PyAny>>,
}

/// What is asked row by row.
struct Given<'a, 'py, T: Number> {
    /// The name of `x`.
    name: &'static str,
    x: PyReadonlyArrayDyn<'py, T>,
    /// A vector of the shape of `x`, and its name.
    other: Option<(&'static str, &'a Bound<'py, PyAny>)>,
    first_row: u64,
    /// About how many solves a row costs.
    samples: usize,
    parts: &'static [Part],
}

impl<'py, T: Number> Given<'_, 'py, T> {
    /// One solve a row, for a number.
    fn of(name: &'static str, x: PyReadonlyArrayDyn<'py, T>) -> Self {
        Self { name, x, other: None, first_row: 0, samples: 1, parts: &[Part::Number] }
    }
}

/// The layers of a type: one for all rows, or one for each.
#[derive(Clone, Copy)]
struct Made<'l, T: Number>(&'l [AnyLayer<T>]);

impl<'l, T: Number> Made<'l, T> {
    fn of(self, row: usize) -> &'l AnyLayer<T> {
        &self.0[if self.0.len() == 1 { 0 } else { row }]
    }
}

/// About how much there is to do.
#[derive(Clone, Copy)]
struct Work {
    /// Scores, times samples.
    numbers: usize,
    /// What threads may share: rows, and blocks of samples.
    pieces: usize,
    /// Whether it may take much longer.
    searches: bool,
}

impl Layer {
    fn dim(&self) -> usize {
        self.shape.iter().product()
    }

    /// What describes the oracle of all rows: not a black box, and not one for each row.
    pub(crate) fn spec(&self) -> PyResult<&OracleSpec> {
        let known = || {
            PyTypeError::new_err("layer: expected one oracle of this package for all rows, and no BlackBox")
        };
        if self.by_row { Err(known()) } else { self.specs[0].as_ref().ok_or_else(known) }
    }
    /// The same of any oracle for all rows: of a black box its size alone.
    pub(crate) fn spec_of_data(&self) -> PyResult<OracleSpec> {
        match self.specs[..] {
            [None] if !self.by_row => Ok(OracleSpec::BlackBox { dim: self.dim() }),
            _ => self.spec().cloned(),
        }
    }
    /// The solver of a black box, one for all rows.
    pub(crate) fn solver(&self, py: Python<'_>) -> PyResult<Option<Solver>> {
        if self.has_solvers() { Solver::of(self.oracle.bind(py)).map(Some) } else { Ok(None) }
    }
    /// Of one oracle for all rows, in float32.
    pub(crate) fn single(&self, py: Python<'_>) -> PyResult<&AnyLayer<f32>> {
        if self.by_row {
            return Err(PyTypeError::new_err("layer: expected one oracle for all rows"));
        }
        Ok(self.made(py, &self.single)?.of(0))
    }
    /// Of one oracle for all rows, in float64.
    pub(crate) fn double(&self, py: Python<'_>) -> PyResult<&AnyLayer<f64>> {
        self.spec()?;
        Ok(self.made(py, &self.double)?.of(0))
    }
    /// Whether Python solves.
    fn has_solvers(&self) -> bool {
        self.specs.iter().any(Option::is_none)
    }

    /// The layers of a type, which are made at first.
    fn made<'l, T: Number>(
        &'l self,
        py: Python<'_>,
        place: &'l PyOnceLock<Vec<AnyLayer<T>>>,
    ) -> PyResult<Made<'l, T>> {
        let make = |spec: &Option<OracleSpec>| {
            let oracle = spec.as_ref().map_or_else(|| black_box::oracle(self.dim()), AnyOracle::new);
            oracle
                .and_then(|oracle| AnyLayer::of(oracle, self.noise, T::from_f64(self.epsilon)))
                .map_err(|error| error::refusal(py, error, None))
        };
        Ok(Made(place.get_or_try_init(py, || self.specs.iter().map(make).collect::<PyResult<_>>())?))
    }

    /// The rows of an array.
    fn shapes<'s>(&'s self, name: &str, found: &'s [usize]) -> PyResult<Shapes<'s>> {
        let dim = self.dim();
        if self.by_row {
            let count = self.specs.len();
            return match found {
                [rows, row @ ..] if *rows == count && (row == self.shape || row == [dim]) => {
                    Ok(Shapes { batch: Some(count), row })
                }
                _ => {
                    let found = python_shape(found);
                    let message = format!(
                        "{name} has shape {found}; expected ({count}, {dim}), a row for each of {count} oracles"
                    );
                    Err(PyValueError::new_err(message))
                }
            };
        }
        match (found, &self.shape[..]) {
            (found, shape) if found == shape => Ok(Shapes { batch: None, row: found }),
            (&[entries], _) if entries == dim => Ok(Shapes { batch: None, row: found }),
            (&[rows, entries], _) if entries == dim => Ok(Shapes { batch: Some(rows), row: &found[1..] }),
            (&[rows, ..], shape) if &found[1..] == shape => Ok(Shapes { batch: Some(rows), row: shape }),
            _ => {
                let mut fitting = format!("({dim},) or (batch, {dim})");
                if let &[rows, columns] = &self.shape[..] {
                    fitting = format!("({rows}, {columns}), (batch, {rows}, {columns}), {fitting}");
                }
                let found = python_shape(found);
                Err(PyValueError::new_err(format!("{name} has shape {found}; expected {fitting}")))
            }
        }
    }

    /// About how many numbers a method keeps, where these are many.
    fn memory(&self, how: How, rows: usize, samples: usize) -> usize {
        match (&self.specs[0], how) {
            // All scores and decisions of a solver's call.
            (None, _) if !self.by_row => {
                rows.saturating_mul(samples).saturating_mul(self.dim()).saturating_mul(4)
            }
            (Some(OracleSpec::TopK { dim, k }), How::Exact | How::Cheapest(_)) => {
                dim.saturating_mul(*k).saturating_mul(4)
            }
            _ => 0,
        }
    }

    /// Runs a computation where it is best off: a small one on this thread, and that of a black box, which needs the interpreter. A long
    /// one may be told to stop, and what it then answers does not matter.
    fn run<R: Send>(
        &self,
        py: Python<'_>,
        work: Work,
        f: impl FnOnce(&AtomicBool) -> R + Send,
    ) -> PyResult<R> {
        let go_on = AtomicBool::new(false);
        if self.has_solvers() {
            return Solver::of(self.oracle.bind(py))?.lend(|| py.detach(|| threads::alone(|| f(&go_on))));
        }
        if work.numbers >= LONG || (work.searches && work.numbers >= LARGE) {
            return pool::watched(py, f);
        }
        let f = || f(&go_on);
        let shared = work.numbers >= LARGE && work.pieces > 1;
        Ok(match shared.then(|| pool::current(py)).flatten() {
            Some(pool) => py.detach(|| pool.install(f)),
            None if work.numbers >= LARGE || work.searches => py.detach(|| threads::alone(f)),
            None => threads::alone(f),
        })
    }

    /// The answers to what is asked in all rows.
    fn ask<'py>(&self, py: Python<'py>, ask: Ask, call: &Call<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", call.theta, (theta, layer) => self.ask_in(py, ask, call, theta, layer))
    }

    fn ask_in<'py, T: Number>(
        &self,
        py: Python<'py>,
        ask: Ask,
        call: &Call<'_, 'py>,
        theta: PyReadonlyArrayDyn<'py, T>,
        layer: &PyOnceLock<Vec<AnyLayer<T>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shape = theta.shape().to_vec();
        let shapes = self.shapes("theta", &shape)?;
        let mut vectors = Vec::with_capacity(call.vectors.len());
        for &(name, vector) in call.vectors {
            vectors.push(same_shape::<T>(name, vector, &shape)?);
        }
        let (how, first) = (method::of(call.method)?, first_row(call.first_row, shapes.batch)?);
        let parts = ask.parts();
        let out = call.out.map(|out| Out::new(out, shapes, parts)).transpose()?;
        let layers = self.made(py, layer)?;
        let layer = layers.of(0);
        let empty: &[T] = &[];
        let vector = |index: usize| vectors.get(index).map_or(Ok(empty), PyReadonlyArrayDyn::as_slice);
        let (scores, u, v, dim) = (theta.as_slice()?, vector(0)?, vector(1)?, self.dim());
        let samples = T::samples(layer, how, ask.cost()) as usize;
        fits::<T>(self.memory(how, shapes.rows(), samples))?;
        let width = if parts == [Part::Matrix] { dim } else { 1 };
        let work = Work {
            numbers: scores.len().saturating_mul(samples).saturating_mul(width),
            pieces: shapes.rows().saturating_mul(samples.div_ceil(BLOCK as usize)),
            searches: ask == Ask::FenchelYoung,
        };
        let numbers = if call.with_error {
            let How::MonteCarlo(how) = how else {
                return Err(PyValueError::new_err("with_error=True needs method=MonteCarlo(samples, seed)"));
            };
            if out.is_some() {
                return Err(PyValueError::new_err("with_error=True and out exclude each other"));
            }
            let width = 2 * shapes.width(parts);
            let found = self.fill(py, shapes, (1, width), samples, |row| {
                let question = ask.question(row_of(u, dim, row), row_of(v, dim, row));
                let how = first.map_or(how, |first| how.row(first.wrapping_add(row as u64)));
                let found = layers.of(row).compute_with_error(row_of(scores, dim, row), question, how)?;
                Ok([found.mean, found.standard_error].concat())
            })?;
            let half = |start| found.chunks_exact(width).flat_map(move |row| &row[start..start + width / 2]);
            let pair = [0, width / 2].map(|start| half(start).copied().collect());
            let [means, errors] = pair.map(|numbers| shapes.arrays(py, numbers, parts, None));
            return Ok(PyTuple::new(py, [means?, errors?])?.into_any());
        } else if self.by_row {
            self.fill(py, shapes, (1, shapes.width(parts)), samples, |row| {
                let question = ask.question(row_of(u, dim, row), row_of(v, dim, row));
                let how = method::in_row(how, first.map(|first| first.wrapping_add(row as u64)));
                layers.of(row).compute(row_of(scores, dim, row), question, how)
            })?
        } else {
            fits::<T>(shapes.rows().saturating_mul(shapes.width(parts)))?;
            let numbers = self.run(py, work, |stop| {
                let Some(first) = first else {
                    let question = ask.question(u, v);
                    return layer
                        .compute(scores, question, how)
                        .map_err(|source| RowError { row: 0, source });
                };
                // As many rows at once as are not long.
                let at_once = (LONG / (work.numbers / shapes.rows().max(1)).max(1)).max(1);
                if shapes.rows() <= at_once {
                    return layer.compute_rows(scores, ask.question(u, v), how, first);
                }
                let mut numbers = Vec::with_capacity(shapes.rows().saturating_mul(shapes.width(parts)));
                for start in (0..shapes.rows()).step_by(at_once) {
                    if pool::stopped(stop) {
                        break;
                    }
                    let rows = |x| rows_of(x, dim, start..(start + at_once).min(shapes.rows()));
                    let question = ask.question(rows(u), rows(v));
                    let found =
                        layer.compute_rows(rows(scores), question, how, first.wrapping_add(start as u64));
                    let in_all = |error: RowError| RowError { row: start + error.row, ..error };
                    numbers.append(&mut found.map_err(in_all)?);
                }
                Ok(numbers)
            })?;
            numbers.map_err(|error| error::in_row(py, error, shapes.batch.is_some()))?
        };
        drop((theta, vectors)); // One of them may be `out`.
        shapes.arrays(py, numbers, parts, out.as_ref())
    }

    /// What `one` says of every row, or of each of some `units` of every row, by about `samples` solves: `width` numbers.
    fn fill<T: Number>(
        &self,
        py: Python<'_>,
        shapes: Shapes<'_>,
        (units, width): (usize, usize),
        samples: usize,
        one: impl Fn(usize) -> Result<Vec<T>, Error> + Sync + Send,
    ) -> PyResult<Vec<T>> {
        let count = shapes.rows().saturating_mul(units).saturating_mul(width);
        fits::<T>(count)?;
        let mut numbers = vec![T::ZERO; count];
        let pieces = shapes.rows().saturating_mul(units);
        let work = Work {
            numbers: pieces.saturating_mul(self.dim()).saturating_mul(samples),
            pieces,
            searches: false,
        };
        if self.by_row && self.has_solvers() {
            self.fill_by_solvers(py, (units, width), &mut numbers, one)?;
            return Ok(numbers);
        }
        let failed = self.run(py, work, |stop| {
            let fill = |(unit, place): (usize, &mut [T])| {
                if pool::stopped(stop) {
                    return None;
                }
                match one(unit) {
                    Ok(found) => {
                        place.copy_from_slice(&found);
                        None
                    }
                    Err(error) => Some((unit / units, error)),
                }
            };
            if rayon::current_thread_index().is_some() {
                numbers.par_chunks_exact_mut(width).enumerate().find_map_first(fill)
            } else {
                numbers.chunks_exact_mut(width).enumerate().find_map(fill)
            }
        })?;
        match failed {
            None => Ok(numbers),
            Some((row, error)) => Err(error::refusal(py, error, shapes.batch.map(|_| row))),
        }
    }

    /// The same, row after row, each by its own solver.
    fn fill_by_solvers<T: Number>(
        &self,
        py: Python<'_>,
        (units, width): (usize, usize),
        numbers: &mut [T],
        one: impl Fn(usize) -> Result<Vec<T>, Error> + Sync + Send,
    ) -> PyResult<()> {
        let one = &one;
        for (row, places) in numbers.chunks_exact_mut((units * width).max(1)).enumerate() {
            let fill = || -> Result<(), Error> {
                for (unit, place) in places.chunks_exact_mut(width).enumerate() {
                    place.copy_from_slice(&one(row * units + unit)?);
                }
                Ok(())
            };
            let found = if self.specs[row].is_some() {
                Ok(threads::alone(fill))
            } else {
                let solver = Solver::of(&self.oracle.bind(py).get_item(row)?)?;
                solver.lend(|| py.detach(|| threads::alone(fill)))
            };
            let found = found.inspect_err(|raised| {
                // An exception that takes no note is raised as it is.
                let _ = raised.value(py).call_method1("add_note", (format!("in row {row}"),));
            })?;
            found.map_err(|error| error::refusal(py, error, Some(row)))?;
        }
        Ok(())
    }

    /// What `one` says of each row: of its scores, of its other vector if there is one, and of the number that names its noise.
    fn by_row<'py, T: Number>(
        &self,
        py: Python<'py>,
        layer: &PyOnceLock<Vec<AnyLayer<T>>>,
        given: Given<'_, 'py, T>,
        out: Option<&Bound<'py, PyAny>>,
        one: impl Fn(&AnyLayer<T>, [&[T]; 2], Option<u64>) -> Result<Vec<T>, Error> + Sync + Send,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Given { name, x, other, first_row, samples, parts } = given;
        let shape = x.shape().to_vec();
        let shapes = self.shapes(name, &shape)?;
        let other = other.map(|(name, other)| same_shape::<T>(name, other, &shape)).transpose()?;
        let first = self::first_row(first_row, shapes.batch)?;
        let layers = self.made(py, layer)?;
        let out = out.map(|out| Out::new(out, shapes, parts)).transpose()?;
        let (x_numbers, dim) = (x.as_slice()?, self.dim());
        let other_numbers = other.as_ref().map_or(Ok(&[][..]), PyReadonlyArrayDyn::as_slice)?;
        let found = self.fill(py, shapes, (1, shapes.width(parts)), samples, |row| {
            let vectors = [row_of(x_numbers, dim, row), row_of(other_numbers, dim, row)];
            one(layers.of(row), vectors, first.map(|first| first.wrapping_add(row as u64)))
        })?;
        drop((x, other)); // One of them may be `out`.
        shapes.arrays(py, found, parts, out.as_ref())
    }

    /// The decisions of a black box, by one call.
    fn decide_at_once<'py, T: Number>(
        &self,
        py: Python<'py>,
        layer: &PyOnceLock<Vec<AnyLayer<T>>>,
        theta: PyReadonlyArrayDyn<'py, T>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shape = theta.shape().to_vec();
        let shapes = self.shapes("theta", &shape)?;
        let layer = self.made(py, layer)?.of(0);
        let out = out.map(|out| Out::new(out, shapes, &[Part::Vector])).transpose()?;
        let scores = theta.as_slice()?;
        for (row, scores) in scores.chunks_exact(self.dim()).enumerate() {
            let checked = layer.layer().check_scores(scores);
            checked.map_err(|source| error::refusal(py, source, shapes.batch.map(|_| row)))?;
        }
        let decisions = black_box::decide(py, Solver::of(self.oracle.bind(py))?, self.dim(), scores)?;
        drop(theta);
        shapes.arrays(py, decisions, &[Part::Vector], out.as_ref())
    }
}

/// A vector of the shape of theta.
fn same_shape<'py, T: Number>(
    name: &str,
    x: &Bound<'py, PyAny>,
    shape: &[usize],
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    let x = read::<T>(name, x)?;
    if x.shape() == shape {
        return Ok(x);
    }
    let (found, shape) = (python_shape(x.shape()), python_shape(shape));
    Err(PyValueError::new_err(format!("{name} has shape {found}; expected {shape}, that of theta")))
}

fn row_number(x: &Bound<'_, PyAny>) -> PyResult<u64> {
    integer("first_row", x, 0, u64::MAX)
}

fn draws(x: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(integer("samples", x, 0, u64::from(u32::MAX))? as usize)
}

pub(crate) fn temperature(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    number("epsilon", x)
}

/// The noise of this name.
pub(crate) fn noise(name: &str) -> PyResult<AnyNoise> {
    AnyNoise::from_name(name).ok_or_else(|| {
        let names = AnyNoise::ALL.map(|noise| format!("'{}'", noise.name())).join(", ");
        PyValueError::new_err(format!("noise is {name:?}; expected one of {names}"))
    })
}

/// The number of the first row; `None` for an instance outside of batches.
fn first_row(first: u64, batch: Option<usize>) -> PyResult<Option<u64>> {
    if batch.is_none() && first != 0 {
        return Err(PyValueError::new_err("first_row numbers the rows of a batch; theta is one instance"));
    }
    Ok(batch.map(|_| first))
}

/// A row of vectors; empty for those that are not given.
fn row_of<T>(x: &[T], dim: usize, row: usize) -> &[T] {
    rows_of(x, dim, row..row + 1)
}

/// Rows of vectors; empty for those that are not given.
fn rows_of<T>(x: &[T], dim: usize, rows: Range<usize>) -> &[T] {
    x.get(rows.start * dim..rows.end * dim).unwrap_or(&[])
}

#[pymethods]
impl Layer {
    #[new]
    #[pyo3(signature = (oracle, noise="normal", epsilon=1.0))]
    fn new(
        oracle: &Bound<'_, PyAny>,
        noise: &str,
        #[pyo3(from_py_with = temperature)] epsilon: f64,
    ) -> PyResult<Self> {
        let py = oracle.py();
        let by_row = !oracle.hasattr("_spec")?
            && (oracle.is_instance_of::<PyList>() || oracle.is_instance_of::<PyTuple>());
        let oracles: Vec<Bound<'_, PyAny>> =
            if by_row { oracle.try_iter()?.collect::<PyResult<_>>()? } else { vec![oracle.clone()] };
        let specs = oracles.iter().map(spec).collect::<PyResult<_>>()?;
        let shapes: Vec<Vec<usize>> =
            oracles.iter().map(|oracle| oracle.getattr("shape")?.extract()).collect::<PyResult<_>>()?;
        let Some(shape) = shapes.first() else {
            return Err(PyValueError::new_err("oracle has no entries; expected at least one"));
        };
        if let Some(index) = shapes.iter().position(|other| other != shape) {
            let (found, expected) = (python_shape(&shapes[index]), python_shape(shape));
            let message =
                format!("oracle[{index}] has shape {found}; expected {expected}, that of the first");
            return Err(PyValueError::new_err(message));
        }
        let noise = self::noise(noise)?;
        let oracle =
            if by_row { PyTuple::new(py, &oracles)?.into_any().unbind() } else { oracle.clone().unbind() };
        let layer = Self {
            oracle,
            noise,
            epsilon,
            shape: shape.clone(),
            specs,
            by_row,
            single: PyOnceLock::new(),
            double: PyOnceLock::new(),
            hash: PyOnceLock::new(),
        };
        layer.made(py, &layer.double)?;
        Ok(layer)
    }

    /// What is decided.
    #[getter]
    fn oracle(&self, py: Python<'_>) -> Py<PyAny> {
        self.oracle.clone_ref(py)
    }
    /// The name of the noise.
    #[getter]
    fn noise(&self) -> &'static str {
        self.noise.name()
    }
    /// The temperature.
    #[getter]
    fn epsilon(&self) -> f64 {
        self.epsilon
    }
    /// The shape of one instance.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.shape)
    }
    /// d, the number of scores of one instance.
    #[getter(dim)]
    fn entries(&self) -> usize {
        self.dim()
    }

    /// The unperturbed decision y*(theta) = argmax_y <y, theta>: what to act on after training.
    ///
    /// theta of shape (d,) or (B, d); answers an array of the shape of theta. `out` is that of `value`.
    #[pyo3(signature = (theta, *, out=None))]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            if self.has_solvers() && !self.by_row {
                return self.decide_at_once(py, layer, theta, out);
            }
            let given = Given { parts: &[Part::Vector], ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, _], _| Ok(layer.decide(theta)?.1))
        })
    }

    /// Decisions y*(theta + eps Z) for drawn noise: samples of the distribution whose mean is `maximizer` (Section 2).
    ///
    /// Answers an array of shape (samples, d) or (B, samples, d). Sample m has the noise of sample m of
    /// `MonteCarlo(samples, seed)`, by rows as there.
    ///
    /// samples : int
    ///     How many, at least 0.
    /// seed : int
    ///     Names the noise, from 0 to 2**64 - 1.
    /// first_row : int
    ///     The number of the first row among all rows, which names its noise.
    #[pyo3(signature = (theta, samples=1, seed=0, *, first_row=0))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = draws)] samples: usize,
        #[pyo3(from_py_with = arguments::seed)] seed: u64,
        #[pyo3(from_py_with = row_number)] first_row: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let how = MonteCarlo::new(1, Seed(seed));
        by_type!(self, "theta", theta, (theta, layer) => {
            let shapes = self.shapes("theta", theta.shape())?;
            let first = self::first_row(first_row, shapes.batch)?;
            let layers = self.made(py, layer)?;
            let (numbers, dim) = (theta.as_slice()?, self.dim());
            let drawn = self.fill(py, shapes, (samples, dim), 1, |draw| {
                let (row, index) = (draw / samples, draw % samples);
                let how = first.map_or(how, |first| how.row(first.wrapping_add(row as u64)));
                layers.of(row).sample(row_of(numbers, dim, row), how.seed, index as u64)
            })?;
            let shape: Vec<_> = shapes.batch.into_iter().chain([samples]).chain(shapes.row.to_vec()).collect();
            array(py, &shape, drawn)
        })
    }

    /// Omega(y) = sup_theta <y, theta> - F_1(theta): the regulariser that the noise stands for (Proposition 2.1).
    ///
    /// F_eps(theta) = max_y <y, theta> - eps Omega(y). `y` has shape (d,) or (B, d) and lies in the convex hull of all
    /// decisions; answers a number or an array of shape (B,). `first_row` and `out` are those of `value`.
    #[pyo3(signature = (y, method, *, first_row=0, out=None))]
    fn omega<'py>(
        &self,
        py: Python<'py>,
        y: &Bound<'py, PyAny>,
        method: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = row_number)] first_row: u64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let how = method::of(method)?;
        by_type!(self, "y", y, (y, layer) => {
            let given = Given { first_row, samples: SEARCH, parts: &[Part::Number], ..Given::of("y", y) };
            self.by_row(py, layer, given, out, |layer, [y, _], row| {
                Ok(vec![layer.omega(y, method::in_row(how, row))?])
            })
        })
    }

    /// theta with y_eps(theta) = y, for `y` inside the convex hull of all decisions: eps times the gradient of Omega.
    ///
    /// `y` has shape (d,) or (B, d). Answers a pair: theta, of the shape of y, and the largest |y_eps(theta) - y| over the
    /// entries, of the shape of `omega`. Where all decisions have one sum, theta is the one of mean 0. `first_row` and
    /// `out` are those of `value`.
    #[pyo3(signature = (y, method, *, first_row=0, out=None))]
    fn inverse_maximizer<'py>(
        &self,
        py: Python<'py>,
        y: &Bound<'py, PyAny>,
        method: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = row_number)] first_row: u64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let how = method::of(method)?;
        by_type!(self, "y", y, (y, layer) => {
            let parts = &[Part::Vector, Part::Number];
            let given = Given { first_row, samples: SEARCH, parts, ..Given::of("y", y) };
            self.by_row(py, layer, given, out, |layer, [y, _], row| {
                let found = layer.inverse_maximizer(y, method::in_row(how, row))?;
                Ok([found.theta, vec![found.residual]].concat())
            })
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else { return Ok(false) };
        let (py, other) = (other.py(), other.get());
        Ok(self.noise == other.noise
            && self.epsilon.to_bits() == other.epsilon.to_bits()
            && self.oracle.bind(py).eq(other.oracle.bind(py))?)
    }
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        let hash = || (self.oracle.bind(py), self.noise(), self.epsilon).into_pyobject(py)?.hash();
        self.hash.get_or_try_init(py, hash).copied()
    }
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (noise, epsilon) = (self.noise(), self.epsilon);
        Ok(format!("Layer({}, noise='{noise}', epsilon={epsilon:?})", self.oracle.bind(py).repr()?))
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (Py<PyAny>, &'static str, f64)) {
        let layer = slf.get();
        (slf.get_type().into_any(), (layer.oracle(slf.py()), layer.noise(), layer.epsilon))
    }
    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }
    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.oracle)
    }
}
