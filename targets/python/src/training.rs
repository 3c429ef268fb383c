//! Training: affine models of labels, weights of options.

use std::ops::ControlFlow;

use numpy::{IntoPyArray, PyArray1, PyUntypedArrayMethods};
use perturb::data::{Dataset, shuffle};
use perturb::train::{Best, Fitted, Loss, Objective, Optimizer, Schedule, TrainError, Training};
use perturb::{How, Real, Seed, threads};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arguments::{fits, number, python_shape, read};
use crate::decisions::Decisions;
use crate::error::other;
use crate::layer::{self, Layer};
use crate::model_file::ModelFile;
use crate::{method, pool};

const SCHEDULES: [(&str, Schedule); 3] =
    [("constant", Schedule::Constant), ("linear", Schedule::Linear), ("cosine", Schedule::Cosine)];

/// The fields of `Training` in Python.
#[derive(FromPyObject)]
pub(crate) struct Settings {
    epochs: Option<usize>,
    batch: usize,
    rate: Option<f64>,
    schedule: String,
    optimizer: String,
    momentum: f64,
    averaging: f64,
    standardize: bool,
    intercept: bool,
    seed: u64,
}

/// The settings of a `Training`.
fn settings(x: &Bound<'_, PyAny>) -> PyResult<Settings> {
    x.extract().map_err(|_| {
        let found = x.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!("training is of type {found}; expected a Training"))
    })
}

impl Settings {
    /// For so many rows of so many features, as `perturb train` has it.
    fn training<T>(&self, rows: usize, features: usize, loss: &Loss<T>) -> PyResult<Training> {
        let recipe = Training::default();
        let optimizer = match &self.optimizer[..] {
            "sgd" => Optimizer::Sgd { momentum: self.momentum },
            "adam" => Optimizer::Adam,
            other => {
                let message = format!("optimizer is {other:?}; expected 'sgd' or 'adam'");
                return Err(PyValueError::new_err(message));
            }
        };
        // The greatest curvature of standardised features is at most their number.
        let rate = match loss {
            Loss::Squared => recipe.rate.min(1.0 / (1.0 + features as f64)),
            _ => recipe.rate,
        };
        let an_epoch = (rows / self.batch.max(1)).max(1);
        Ok(Training {
            epochs: self.epochs.unwrap_or(recipe.least_steps.div_ceil(an_epoch).max(20)),
            least_steps: 0,
            batch: self.batch,
            rate: self.rate.unwrap_or(rate),
            schedule: method::named("schedule", &self.schedule, &SCHEDULES)?,
            optimizer,
            averaging: self.averaging,
            standardize: self.standardize,
            intercept: self.intercept,
            patience: None,
            seed: Seed(self.seed).fold(1),
        })
    }
}

/// The loss of this name.
fn loss<T: Real>(name: &str, lambda: f64) -> PyResult<Loss<T>> {
    let black_box = Loss::BlackBox { lambda: T::from_f64(lambda) };
    let all = [
        Loss::FenchelYoung,
        Loss::PerturbedSquared,
        Loss::Squared,
        Loss::PairwiseLogistic,
        Loss::SpoPlus,
        black_box,
    ];
    method::named("loss", name, &all.map(|loss| (loss.name(), loss)))
}

fn lambd(x: &Bound<'_, PyAny>) -> PyResult<f64> {
    number("lambd", x)
}

/// Trains theta = W (x - c) + b on rows of features x and decisions y, in float32: the bits of `perturb train --validation 0`.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the package's own function has the same")]
pub(crate) fn train(
    layer: &Bound<'_, Layer>,
    x: &Bound<'_, PyAny>,
    y: &Bound<'_, PyAny>,
    loss: &str,
    #[pyo3(from_py_with = lambd)] lambd: f64,
    method: &Bound<'_, PyAny>,
    settings: Settings,
    names: (String, Vec<String>, Vec<String>),
) -> PyResult<ModelFile> {
    let ((name, features, labels), py, layer) = (names, layer.py(), layer.get());
    let (loss, how) = (self::loss::<f32>(loss, lambd)?, method::of(method)?);
    let (spec, solver) = (layer.spec_of_data()?, layer.solver(py)?);
    let (x, y) = (read::<f64>("x", x)?, read::<f32>("y", y)?);
    for (name, array, columns) in [("x", x.shape(), features.len()), ("y", y.shape(), labels.len())] {
        if !matches!(array, &[rows, found] if rows == x.shape()[0] && found == columns) {
            let found = python_shape(array);
            let message = format!(
                "{name} has shape {found}; expected ({}, {columns})",
                x.shape().first().unwrap_or(&0)
            );
            return Err(PyValueError::new_err(message));
        }
    }
    let data = Dataset::<f32>::centred(name, spec, (features, labels), x.as_slice()?, y.as_slice()?.to_vec());
    let data = data.map_err(other(py))?;
    let training = settings.training(data.len(), data.features(), &loss)?;
    let layer = layer.single(py)?.layer().clone();
    let noise = (*layer.noise(), layer.epsilon());
    let objective = Objective { layer, loss, how };
    // The order in which the program takes rows whose last ones it keeps to validate.
    let rows = data.select(&shuffle(Seed(settings.seed).fold(0), data.len()));
    let run = training.start(&objective, &rows).map_err(other(py))?;
    let solves = !matches!(loss, Loss::Squared | Loss::PairwiseLogistic);
    let fitted = if let Some(solver) = solver.filter(|_| solves) {
        let samples =
            if let How::MonteCarlo(how) | How::Cheapest(how) = how { how.samples as usize } else { 1 };
        // All scores and decisions of a step.
        fits::<f32>(
            [training.batch.min(rows.len()), samples, rows.labels(), 4]
                .into_iter()
                .fold(1, usize::saturating_mul),
        )?;
        solver.lend(|| {
            py.detach(|| {
                threads::alone(|| {
                    let mut run = run;
                    while !run.is_done() {
                        run.step_at_once()?;
                    }
                    run.finish(Best::default())
                })
            })
        })?
    } else {
        pool::watched(py, |stop| {
            run.drive(Best::default(), |_, _, _| {
                Ok::<_, TrainError>(if pool::stopped(stop) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })
        })?
    };
    let Fitted { model, .. } = fitted.map_err(other(py))?;
    let mut of = perturb::model_file::ModelFile::of_labels(&model, &data, noise);
    of.provenance.seed = settings.seed;
    of.provenance.loss = loss.name().into();
    Ok(ModelFile { of })
}

/// Weights of options by stochastic gradients: each step descends the mean gradient of a batch of decisions.
///
/// loss : {"fenchel-young", "perturbed-squared", "squared", "pairwise-logistic", "blackbox", "spo-plus"}
///     "spo-plus" needs decisions by worth.
/// method : Exact, MonteCarlo or Cheapest
///     How expectations are computed; its seed does not matter, each decision of each step has its own noise.
/// training : Training
///     The steps. `intercept` does not matter: constants are terms.
/// start : array of shape (p,), optional
///     Weights to go on from, by default 0.
/// lambd : float
///     Of "blackbox" alone, in units of theta per unit of y.
#[pyfunction]
#[pyo3(signature = (decisions, training, *, method, loss="fenchel-young", noise="gumbel", epsilon=1.0, lambd=0.1, start=None))]
#[expect(clippy::too_many_arguments, reason = "as Python has them")]
pub(crate) fn descend<'py>(
    decisions: &Bound<'py, Decisions>,
    #[pyo3(from_py_with = settings)] training: Settings,
    method: &Bound<'py, PyAny>,
    loss: &str,
    noise: &str,
    #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
    #[pyo3(from_py_with = lambd)] lambd: f64,
    start: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (py, decisions) = (decisions.py(), decisions.get());
    let (loss, how, noise) = (self::loss::<f64>(loss, lambd)?, method::of(method)?, layer::noise(noise)?);
    let start = start.map(|start| decisions.weights(start)).transpose()?;
    let start = start.as_ref().map(|start| start.as_slice()).transpose()?;
    let settings = training.training(decisions.of.len(), decisions.of.terms().len(), &loss)?;
    let run = settings.start_options((noise, epsilon), loss, how, &decisions.of, start).map_err(other(py))?;
    let found = pool::watched(py, move |stop| {
        let mut run = run;
        while !run.is_done() {
            if pool::stopped(stop) {
                return Ok(Vec::new());
            }
            run.step()?;
        }
        run.finish()
    })?;
    Ok(found.map_err(other(py))?.into_pyarray(py))
}
