//! Methods as values of Python.

use perturb::method::{Control, Draws, Variance};
use perturb::{How, Seed};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::{self, integer};

/// The method that an argument names.
pub(crate) fn of(method: &Bound<'_, PyAny>) -> PyResult<How> {
    if let Ok(method) = method.cast::<MonteCarlo>() {
        Ok(How::MonteCarlo(method.get().0))
    } else if method.is_instance_of::<Exact>() {
        Ok(How::Exact)
    } else if let Ok(method) = method.cast::<Cheapest>() {
        Ok(How::Cheapest(method.get().0))
    } else {
        let found = method.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "method is of type {found}; expected Exact(), MonteCarlo(samples, seed) or Cheapest(samples, seed)"
        )))
    }
}

/// The samples that an argument names, for what has no closed form.
pub(crate) fn sampled(method: &Bound<'_, PyAny>) -> PyResult<perturb::MonteCarlo> {
    if let Ok(method) = method.cast::<MonteCarlo>() {
        return Ok(method.get().0);
    }
    let found = method.get_type().name()?;
    Err(PyTypeError::new_err(format!("method is of type {found}; expected MonteCarlo(samples, seed)")))
}

/// The method for a row of a batch, which has noise of its own.
pub(crate) fn in_row(how: How, row: Option<u64>) -> How {
    match (how, row) {
        (How::MonteCarlo(how), Some(row)) => How::MonteCarlo(how.row(row)),
        (How::Cheapest(how), Some(row)) => How::Cheapest(how.row(row)),
        (how, _) => how,
    }
}

const CONTROLS: [(&str, Control); 3] =
    [("baseline", Control::Baseline), ("leave-one-out", Control::LeaveOneOut), ("none", Control::None)];
const DRAWS: [(&str, Draws); 3] = [
    ("independent", Draws::Independent),
    ("antithetic", Draws::Antithetic),
    ("quasi-random", Draws::QuasiRandom),
];

pub(crate) fn named<V: Copy>(parameter: &str, name: &str, values: &[(&str, V)]) -> PyResult<V> {
    values.iter().find(|(known, _)| *known == name).map(|&(_, value)| value).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| format!("'{name}'")).collect();
        PyValueError::new_err(format!("{parameter} is {name:?}; expected {}", names.join(", ")))
    })
}

fn name<V: Copy + PartialEq>(value: V, values: &[(&'static str, V)]) -> &'static str {
    values.iter().find(|(_, known)| *known == value).map_or("", |&(name, _)| name)
}

/// The closed form or quadrature: no noise, no variance.
///
/// Refused where none is known; `Cheapest` samples there.
#[pyclass(frozen, eq, hash, module = "perturbed")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Exact;

#[pymethods]
impl Exact {
    #[new]
    fn new() -> Self {
        Self
    }
    /// Itself: it has no seed.
    fn with_seed<'py>(slf: Bound<'py, Self>, seed: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        integer("seed", seed, 0, u64::MAX)?;
        Ok(slf)
    }
    /// Itself: it has no seed.
    fn fold<'py>(slf: Bound<'py, Self>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        integer("key", key, 0, u64::MAX)?;
        Ok(slf)
    }
    #[expect(clippy::unused_self, reason = "a method of Python")]
    fn __repr__(&self) -> &'static str {
        "Exact()"
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, Bound<'py, PyTuple>) {
        (slf.get_type().into_any(), PyTuple::empty(slf.py()))
    }
}

/// Writes a class of a method that samples.
macro_rules! sampled {
    ($(#[doc = $doc:literal])+ $class:ident) => {
        $(#[doc = $doc])+
        #[pyclass(frozen, eq, module = "perturbed")]
        #[derive(PartialEq, Eq)]
        pub(crate) struct $class(perturb::MonteCarlo);

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = (samples, seed=0, control="baseline", draws="independent"))]
            fn new(
                samples: &Bound<'_, PyAny>,
                #[pyo3(from_py_with = arguments::seed)] seed: u64,
                control: &str,
                draws: &str,
            ) -> PyResult<Self> {
                let samples = integer("samples", samples, 1, u64::from(u32::MAX))? as u32;
                let control = named("control", control, &CONTROLS)?;
                let draws = named("draws", draws, &DRAWS)?;
                Ok(Self(perturb::MonteCarlo { samples, seed: Seed(seed), variance: Variance { control, draws } }))
            }
            /// M, the number of samples.
            #[getter]
            fn samples(&self) -> u32 {
                self.0.samples
            }
            /// Names the noise.
            #[getter]
            fn seed(&self) -> u64 {
                self.0.seed.0
            }
            /// What is subtracted from the terms of derivatives.
            #[getter]
            fn control(&self) -> &'static str {
                name(self.0.variance.control, &CONTROLS)
            }
            /// How noise is drawn.
            #[getter]
            fn draws(&self) -> &'static str {
                name(self.0.variance.draws, &DRAWS)
            }
            /// The same with another seed, an integer from 0 to 2**64 - 1.
            fn with_seed(&self, seed: &Bound<'_, PyAny>) -> PyResult<Self> {
                let seed = Seed(integer("seed", seed, 0, u64::MAX)?);
                Ok(Self(perturb::MonteCarlo { seed, ..self.0 }))
            }
            /// The same with the seed for `key` within this one: a step, an epoch, a purpose.
            ///
            /// Noise of different keys is independent. `fold(row)` is the noise of a row of a batch.
            fn fold(&self, key: &Bound<'_, PyAny>) -> PyResult<Self> {
                Ok(Self(self.0.row(integer("key", key, 0, u64::MAX)?)))
            }
            fn __hash__(slf: &Bound<'_, Self>) -> PyResult<isize> {
                Self::__reduce__(slf)?.1.into_pyobject(slf.py())?.hash()
            }
            fn __repr__(slf: &Bound<'_, Self>) -> String {
                let how = slf.get();
                let (class, samples, seed) = (stringify!($class), how.samples(), how.seed());
                format!("{class}({samples}, seed={seed}, control='{}', draws='{}')", how.control(), how.draws())
            }
            fn __reduce__<'py>(
                slf: &Bound<'py, Self>,
            ) -> PyResult<(Bound<'py, PyAny>, (u32, u64, &'static str, &'static str))> {
                let how = slf.get();
                Ok((slf.get_type().into_any(), (how.samples(), how.seed(), how.control(), how.draws())))
            }
        }
    };
}

sampled! {
    /// A mean over samples (Definition 3.1): unbiased, with a standard error proportional to 1/sqrt(samples).
    ///
    /// samples : int
    ///     M, from 1 to 2**32 - 1.
    /// seed : int
    ///     Names the noise, from 0 to 2**64 - 1. Sample m of row r of one seed is the same noise in every call, so that
    ///     a loop of training asks for `method.fold(step)`.
    /// control : {"baseline", "leave-one-out", "none"}
    ///     What is subtracted from the decisions in derivatives, to reduce their variance: the unperturbed decision,
    ///     also the mean of the other samples, or nothing.
    /// draws : {"independent", "antithetic", "quasi-random"}
    ///     How noise is drawn: each sample by itself, in mirrored pairs, or as scrambled points of Sobol's sequence.
    MonteCarlo
}
sampled! {
    /// `Exact()` where it costs no more than these samples, otherwise `MonteCarlo` of the same arguments.
    ///
    /// The choice depends on the oracle, the noise, the number of samples and what is asked; neither on scores nor on
    /// the machine.
    ///
    /// samples : int
    ///     M, from 1 to 2**32 - 1.
    /// seed : int
    ///     Names the noise, from 0 to 2**64 - 1.
    /// control : {"baseline", "leave-one-out", "none"}
    ///     As in `MonteCarlo`.
    /// draws : {"independent", "antithetic", "quasi-random"}
    ///     As in `MonteCarlo`.
    Cheapest
}
