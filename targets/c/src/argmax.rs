//! Pick one.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::Simplex;
use perturb_core::model_file::OracleKind;

use crate::bounded::List;
use crate::layer::{self, Layer};
use crate::pointer::{In, Out};
use crate::{Model, PERTURB_MAX_SCORES, Status, model};

/// Pick one of `scores` options: y is 1 for the option of the largest score and 0 elsewhere; of equal scores the first wins.
#[derive(Debug)]
#[repr(C)]
pub struct Argmax {
    /// d, 1 to PERTURB_MAX_SCORES.
    pub scores: u32,
    /// A perturb_noise.
    pub noise: u32,
    /// The temperature > 0, in the units of theta: how much noise training explores with. perturb_argmax_decide ignores
    /// it, but it must be valid.
    pub epsilon: f32,
}

impl Layer for Argmax {
    type Oracle = Simplex<List<PERTURB_MAX_SCORES>>;

    fn oracle(&self) -> Result<Self::Oracle, Status> {
        Ok(Simplex::new(List::new(self.scores)?)?)
    }
    fn perturbation(&self) -> (u32, f32) {
        (self.noise, self.epsilon)
    }
}

/// Decides: y = y*(theta), 1 at the largest score and 0 elsewhere.
///
/// `theta` has layer->scores entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many and
/// may be `theta`.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
/// beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. d comparisons.
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

/// One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
///
/// Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
/// decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
/// Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->scores entries; `target` is a decision: one 1 among zeros.
///
/// Errors as perturb_argmax_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
/// logarithms an entry.
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

/// Learns from one example that `target` is the decision for the features `x`: a step of stochastic gradient descent on
/// the Fenchel–Young loss, W −= rate·g xᵀ and b −= rate·g with g = y*(W x + b + epsilon·Z) − target.
///
/// `x` has model->features entries, `target` layer->scores: a decision: one 1 among zeros. `rate` > 0 is in units of theta
/// per step. Give each step its own `seed`: see perturb_seed_fold.
///
/// PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
/// PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_argmax_gradient. On an error the
/// model is as it was. Costs a gradient and two multiplications and additions a weight.
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

/// Takes a model's weights from the `length` bytes of a model file, as the host or perturb_argmax_store writes it.
///
/// The file must be of an argmax, of the layer's noise and of model's sizes; the layer keeps its own epsilon. `file` may lie
/// anywhere, in flash too, and needs no alignment.
///
/// PERTURB_STATUS_CHECKSUM for damaged bytes, PERTURB_STATUS_DIFFERS for a file of another oracle or noise or none at all,
/// PERTURB_STATUS_LENGTH for another number of bytes, features or scores, PERTURB_STATUS_OUT_OF_RANGE for a version or code
/// that is not known, PERTURB_STATUS_NOT_FINITE for weights that are. On an error the model is as it was.
/// Looks at every byte twice; no working memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_argmax_load(
    layer: *const Argmax,
    model: *mut Model,
    file: *const u8,
    length: usize,
) -> Status {
    // SAFETY: promised by the caller.
    let (layer, model, file) = unsafe { (In::new(layer), Out::new(model), In::new(file)) };
    model::load(layer, OracleKind::Simplex, model, file, length).into()
}

/// Writes what a model has learned as a model file, for perturb_argmax_load and for the host.
///
/// `file` has room for `capacity` bytes, at least PERTURB_MODEL_FILE(features, scores); `length` receives how many were
/// written.
///
/// PERTURB_STATUS_LENGTH if there is too little room, PERTURB_STATUS_OVERFLOW if a weight is not finite. On an error
/// file and length are as they were.
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
    model::store(layer, OracleKind::Simplex, model, file, capacity, length).into()
}
