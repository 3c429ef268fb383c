//! Arguments of Python as numbers and slices.

use numpy::{
    Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods, dtype,
};
use perturb::method::{Cost, Method, Way};
use perturb::{AnyLayer, AnyReal, How};
use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Numbers that layers compute with.
pub(crate) trait Number: AnyReal + Element {
    /// About how many samples a method costs.
    fn samples(layer: &AnyLayer<Self>, how: How, cost: Cost) -> u32;
}
macro_rules! is_number {
    ($real:ty) => {
        impl Number for $real {
            fn samples(layer: &AnyLayer<Self>, how: How, cost: Cost) -> u32 {
                match how.way(layer.layer(), cost) {
                    Way::Exact { samples } => samples,
                    Way::Sampled(how) => how.samples,
                    _ => 1,
                }
            }
        }
    };
}
is_number!(f32);
is_number!(f64);

/// An integer in a range: TypeError for what is none, ValueError for one out of range.
pub(crate) fn integer(parameter: &str, x: &Bound<'_, PyAny>, least: u64, greatest: u64) -> PyResult<u64> {
    if let Ok(x) = x.extract::<u64>()
        && (least..=greatest).contains(&x)
    {
        return Ok(x);
    }
    let index = x.py().import("operator")?.getattr("index")?;
    let whole = index.call1((x,)).map_err(|_| {
        let found = x.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!("{parameter} is of type {found}; expected an integer"))
    })?;
    Err(PyValueError::new_err(format!("{parameter} is {whole}; expected {least} to {greatest}")))
}

/// A number of any size: TypeError for what is none.
pub(crate) fn number(parameter: &str, x: &Bound<'_, PyAny>) -> PyResult<f64> {
    x.extract().or_else(|error: PyErr| {
        // An integer beyond all floats.
        if error.is_instance_of::<PyOverflowError>(x.py()) {
            return Ok(f64::INFINITY);
        }
        Err(PyTypeError::new_err(format!("{parameter}: {}", error.value(x.py()))))
    })
}

/// The name of some noise.
pub(crate) fn seed(x: &Bound<'_, PyAny>) -> PyResult<u64> {
    integer("seed", x, 0, u64::MAX)
}

/// Scores, whose type is that of the computation.
pub(crate) enum Scores<'py> {
    Single(PyReadonlyArrayDyn<'py, f32>),
    Double(PyReadonlyArrayDyn<'py, f64>),
}

impl<'py> Scores<'py> {
    /// float32 and float16 are computed in float32, all else in float64.
    pub(crate) fn new(name: &str, x: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Some(x) = as_it_is(x) {
            return Ok(Self::Single(x));
        }
        if let Some(x) = as_it_is(x) {
            return Ok(Self::Double(x));
        }
        let (x, single) = numbers(name, x)?;
        Ok(if single { Self::Single(required(name, &x)?) } else { Self::Double(required(name, &x)?) })
    }
}

/// An array of the wanted type, converted if it has another or lies in another way.
pub(crate) fn read<'py, T: Number>(
    name: &str,
    x: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    match as_it_is(x) {
        Some(x) => Ok(x),
        None => required(name, &numbers(name, x)?.0),
    }
}

/// The array, if its numbers can be used where they are.
fn as_it_is<'py, T: Number>(x: &Bound<'py, PyAny>) -> Option<PyReadonlyArrayDyn<'py, T>> {
    let array = x.cast::<PyArrayDyn<T>>().ok()?;
    // One that another call writes to is copied.
    (array.is_c_contiguous() && array.is_aligned()).then(|| array.try_readonly().ok())?
}

fn required<'py, T: Number>(name: &str, x: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    static REQUIRE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = x.py();
    let require = REQUIRE.import(py, "numpy", "require")?;
    let array = require.call1((x, dtype::<T>(py), ["C", "A"]))?;
    as_it_is(&array)
        .ok_or_else(|| PyTypeError::new_err(format!("{name} cannot be read as an array of numbers")))
}

/// An array of real numbers, and whether float32 holds what they are meant to be.
fn numbers<'py>(name: &str, x: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, bool)> {
    static AS_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static VOID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = x.py();
    let x = match x.cast::<PyUntypedArray>() {
        Ok(_) => x.clone(),
        Err(_) => AS_ARRAY.import(py, "numpy", "asarray")?.call1((x,))?,
    };
    let kind = x.cast::<PyUntypedArray>()?.dtype();
    let single = match kind.kind() {
        b'f' => kind.itemsize() <= 4,
        b'b' | b'i' | b'u' => false,
        // bfloat16 and its like.
        b'V' if !kind.typeobj().is(VOID.import(py, "numpy", "void")?) => true,
        _ => return Err(PyTypeError::new_err(format!("{name} has dtype {kind}; expected real numbers"))),
    };
    Ok((x, single))
}

/// A shape as Python writes it.
pub(crate) fn python_shape(shape: &[usize]) -> String {
    match shape {
        [entries] => format!("({entries},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Whether memory has room for so many numbers, which Rust would end the process for.
pub(crate) fn fits<T: Number>(count: usize) -> PyResult<()> {
    const SURELY: usize = 1 << 24;
    let room = count <= SURELY || Vec::<T>::new().try_reserve_exact(count).is_ok();
    room.then_some(()).ok_or_else(|| PyMemoryError::new_err(format!("no memory for {count} numbers")))
}
