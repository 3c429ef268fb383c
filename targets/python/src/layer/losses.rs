//! Losses and gradients of the neighbouring literature, for the oracle of a layer.

use numpy::PyUntypedArrayMethods;
use perturb::loss::{
    LossAndGradient, Projection, SparseMap, SpoPlus, imle_gradient, interpolation_gradient, partial_label,
};
use perturb::{AnyOracle, OracleSpec, Real};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::{Given, Layer, row_number, spec};
use crate::arguments::{Number, Scores, integer, number};
use crate::question::Part;
use crate::{error, method};

const PROJECTIONS: [(&str, Projection); 3] =
    [("none", Projection::None), ("mean", Projection::Mean), ("standardize", Projection::Standardize)];
const LOSS: &[Part] = &[Part::Number, Part::Vector];

fn lambd(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    number("lambd", x)
}

fn tolerance(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    number("tolerance", x)
}

fn steps(x: &Bound<'_, PyAny>) -> PyResult<u32> {
    Ok(integer("steps", x, 0, u64::from(u32::MAX))? as u32)
}

/// A loss and its gradient as the numbers of a row.
fn numbers<T: Number>(found: LossAndGradient<T, Vec<T>>) -> Vec<T> {
    [vec![found.loss], found.gradient].concat()
}

/// The descriptions of the oracles over the decisions that agree with labels: one for all rows, or one for each.
fn agreeing(given: &Bound<'_, PyAny>) -> PyResult<(bool, Vec<OracleSpec>)> {
    let one = given.hasattr("_spec")?;
    let oracles = if one {
        vec![given.clone()]
    } else {
        let found = given.get_type().name()?;
        let no_sequence =
            || PyTypeError::new_err(format!("agreeing is of type {found}; expected an oracle or a sequence"));
        given.try_iter().map_err(|_| no_sequence())?.collect::<PyResult<_>>()?
    };
    let described = |oracle: &Bound<'_, PyAny>| {
        let black_box = || PyTypeError::new_err("agreeing must be an oracle of this package, no BlackBox");
        spec(oracle)?.ok_or_else(black_box)
    };
    Ok((one, oracles.iter().map(described).collect::<PyResult<_>>()?))
}

#[pymethods]
impl Layer {
    /// What deciding by theta costs where the true scores are t: the regret <t, y*(t) - y*(theta)>.
    ///
    /// `truth` = t has the shape of theta; answers a number, or an array of shape (B,). Noise and temperature do not enter.
    /// Nonnegative, except where a heuristic (Tour) finds better decisions by wrong scores. `out` is that of `value`.
    #[pyo3(signature = (theta, truth, *, out=None))]
    fn regret<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        truth: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let given = Given { other: Some(("truth", truth)), samples: 2, ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, truth], _| {
                let oracle = layer.layer().oracle();
                Ok(vec![SpoPlus::new(oracle, truth)?.regret(oracle, theta)?])
            })
        })
    }

    /// The SPO+ loss for true scores t, F(2 theta - t) - 2 <theta, y*(t)> + F(t), and its subgradient 2 (y*(2 theta - t) - y*(t)).
    ///
    /// Elmachtoub and Grigas 2022, in the signs of an oracle that maximises. It bounds `regret` from above, is convex in theta,
    /// and 0 at theta = t. `truth` = t has the shape of theta. Answers a pair: the loss, a number or an array of shape (B,), and the
    /// subgradient, of the shape of theta. Noise and temperature do not enter. Two solves. Refused where the oracle needs costs >= 0
    /// and -t or t - 2 theta has others. `out` is that of `fenchel_young`.
    #[pyo3(signature = (theta, truth, *, out=None))]
    fn spo_plus<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        truth: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let given = Given { other: Some(("truth", truth)), samples: 2, parts: LOSS, ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, truth], _| {
                let oracle = layer.layer().oracle();
                Ok(numbers(SpoPlus::new(oracle, truth)?.loss(oracle, theta)?))
            })
        })
    }

    /// The gradient (y*(theta) - y*(theta - lambda g)) / lambda in theta of a loss whose gradient in y*(theta) is `cotangent` = g.
    ///
    /// Blackbox differentiation by interpolation, Vlastelica et al. 2020, in the signs of an oracle that maximises. `lambd` = lambda is
    /// positive, in units of theta per unit of g: the larger, the further the interpolation reaches. `cotangent` and the answer have
    /// the shape of theta. Noise and temperature do not enter. Two solves. Refused where the oracle needs costs >= 0 and those of
    /// theta - lambda g are others. `out` is that of `value`.
    #[pyo3(signature = (theta, cotangent, lambd, *, out=None))]
    fn interpolation_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        cotangent: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = lambd)] lambd: f64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let other = Some(("cotangent", cotangent));
            let given = Given { other, samples: 2, parts: &[Part::Vector], ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, cotangent], _| {
                interpolation_gradient(layer.layer().oracle(), theta, cotangent, Real::from_f64(lambd))
            })
        })
    }

    /// The gradient E[y*(theta + eps Z) - y*(theta - lambda g + eps Z)] / lambda of a loss whose gradient in a decision is g.
    ///
    /// I-MLE, Niepert, Minervini and Franceschi 2021: the same noise for both, here the layer's. `cotangent` = g and the answer have the
    /// shape of theta; `lambd` = lambda is positive, in units of theta per unit of g. Two solves a sample. Refused where the oracle needs
    /// costs >= 0 and those of theta or theta - lambda g are others.
    ///
    /// method : MonteCarlo
    ///     One sample is the authors' estimator. `first_row` and `out` are those of `value`.
    #[pyo3(signature = (theta, cotangent, lambd, method, *, first_row=0, out=None))]
    #[allow(clippy::too_many_arguments, reason = "as Python has them")]
    fn imle_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        cotangent: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = lambd)] lambd: f64,
        #[pyo3(from_py_with = method::sampled)] method: perturb::MonteCarlo,
        #[pyo3(from_py_with = row_number)] first_row: u64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let (other, samples) = (Some(("cotangent", cotangent)), 2 * method.samples as usize);
            let given = Given { other, first_row, samples, parts: &[Part::Vector], ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, cotangent], row| {
                let how = row.map_or(method, |row| method.row(row));
                imle_gradient(layer.layer(), theta, cotangent, Real::from_f64(lambd), how)
            })
        })
    }

    /// P(theta): scores without what could change no decision, to decide on and to differentiate by `identity_gradient`.
    ///
    /// Sahoo et al. 2023. Answers the shape of theta. Refused where the oracle needs costs >= 0, which scores of mean 0 are not.
    /// `out` is that of `value`.
    ///
    /// projection : {"none", "mean", "standardize"}
    ///     P(theta) = theta; theta - mean(theta); or the latter divided by its norm, 0 for equal scores.
    #[pyo3(signature = (theta, projection="standardize", *, out=None))]
    fn project<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        projection: &str,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let projection = method::named("projection", projection, &PROJECTIONS)?;
        by_type!(self, "theta", theta, (theta, layer) => {
            let given = Given { parts: &[Part::Vector], ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, _], _| {
                projection.project(layer.layer().oracle(), theta)
            })
        })
    }

    /// The gradient in theta of a loss whose gradient in the decision is `cotangent`, as if y*(P(theta)) were P(theta).
    ///
    /// The transposed Jacobian of the projection P times the cotangent (Sahoo et al. 2023); with "none" the straight-through estimator.
    /// `cotangent` and the answer have the shape of theta. No solve. `projection` is that of `project`, `out` that of `value`.
    #[pyo3(signature = (theta, cotangent, projection="standardize", *, out=None))]
    fn identity_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        cotangent: &Bound<'py, PyAny>,
        projection: &str,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let projection = method::named("projection", projection, &PROJECTIONS)?;
        by_type!(self, "theta", theta, (theta, layer) => {
            let other = Some(("cotangent", cotangent));
            let given = Given { other, parts: &[Part::Vector], ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, cotangent], _| {
                projection.gradient(layer.layer().oracle(), theta, cotangent)
            })
        })
    }

    /// The Fenchel-Young loss of a partial label, F_eps(theta) - F_eps^S(theta), and its gradient y_eps(theta) - y_eps^S(theta).
    ///
    /// F^S maximises over the decisions S that agree with what is known. Nonnegative; both terms share their noise. Answers a pair as
    /// `fenchel_young` does. Refused where the oracle needs costs >= 0 and -theta has others.
    ///
    /// agreeing : Oracle or sequence of Oracle
    ///     Decides over S, such as a SpanningTree with labels: one for all rows, or one for each.
    /// method : MonteCarlo
    ///     `first_row` and `out` are those of `value`.
    #[pyo3(signature = (theta, agreeing, method, *, first_row=0, out=None))]
    fn partial_label<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        agreeing: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = method::sampled)] method: perturb::MonteCarlo,
        #[pyo3(from_py_with = row_number)] first_row: u64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (for_all, agreeing) = self::agreeing(agreeing)?;
        by_type!(self, "theta", theta, (theta, layer) => {
            let rows = self.shapes("theta", theta.shape())?.rows();
            if !for_all && agreeing.len() != rows {
                let found = agreeing.len();
                let message = format!("agreeing has {found} oracles; expected one, or one for each of {rows} rows");
                return Err(PyValueError::new_err(message));
            }
            let agreeing: Vec<_> = agreeing.iter().map(AnyOracle::new).collect::<Result<_, _>>()
                .map_err(|error| error::refusal(py, error, None))?;
            let samples = 2 * method.samples as usize;
            let given = Given { first_row, samples, parts: LOSS, ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, _], row| {
                let how = row.map_or(method, |row| method.row(row));
                let own = row.map_or(0, |row| row.wrapping_sub(first_row) as usize);
                let agreeing = &agreeing[if for_all { 0 } else { own }];
                Ok(numbers(partial_label(layer.layer(), agreeing, theta, how)?))
            })
        })
    }

    /// The regularised decision y_lambda(theta) = argmax_y <y, theta> - (lambda/2) |y|^2 over the convex hull (SparseMAP, Niculae et al. 2018).
    ///
    /// Found by Frank and Wolfe's method with the oracle alone: tens to thousands of solves, to three or four digits. Answers a triple:
    /// y, of the shape of theta; the value <y, theta> - (lambda/2) |y|^2, and how much larger the maximum may be, each a number or an array of
    /// shape (B,). Noise and temperature do not enter. Refused where the oracle needs costs >= 0 and -theta has others.
    ///
    /// lambd : float
    ///     lambda > 0, in units of theta per unit of y.
    /// steps : int
    ///     Most steps.
    /// tolerance : float
    ///     The gap that is good enough, in units of <y, theta>.
    #[pyo3(signature = (theta, lambd=1.0, *, steps=1000, tolerance=1e-3, out=None))]
    fn sparse_map<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = lambd)] lambd: f64,
        #[pyo3(from_py_with = steps)] steps: u32,
        #[pyo3(from_py_with = tolerance)] tolerance: f64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let (samples, parts) = (steps as usize, &[Part::Vector, Part::Number, Part::Number]);
            let given = Given { samples, parts, ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, _], _| {
                let map = SparseMap { lambda: Real::from_f64(lambd), tolerance: Real::from_f64(tolerance), steps };
                let found = map.maximizer(layer.layer().oracle(), theta)?;
                Ok([found.y, vec![found.value, found.gap]].concat())
            })
        })
    }

    /// The SparseMAP loss of `target` = y, a Fenchel-Young loss with Omega = |.|^2 / 2, and its gradient y_lambda(theta) - y.
    ///
    /// max_y' <y', theta> - (lambda/2) |y'|^2 + (lambda/2) |y|^2 - <y, theta>, to `tolerance` or `steps` as in `sparse_map`. Answers a pair as
    /// `fenchel_young` does; so must `out` be.
    #[pyo3(signature = (theta, target, lambd=1.0, *, steps=1000, tolerance=1e-3, out=None))]
    #[allow(clippy::too_many_arguments, reason = "as Python has them")]
    fn sparse_map_loss<'py>(
        &self,
        py: Python<'py>,
        theta: &Bound<'py, PyAny>,
        target: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = lambd)] lambd: f64,
        #[pyo3(from_py_with = steps)] steps: u32,
        #[pyo3(from_py_with = tolerance)] tolerance: f64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        by_type!(self, "theta", theta, (theta, layer) => {
            let (other, samples) = (Some(("target", target)), steps as usize);
            let given = Given { other, samples, parts: LOSS, ..Given::of("theta", theta) };
            self.by_row(py, layer, given, out, |layer, [theta, target], _| {
                let map = SparseMap { lambda: Real::from_f64(lambd), tolerance: Real::from_f64(tolerance), steps };
                Ok(numbers(map.loss(layer.layer().oracle(), theta, target)?))
            })
        })
    }
}
