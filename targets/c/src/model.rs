//! Affine models in the caller's memory.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::model_file::{self, ModelBytes, ModelHeader, NoiseKind, OracleKind};
use perturb_core::{Shape, scores};

use crate::bounded::List;
use crate::layer::{Layer, check_finite};
use crate::pointer::{In, Out};
use crate::{PERTURB_MAX_CELLS, Status};

/// An affine model in the caller's memory: scores theta = W x + b of features x.
///
/// Zeros are a model to start from: it has no preference.
#[derive(Debug)]
#[repr(C)]
pub struct Model {
    /// W: scores·features floats, one column of scores a feature; W(i, j) is weights[j·scores + i].
    pub(crate) weights: *mut f32,
    /// b: scores floats.
    pub(crate) bias: *mut f32,
    /// The length of x, at least 1.
    features: u32,
    /// The length of theta, at least 1 and at most PERTURB_MAX_CELLS.
    scores: u32,
}

impl Model {
    pub(crate) fn features(&self) -> Result<usize, Status> {
        if self.features == 0 { Err(Status::OutOfRange) } else { Ok(self.features as usize) }
    }

    /// The model gives as many scores as a layer takes.
    pub(crate) fn check_scores(&self, scores: usize) -> Result<(), Status> {
        if self.scores as usize == scores { Ok(()) } else { Err(Status::Length) }
    }

    /// How many weights, and how many scores.
    pub(crate) fn sizes(&self) -> Result<(usize, usize), Status> {
        let (features, scores) = (self.features()?, self.scores as usize);
        if scores == 0 {
            return Err(Status::OutOfRange);
        }
        Ok((features.checked_mul(scores).ok_or(Status::Overflow)?, scores))
    }
}

/// Scores: theta = W x + b.
///
/// `x` has model->features entries, `theta` model->scores.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of x is NaN or infinite; PERTURB_STATUS_OVERFLOW if one of theta would be;
/// PERTURB_STATUS_CAPACITY for more than PERTURB_MAX_CELLS scores; PERTURB_STATUS_OUT_OF_RANGE if a size is 0;
/// PERTURB_STATUS_POINTER.
///
/// Cost: a multiplication and an addition a weight. Stack: at most 1300 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_model_scores(model: *const Model, x: *const f32, theta: *mut f32) -> Status {
    // SAFETY: promised by the caller.
    let (model, x, theta) = unsafe { (In::new(model), In::new(x), Out::new(theta)) };
    let run = || {
        let model = model.get()?;
        let shape = List::<PERTURB_MAX_CELLS>::new(model.scores)?;
        let (weights, bias) = model.parts()?;
        let x = x.slice(model.features()?)?;
        let theta = theta.place(shape.dim())?;
        check_finite(x)?;
        let mut found = shape.array(0.0);
        scores(weights, bias, x, found.as_mut());
        check_finite(found.as_ref()).map_err(|_| Status::Overflow)?;
        theta.write(found.as_ref());
        Ok(())
    };
    run().into()
}

/// The header of a file that has `model`'s sizes and belongs to `layer`.
fn header<L: Layer>(layer: In<L>, model: &Model, oracle: OracleKind) -> Result<ModelHeader, Status> {
    let layer = layer.get()?;
    model.check_scores(layer.shape()?.dim())?;
    let (noise, epsilon) = layer.perturbation();
    let noise = match crate::NoiseKind::from_code(noise)? {
        crate::NoiseKind::Gumbel => NoiseKind::Gumbel,
        crate::NoiseKind::Laplace => NoiseKind::Laplace,
        crate::NoiseKind::Logistic => NoiseKind::Logistic,
        crate::NoiseKind::Normal => NoiseKind::Normal,
    };
    let (features, scores) = (model.features, model.scores);
    let header = ModelHeader { features, scores, epsilon, noise, oracle, metadata: 0 };
    header.check()?;
    Ok(header)
}

pub(crate) fn load<L: Layer>(
    layer: In<L>,
    oracle: OracleKind,
    mut model: Out<Model>,
    file: In<u8>,
    length: usize,
) -> Result<(), Status> {
    let model = model.get()?;
    let expected = header(layer, model, oracle)?;
    let file = ModelBytes::parse(file.slice(length)?)?;
    let found = file.header();
    if (found.oracle, found.noise) != (expected.oracle, expected.noise) {
        return Err(Status::Differs);
    }
    if (found.features, found.scores) != (expected.features, expected.scores) {
        return Err(Status::Length);
    }
    let (weights, bias) = model.parts_mut()?;
    for (place, x) in weights.iter_mut().chain(bias).zip(file.weights().chain(file.bias())) {
        *place = x;
    }
    Ok(())
}

pub(crate) fn store<L: Layer>(
    layer: In<L>,
    oracle: OracleKind,
    model: In<Model>,
    file: Out<u8>,
    capacity: usize,
    length: Out<usize>,
) -> Result<(), Status> {
    let model = model.get()?;
    let header = header(layer, model, oracle)?;
    let (weights, bias) = model.parts()?;
    check_finite(weights).and(check_finite(bias)).map_err(|_| Status::Overflow)?;
    let needed = header.file_length()?;
    if capacity < needed {
        return Err(Status::Length);
    }
    let (mut file, length) = (file.place(needed)?, length.place(1)?);
    model_file::write(header, weights.iter().chain(bias).copied(), file.zeros())?;
    length.write(&[needed]);
    Ok(())
}
