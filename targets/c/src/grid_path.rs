//! Walk.
#![allow(unsafe_code, reason = "exported to C")]

use perturb_core::{AnyNoise, Error, GridPath as Oracle, oracle};

use crate::bounded::Table;
use crate::layer::{self, Layer};
use crate::noise::noise;
use crate::pointer::{In, Out};
use crate::{Model, PERTURB_MAX_CELLS, Status, View};

/// Which cells a path may step to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Neighbours {
    /// Up, down, left, right.
    Four = 4,
    /// Those and the diagonal ones.
    Eight = 8,
}

/// Walk through a grid of d = rows·columns cells by their costs, from the first cell to the last.
#[derive(Debug)]
#[repr(C)]
pub struct GridPath {
    /// At least 1; rows·columns is at most PERTURB_MAX_CELLS.
    pub rows: u32,
    /// At least 1.
    pub columns: u32,
    /// One of enum perturb_neighbours.
    pub neighbours: u32,
    /// One of enum perturb_noise: what is added to scores when gradients are taken.
    pub noise: u32,
    /// The temperature: a finite number > 0 in the units of theta, by which noise is multiplied. Decisions are
    /// without noise.
    pub epsilon: f32,
}

impl Layer for GridPath {
    type Oracle = Oracle<f32, Table<PERTURB_MAX_CELLS>>;

    fn shape(&self) -> Result<Table<PERTURB_MAX_CELLS>, Error> {
        Table::new(self.rows, self.columns)
    }
    fn oracle(&self, shape: Table<PERTURB_MAX_CELLS>) -> Result<Self::Oracle, Error> {
        let neighbours = match self.neighbours {
            four if four == Neighbours::Four as u32 => oracle::Neighbours::Four,
            eight if eight == Neighbours::Eight as u32 => oracle::Neighbours::Eight,
            other => {
                let found = other as usize;
                return Err(Error::OutOfRange { parameter: "neighbours", least: 4, greatest: 8, found });
            }
        };
        Oracle::new(shape, neighbours)
    }
    fn perturbation(&self) -> Result<(AnyNoise, f32), Status> {
        Ok((noise(self.noise)?, self.epsilon))
    }
}

/// Decides: y is 1 on the cells of the cheapest path from the first cell to the last, both included, and 0
/// elsewhere.
///
/// y*(theta) maximises ⟨y, theta⟩ over such paths: theta = −c for the costs c of the cells, row by row. Costs
/// should be positive: the search takes one below 1/1024 for 1/1024. Among equally cheap paths the one wins whose
/// cells are reached first from the start, cells at equal distance row by row. `theta` and `y` have
/// layer->rows·layer->columns entries.
///
/// PERTURB_STATUS_NOT_FINITE if an entry of theta is NaN or infinite; PERTURB_STATUS_OVERFLOW if ⟨y, theta⟩ is
/// beyond float; PERTURB_STATUS_NOT_POSITIVE, _OUT_OF_RANGE or _CAPACITY if the layer is none;
/// PERTURB_STATUS_POINTER.
///
/// Cost: Dijkstra's algorithm, d log d steps for d cells. Stack: at most 4100 bytes.
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

/// Decides at features x: perturb_grid_path_decide of the scores theta = W x + b, which stay on the stack.
///
/// `x` has view->features entries, `y` as many as the layer has scores. Nothing is copied of the model, which may lie in
/// flash.
///
/// PERTURB_STATUS_LENGTH unless the view gives as many scores as the layer takes; else as perturb_grid_path_decide and
/// perturb_view_scores.
///
/// Cost: a multiplication and an addition a weight, and a decision. Stack: at most 5200 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn perturb_grid_path_predict(
    layer: *const GridPath,
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
/// here; perturb_model has perturb_grid_path_learn.
///
/// `theta`, `target` and `gradient` have layer->rows·layer->columns entries; `target` is 1 on the cells of the path
/// that is right and 0 elsewhere. Z has independent entries of the layer's noise and is a function of `seed`: fold
/// another key into it each time, by perturb_seed_fold.
///
/// Errors as perturb_grid_path_decide, but for the overflow, and for target as for theta. Cost: a decision, and one
/// or two logarithms an entry. Stack: at most 12500 bytes.
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

/// Learns that `target` is right where the features are `x`: one step of stochastic gradient descent on the
/// Fenchel–Young loss.
///
/// W −= rate·g xᵀ and b −= rate·g for g = y*(W x + b + epsilon·Z) − target.
///
/// `x` has model->features entries, `target` layer->rows·layer->columns: 1 on the cells of the path that is right
/// and 0 elsewhere. `rate`, which must be positive, is how far b moves for an error of 1 in y, in the units of
/// theta. Fold another key into `seed` at each step, by perturb_seed_fold.
///
/// PERTURB_STATUS_LENGTH unless the model gives as many scores as the layer takes; PERTURB_STATUS_NOT_POSITIVE for
/// the rate; PERTURB_STATUS_NOT_FINITE for x and target; PERTURB_STATUS_OUTSIDE for target;
/// PERTURB_STATUS_OVERFLOW if a score W x + b is beyond
/// float; PERTURB_STATUS_OUT_OF_RANGE for a model without features; else as perturb_grid_path_decide.
///
/// Cost: a gradient, and two multiplications and additions a weight. Stack: at most 13500 bytes.
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
