//! Estimated weights of options, with their uncertainty.

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use perturb::How;
use perturb::inference::{Criterion, Errors, Estimation, Inference};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{fits, number, read};
use crate::decisions::Decisions;
use crate::error::other;
use crate::layer::{self, Layer};
use crate::{method, pool};

const ERRORS: [(&str, Errors); 3] =
    [("model", Errors::Model), ("robust", Errors::Robust), ("clustered", Errors::Clustered)];
const CRITERIA: [(&str, Criterion); 2] =
    [("fenchel-young", Criterion::FenchelYoung), ("likelihood", Criterion::Likelihood)];

/// The statistic of a test, its degrees of freedom, and p.
type Test = (f64, usize, f64);
/// The term, the alternative whose term grows, that which is picked more or less often, the elasticity, and its derivative.
type Elasticity<'py> = (String, String, String, f64, Bound<'py, PyArray1<f64>>);
/// Scores and their covariance.
type Scores<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>);

/// Weights of options, estimated from decisions, with their uncertainty.
///
/// Standard errors are of three kinds: "model", the inverse of the observed information, which is right if the model is, and
/// known of likelihoods alone; "robust", H^-1 G H^-1, right even if the noise has another law (Proposition 4.1); "clustered", the
/// same with gradients summed in each cluster. By default they are clustered where there are clusters, otherwise the model's where
/// these are known, otherwise robust.
#[pyclass(frozen, eq, module = "perturbed")]
#[derive(PartialEq)]
pub(crate) struct Estimates {
    pub(crate) of: perturb::inference::Estimates,
}

impl Estimates {
    fn errors(&self, errors: Option<&str>) -> PyResult<Errors> {
        let has = |errors| self.of.covariance(errors).is_some();
        let Some(name) = errors else {
            let kinds = [Errors::Clustered, Errors::Model, Errors::Robust];
            return Ok(kinds.into_iter().find(|&errors| has(errors)).unwrap_or(Errors::Robust));
        };
        let errors = method::named("errors", name, &ERRORS)?;
        if has(errors) {
            return Ok(errors);
        }
        let known: Vec<_> =
            ERRORS.iter().filter(|(_, errors)| has(*errors)).map(|(name, _)| format!("'{name}'")).collect();
        Err(PyValueError::new_err(format!(
            "errors {name:?} are not known here; expected {}",
            known.join(", ")
        )))
    }
}

/// An array of numbers that are there.
fn array(py: Python<'_>, numbers: Option<Vec<f64>>) -> Bound<'_, PyArray1<f64>> {
    numbers.unwrap_or_default().into_pyarray(py)
}

#[pymethods]
impl Estimates {
    #[new]
    fn new(json: &str) -> PyResult<Self> {
        let of = serde_json::from_str(json).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { of })
    }
    /// The estimates in JSON, from which `Estimates(json)` makes them again.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.of).map_err(|error| PyValueError::new_err(error.to_string()))
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().into_any(), (slf.get().to_json()?,)))
    }

    /// The names of the p terms.
    #[getter]
    fn terms(&self) -> Vec<String> {
        self.of.terms().to_vec()
    }
    /// The estimated weights.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of.coefficients().to_vec().into_pyarray(py)
    }
    /// The number of decisions.
    #[getter]
    fn decisions(&self) -> usize {
        self.of.decisions()
    }
    /// The number of clusters; 0 if each decision stands alone.
    #[getter]
    fn clusters(&self) -> usize {
        self.of.clusters()
    }
    /// Newton steps.
    #[getter]
    fn steps(&self) -> usize {
        self.of.steps()
    }
    /// The mean loss of a decision.
    #[getter]
    fn loss(&self) -> f64 {
        self.of.loss()
    }
    /// ln L of picks; None where the criterion is no likelihood.
    #[getter]
    fn log_likelihood(&self) -> Option<f64> {
        self.of.log_likelihood()
    }
    /// ln L of options that are all equally probable.
    #[getter]
    fn null_log_likelihood(&self) -> Option<f64> {
        self.of.null_log_likelihood()
    }
    /// McFadden's 1 - ln L / ln L_0, beside equal probabilities.
    #[getter]
    fn r_squared(&self) -> Option<f64> {
        self.of.r_squared()
    }
    /// Akaike's criterion, 2 p - 2 ln L.
    #[getter]
    fn aic(&self) -> Option<f64> {
        self.of.aic()
    }
    /// Schwarz's criterion, p ln n - 2 ln L.
    #[getter]
    fn bic(&self) -> Option<f64> {
        self.of.bic()
    }

    /// Which standard errors are taken by default: "model", "robust" or "clustered".
    #[getter]
    fn errors_by_default(&self) -> PyResult<&'static str> {
        let errors = self.errors(None)?;
        Ok(ERRORS.iter().find(|(_, known)| *known == errors).map_or("robust", |(name, _)| name))
    }
    /// The covariance of the weights, of shape (p, p).
    #[pyo3(signature = (errors=None))]
    fn covariance<'py>(&self, py: Python<'py>, errors: Option<&str>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (p, found) = (self.of.terms().len(), self.of.covariance(self.errors(errors)?));
        let array = Array2::from_shape_vec((p, p), found.unwrap_or_default().to_vec());
        Ok(array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py))
    }
    /// The standard errors of the weights.
    #[pyo3(signature = (errors=None))]
    fn standard_errors<'py>(
        &self,
        py: Python<'py>,
        errors: Option<&str>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(array(py, self.of.standard_errors(self.errors(errors)?)))
    }
    /// z = weight / standard error.
    #[pyo3(signature = (errors=None))]
    fn z<'py>(&self, py: Python<'py>, errors: Option<&str>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(array(py, self.of.z(self.errors(errors)?)))
    }
    /// The probability of a |z| at least as large if the weight is 0.
    #[pyo3(signature = (errors=None))]
    fn p_values<'py>(&self, py: Python<'py>, errors: Option<&str>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(array(py, self.of.p_values(self.errors(errors)?)))
    }
    /// Intervals that hold the weights with a probability that tends to `level`, of shape (p, 2).
    #[pyo3(signature = (level=0.95, errors=None))]
    fn intervals<'py>(
        &self,
        py: Python<'py>,
        level: f64,
        errors: Option<&str>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        if !(level > 0.0 && level < 1.0) {
            return Err(PyValueError::new_err(format!(
                "level is {level}; expected a number between 0 and 1"
            )));
        }
        let found = self.of.intervals(self.errors(errors)?, level).unwrap_or_default();
        let ends: Vec<[f64; 2]> = found.into_iter().map(|(low, high)| [low, high]).collect();
        PyArray2::from_vec2(py, &ends.iter().map(|ends| ends.to_vec()).collect::<Vec<_>>())
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }
    /// weight_a / weight_b and its standard error by the delta method, such as a value of time.
    #[pyo3(signature = (a, b, errors=None))]
    fn ratio(&self, a: &str, b: &str, errors: Option<&str>) -> PyResult<(f64, f64)> {
        self.of.ratio(a, b, self.errors(errors)?).ok_or_else(|| {
            let known = perturb::data::text::listed(self.of.terms(), 20);
            PyValueError::new_err(format!("ratio of {a:?} and {b:?}: expected two of the terms {known}"))
        })
    }
    /// The likelihood-ratio test of a model with fewer terms, a special case of this one: statistic, degrees of freedom, p.
    fn likelihood_ratio(&self, restricted: &Self) -> PyResult<Test> {
        let test = self.of.likelihood_ratio(&restricted.of).ok_or_else(|| {
            PyValueError::new_err(
                "restricted: expected a model with a log-likelihood and fewer terms than this one",
            )
        })?;
        Ok((test.statistic, test.freedom, test.p))
    }
    /// The likelihood-ratio test of equal probabilities: statistic, degrees of freedom, p; None where ln L is not known.
    fn test_of_null(&self) -> Option<Test> {
        self.of.test_of_null().map(|test| (test.statistic, test.freedom, test.p))
    }
    fn __repr__(&self) -> String {
        format!("<estimates of {} terms from {} decisions>", self.of.terms().len(), self.of.decisions())
    }
}

/// The estimation that arguments name.
fn estimation(noise: &str, epsilon: f64, criterion: &str, ridge: f64, how: How) -> PyResult<Estimation> {
    let criterion = method::named("criterion", criterion, &CRITERIA)?;
    Ok(Estimation { noise: layer::noise(noise)?, epsilon, criterion, ridge, how })
}

fn ridge(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    number("ridge", x)
}

/// The weights that minimise a criterion over decisions, by Newton's method with exact derivatives.
///
/// Known of decisions whose expectations are: picks, k picks without limits, rankings, and yes or no to each option. Refused by name:
/// terms that never make a difference, that say the same, or that decide without error.
///
/// criterion : {"fenchel-young", "likelihood"}
///     The sum of Fenchel-Young losses (Definition 4.1), or of picks minus the log-likelihood: the multinomial logit with noise
///     "gumbel", for which both are the same, the independent probit with "normal".
/// ridge : float
///     lambda/2 sum (w_j s_j)^2 is added to the mean loss, with the loss's mean curvature s_j^2 along term j where the search begins.
#[pyfunction]
#[pyo3(signature = (decisions, *, noise="gumbel", epsilon=1.0, criterion="fenchel-young", ridge=0.0))]
pub(crate) fn estimate(
    decisions: &Bound<'_, Decisions>,
    noise: &str,
    #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
    criterion: &str,
    #[pyo3(from_py_with = ridge)] ridge: f64,
) -> PyResult<Estimates> {
    let py = decisions.py();
    let estimation = estimation(noise, epsilon, criterion, ridge, How::Exact)?;
    let decisions = &decisions.get().of;
    let found = pool::watched(py, |stop| estimation.fit_until(decisions, stop))?;
    Ok(Estimates { of: found.map_err(other(py))? })
}

/// What is known of weights that were found in another way: their uncertainty if they minimise the criterion.
///
/// method : Exact or MonteCarlo
///     How expectations are computed. With samples, gradients have the variance of the samples, too.
#[pyfunction]
#[pyo3(signature = (decisions, weights, method, *, noise="gumbel", epsilon=1.0, criterion="fenchel-young"))]
pub(crate) fn estimates_at(
    decisions: &Bound<'_, Decisions>,
    weights: &Bound<'_, PyAny>,
    method: &Bound<'_, PyAny>,
    noise: &str,
    #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
    criterion: &str,
) -> PyResult<Estimates> {
    let py = decisions.py();
    let estimation = estimation(noise, epsilon, criterion, 0.0, method::of(method)?)?;
    let w = decisions.get().weights(weights)?;
    let (w, decisions) = (w.as_slice()?, &decisions.get().of);
    let found = pool::watched(py, |stop| estimation.at_until(decisions, w, stop))?;
    Ok(Estimates { of: found.map_err(other(py))? })
}

/// Own and cross elasticities of picks: by how many per cent an alternative is picked more often if a term of one grows by one per cent.
///
/// Answers a list of tuples: the term, the alternative whose term grows, the alternative that is picked more or less often, the elasticity,
/// and its derivative in each weight, from which `gradient @ covariance @ gradient` is its variance (empty for noise "laplace"). Exact,
/// by sample enumeration. The recipe must name the alternatives.
#[pyfunction]
#[pyo3(signature = (decisions, weights, terms, *, noise="gumbel", epsilon=1.0))]
pub(crate) fn elasticities<'py>(
    decisions: &Bound<'py, Decisions>,
    weights: &Bound<'py, PyAny>,
    terms: Vec<String>,
    noise: &str,
    #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
) -> PyResult<Vec<Elasticity<'py>>> {
    let py = decisions.py();
    let estimation = estimation(noise, epsilon, "fenchel-young", 0.0, How::Exact)?;
    let w = decisions.get().weights(weights)?;
    let (w, decisions) = (w.as_slice()?, &decisions.get().of);
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let found = pool::watched(py, |stop| estimation.elasticities_until(decisions, w, &terms, stop))?;
    let found = found.map_err(other(py))?.into_iter();
    Ok(found.map(|one| (one.term, one.changed, one.of, one.value, one.gradient.into_pyarray(py))).collect())
}

/// Scores from decisions: the theta at which y_eps(theta) is the mean of n decisions of a layer, and its covariance (Section 4).
///
/// `decisions` has shape (n, d). Answers a pair: theta, of shape (d,), and the covariance H^+ Sigma_Y H^+ / n of Proposition 4.1, of shape
/// (d, d). Where decisions determine theta only up to a constant, theta has mean 0. Refused where no finite scores have this mean.
#[pyfunction]
pub(crate) fn estimate_scores<'py>(
    layer: &Bound<'py, Layer>,
    decisions: &Bound<'py, PyAny>,
) -> PyResult<Scores<'py>> {
    let py = layer.py();
    let layer = layer.get().double(py)?;
    let given = read::<f64>("decisions", decisions)?;
    let (numbers, d) = (given.as_slice()?, layer.dim());
    fits::<f64>(d.saturating_mul(d).saturating_mul(8))?;
    if numbers.len() % d != 0 {
        let message = format!("decisions has {} numbers; expected (n, {d})", numbers.len());
        return Err(PyValueError::new_err(message));
    }
    let found = pool::watched(py, |stop| Inference::from_decisions_until(layer.layer(), numbers, stop))?;
    let found = found.map_err(other(py))?;
    let covariance = Array2::from_shape_vec((d, d), found.covariance);
    let covariance = covariance.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok((found.theta.into_pyarray(py), covariance.into_pyarray(py)))
}
