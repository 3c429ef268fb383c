//! What can be asked, and the arrays of its answers.

use numpy::ndarray::{ArrayD, IxDyn};
use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods, dtype};
use perturb::Question;
use perturb::method::Cost;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::{Number, python_shape};

/// A part of the answer in a row.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part {
    Number,
    Vector,
    Matrix,
}
use Part::{Matrix, Number as One, Vector};

/// A question without its vectors.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ask {
    Value,
    Maximizer,
    ValueAndMaximizer,
    MaximizerByScore,
    Jacobian,
    JacobianByCurvature,
    Vjp,
    Jvp,
    VjpJacobian,
    VjpJacobianProduct,
    EpsilonDerivative,
    EpsilonLossDerivative,
    FenchelYoung,
    FenchelYoungGradient,
    FenchelYoungWithoutOmega,
}

impl Ask {
    pub(crate) fn question<'a, T>(self, u: &'a [T], v: &'a [T]) -> Question<'a, T> {
        match self {
            Self::Value => Question::Value,
            Self::Maximizer => Question::Maximizer,
            Self::ValueAndMaximizer => Question::ValueAndMaximizer,
            Self::MaximizerByScore => Question::MaximizerByScore,
            Self::Jacobian => Question::Jacobian,
            Self::JacobianByCurvature => Question::JacobianByCurvature,
            Self::Vjp => Question::Vjp(u),
            Self::Jvp => Question::Jvp(u),
            Self::VjpJacobian => Question::VjpJacobian(u),
            Self::VjpJacobianProduct => Question::VjpJacobianProduct(u, v),
            Self::EpsilonDerivative => Question::EpsilonDerivative,
            Self::EpsilonLossDerivative => Question::EpsilonLossDerivative(u),
            Self::FenchelYoung => Question::FenchelYoung(u),
            Self::FenchelYoungGradient => Question::FenchelYoungGradient(u),
            Self::FenchelYoungWithoutOmega => Question::FenchelYoungWithoutOmega(u),
        }
    }
    pub(crate) fn parts(self) -> &'static [Part] {
        match self {
            Self::Value | Self::EpsilonDerivative | Self::EpsilonLossDerivative => &[One],
            Self::ValueAndMaximizer | Self::FenchelYoung | Self::FenchelYoungWithoutOmega => &[One, Vector],
            Self::Jacobian | Self::JacobianByCurvature | Self::VjpJacobian => &[Matrix],
            _ => &[Vector],
        }
    }
    pub(crate) fn cost(self) -> Cost {
        match self {
            Self::Maximizer | Self::MaximizerByScore | Self::FenchelYoungGradient => Cost::Maximizer,
            Self::Vjp | Self::Jvp => Cost::Product,
            Self::Jacobian | Self::JacobianByCurvature => Cost::Jacobian,
            Self::VjpJacobian => Cost::Curvature,
            Self::VjpJacobianProduct => Cost::CurvatureProduct,
            _ => Cost::Value,
        }
    }
}

/// The shapes of the arrays of a call: whether there is a batch and of how many rows, and the shape of θ in a row.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'s> {
    pub(crate) batch: Option<usize>,
    pub(crate) row: &'s [usize],
}

impl Shapes<'_> {
    pub(crate) fn rows(self) -> usize {
        self.batch.unwrap_or(1)
    }
    fn dim(self) -> usize {
        self.row.iter().product()
    }
    /// How many numbers a row has.
    pub(crate) fn width(self, parts: &[Part]) -> usize {
        let numbers = |part: &Part| match part {
            One => 1,
            Vector => self.dim(),
            Matrix => self.dim().saturating_mul(self.dim()),
        };
        parts.iter().map(numbers).sum()
    }
    fn of(self, part: Part) -> Vec<usize> {
        let vectors = [One, Vector, Matrix].iter().position(|&known| known == part).unwrap_or(0);
        self.batch.into_iter().chain((0..vectors).flat_map(|_| self.row.iter().copied())).collect()
    }

    /// The answers as arrays: one, or a tuple of one for each part; where there is one number, that number.
    pub(crate) fn arrays<'py, T: Number>(
        self,
        py: Python<'py>,
        numbers: Vec<T>,
        parts: &[Part],
        out: Option<&Out<'py, T>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let [_, _, ..] = parts else {
            return self.array(py, numbers, parts[0], out.map(|out| &out.arrays[0]));
        };
        let width = self.width(parts);
        let mut start = 0;
        let mut arrays = Vec::with_capacity(parts.len());
        for (index, &part) in parts.iter().enumerate() {
            let end = start + self.width(&[part]);
            let mut of_part = Vec::with_capacity(self.rows() * (end - start));
            numbers.chunks_exact(width).for_each(|row| of_part.extend_from_slice(&row[start..end]));
            arrays.push(self.array(py, of_part, part, out.map(|out| &out.arrays[index]))?);
            start = end;
        }
        Ok(PyTuple::new(py, arrays)?.into_any())
    }

    /// An array of any number of entries in each row, or the one that is given, written to.
    pub(crate) fn array<'py, T: Number>(
        self,
        py: Python<'py>,
        numbers: Vec<T>,
        part: Part,
        out: Option<&Bound<'py, PyArrayDyn<T>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(out) = out {
            let mut place = out.try_readwrite()?;
            place.as_slice_mut()?.copy_from_slice(&numbers);
            return Ok(out.clone().into_any());
        }
        array(py, &self.of(part), numbers)
    }
}

/// An array of a shape; one without axes as the number that it is.
pub(crate) fn array<'py, T: Number>(
    py: Python<'py>,
    shape: &[usize],
    numbers: Vec<T>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), numbers);
    let array = array.map_err(|error| PyValueError::new_err(error.to_string()))?.into_pyarray(py);
    if shape.is_empty() { array.get_item(PyTuple::empty(py)) } else { Ok(array.into_any()) }
}

/// Arrays for the answer.
pub(crate) struct Out<'py, T> {
    arrays: Vec<Bound<'py, PyArrayDyn<T>>>,
}

impl<'py, T: Number> Out<'py, T> {
    /// The arrays that fit parts of an answer.
    pub(crate) fn new(out: &Bound<'py, PyAny>, shapes: Shapes<'_>, parts: &[Part]) -> PyResult<Self> {
        let given = match parts {
            [_] => vec![out.clone()],
            _ => match out.cast::<PyTuple>() {
                Ok(tuple) if tuple.len() == parts.len() => tuple.iter().collect(),
                _ => {
                    let message = format!("out must be a tuple of {} arrays", parts.len());
                    return Err(PyTypeError::new_err(message));
                }
            },
        };
        let py = out.py();
        let arrays = given.iter().zip(parts).map(|(array, &part)| {
            let Ok(array) = array.cast::<PyArrayDyn<T>>() else {
                let message = format!("out must be a numpy array of {}, as theta", dtype::<T>(py));
                return Err(PyTypeError::new_err(message));
            };
            if array.shape() != shapes.of(part) {
                let (found, expected) = (python_shape(array.shape()), python_shape(&shapes.of(part)));
                return Err(PyValueError::new_err(format!("out has shape {found}; expected {expected}")));
            }
            let writeable = array.getattr("flags")?.getattr("writeable")?.is_truthy()?;
            if !array.is_c_contiguous() || !array.is_aligned() || !writeable {
                return Err(PyValueError::new_err("out must be C-contiguous, aligned and writeable"));
            }
            Ok(array.clone())
        });
        Ok(Self { arrays: arrays.collect::<PyResult<_>>()? })
    }
}
