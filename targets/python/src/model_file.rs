//! Trained models as files: what a firmware loads.

use std::path::PathBuf;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyUntypedArrayMethods};
use perturb::Oracle;
use perturb::model_file;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{python_shape, read};
use crate::decisions::{self, Decisions};
use crate::error::of_file;
use crate::estimates::Estimates;
use crate::layer::{self, Layer};

/// A model with its oracle, noise and temperature, in float32, as a file holds it: what `Model` is made of.
#[pyclass(frozen, eq, module = "perturbed._perturbed")]
#[derive(PartialEq)]
pub(crate) struct ModelFile {
    pub(crate) of: model_file::ModelFile,
}

fn array2(py: Python<'_>, shape: (usize, usize), numbers: Vec<f32>) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let array = Array2::from_shape_vec(shape, numbers);
    Ok(array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py))
}

#[pymethods]
impl ModelFile {
    /// A model theta = x W + b of labels, with W of shape (d, k).
    #[staticmethod]
    fn of_labels(
        layer: &Bound<'_, Layer>,
        weights: &Bound<'_, PyAny>,
        bias: &Bound<'_, PyAny>,
        feature_names: Vec<String>,
        label_names: Vec<String>,
    ) -> PyResult<Self> {
        let (py, layer) = (layer.py(), layer.get().single(layer.py())?);
        let (weights, bias) = (read::<f32>("weights", weights)?, read::<f32>("bias", bias)?);
        let (d, k) = (feature_names.len(), layer.dim());
        for (name, array, expected) in
            [("weights", weights.shape(), &[d, k][..]), ("bias", bias.shape(), &[k])]
        {
            if array != expected {
                let (found, expected) = (python_shape(array), python_shape(expected));
                return Err(PyValueError::new_err(format!("{name} has shape {found}; expected {expected}")));
            }
        }
        if label_names.len() != k {
            let message = format!("label_names has {} entries; expected {k}", label_names.len());
            return Err(PyValueError::new_err(message));
        }
        let properties = layer.layer().oracle().properties();
        let of = model_file::ModelFile {
            features: d,
            scores: k,
            shared: false,
            weights: weights.as_slice()?.to_vec(),
            bias: bias.as_slice()?.to_vec(),
            centres: vec![0.0; d],
            epsilon: layer.layer().epsilon(),
            noise: *layer.layer().noise(),
            oracle: properties.kind.unwrap_or(model_file::OracleKind::Other),
            parameter: properties.parameter,
            provenance: model_file::Provenance {
                library_version: env!("CARGO_PKG_VERSION").into(),
                feature_names,
                label_names,
                ..model_file::Provenance::default()
            },
        };
        of.to_bytes().map_err(of_file(py))?; // What a file cannot hold is refused here.
        Ok(Self { of })
    }

    /// A model theta = phi w of options.
    #[staticmethod]
    #[pyo3(signature = (decisions, weights, noise, epsilon, estimates, loss, seed))]
    fn of_options(
        decisions: &Bound<'_, Decisions>,
        weights: &Bound<'_, PyAny>,
        noise: &str,
        #[pyo3(from_py_with = layer::temperature)] epsilon: f64,
        estimates: Option<&Bound<'_, Estimates>>,
        loss: String,
        #[pyo3(from_py_with = crate::arguments::seed)] seed: u64,
    ) -> PyResult<Self> {
        let (py, decisions, noise) = (decisions.py(), decisions.get(), layer::noise(noise)?);
        let w = decisions.weights(weights)?;
        let estimates = estimates.map(|estimates| estimates.get().of.clone());
        let layer = (noise, epsilon as f32);
        let mut of = model_file::ModelFile::of_options(
            w.as_slice()?,
            &decisions.recipe,
            &decisions.of,
            estimates,
            layer,
        );
        (of.provenance.loss, of.provenance.seed) = (loss, seed);
        of.to_bytes().map_err(of_file(py))?;
        Ok(Self { of })
    }

    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self { of: model_file::ModelFile::load(path).map_err(of_file(py))? })
    }
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        Ok(Self { of: model_file::ModelFile::from_bytes(bytes).map_err(of_file(py))? })
    }
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.of.save(path).map_err(of_file(py))
    }
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.of.to_bytes().map_err(of_file(py))?))
    }
    fn to_bare_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.of.to_bare_bytes().map_err(of_file(py))?))
    }
    fn to_c_header(&self, py: Python<'_>, name: &str) -> PyResult<String> {
        self.of.to_c_header(name).map_err(of_file(py))
    }
    fn to_rust(&self, py: Python<'_>) -> PyResult<String> {
        self.of.to_rust().map_err(of_file(py))
    }

    #[getter]
    fn shared(&self) -> bool {
        self.of.shared
    }
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        array2(py, (self.of.features, self.of.scores.max(1)), self.of.weights.clone())
    }
    #[getter]
    fn exact_weights<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of.exact_weights().into_pyarray(py)
    }
    #[getter]
    fn bias<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.of.bias.clone().into_pyarray(py)
    }
    #[getter]
    fn centres<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.of.centres.clone().into_pyarray(py)
    }
    #[getter]
    fn noise(&self) -> &'static str {
        self.of.noise.name()
    }
    #[getter]
    fn epsilon(&self) -> f32 {
        self.of.epsilon
    }
    /// The name of the oracle, and its parameter.
    #[getter]
    fn oracle(&self) -> (&'static str, u32) {
        (self.of.oracle.name(), self.of.parameter)
    }
    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.of.provenance.feature_names.clone()
    }
    #[getter]
    fn label_names(&self) -> Vec<String> {
        self.of.provenance.label_names.clone()
    }
    #[getter]
    fn estimates(&self) -> Option<Estimates> {
        self.of.provenance.estimates.clone().map(|of| Estimates { of })
    }
    /// Where the model is from, in JSON.
    #[getter]
    fn provenance(&self) -> PyResult<String> {
        serde_json::to_string(&self.of.provenance).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// theta of rows of features, of shape (n, d), with the bits of `perturb predict`.
    fn scores<'py>(&self, py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let Some(model) = self.of.linear() else {
            return Err(PyTypeError::new_err("the model is one of options; ask it by a table"));
        };
        let x = read::<f64>("x", x)?;
        let (d, k) = (self.of.features, self.of.scores);
        let &[rows, found] = x.shape() else {
            return Err(PyValueError::new_err(format!(
                "x has shape {}; expected (n, {d})",
                python_shape(x.shape())
            )));
        };
        if found != d {
            return Err(PyValueError::new_err(format!("x has {found} features; expected {d}")));
        }
        if let Some(place) = x.as_slice()?.iter().position(|x| !x.is_finite()) {
            let message = format!("x has NaN or infinity in row {}, column {}", place / d, place % d);
            return Err(PyValueError::new_err(message));
        }
        let mut theta = vec![0.0; rows * k];
        let mut row = vec![0.0; d];
        for (x, theta) in x.as_slice()?.chunks_exact(d).zip(theta.chunks_exact_mut(k)) {
            for ((row, x), centre) in row.iter_mut().zip(x).zip(&self.of.centres) {
                *row = (x - centre) as f32;
            }
            model.score(&row, theta);
        }
        if let Some(place) = theta.iter().position(|theta| !theta.is_finite()) {
            let message = format!("row {}: the scores leave the range of float32", place / k);
            return Err(PyValueError::new_err(message));
        }
        array2(py, (rows, k), theta)
    }

    /// The decisions of a table, by the recipe of a model of options.
    fn read(&self, table: &Bound<'_, PyAny>, decided: bool) -> PyResult<Decisions> {
        match &self.of.provenance.recipe {
            Some(recipe) => decisions::read(table, recipe, decided),
            None => Err(PyTypeError::new_err("the model does not say how a table becomes decisions")),
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let from_bytes = slf.get_type().getattr("from_bytes")?;
        Ok((from_bytes, (slf.get().to_bytes(slf.py())?,)))
    }
}
