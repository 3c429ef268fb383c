//! Decisions among options, as tables have them.

use std::collections::BTreeMap;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyUntypedArrayMethods};
use perturb::data::DataError;
use perturb::data::frame::{ByOption, Columns, Expression, Frame};
use perturb::data::table::Unseen;
use perturb::decisions::{self, Judgement, Target, Utility};
use perturb::{AnyLayer, AnyNoise, Error, Question};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;

use crate::arguments::python_shape;
use crate::error::{of_decision, other, refusal};
use crate::table::Table;
use crate::{layer, method, pool};

/// Of the package, whose other versions may pickle in another way.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// That version, the recipe in JSON, and the decisions.
type Pickled<'py> = (&'static str, String, Bound<'py, PyBytes>);

/// Decisions among options, read from a table as a `Recipe` says.
///
/// n decisions, each among the options in some rows of the table. Arrays of options hold those of all decisions one after the other:
/// decision i has the entries `starts[i]` to `starts[i + 1]`. Options with features phi have the scores theta = phi w.
///
/// table : mapping or DataFrame
///     Columns by name: a dict of arrays and lists, or a table of pandas or polars.
/// recipe : Recipe
///     What the options are, and what was decided.
///
/// Pickles hold the decisions themselves, not the table, and are for other processes of the same version of this package.
#[pyclass(frozen, module = "perturbed")]
pub(crate) struct Decisions {
    pub(crate) of: decisions::Decisions,
    pub(crate) recipe: decisions::Recipe,
}

/// The fields of `Recipe` in Python, but for those that say how is decided.
#[derive(FromPyObject)]
struct Given {
    features: Vec<String>,
    constants: Vec<String>,
    interactions: Vec<String>,
    reference: Option<String>,
    group: Option<String>,
    options: Vec<String>,
    pattern: String,
    alternatives: Option<String>,
    chosen: Option<String>,
    one_of: Option<String>,
    ranks: Option<String>,
    grades: Option<String>,
    worth: Option<String>,
    r#where: Option<String>,
    available: Option<String>,
    count: Option<String>,
    cluster: Option<String>,
}

/// The exception for what is wrong with an argument of this name.
fn named(name: &str) -> impl Fn(DataError) -> PyErr {
    move |error| {
        PyValueError::new_err(match error {
            DataError::Parameter { expected, found, .. } => {
                format!("{name}: expected {expected}, found {found}")
            }
            other => format!("{name}: {other}"),
        })
    }
}

impl Given {
    fn utility(&self) -> PyResult<Utility> {
        let mut utility = Utility::new(&self.features.join(", ")).map_err(named("features"))?;
        for column in &self.constants {
            utility = utility.with_constants(column);
        }
        for product in &self.interactions {
            let (of, column) = product.rsplit_once(':').unwrap_or((product, ""));
            utility = utility.with_interaction(of, column.trim()).map_err(named("interactions"))?;
        }
        Ok(utility)
    }

    /// The recipe without its terms; `decide` in JSON.
    fn open(&self, decide: &str) -> PyResult<decisions::Recipe> {
        let expression = |name: &str, text: &Option<String>| {
            text.as_ref().map(|text| Expression::parse(text).map_err(named(name))).transpose()
        };
        let decide = serde_json::from_str(decide);
        let decide = decide.map_err(|error| PyValueError::new_err(format!("decide: {error}")))?;
        let mut recipe = decisions::Recipe::new(decide);
        recipe.alternatives.clone_from(&self.alternatives);
        if !self.options.is_empty() {
            let name = recipe.alternatives.get_or_insert_with(|| "option".into());
            let by_option = ByOption::new(self.options.clone(), &self.pattern, name);
            recipe.by_option = Some(by_option.map_err(|error| PyValueError::new_err(error.to_string()))?);
        }
        (recipe.group, recipe.cluster) = (self.group.clone(), self.cluster.clone());
        recipe.filter = expression("where", &self.r#where)?;
        recipe.available = expression("available", &self.available)?;
        recipe.weight = expression("count", &self.count)?;
        let target = |name, text: &Option<String>, target: fn(Expression) -> Target| {
            Ok::<_, PyErr>(expression(name, text)?.map(target))
        };
        recipe.target = (target("chosen", &self.chosen, Target::Chosen)?)
            .or(target("one_of", &self.one_of, Target::OneOf)?)
            .or(target("ranks", &self.ranks, Target::Rank)?)
            .or(target("grades", &self.grades, Target::Grade)?)
            .or(target("worth", &self.worth, Target::Worth)?);
        Ok(recipe)
    }
}

/// Warns of values that were not there when the terms were made.
fn warn(py: Python<'_>, recipe: &decisions::Recipe, frame: &Frame) -> PyResult<()> {
    for unseen in recipe.unseen(frame) {
        let values: Vec<_> = unseen.values.iter().take(Unseen::NAMED).map(String::as_str).collect();
        let more = if unseen.values.len() > Unseen::NAMED { ", and others" } else { "" };
        let (column, rows, values) = (&unseen.column, unseen.rows, values.join(", "));
        let message =
            format!("{rows} rows of column {column} have values that were not there before: {values}{more}");
        let message = std::ffi::CString::new(message.replace('\0', "\\0"))?;
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 2)?;
    }
    Ok(())
}

impl Decisions {
    /// Weights of the right number.
    pub(crate) fn weights<'py>(&self, w: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray1<'py, f64>> {
        let w = crate::arguments::read::<f64>("weights", w)?;
        let expected = self.of.terms().len();
        if w.shape().len() != 1 {
            let found = python_shape(w.shape());
            return Err(PyValueError::new_err(format!(
                "weights has shape {found}; expected ({expected},), one a term"
            )));
        }
        if let Some(place) = w.as_slice()?.iter().position(|w| !w.is_finite()) {
            return Err(PyValueError::new_err(format!(
                "weights[{place}] is NaN or infinite; it must be finite"
            )));
        }
        let found: PyReadonlyArray1<'py, f64> = w.extract()?;
        let count = found.len();
        if count != expected {
            return Err(PyValueError::new_err(format!(
                "weights has {count} entries; expected {expected}, one a term"
            )));
        }
        Ok(found)
    }

    fn places(&self) -> Vec<usize> {
        let mut starts = vec![0];
        starts.extend((0..self.of.len()).scan(0, |sum, at| {
            *sum += self.of.size(at);
            Some(*sum)
        }));
        starts
    }

    /// What `one` says of the options of each decision.
    fn each<'py>(
        &self,
        py: Python<'py>,
        one: impl Fn(usize) -> Result<Vec<f64>, Error> + Sync + Send,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let found: Vec<_> = pool::watched(py, |stop| {
            let one = |at| if pool::stopped(stop) { Ok(Vec::new()) } else { one(at) };
            (0..self.of.len()).into_par_iter().map(|at| one(at).map_err(|error| (at, error))).collect()
        })?;
        let mut numbers = Vec::with_capacity(self.of.options());
        for found in found {
            let found: Result<Vec<f64>, (usize, Error)> = found;
            numbers.extend(found.map_err(|(at, error)| of_decision(py, error, self.of.decision_name(at)))?);
        }
        Ok(numbers.into_pyarray(py))
    }

    fn layer(&self, at: usize, (noise, epsilon): (AnyNoise, f64)) -> Result<AnyLayer<f64>, Error> {
        let oracle = self.of.oracle(at).ok_or(Error::NoClosedForm { because: "no oracle" })?;
        AnyLayer::of(oracle.clone(), noise, epsilon)
    }

    fn theta(&self, at: usize, w: &[f64]) -> Vec<f64> {
        let mut theta = vec![0.0; self.of.size(at)];
        self.of.scores(at, w, &mut theta);
        theta
    }
}

#[pymethods]
impl Decisions {
    #[new]
    fn new(table: &Bound<'_, PyAny>, recipe: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = table.py();
        if !recipe.hasattr("_decide")? {
            let found = recipe.get_type().name()?;
            return Err(PyTypeError::new_err(format!("recipe is of type {found}; expected a Recipe")));
        }
        let (table, given) = (Table::new(table)?, recipe.extract::<Given>()?);
        let decide: String = recipe.call_method1("_decide", (table.names(),))?.extract()?;
        let (utility, open) = (given.utility()?, given.open(&decide)?);
        let names = open.columns();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(utility.columns()).collect();
        let frame = open.frame(&table, &names).map_err(|error| table.refusal(error))?;
        let recipe = open.with_terms(&utility, &frame, given.reference.as_deref()).map_err(other(py))?;
        let of = if recipe.target.is_some() { recipe.read(&frame) } else { recipe.read_open(&frame) };
        Ok(Self { of: of.map_err(other(py))?, recipe })
    }

    /// Decisions of another table, with the terms of these.
    ///
    /// Values of columns with constants that were not there are told by a UserWarning: their options score as the reference does.
    ///
    /// decided : bool
    ///     Whether the table says what was decided; without it, it need not.
    #[pyo3(signature = (table, *, decided=true))]
    fn read(&self, table: &Bound<'_, PyAny>, decided: bool) -> PyResult<Self> {
        read(table, &self.recipe, decided)
    }

    fn __len__(&self) -> usize {
        self.of.len()
    }
    /// The names of the p terms.
    #[getter]
    fn terms(&self) -> Vec<String> {
        self.of.terms().to_vec()
    }
    /// The names of the decisions: values of `group`, or numbers of the table's rows, counted from 1, where a row is a decision.
    #[getter]
    fn names(&self) -> Vec<&str> {
        (0..self.of.len()).map(|at| self.of.decision_name(at)).collect()
    }
    /// The names of the alternatives that options are, where a column names them.
    #[getter]
    fn alternatives(&self) -> Vec<String> {
        self.of.alternative_names().to_vec()
    }
    /// Where the options of each decision begin, and the end of the last: n + 1 numbers.
    #[getter]
    fn starts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<usize>> {
        self.places().into_pyarray(py)
    }
    /// The row of the table of each option, counted from 0; -1 for one that is missing from a rectangle. Where a row of the table is a
    /// decision, row * options_by_column + the place of the option.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let rows = (0..self.of.len()).flat_map(|at| self.of.rows(at).iter());
        let rows: Vec<i64> = rows.map(|row| row.map_or(-1, i64::from)).collect();
        rows.into_pyarray(py)
    }
    /// The features of all options, of shape (options, p).
    #[getter]
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let numbers: Vec<f64> =
            (0..self.of.len()).flat_map(|at| self.of.features(at).iter().copied()).collect();
        let shape = (self.of.options(), self.of.terms().len());
        let array = Array2::from_shape_vec(shape, numbers);
        Ok(array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py))
    }
    /// What was decided, y of each option; 0 in what is not known, empty where nothing is.
    #[getter]
    fn targets<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let numbers: Vec<f64> =
            (0..self.of.len()).flat_map(|at| self.of.target(at).iter().copied()).collect();
        numbers.into_pyarray(py)
    }
    /// How much each decision counts.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let counts: Vec<f64> = (0..self.of.len()).map(|at| self.of.weight(at)).collect();
        counts.into_pyarray(py)
    }
    /// Whether expectations of these decisions are known without samples.
    #[getter]
    fn exact(&self) -> bool {
        self.recipe.decide.is_exact()
    }
    /// Of a table with columns by option: how many options a row has. None where a row is an option.
    #[getter]
    fn options_by_column(&self) -> Option<usize> {
        self.recipe.by_option.as_ref().map(|by_option| by_option.options().len())
    }
    /// The recipe with its terms, in JSON, as model files hold it.
    #[getter]
    fn recipe(&self) -> PyResult<String> {
        serde_json::to_string(&self.recipe).map_err(|error| PyValueError::new_err(error.to_string()))
    }
    /// A fingerprint of terms, features and what was decided, the same on every machine.
    #[getter]
    fn digest(&self) -> u64 {
        self.of.digest()
    }

    /// Some decisions, by their places in this order.
    fn select(&self, places: &Bound<'_, PyAny>) -> PyResult<Self> {
        let places: Vec<i64> = places.extract().map_err(|error: PyErr| {
            let beyond = error.is_instance_of::<PyOverflowError>(places.py());
            let message = format!("places has a number beyond {}, that of decisions", self.of.len());
            if beyond { PyValueError::new_err(message) } else { error }
        })?;
        let known = |place: &i64| usize::try_from(*place).is_ok_and(|place| place < self.of.len());
        if let Some(place) = places.iter().find(|place| !known(place)) {
            let count = self.of.len();
            let message =
                format!("places has {place}; expected 0 to less than {count}, the number of decisions");
            return Err(PyValueError::new_err(message));
        }
        let places: Vec<usize> = places.into_iter().filter_map(|place| place.try_into().ok()).collect();
        Ok(Self { of: self.of.select(&places), recipe: self.recipe.clone() })
    }

    /// theta = phi w of each option, for `weights` = w, one a term; -inf of one that is missing.
    fn scores<'py>(
        &self,
        py: Python<'py>,
        weights: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let w = self.weights(weights)?;
        let w = w.as_slice()?;
        let scores: Vec<f64> = (0..self.of.len()).flat_map(|at| self.theta(at, w)).collect();
        Ok(scores.into_pyarray(py))
    }

    /// The decisions y*(phi w): for each option what is decided of it.
    fn decide<'py>(
        &self,
        py: Python<'py>,
        weights: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let w = self.weights(weights)?;
        let w = w.as_slice()?;
        // The layer of a decision needs some noise.
        self.each(py, |at| Ok(self.layer(at, (AnyNoise::Normal, 1.0))?.decide(&self.theta(at, w))?.1))
    }

    /// The expected decisions y_eps(phi w): of picks the probability of each option.
    ///
    /// Decision i has the noise of `method.fold(i)`.
    #[pyo3(signature = (weights, method, *, noise="gumbel", epsilon=1.0))]
    fn maximizer<'py>(
        &self,
        py: Python<'py>,
        weights: &Bound<'py, PyAny>,
        method: &Bound<'py, PyAny>,
        noise: &str,
        #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (w, how, noise) = (self.weights(weights)?, method::of(method)?, layer::noise(noise)?);
        let w = w.as_slice()?;
        self.each(py, |at| {
            let how = method::in_row(how, Some(at as u64));
            self.layer(at, (noise, epsilon))?.compute(&self.theta(at, w), Question::Maximizer, how)
        })
    }

    /// How well weights decide: for each metric an array with a number for each decision, NaN where it does not apply.
    ///
    /// Metrics are named as `perturb evaluate` names them: "agreement", "log-loss", "Spearman", "regret", and so on.
    #[pyo3(signature = (weights, method, *, noise="gumbel", epsilon=1.0))]
    fn judge<'py>(
        &self,
        py: Python<'py>,
        weights: &Bound<'py, PyAny>,
        method: &Bound<'py, PyAny>,
        noise: &str,
        #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
    ) -> PyResult<BTreeMap<&'static str, Bound<'py, PyArray1<f64>>>> {
        let (w, how, noise) = (self.weights(weights)?, method::of(method)?, layer::noise(noise)?);
        let w = w.as_slice()?;
        let judged = pool::watched(py, |stop| self.of.judge_until(w, (noise, epsilon), how, stop))?;
        let judged = judged.map_err(|error| refusal(py, error, None))?;
        let mean = Judgement::mean(&judged);
        let metrics = mean.named().into_iter().map(|(name, _)| {
            let of = |judgement: &Judgement| {
                judgement
                    .named()
                    .into_iter()
                    .find(|(other, _)| *other == name)
                    .map_or(f64::NAN, |(_, value)| value)
            };
            let values: Vec<f64> = judged.iter().map(|(_, judgement)| of(judgement)).collect();
            (name, values.into_pyarray(py))
        });
        Ok(metrics.collect())
    }

    /// The weights of least squares of what was decided on the features: the baseline that ignores the solver.
    fn least_squares<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(pool::watched(py, |stop| self.of.least_squares_until(stop))?.into_pyarray(py))
    }

    /// From what `__reduce__` tells.
    #[staticmethod]
    fn _pickled(version: &str, recipe: &str, numbers: &[u8]) -> PyResult<Self> {
        let unreadable = |error: String| PyValueError::new_err(format!("the pickled decisions: {error}"));
        if version != VERSION {
            let message =
                format!("are of version {version}, not {VERSION}; make them from the table and the recipe");
            return Err(unreadable(message));
        }
        let recipe = serde_json::from_str(recipe).map_err(|error| unreadable(error.to_string()))?;
        let of = postcard::from_bytes(numbers).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self { of, recipe })
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Pickled<'py>)> {
        let numbers = postcard::to_allocvec(&slf.get().of);
        let numbers = numbers.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let parts = (VERSION, slf.get().recipe()?, PyBytes::new(slf.py(), &numbers));
        Ok((slf.get_type().getattr("_pickled")?, parts))
    }
    fn __repr__(&self) -> String {
        let (n, options, p) = (self.of.len(), self.of.options(), self.of.terms().len());
        format!("<{n} decisions ({}) among {options} options, {p} terms>", self.recipe.decide.name())
    }
}

/// The decisions of a table by a complete recipe.
pub(crate) fn read(
    table: &Bound<'_, PyAny>,
    recipe: &decisions::Recipe,
    decided: bool,
) -> PyResult<Decisions> {
    let (py, mut recipe) = (table.py(), recipe.clone());
    if !decided {
        // Nor which decisions belong together, nor how much they count.
        (recipe.target, recipe.cluster, recipe.weight) = (None, None, None);
    }
    let table = Table::new(table)?;
    let mut names = recipe.columns();
    names.extend(recipe.alternatives.iter().chain(&recipe.group).cloned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = recipe.frame(&table, &names).map_err(|error| table.refusal(error))?;
    warn(py, &recipe, &frame)?;
    let of = if decided { recipe.read(&frame) } else { recipe.read_open(&frame) };
    Ok(Decisions { of: of.map_err(other(py))?, recipe })
}
