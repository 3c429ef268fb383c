//! Walk.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::GridPath as Oracle;

use crate::bounded::Table;
use crate::layer::{self, Layer};
use crate::pointer::{In, Out};
use crate::{Model, PERTURB_MAX_CELLS, Status};

/// Which cells a path may step to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Neighbours {
    /// Up, down, left, right.
    Four = 4,
    /// Those and the diagonal ones.
    Eight = 8,
}

/// Walk from the first to the last cell of a grid: y is 1 for the cells of the cheapest path, both ends included, and 0
/// elsewhere. Cells are stored row by row.
#[derive(Debug)]
#[repr(C)]
pub struct GridPath {
    /// At least 1; rows·columns is at most PERTURB_MAX_CELLS.
    pub rows: u32,
    /// At least 1.
    pub columns: u32,
    /// A perturb_neighbours.
    pub neighbours: u32,
    /// A perturb_noise.
    pub noise: u32,
    /// The temperature > 0, in the units of theta: how much noise training explores with. perturb_grid_path_decide ignores
    /// it, but it must be valid.
    pub epsilon: f32,
}

impl Layer for GridPath {
    type Oracle = Oracle<f32, Table<PERTURB_MAX_CELLS>>;

    fn oracle(&self) -> Result<Self::Oracle, Status> {
        let neighbours = match self.neighbours {
            four if four == Neighbours::Four as u32 => perturb_core::Neighbours::Four,
            eight if eight == Neighbours::Eight as u32 => perturb_core::Neighbours::Eight,
            _ => return Err(Status::OutOfRange),
        };
        Ok(Oracle::new(Table::new(self.rows, self.columns)?, neighbours)?)
    }
    fn perturbation(&self) -> (u32, f32) {
        (self.noise, self.epsilon)
    }
}

/// Decides: y = y*(theta), 1 on the path of the largest total score.
///
/// `theta` has layer->rows·layer->columns entries, in any unit: larger is preferred, a cost c enters as −c. `y` has room for as many.
/// Costs should be positive;
/// the search takes others for 1/1024.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite, PERTURB_STATUS_OVERFLOW if the value ⟨y, theta⟩ is
/// beyond float, PERTURB_STATUS_POINTER, and what is wrong with the layer. On an error y is as it was. Dijkstra's
/// algorithm: d log d steps for d cells.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_decide(
    layer: *const GridPath,
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
/// Z is a function of `seed`: see perturb_seed_fold. All vectors have layer->rows·layer->columns entries; `target` is a path: ones among zeros.
///
/// Errors as perturb_grid_path_decide, for target as well; on one, gradient is as it was. Costs a decision and one or two
/// logarithms an entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_gradient(
    layer: *const GridPath,
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
/// `x` has model->features entries, `target` layer->rows·layer->columns: a path: ones among zeros. `rate` > 0 is in units of theta
/// per step. Give each step its own `seed`: see perturb_seed_fold.
///
/// PERTURB_STATUS_LENGTH unless the model has as many scores as the layer, PERTURB_STATUS_NOT_POSITIVE for the rate,
/// PERTURB_STATUS_OVERFLOW if a score W x + b is beyond float, else errors as perturb_grid_path_gradient. On an error the
/// model is as it was. Costs a gradient and two multiplications and additions a weight.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_learn(
    layer: *const GridPath,
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
