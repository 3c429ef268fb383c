//! Pick one.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::model_file::OracleKind;
use perturb_core::{AnyNoise, Error, Simplex, UpTo};

use crate::layer::{self, Layer, Named};
use crate::noise::noise;
use crate::pointer::{In, Out};
use crate::{Model, PERTURB_MAX_SCORES, Status, View, model};

/// Pick one of d options by their scores.
#[derive(Debug)]
#[repr(C)]
pub struct Argmax {
    /// d, 1 to PERTURB_MAX_SCORES.
    pub scores: u32,
    /// One of enum perturb_noise: what is added to scores when gradients are taken.
    pub noise: u32,
    /// The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
    /// without noise.
    pub epsilon: f32,
}

impl Layer for Argmax {
    type Oracle = Simplex<UpTo<PERTURB_MAX_SCORES>>;

    fn shape(&self) -> Result<UpTo<PERTURB_MAX_SCORES>, Error> {
        UpTo::new(self.scores as usize)
    }
    fn oracle(&self, shape: UpTo<PERTURB_MAX_SCORES>) -> Result<Self::Oracle, Error> {
        Simplex::new(shape)
    }
    fn perturbation(&self) -> Result<(AnyNoise, f32), Status> {
        Ok((noise(self.noise)?, self.epsilon))
    }
}

impl Named for Argmax {
    fn kind(&self) -> (OracleKind, u32) {
        (OracleKind::Simplex, 0)
    }
}

/// Decides: y is 1 at the largest of the scores theta and 0 elsewhere; of equal scores the first wins.
///
/// y*(theta) maximises ⟨y, theta⟩ over the vectors of one 1 among zeros. `theta` and `y` have layer->scores
/// entries.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
/// beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
/// PERTURB_STATUS_POINTER.
///
/// Cost: d comparisons. Stack: at most 450 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_decide(
    layer: *const Argmax,
    theta: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, theta, y) = unsafe { (In::new(layer), In::new(theta), Out::new(y)) };
    layer::decide(layer, theta, y).into()
}

/// Decides at features x: perturb_argmax_decide of the scores theta = W x + b, which stay on the stack.
///
/// `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
/// flash.
///
/// PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_argmax_decide and
/// perturb_view_scores.
///
/// Cost: a multiplication and an addition a weight, and a decision. Stack: at most 850 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_predict(
    layer: *const Argmax,
    view: *const View,
    x: *const f32,
    y: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, view, x, y) = unsafe { (In::new(layer), In::new(view), In::new(x), Out::new(y)) };
    layer::predict(layer, view, x, y).into()
}

/// One sample of the gradient of the Fenchel–Young loss in theta: y*(theta + epsilon·Z) − target.
///
/// Its mean over seeds is the gradient of a loss that is convex in theta, never negative, and least where the layer
/// decides as `target` does. For scores that come from a model of the caller's own, which takes the gradient from
/// here; perturb_model has perturb_argmax_learn.
///
/// `theta`, `target` and `gradient` have layer->scores entries; `target` is 1 for the option that is right and 0
/// elsewhere. Z has independent entries of the layer's noise and is a function of `seed`: fold another key into it
/// each time, by perturb_seed_fold.
///
/// Errors as perturb_argmax_decide, but for the overflow, and for target as for theta. Cost: a decision, and one or
/// two logarithms an entry. Stack: at most 1800 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_gradient(
    layer: *const Argmax,
    theta: *const f32,
    target: *const f32,
    seed: u64,
    gradient: *mut f32,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, theta, target, gradient) =
        unsafe { (In::new(layer), In::new(theta), In::new(target), Out::new(gradient)) };
    layer::gradient(layer, theta, target, seed, gradient).into()
}

/// Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
/// Fenchel–Young loss.
///
/// W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
///
/// `x` has model->features entries, `target` layer->scores: 1 for the option that is right and 0 elsewhere. `rate`,
/// which must be positive, is how far b moves for an error of 1 in y, in the units of theta. Fold another key into
/// `seed` at each step, by perturb_seed_fold.
///
/// PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
/// the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
/// PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
/// float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_argmax_decide.
///
/// Cost: a gradient, and two multiplications and additions a weight. Stack: at most 2200 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_learn(
    layer: *const Argmax,
    model: *mut Model,
    x: *const f32,
    target: *const f32,
    rate: f32,
    seed: u64,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, x, target) = unsafe { (In::new(layer), Out::new(model), In::new(x), In::new(target)) };
    layer::learn(layer, model, x, target, rate, seed).into()
}

/// Takes the model's weights from a model file of `length` bytes, written by the host or by perturb_argmax_store.
///
/// The file must have the model's sizes, and an argmax with the layer's noise as its layer; its epsilon is left
/// aside, for the layer has one. `file` may lie in flash, and needs no alignment.
///
/// PERTURB_STATUS_CHECKSUM if bytes are damaged; PERTURB_STATUS_DIFFERS if it is no model file, or of another layer
/// or noise, or of features minus their centres (`perturb export` writes those as C); PERTURB_STATUS_LENGTH if there are too few bytes or too many, or if sizes differ;
/// PERTURB_STATUS_OUT_OF_RANGE for a version or a code that is not known; PERTURB_STATUS_NOT_FINITE for a weight
/// that is not.
///
/// Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_load(
    layer: *const Argmax,
    model: *mut Model,
    file: *const u8,
    length: usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file) = unsafe { (In::new(layer), Out::new(model), In::new(file)) };
    model::load(layer, model, file, length).into()
}

/// Writes the model's weights as a model file, for the host and for perturb_argmax_load.
///
/// `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many
/// were written.
///
/// PERTURB_STATUS_LENGTH if there is not room enough, or unless the model gives as many scores as the layer takes;
/// PERTURB_STATUS_OVERFLOW if a weight is not finite.
///
/// Cost: eight shifts a byte for the checksum. Stack: at most 500 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_store(
    layer: *const Argmax,
    model: *const Model,
    file: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file, length) =
        unsafe { (In::new(layer), In::new(model), Out::new(file), Out::new(length)) };
    model::store(layer, model, file, capacity, length).into()
}
