//! Pick k.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::TopK as Oracle;

use crate::bounded::List;
use crate::layer::{self, Layer};
use crate::pointer::{In, Out};
use crate::{Model, PERTURB_MAX_SCORES, Status};

/// Pick k of `scores` options: y is 1 for the options of the k largest scores and 0 elsewhere; of equal scores the first win.
#[derive(Debug)]
#[repr(C)]
pub struct TopK {
    /// d, 1 to PERTURB_MAX_SCORES.
    pub scores: u32,
    /// How many to pick, 1 to d.
    pub k: u32,
    /// A perturb_noise.
    pub noise: u32,
    /// The temperature > 0, in the units of theta: how much noise training explores with. perturb_top_k_decide ignores
    /// it, but it must be valid.
    pub epsilon: f32,
}

impl Layer for TopK {
    type Oracle = Oracle<List<PERTURB_MAX_SCORES>>;

    fn oracle(&self) -> Result<Self::Oracle, Status> {
        Ok(Oracle::new(List::new(self.scores)?, self.k as usize)?)
    }
    fn perturbation(&self) -> (u32, f32) {
        (self.noise, self.epsilon)
    }
}

/// Decides: y = y*(theta), 1 at the k largest scores and 0 elsewhere.
///
/// `theta` has layer->scores entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many and
/// may be `theta`.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
/// beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. Sorts d integers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_decide(layer: *const TopK, theta: *const f32, y: *mut f32) -> Status {
    // SAFETY: promised by the caller.
    let (layer, theta, y) = unsafe { (In::new(layer), In::new(theta), Out::new(y)) };
    layer::decide(layer, theta, y).into()
}

/// One sample of the gradient in theta of the Fenchel–Young loss: y*(theta + epsilon·Z) − target.
///
/// Its mean over seeds is the gradient of a loss that is convex in theta, not negative, and least where the layer
/// decides as `target` does. A program that has its own model of the scores passes it backwards through that model.
/// Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->scores entries; `target` is a decision: k ones among zeros.
///
/// Errors as perturb_top_k_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
/// logarithms an entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_gradient(
    layer: *const TopK,
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
/// `x` has model->features entries, `target` layer->scores: a decision: k ones among zeros. `rate` > 0 is in units of theta
/// per step. Give each step its own `seed`: see perturb_seed_fold.
///
/// PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
/// PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_top_k_gradient. On an error the
/// model is as it was. Costs a gradient and two multiplications and additions a weight.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_top_k_learn(
    layer: *const TopK,
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
